"""Lets every compared model answer one shard of the blind test; what is answered is not asked again."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.converse import Call, answer_all
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, blind_test_key, run_prefix
from tunesmith.evaluation.answers import CANDIDATE, Answer, read_answers, read_questions, write_answers
from tunesmith.observability import logger
from tunesmith.serving.capacity import SERVING_TOKEN
from tunesmith.settings import AnswerShardSettings

LOG = logger("answer_shard")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return how many answers the shard now has, and how many calls failed for good."""
    settings = AnswerShardSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, shard, prefix = event["run"], event["shard"], run_prefix(event["run"])
    plan = artifacts.read_json(f"{prefix}/evaluation/plan.json")
    first, end = plan["shards"][shard]
    questions = read_questions(artifacts.read(blind_test_key(run)))[first:end]
    models = {model["label"]: model["id"] for model in plan["models"]}
    # The candidate is asked through its capacity, whose ARN the ledger knows since it was opened.
    models[CANDIDATE] = next(item.arn for item in ledger.capacity(run) if item.token == SERVING_TOKEN)
    keys = {label: f"{prefix}/answers/{label}/{shard}.jsonl" for label in models}
    given = {label: _given(artifacts, key) for label, key in keys.items()}
    # One model's turn after the other's: what slows the service down for a while slows it down for all.
    missing = [
        (label, question) for question in questions for label in models if question.id not in given[label]
    ]
    answers = answer_all(
        [Call(models[label], question) for label, question in missing],
        max_tokens=plan["inference"]["max_tokens"],
        in_flight=plan["inference"]["in_flight"],
    )
    for (label, question), answer in zip(missing, answers, strict=True):
        given[label][question.id] = answer
    for label, key in keys.items():
        artifacts.write_lines(key, write_answers(given[label][question.id] for question in questions))
    failed = [answer.error for answer in answers if answer.error]
    LOG.info(
        "shard answered", extra={"run": run, "shard": shard, "asked": len(answers), "errors": failed[:3]}
    )
    return {"shard": shard, "answered": len(questions) * len(models) - len(failed), "failed": len(failed)}


def _given(artifacts: Bucket, key: str) -> dict[str, Answer]:
    if artifacts.head(key) is None:
        return {}
    return {answer.id: answer for answer in read_answers(artifacts.read(key)) if not answer.error}
