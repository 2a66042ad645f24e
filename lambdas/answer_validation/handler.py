"""Lets the model of one job answer the validation records and scores it; no record is asked twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import fmean
from typing import Any

from tunesmith.aws.converse import Answered, Call, answer_all
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.measured_job import read_measured_job
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.training_records import read_training, training_key
from tunesmith.cost import OVERRIDE_KEY, Item, load_prices
from tunesmith.dataset import conversations
from tunesmith.errors import RecordMissingError
from tunesmith.evaluation.answers import Answer, Question, read_answers, read_questions, write_answers
from tunesmith.evaluation.metrics_registry import measured_here
from tunesmith.evaluation.scores import TokenPrice, score
from tunesmith.evaluation.shards import calls_in_flight, first_rate
from tunesmith.job import Job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import judge_token, open_serving
from tunesmith.settings import AnswerValidationSettings
from tunesmith.training.costs import spent_usd
from tunesmith.training.rounds import MOST_JUDGED

LOG = logger("answer_validation")
RESERVE_SECONDS = 300
"""No call begins with less time left: it may be repeated until it is given up."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return whether time ran out before the last answer, and the deployment to close after it."""
    settings = AnswerValidationSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, number, prefix = event["run"], event["job"], run_prefix(event["run"])
    job = read_measured_job(artifacts, run)
    serving = open_serving(ledger.capacity(run), judge_token(number))
    if serving is None:
        raise RecordMissingError(f"run {run} holds no deployment for the model of its job {number}")
    questions = read_questions(conversations(artifacts.read(f"{prefix}/data/validation.jsonl")))[:MOST_JUDGED]
    key = f"{prefix}/training/answers/{number}.jsonl"
    given = _given(artifacts, key)
    missing = [question for question in questions if question.id not in given]

    def keep(answered: Sequence[Answered]) -> None:
        given.update({missing[position].id: answer for position, answer in answered})
        artifacts.write_lines(key, write_answers(given.values()))

    answers = answer_all(
        [Call(serving.arn, question) for question in missing],
        max_tokens=job.evaluation.max_tokens,
        in_flight=calls_in_flight(1),
        first_rate=first_rate(1),
        keep=keep,
        seconds=_seconds_left(context) - RESERVE_SECONDS,
    )
    unfinished = any(answer is None for answer in answers)
    if not unfinished:
        told = _judgement(job, questions, given, _price(settings, job))
        artifacts.write_json(training_key(run, "judged", number), told)
        records = f"{len(told['scores']):,} validation records"
        summary = f"the model of job {number} scores {told['value']:.1f} on {records}"
        kept = read_training(artifacts, run)
        spent = spent_usd(kept.told.values(), kept.judged.values())
        ledger.begin_step(run, Step.TRAIN, event["now"], summary, {"cost_usd": spent})
    LOG.info("validation answered", extra={"run": run, "job": number, "asked": len(missing)})
    capacity = {"name": serving.name, "token": serving.token}
    return {"unfinished": unfinished, "capacity": capacity}


def _judgement(
    job: Job, questions: Sequence[Question], given: Mapping[str, Answer], price: TokenPrice
) -> dict[str, Any]:
    """Score the answers by the job's metric; a record that was lost to a failed call has no score."""
    metric = measured_here(job.metric)
    label = "model"
    scored = score(metric, questions, {label: list(given.values())}, {label: ""}, {label: price})
    values = scored["models"][label][metric]
    return {
        "metric": metric,
        "scores": dict(zip(scored["records"], values, strict=True)),
        "value": 100 * fmean(values) if values else 0.0,
        "lost": scored["lost"],
        "paid_usd": scored["models"][label]["cost_usd"],
        "cost_usd": sum(scored["models"][label]["cost_usd"].values(), Decimal(0)),
    }


def _price(settings: AnswerValidationSettings, job: Job) -> TokenPrice:
    uploads = Bucket(settings.dataset_bucket)
    prices = load_prices(uploads.read(OVERRIDE_KEY) if uploads.head(OVERRIDE_KEY) else None)
    items = (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT)
    return TokenPrice(*(prices.price(job.base_model, item).cost(1000) for item in items))


def _given(artifacts: Bucket, key: str) -> dict[str, Answer]:
    if artifacts.head(key) is None:
        return {}
    return {answer.id: answer for answer in read_answers(artifacts.read(key)) if not answer.error}


def _seconds_left(context: Any) -> float:
    """Time that this invocation still has, in seconds."""
    return float(context.get_remaining_time_in_millis()) / 1000
