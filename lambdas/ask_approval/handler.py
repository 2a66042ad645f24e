"""Asks a person whether a run may go on, and keeps the token with which the answer wakes the pipeline."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.topic import publish
from tunesmith.cost.approval import Question, message
from tunesmith.ledger import Approval, Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import later
from tunesmith.settings import AskApprovalSettings

LOG = logger("ask_approval")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return that the question is put; the pipeline goes on when it is answered, or the time is over."""
    settings = AskApprovalSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run = ledger.require_open(event["run"])
    question = Question(**artifacts.read_json(f"{run_prefix(run.run)}/question.json"))
    deadline = later(event["now"], hours=question.hours)
    ledger.ask_approval(
        Approval(
            run=run.run,
            token=event["token"],
            asked=event["now"],
            deadline=deadline,
            question=question.text,
            usd=question.usd,
        )
    )
    told = (
        f"waits until {deadline} for `tunesmith approve {run.run}` or `tunesmith deny {run.run}`:"
        f" {question.text}"
    )
    ledger.begin_step(run.run, Step.BUDGET, event["now"], told, {"high_usd": question.usd})
    plan = artifacts.uri(f"{run_prefix(run.run)}/plan.html")
    subject, body = message(run.project, run.run, question.text, deadline, settings.environment, plan)
    publish(settings.topic_arn, subject, body)
    LOG.info("approval asked", extra={"run": run.run, "usd": question.usd, "deadline": deadline})
    return {"asked": True}
