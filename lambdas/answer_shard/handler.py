"""Lets every compared model answer one shard of the blind test; what is answered is not asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunesmith.aws.converse import Answered, Call, answer_all
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.dataset.formats import conversations
from tunesmith.errors import RecordMissingError
from tunesmith.evaluation.answers import (
    CANDIDATE,
    FEW_SHOT,
    Answer,
    Question,
    answers_folder,
    guarded_models,
    guardrail_folder,
    read_answers,
    read_questions,
    write_answers,
)
from tunesmith.evaluation.noise import TIMES, times_asked
from tunesmith.evaluation.retrieval import Examples
from tunesmith.observability import logger
from tunesmith.serving.capacity import open_serving
from tunesmith.settings import AnswerShardSettings

LOG = logger("answer_shard")
RESERVE_SECONDS = 300
"""No call begins with less time left: it may be repeated until it is given up."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return how many calls were made and failed for good, and whether time ran out before the last."""
    settings = AnswerShardSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, shard, prefix = event["run"], event["shard"], run_prefix(event["run"])
    plan = artifacts.read_json(f"{prefix}/evaluation/plan.json")
    part = plan["shards"][shard]
    questions = read_questions(artifacts.read(part["key"]))[part["first"] : part["end"]]
    models = {model["label"]: model["id"] for model in plan["models"]}
    if CANDIDATE in models:
        # It is asked through its capacity, whose ARN the ledger knows since it was opened.
        serving = open_serving(ledger.capacity(run))
        if serving is None:
            raise RecordMissingError(f"run {run} holds no capacity to ask its candidate through")
        models[CANDIDATE] = serving.arn
    folders = {model["label"]: model["folder"] for model in plan["models"]}
    if part["of"]:  # a guardrail's own records
        folders = {label: guardrail_folder(folders[label], part["of"]) for label in guarded_models(folders)}
    averaged = _averaged(artifacts, prefix)
    twice = frozenset(plan["twice"])
    rounds = {
        label: max(
            times_asked(question.id, twice=twice, averaged=folder in averaged) for question in questions
        )
        for label, folder in folders.items()
    }
    keys = {
        (label, time): f"{prefix}/answers/{answers_folder(folders[label], time)}/{shard}.jsonl"
        for label, times in rounds.items()
        for time in range(1, times + 1)
    }
    given = {of: _given(artifacts, key) for of, key in keys.items()}
    # One model's turn after the other's: what slows the service down for a while slows it down for all.
    missing = [
        (label, time, question)
        for question in questions
        for time in range(1, TIMES + 1)
        for label, folder in folders.items()
        if time <= times_asked(question.id, twice=twice, averaged=folder in averaged)
        and question.id not in given[label, time]
    ]
    examples, number = _examples(artifacts, prefix) if FEW_SHOT in folders else (None, 0)

    def call(label: str, question: Question) -> Call:
        shown = examples.shown(question, number) if examples and label == FEW_SHOT else question
        return Call(models[label], shown)

    def keep(answered: Sequence[Answered]) -> None:
        changed = set()
        for position, answer in answered:
            label, time, question = missing[position]
            given[label, time][question.id] = answer
            changed.add((label, time))
        for of in changed:
            found = (given[of].get(question.id) for question in questions)
            artifacts.write_lines(keys[of], write_answers(answer for answer in found if answer is not None))

    answers = answer_all(
        [call(label, question) for label, _, question in missing],
        max_tokens=plan["inference"]["max_tokens"],
        in_flight=plan["inference"]["in_flight"],
        first_rate=plan["inference"]["first_rate"],
        keep=keep,
        seconds=_seconds_left(context) - RESERVE_SECONDS,
    )
    asked = sum(answer is not None for answer in answers)
    failed = sum(bool(answer and answer.error) for answer in answers)
    LOG.info("shard answered", extra={"run": run, "shard": shard, "asked": asked, "failed": failed})
    return {"shard": shard, "asked": asked, "failed": failed, "unfinished": asked < len(missing)}


def _examples(artifacts: Bucket, prefix: str) -> tuple[Examples, int]:
    """Read the records that the base model may be shown, and how many of them."""
    records = read_questions(conversations(artifacts.read(f"{prefix}/data/train.jsonl")))
    return Examples(records), artifacts.read_json(f"{prefix}/evaluation/examples.json")["number"]


def _averaged(artifacts: Bucket, prefix: str) -> list[str]:
    """List the folders of the models that waver: each of their records is answered three times."""
    key = f"{prefix}/evaluation/averaged.json"
    folders: list[str] = artifacts.read_json(key) if artifacts.head(key) else []
    return folders


def _seconds_left(context: Any) -> float:
    """Time that this invocation still has, in seconds."""
    return float(context.get_remaining_time_in_millis()) / 1000


def _given(artifacts: Bucket, key: str) -> dict[str, Answer]:
    if artifacts.head(key) is None:
        return {}
    return {answer.id: answer for answer in read_answers(artifacts.read(key)) if not answer.error}
