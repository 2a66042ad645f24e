"""Where do the records of a run's training lie in S3, and how are they read and written?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.training.policies import JobPlan
from tunesmith.training.records import TrainingRecords


def read_training(artifacts: Bucket, run: str) -> TrainingRecords:
    """Read what is recorded of a run's training."""
    folder = f"{run_prefix(run)}/training"
    plan, _ = artifacts.read_json_and_tag(f"{folder}/plan.json")
    return TrainingRecords(
        plans=[JobPlan(**job) for job in plan["jobs"]] if plan else [],
        decisions=plan["decisions"] if plan else [],
        told=_by_number(artifacts, f"{folder}/jobs/"),
        judged=_by_number(artifacts, f"{folder}/judged/"),
        watched=_by_number(artifacts, f"{folder}/watch/"),
    )


def read_plan(artifacts: Bucket, run: str, number: int) -> JobPlan:
    """Read the plan of one job; KeyError where no round planned it."""
    return {plan.number: plan for plan in read_training(artifacts, run).plans}[number]


def write_plan(
    artifacts: Bucket, run: str, plans: Sequence[JobPlan], decisions: Sequence[Mapping[str, str]]
) -> None:
    """Write the jobs planned so far and what was decided."""
    document = {"jobs": [plan.to_json() for plan in plans], "decisions": list(decisions)}
    artifacts.write_json(f"{run_prefix(run)}/training/plan.json", document)


def training_key(run: str, what: str, number: int) -> str:
    """Key of what is recorded of one job: `jobs`, `judged` or `watch`."""
    return f"{run_prefix(run)}/training/{what}/{number}.json"


def _by_number(artifacts: Bucket, prefix: str) -> dict[int, Any]:
    keys = artifacts.keys(prefix, ".json")
    found = {int(key.removeprefix(prefix).removesuffix(".json")): artifacts.read_json(key) for key in keys}
    return dict(sorted(found.items()))
