"""Asks a deployed model a few validation records: it must answer, not be right."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.converse import Call, answer_all
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.dataset import conversations
from tunesmith.evaluation.answers import read_questions
from tunesmith.job import parse_job
from tunesmith.observability import logger
from tunesmith.serving.smoke import RECORDS, judge
from tunesmith.settings import SmokeTestSettings

LOG = logger("smoke_test")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return whether the model answers, and what was wrong where it does not."""
    settings = SmokeTestSettings.from_environment()
    artifacts = Bucket(settings.artifacts_bucket)
    prefix = run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    questions = read_questions(conversations(artifacts.read(f"{prefix}/data/validation.jsonl")))
    if not questions:
        questions = read_questions(conversations(artifacts.read(f"{prefix}/data/train.jsonl")))
    answers = answer_all(
        [Call(event["arn"], question) for question in questions[:RECORDS]],
        max_tokens=job.evaluation.max_tokens,
        in_flight=RECORDS,
    )
    passed, reason = judge([answer for answer in answers if answer is not None])
    LOG.info("smoke test", extra={"run": event["run"], "passed": passed, "reason": reason})
    return {"passed": passed, "reason": reason}
