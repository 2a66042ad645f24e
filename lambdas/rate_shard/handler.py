"""Lets a judge compare the candidate's answers to one shard with each other model's, in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.aws.converse import Answered, Call, answer_all
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.evaluation.answers import (
    CANDIDATE,
    Answer,
    Question,
    read_answers,
    read_questions,
    write_answers,
)
from tunesmith.evaluation.judging import MAX_TOKENS, ORDERS, Pair, pairs_of, words_folder
from tunesmith.evaluation.scores import answered
from tunesmith.job import parse_job
from tunesmith.observability import logger
from tunesmith.settings import RateShardSettings

LOG = logger("rate_shard")
RESERVE_SECONDS = 300
"""No call begins with less time left: it may be repeated until it is given up."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return how many calls were made and failed for good, and whether time ran out before the last."""
    settings = RateShardSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, shard = ledger.require_open(event["run"]).run, event["shard"]
    prefix = run_prefix(run)
    plan = artifacts.read_json(f"{prefix}/evaluation/plan.json")
    judge = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json").evaluation.judge
    part = plan["shards"][shard]
    if judge is None or part["of"]:  # a guardrail's own records are scored here, by nobody who is asked
        return {"shard": shard, "asked": 0, "failed": 0, "unfinished": False}
    judging = judge.judging
    questions = read_questions(artifacts.read(part["key"]))[part["first"] : part["end"]]
    folders = {model["label"]: model["folder"] for model in plan["models"]}
    answers = {
        label: _answers(artifacts, f"{prefix}/answers/{folder}/{shard}.jsonl")
        for label, folder in folders.items()
    }
    keys = {
        label: f"{prefix}/{words_folder(judging, folders[CANDIDATE], folder)}/{shard}.jsonl"
        for label, folder in folders.items()
        if label != CANDIDATE
    }
    words = {label: _words(artifacts, key) for label, key in keys.items()}
    missing = _missing(questions, answers, words)

    def keep(found: Sequence[Answered]) -> None:
        changed = set()
        for position, answer in found:
            label, pair, order = missing[position]
            words[label][pair.asked_as(order)] = answer
            changed.add(label)
        for label in changed:
            artifacts.write_lines(keys[label], write_answers(words[label].values()))

    given = answer_all(
        [Call(plan["judge"], judging.asked(pair, order)) for _, pair, order in missing],
        max_tokens=MAX_TOKENS,
        in_flight=plan["inference"]["in_flight"],
        first_rate=plan["inference"]["first_rate"],
        keep=keep,
        seconds=context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS,
    )
    asked = sum(answer is not None for answer in given)
    failed = sum(bool(answer and answer.error) for answer in given)
    LOG.info("shard judged", extra={"run": run, "shard": shard, "asked": asked, "failed": failed})
    return {"shard": shard, "asked": asked, "failed": failed, "unfinished": asked < len(missing)}


def _missing(
    questions: Sequence[Question],
    answers: Mapping[str, Mapping[str, Answer]],
    words: Mapping[str, Mapping[str, Answer]],
) -> list[tuple[str, Pair, int]]:
    """List what the judge was not asked yet: one model's pair after the other's, question by question."""
    return [
        (label, pair, order)
        for question in questions
        for label, known in words.items()
        for pair in pairs_of([question], answers[CANDIDATE], answers[label])
        if pair.plain is None
        for order in ORDERS
        if pair.asked_as(order) not in known
    ]


def _answers(artifacts: Bucket, key: str) -> dict[str, Answer]:
    return answered(read_answers(artifacts.read(key))) if artifacts.head(key) else {}


def _words(artifacts: Bucket, key: str) -> dict[str, Answer]:
    if artifacts.head(key) is None:
        return {}
    return {answer.id: answer for answer in read_answers(artifacts.read(key)) if not answer.error}
