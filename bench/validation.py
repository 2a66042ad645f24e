"""How long does it take to judge every line, and to make a dataset of them? 1 is a bare orjson.loads loop.

Each case reads the same file. Validation tells each line's verdict with its number, offset and rule; the
whole engine also screens, fits, keys and counts tokens, drops exact duplicates, splits and writes, and leaves
near-duplicates out. msgspec alone reads the types and checks nothing more, so it also takes lines that break
rules; pydantic has the same types and the checks that its types can spell. Processor time, since the cores
are shared; cases take turns, and medians are shown. A process that runs one case once tells the peak memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.corpora import write_corpus
from tunesmith.catalogue import find_model
from tunesmith.dataset.comparison import SpooledComparison
from tunesmith.dataset.engine import check_file
from tunesmith.dataset.lines import cut_batches
from tunesmith.dataset.preparation import prepare
from tunesmith.dataset.record_spool import Records, Rows
from tunesmith.dataset.report import contents
from tunesmith.dataset.shapes import Converse
from tunesmith.dataset.validation import Validation
from tunesmith.job import parse_job

MODEL: Final = find_model("nova-micro")
_CHUNK: Final = 1 << 16
_JOB: Final = b'{"project": "bench", "base_model": "nova-micro", "data": "train.jsonl"}'


def chunks(path: Path) -> Iterator[bytes]:
    """Read a file in pieces that stay in a processor's cache."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def reference(path: Path) -> int:
    """Parse every line and throw it away."""
    read = 0
    with path.open("rb") as file:
        for line in file:
            try:
                orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            read += 1
    return read


def msgspec_alone(path: Path) -> int:
    """Read every line into types."""
    decode = msgspec.json.Decoder(Converse).decode
    read = 0
    with path.open("rb") as file:
        for line in file:
            try:
                decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            read += 1
    return read


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Block(_Strict):
    text: Annotated[str, Field(min_length=1)]


class _Turn(_Strict):
    role: Literal["user", "assistant"]
    content: Annotated[list[_Block], Field(min_length=1)]


class _Record(_Strict):
    schemaVersion: str = ""  # noqa: N815 (Converse's name)
    system: list[_Block] = []
    messages: Annotated[list[_Turn], Field(min_length=2)]


def pydantic_types(path: Path) -> int:
    """Validate every line by pydantic's own parser."""
    read = 0
    with path.open("rb") as file:
        for line in file:
            try:
                _Record.model_validate_json(line)
            except ValidationError:
                continue
            read += 1
    return read


def validation(path: Path) -> int:
    """Judge every line by every rule."""
    judge = Validation(MODEL)
    valid = 0
    for whole in cut_batches(chunks(path)):
        for _, found, judged in judge.judge(whole):
            valid += len(found.places) + sum(line.conversation is not None for line in judged)
    return valid


class _NothingAlike(SpooledComparison):
    """Compares no records: each stands for itself."""

    def __init__(self, records: Records) -> None:
        super().__init__({"train": records[:0]})
        self._files = {"train": records}
        self._records = records

    def clusters(self) -> Rows:
        return np.arange(len(self._records))

    def leaking(self, part: Sequence[int], held_back: Sequence[int]) -> list[int]:  # noqa: ARG002 (a Comparison)
        return []


def records(path: Path) -> int:
    """Judge every line and make records of the valid ones, without exact duplicates."""
    return check_file(chunks(path), MODEL, file="train.jsonl").valid


def whole_engine(path: Path) -> int:
    """Make a dataset, split and written."""
    checked = check_file(chunks(path), MODEL, file="train.jsonl")
    comparison = _NothingAlike(checked.records)
    prepared = prepare(
        parse_job(_JOB, source="job.json"), MODEL, {"train": checked}, rejected_uri="-", comparison=comparison
    )
    with tempfile.TemporaryFile() as file:
        for part in prepared.split.parts().values():
            file.writelines(contents(part, MODEL.record_format))
    return checked.valid


CASES: Final[dict[str, Callable[[Path], int]]] = {
    "orjson.loads, nothing else": reference,
    "msgspec types alone": msgspec_alone,
    "pydantic types": pydantic_types,
    "our validation, every rule": validation,
    "our records: and screened, keyed, counted, exact duplicates dropped": records,
    "our whole engine: and split and written": whole_engine,
}
HEAD: Final = ("case", "us a record", "of orjson.loads", "lines taken", "peak MB", "bytes a record")


def compare(count: int, *, rounds: int, malformed: bool) -> list[list[str]]:
    """Time each case; give a row for each, as HEAD names its cells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.jsonl"
        write_corpus(path, count)
        if not malformed:
            judge = Validation(MODEL)
            lines = path.read_bytes().splitlines()
            path.write_bytes(
                b"".join(line + b"\n" for line in lines if not judge.judge_line(2, 0, line).findings)
            )
        times: dict[str, list[float]] = {name: [] for name in CASES}
        taken: dict[str, int] = {}
        for _ in range(rounds):
            for name, case in CASES.items():
                start = time.process_time()
                taken[name] = case(path)
                times[name].append(time.process_time() - start)
        basis = median(times["orjson.loads, nothing else"])
        before = _peak(next(iter(CASES)), path)
        rows = []
        for name, found in times.items():
            peak = _peak(name, path)
            rows.append(
                [
                    name,
                    f"{median(found) / count * 1e6:.2f}",
                    f"{median(found) / basis:.2f}x",
                    f"{taken[name]:,}",
                    f"{peak / 1e6:,.0f}",
                    f"{max(0, peak - before) / count:,.0f}",
                ]
            )
        return rows


def _peak(name: str, path: Path) -> int:
    """Measure the peak memory in bytes of a process that runs one case once."""
    command = [sys.executable, "-m", "bench.validation", name, str(path)]
    return int(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def main() -> None:
    """Run one case and tell the peak of this process's memory."""
    name, path = sys.argv[1:]
    CASES[name](Path(path))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    main()
