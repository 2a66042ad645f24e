"""What do guardrails need of the uploads? Their own records, checked and sealed, and the test's metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tunesmith.aws.objects import Bucket, guardrail_key
from tunesmith.dataset import CheckedFile, check_file
from tunesmith.dataset.guard_files import guard_content, guard_files
from tunesmith.dataset.metadata import metadata_of
from tunesmith.dataset.record_spool import Records
from tunesmith.dataset.report import spelled
from tunesmith.dataset.sources import read_source
from tunesmith.evaluation.answers import record_id
from tunesmith.job import Job
from tunesmith.job_sections import GUARDRAIL_ROLE
from tunesmith.ledger import Run


def checked_guards(run: Run, job: Job, train: Records) -> dict[str, CheckedFile]:
    """Check the guardrails' own files, without the records whose prompt is trained on; they go by role."""
    files = {
        role: check_file(
            _chunks(pinned),
            job.model_of(role),
            file=_name(pinned),
            sensitive=job.data.sensitive,
            mends=job.data.on_error == "fix",
            **job.read_as(role),
        )
        for role, pinned in run.data.items()
        if role.startswith(GUARDRAIL_ROLE)
    }
    return guard_files(files, train)


def write_guards(run: Run, guards: Mapping[str, CheckedFile], artifacts: Bucket) -> None:
    """Leave the guardrails' own records beside the blind test."""
    for role, checked in guards.items():
        key = guardrail_key(run.run, role.removeprefix(GUARDRAIL_ROLE))
        artifacts.write(key, guard_content(checked.records), "application/jsonl")


def metadata_of_test(run: Run, job: Job, test: Records) -> dict[str, dict[str, str]]:
    """Read what the lines of the blind test's records say beside the group key, by record."""
    pinned = run.data["test" if "test" in run.data else "train"]
    numbers = [number for number, _ in test.places()]
    batches = read_source(
        _chunks(pinned), file=_name(pinned), columns=job.data.columns, group_key=job.data.group_key
    )
    found = metadata_of(batches, numbers, job.data.group_key)
    ids = map(record_id, spelled(test))
    return {record: found[number] for record, number in zip(ids, numbers, strict=True) if found.get(number)}


def _chunks(pinned: Mapping[str, str]) -> Iterator[bytes]:
    return Bucket(pinned["bucket"]).chunks(pinned["key"], pinned["version"])


def _name(pinned: Mapping[str, str]) -> str:
    return pinned["key"].split("/", 2)[-1]
