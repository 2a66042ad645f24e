"""What does Spark cost where one machine would do? Both engines on one file, as ratios of interleaved runs.

Spark has two threads here, the other engine one process; starting Spark is not counted. What this cannot show
is what Spark is for: files that one machine cannot hold, on machines that share the work.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.corpora import write_corpus
from tests.tunesmith.spark.machines import MISSING, local_session, read_path
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
from tunesmith.dataset.preparation import Prepared, prepare
from tunesmith.job import Job, parse_job
from tunesmith.spark.files import check_files
from tunesmith.spark.records import Source

MODEL = find_model("nova-micro")
_JOB = {"project": "bench", "base_model": MODEL.name, "seed": 1, "data": {"train": "train.jsonl"}}


def one_machine(path: Path, job: Job) -> Prepared:
    """Check and split a file in this process."""
    with path.open("rb") as file:
        checked = check_file(iter(lambda: file.read(1 << 20), b""), MODEL, file="train.jsonl")
    return prepare(job, MODEL, {"train": checked}, rejected_uri="")


def cluster(path: Path, job: Job) -> Prepared:
    """Check and split it on Spark."""
    source = Source(file="train.jsonl", address=str(path), size=path.stat().st_size)
    found = check_files(local_session(), {"train": source}, read_path, job)
    return prepare(job, MODEL, found.files, rejected_uri="", comparison=found.comparison)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which medians are taken")
    chosen = parser.parse_args()
    if MISSING:
        sys.exit(MISSING)
    job = parse_job(json.dumps(_JOB).encode(), source="job.json")
    engines = {"one machine, one process": one_machine, "Spark, local[2]": cluster}
    times: dict[str, list[float]] = {name: [] for name in engines}
    equal = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        write_corpus(path, chosen.records)
        for _ in range(chosen.rounds):
            found = []
            for name, engine in engines.items():
                start = time.perf_counter()
                found.append(engine(path, job))
                times[name].append(time.perf_counter() - start)
            equal = equal and found[0].report.to_json() == found[1].report.to_json()
    least = median(times["one machine, one process"])
    lines = [f"{name:<26}{median(taken) / least:6.1f} times" for name, taken in times.items()]
    title = (
        f"{chosen.records:,} records, medians of {chosen.rounds}; reports {'equal' if equal else 'DIFFER'}"
    )
    sys.stdout.write("\n".join([title, *lines, ""]))


if __name__ == "__main__":
    main()
