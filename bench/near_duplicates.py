"""How fast are near-duplicates found, against the tools that people use? One interleaved run, ratios only.

All are given the same texts in memory and find what is similar at 0.7 by five-word shingles; ours goes on to
verified clusters. `found` is the share of planted near-duplicates that a tool recognises. The slowest tools
run in the first round only.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from bench.corpora import LEAST_SIMILARITY, ChatRecord, Style, chat_records, shared_shingles, true_similarity
from tunesmith.dataset.near_duplicates import find_near_duplicates
from tunesmith.dataset.text_spool import TextSpool

PERMUTATIONS: Final = 128

Corpus = Sequence[ChatRecord]
Run = Callable[[Sequence[str]], list[int]]
"""Takes texts and gives each a label: its own index, or that of a text it repeats (-1: some other)."""


def ours(texts: Sequence[str]) -> list[int]:
    """Group texts with Tunesmith."""
    return [int(label) for label in find_near_duplicates(texts).labels]


def rensa(texts: Sequence[str]) -> list[int]:
    """Keep unique documents as rensa's README does."""
    module = importlib.import_module("rensa")
    deduplicator = module.RMinHashDeduplicator(
        threshold=LEAST_SIMILARITY, num_perm=PERMUTATIONS, use_lsh=True
    )
    kept = deduplicator.add_pairs((str(number), _shingles(text)) for number, text in enumerate(texts))
    return [number if keep else -1 for number, keep in enumerate(kept)]


def datasketch(texts: Sequence[str]) -> list[int]:
    """Query and fill an LSH index as datasketch's documentation does."""
    module = importlib.import_module("datasketch")
    index = module.MinHashLSH(threshold=LEAST_SIMILARITY, num_perm=PERMUTATIONS)
    labels = []
    for number, text in enumerate(texts):
        sketch = module.MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in _shingles(text)])
        found = index.query(sketch)
        labels.append(-1 if found else number)
        if not found:
            index.insert(number, sketch)
    return labels


def semhash(texts: Sequence[str]) -> list[int]:
    """Deduplicate with semhash; a stub stands for its embedding model, so this is its floor."""
    module = importlib.import_module("semhash")
    found = module.SemHash.from_records(records=list(texts), model=_StubEncoder()).self_deduplicate(
        threshold=0.9
    )
    kept = set(found.selected)
    return [number if text in kept else -1 for number, text in enumerate(texts)]


class _StubEncoder:
    """Embeds by hashed words, at a fraction of what a model costs."""

    def encode(self, inputs: Any, **_: Any) -> Any:
        """Give one row of 256 numbers for each text."""
        rows = np.zeros((len(inputs), 256), dtype=np.float32)
        for number, text in enumerate(inputs):
            np.add.at(rows[number], [hash(word) & 255 for word in text.split()], 1)
        return rows


def _shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[place : place + 5]) for place in range(max(len(words) - 4, 1))]


TOOLS: Final[dict[str, Run]] = {
    "tunesmith": ours,
    "rensa": rensa,
    "datasketch": datasketch,
    "semhash (stub model)": semhash,
}
ONCE: Final = ("datasketch", "semhash (stub model)")
"""Tools that take a hundred times as long as ours: one round of them tells enough."""


def compare(records: int, *, rounds: int, style: Style, slow: bool = True) -> list[list[str]]:
    """Time each installed tool in turn, round after round, and give the rows of the table.

    Ratios compare what ran in one round. `slow` tells whether the slowest tools take part.
    """
    corpus = [record for record in chat_records(records, style=style) if record.kind != "malformed"]
    texts = [record.text for record in corpus]
    seconds: dict[str, list[float]] = defaultdict(list)
    processor: dict[str, list[float]] = defaultdict(list)
    labels: dict[str, list[int]] = {}
    chosen = {tool: run for tool, run in TOOLS.items() if slow or tool not in ONCE}
    missing = [tool for tool in chosen if not _is_installed(tool)]
    for number in range(rounds):
        for tool, run in chosen.items():
            if tool not in missing and (number == 0 or tool not in ONCE):
                started, busy = time.perf_counter(), time.process_time()
                labels[tool] = run(texts)
                seconds[tool].append(time.perf_counter() - started)
                processor[tool].append(time.process_time() - busy)
    rows = []
    for tool, taken in seconds.items():
        rows.append(
            [
                tool,
                f"{median(taken) / len(texts) * 1e6:.1f}",
                f"{_ratio(taken, seconds['tunesmith']):.2f}x",
                f"{_ratio(processor[tool], processor['tunesmith']):.2f}x",
                f"{_found(corpus, labels[tool], 'near'):.3f}",
                f"{_found(corpus, labels[tool], 'exact'):.3f}",
                _precision(corpus, labels[tool], style) if tool == "tunesmith" else "",
            ]
        )
    rows += [[tool, "not installed", *[""] * 5] for tool in missing]
    return rows


def _is_installed(tool: str) -> bool:
    name = tool.split(" ", maxsplit=1)[0]
    return name == "tunesmith" or importlib.util.find_spec(name) is not None


def scaling(records: int, *, rounds: int, style: Style) -> dict[str, float]:
    """Take time and memory of our own search at once and four times the records, each in a fresh process."""
    seconds: dict[int, list[float]] = {1: [], 4: []}
    peaks: dict[int, int] = {}
    for _ in range(rounds):
        for factor in (1, 4):
            command = [sys.executable, "-m", "bench.near_duplicates", str(records * factor), style]
            answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            seconds[factor].append(answer["seconds"])
            peaks[factor] = answer["peak"]
    return {
        "time_ratio": _ratio(seconds[4], seconds[1]),
        "bytes_per_record": (peaks[4] - peaks[1]) / (3 * records),
        "peak_bytes": peaks[4],
    }


def _ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """Compare round by round: on shared cores only what ran side by side compares."""
    return median(mine / theirs for mine, theirs in zip(one, other, strict=False))


def _found(corpus: Corpus, labels: Sequence[int], kind: str) -> float:
    """Share of the planted records of a kind that are tied to their origin, or dropped for another."""
    place = {record.origin: number for number, record in enumerate(corpus) if record.kind == "original"}
    hits = [
        labels[number] == -1 or labels[number] == labels[place[record.origin]]
        for number, record in enumerate(corpus)
        if record.kind == kind
    ]
    return sum(hits) / max(len(hits), 1)


def _precision(corpus: Corpus, labels: Sequence[int], style: Style) -> str:
    """Share of the tied records with a true neighbour in their cluster, compared in plain Python."""
    shared = shared_shingles(style)
    clusters: dict[int, list[int]] = defaultdict(list)
    for number, label in enumerate(labels):
        clusters[label].append(number)
    right = total = 0
    for members in clusters.values():
        for one in members if len(members) > 1 else []:
            total += 1
            right += any(
                true_similarity(corpus[one].text, corpus[other].text, shared) >= LEAST_SIMILARITY
                for other in members
                if other != one
            )
    return f"{right / max(total, 1):.4f}"


def main() -> None:
    """Search one corpus from a file, and print the time and the peak of memory."""
    records, style = int(sys.argv[1]), sys.argv[2]
    spool = TextSpool(
        record.text for record in chat_records(records, style="shared" if style == "shared" else "plain")
    )
    started = time.process_time()
    find_near_duplicates(spool)
    seconds = time.process_time() - started
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": _peak()}))


def _peak() -> int:
    """Read the most memory that this process has held; what `getrusage` says counts its parent's, too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
