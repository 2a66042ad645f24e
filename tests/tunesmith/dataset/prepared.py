"""Data prepared for tests as the cloud does it, spelled short."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.tunesmith.dataset.converse import lines, pair
from tunesmith.catalogue import Model, find_model
from tunesmith.dataset import CheckedFile, check_file
from tunesmith.dataset.assignment import Assignment
from tunesmith.dataset.preparation import Prepared, prepare
from tunesmith.dataset.sensitive import Policy
from tunesmith.job import parse_job

MICRO = find_model("nova-micro")
WHERE = "s3://artifacts/runs/x/data/rejected.jsonl"


def said(number: object) -> str:
    """Give a text that is like no other's."""
    return f"prompt {number} {hashlib.sha256(str(number).encode()).hexdigest()[:40]}"


def pairs(count: int, start: int = 0, answer: str = "a") -> list[Any]:
    """Give so many different records."""
    return [pair(said(number), answer) for number in range(start, start + count)]


def checked(
    files: Mapping[str, Sequence[Any]],
    model: Model = MICRO,
    group_key: str | None = None,
    sensitive: Policy = "report",
) -> dict[str, CheckedFile]:
    """Check files, by role."""
    return {
        role: check_file(
            [lines(*values)], model, file=f"{role}.jsonl", group_key=group_key, sensitive=sensitive
        )
        for role, values in files.items()
    }


def prepared(
    files: Mapping[str, Sequence[Any]],
    *,
    model: Model = MICRO,
    previous: Assignment | None = None,
    seed: int = 1,
    on_error: str = "drop",
    metric: str | None = None,
    **data: Any,
) -> Prepared:
    """Check and prepare files by role; further keys stand in the job file's `data`."""
    return prepared_from(
        checked(files, model, data.get("group_key"), data.get("sensitive", "report")),
        model=model,
        previous=previous,
        seed=seed,
        on_error=on_error,
        metric=metric,
        **data,
    )


def prepared_from(
    files: Mapping[str, CheckedFile],
    *,
    model: Model = MICRO,
    previous: Assignment | None = None,
    seed: int = 1,
    on_error: str = "drop",
    metric: str | None = None,
    **data: Any,
) -> Prepared:
    """Prepare files that were checked."""
    job = {
        "project": "triage",
        "base_model": model.name,
        "seed": seed,
        "data": {"train": "train.jsonl", "on_error": on_error, **data},
        "evaluation": {"metric": metric} if metric else {},
    }
    return prepare(
        parse_job(json.dumps(job).encode(), source="job.json"), model, files, previous, rejected_uri=WHERE
    )
