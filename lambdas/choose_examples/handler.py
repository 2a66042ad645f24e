"""Chooses, on validation records, how many examples the untuned model is shown before a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.aws.converse import Call, answer_all
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.measured_job import read_measured_job
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.dataset.formats import conversations
from tunesmith.evaluation.answers import (
    FEW_SHOT,
    Answer,
    Question,
    read_answers,
    read_questions,
    write_answers,
)
from tunesmith.evaluation.few_shot import (
    DEFAULT_NUMBER,
    FEWEST_TO_CHOOSE,
    MOST_TO_CHOOSE,
    NUMBERS_TRIED,
    best_number,
)
from tunesmith.evaluation.metrics_registry import measured_here
from tunesmith.evaluation.retrieval import Examples
from tunesmith.evaluation.scores import untuned_scores
from tunesmith.job import Job
from tunesmith.observability import logger
from tunesmith.settings import ChooseExamplesSettings

LOG = logger("choose_examples")
RESERVE_SECONDS = 120
"""No call begins with less time left; what was not asked by then is not waited for."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the number of examples, 0 where nothing is asked with any; it is chosen once for a run."""
    settings = ChooseExamplesSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = ledger.require_open(event["run"]).run, run_prefix(event["run"])
    plan = artifacts.read_json(f"{prefix}/evaluation/plan.json")
    model = next((entry["id"] for entry in plan["models"] if entry["label"] == FEW_SHOT), "")
    if not model:
        return {"examples": 0}
    key = f"{prefix}/evaluation/examples.json"
    if artifacts.head(key) is None:
        job = read_measured_job(artifacts, run)
        artifacts.write_json(key, _choose(artifacts, prefix, job, model, plan["inference"], context))
    chosen = artifacts.read_json(key)
    LOG.info("examples chosen", extra={"run": run, "examples": chosen["number"], "scores": chosen["scores"]})
    return {"examples": chosen["number"]}


def _choose(
    artifacts: Bucket, prefix: str, job: Job, model: str, inference: Mapping[str, Any], context: Any
) -> dict[str, Any]:
    questions = _records(artifacts, f"{prefix}/data/validation.jsonl")[:MOST_TO_CHOOSE]
    tokens = {"input": 0, "output": 0}
    scores: dict[int, list[float]] = {}
    if len(questions) >= FEWEST_TO_CHOOSE:
        examples = Examples(_records(artifacts, f"{prefix}/data/train.jsonl"))
        for number in NUMBERS_TRIED:
            asked = [examples.shown(question, number) for question in questions]
            answers = _answers(
                artifacts,
                f"{prefix}/answers/{FEW_SHOT}-validation/{number}.jsonl",
                asked,
                model,
                inference,
                context,
            )
            tokens["input"] += sum(answer.input_tokens for answer in answers)
            tokens["output"] += sum(answer.output_tokens for answer in answers)
            found = {answer.id: answer.text for answer in answers}
            pairs = [(found.get(question.id, ""), question.reference) for question in questions]
            scores[number] = untuned_scores(measured_here(job.metric), pairs)
    number = best_number(scores) if scores else DEFAULT_NUMBER
    means = {str(tried): sum(each) / len(each) for tried, each in scores.items()}
    return {"number": number, "scores": means, "tokens": tokens, "validation_records": len(questions)}


def _answers(
    artifacts: Bucket,
    key: str,
    questions: Sequence[Question],
    model: str,
    inference: Mapping[str, Any],
    context: Any,
) -> list[Answer]:
    """Ask, unless an earlier attempt did."""
    if artifacts.head(key) is None:
        answers = answer_all(
            [Call(model, question) for question in questions],
            max_tokens=inference["max_tokens"],
            in_flight=inference["in_flight"],
            seconds=context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS,
        )
        artifacts.write_lines(key, write_answers(answer for answer in answers if answer is not None))
    return read_answers(artifacts.read(key))


def _records(artifacts: Bucket, key: str) -> list[Question]:
    return read_questions(conversations(artifacts.read(key))) if artifacts.head(key) else []
