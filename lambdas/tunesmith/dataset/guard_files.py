"""Can a guardrail's own file be used, and what is in it? An objection in words, figures for the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tunesmith.dataset.engine import CheckedFile
from tunesmith.dataset.record_spool import Records
from tunesmith.dataset.report import spelled
from tunesmith.evaluation.answers import read_questions
from tunesmith.evaluation.metrics_registry import METRICS, misfit
from tunesmith.job import Job
from tunesmith.job_sections import GUARDRAIL_ROLE


def guard_files(files: Mapping[str, CheckedFile], train: Records) -> dict[str, CheckedFile]:
    """Choose the guardrails' own files, each without the records whose prompt is trained on.

    `files` go by role.
    """
    trained = train.prompt_keys[:, 0]
    found = {}
    for role, checked in files.items():
        if role.startswith(GUARDRAIL_ROLE):
            apart = np.flatnonzero(~np.isin(checked.records.prompt_keys[:, 0], trained))
            found[role] = replace(checked, records=checked.records.take(apart.tolist()))
    return found


def guard_content(records: Records) -> bytes:
    """Spell a guardrail's own records as the content of a file of Converse records."""
    return b"".join(line + b"\n" for line in spelled(records))


def guard_objection(job: Job, files: Mapping[str, CheckedFile]) -> str:
    """Say why a guardrail's file cannot be used; empty where all can be. `files` go by role."""
    for guardrail in job.evaluation.guardrails:
        checked = files.get(guardrail.role)
        if checked is None:
            continue
        told = f"evaluation.guardrails, {guardrail.name}: {checked.file}"
        if checked.stopped or not len(checked.records):
            return f"{told} holds no record that can be used. {checked.stopped}".strip()
        most = 0.0 if job.data.on_error == "strict" else job.data.max_rejected_share
        if checked.rejected > most * checked.read:
            return (
                f"{told} has {checked.rejected:,} rejected records of {checked.read:,}, more than"
                f" {100 * most:g}%; they are listed in rejected.jsonl"
            )
        if guardrail.metric in METRICS:
            references = (question.reference for question in read_questions(guard_content(checked.records)))
            key = f"evaluation.guardrails, {guardrail.name}: its metric"
            unfit = misfit(guardrail.metric, references, key=key, of=checked.file)
            if unfit:
                return unfit
    return ""


def guard_figures(job: Job, files: Mapping[str, CheckedFile], scale: float) -> list[dict[str, Any]]:
    """Count records and tokens of each guardrail's own file, by the estimator's scale, and digest it."""
    found = []
    for guardrail in job.evaluation.guardrails:
        if guardrail.role not in files:
            continue
        records = files[guardrail.role].records
        found.append(
            {
                "name": guardrail.name,
                "file": files[guardrail.role].file,
                "records": len(records),
                "sha256": hashlib.sha256(guard_content(records)).hexdigest(),
                "prompt_tokens": round(scale * int(records.prompt_tokens.sum())),
                "answer_tokens": round(scale * int(records.answer_tokens.sum())),
            }
        )
    return found
