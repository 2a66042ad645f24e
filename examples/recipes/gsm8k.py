"""How does GSM8K (grade-school word problems) become a run? The completion is the final number alone.

    python -m examples.recipes.gsm8k --out .tunesmith/gsm8k

The job asks for a gain of five points, so a model that only learned the form of the answer is not promoted.
The data (MIT, OpenAI) is read from where you keep it and never copied into the project.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from examples.recipes.recipe import converse_record, read_options

SYSTEM: Final = "Solve the problem. Answer with the final number and nothing else, without unit or separator."

JOB: Final = """\
project: gsm8k
base_model: nova-micro
data: train.jsonl
evaluation:
  metric: exact_match
  minimum_gain: 5
  max_tokens: 16
budget:
  limit_usd: 50
"""


def final_number(answer: str) -> str:
    """Take the number behind `####` out of a worked answer, without thousands separators."""
    return answer.rsplit("####", 1)[1].strip().replace(",", "")


def main(out: Path, data: Path) -> Path:
    """Write `train.jsonl` and `job.yaml` into a folder; return the job file."""
    with (data / "gsm8k_train.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    out.mkdir(parents=True, exist_ok=True)
    records = (converse_record(SYSTEM, row["question"], final_number(row["answer"])) for row in rows)
    (out / "train.jsonl").write_text(
        "".join(json.dumps(record) + "\n" for record in records), encoding="utf-8"
    )
    job = out / "job.yaml"
    job.write_text(JOB, encoding="utf-8")
    return job


if __name__ == "__main__":
    print(main(**read_options("Turn GSM8K into records and a job file.", "gsm8k")))
