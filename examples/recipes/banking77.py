"""How does Banking77 (customer messages to a bank, 77 intents) become a run? Records and a job file.

    python -m examples.recipes.banking77 --out .tunesmith/banking77

The data (CC BY 4.0, PolyAI) is read from where you keep it and never copied into the project.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Final

from examples.recipes.recipe import converse_record, read_options

JOB: Final = """\
project: banking77
base_model: nova-micro
data: train.jsonl
hyperparameters:
  epochCount: 5
evaluation:
  metric: exact_match
  minimum_gain: 2.0
  max_tokens: 32
budget:
  limit_usd: 50
"""


def main(out: Path, data: Path) -> Path:
    """Write `train.jsonl` and `job.yaml` into a folder; return the job file. Every row is kept."""
    with (data / "banking77_train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = sorted({row["category"] for row in rows})
    system = (
        "You sort messages of a bank's customers. Answer with exactly one label from this list "
        "and nothing else:\n" + "\n".join(labels)
    )
    out.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(converse_record(system, row["text"], row["category"])) + "\n" for row in rows)
    (out / "train.jsonl").write_text("".join(lines), encoding="utf-8")
    job = out / "job.yaml"
    job.write_text(JOB, encoding="utf-8")
    return job


if __name__ == "__main__":
    print(main(**read_options("Turn Banking77 into records and a job file.", "banking77")))
