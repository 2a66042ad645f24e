"""Turns the answers of all models to the blind test into figures per record and per model."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, blind_test_key, run_prefix
from tunesmith.cost import OVERRIDE_KEY, Item, PriceTable, load_prices
from tunesmith.evaluation.answers import CANDIDATE, Answer, read_answers, read_questions
from tunesmith.evaluation.scores import TokenPrice, score
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.settings import ScoreAnswersSettings

LOG = logger("score_answers")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return that the answers are scored; the figures lie in scores.json."""
    settings = ScoreAnswersSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = event["run"], run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    models = {
        model["label"]: model["id"]
        for model in artifacts.read_json(f"{prefix}/evaluation/plan.json")["models"]
    }
    override = Bucket(settings.dataset_bucket)
    prices = load_prices(override.read(OVERRIDE_KEY) if override.head(OVERRIDE_KEY) else None)
    scores = score(
        job.evaluation.metric,
        read_questions(artifacts.read(blind_test_key(run))),
        {label: _answers(artifacts, f"{prefix}/answers/{label}/") for label in models},
        models,
        {label: _token_price(prices, job, custom=label == CANDIDATE) for label in models},
    )
    artifacts.write_json(f"{prefix}/evaluation/scores.json", scores)
    cost = sum(sum(figures["cost_usd"].values()) for figures in scores["models"].values())
    summary = f"{scores['n']:,} blind records answered by every model, {scores['lost']:,} lost"
    ledger.begin_step(
        run,
        Step.EVALUATE,
        event["now"],
        summary,
        {"n": scores["n"], "lost": scores["lost"], "cost_usd": cost},
    )
    LOG.info("answers scored", extra={"run": run, "n": scores["n"], "lost": scores["lost"]})
    return {"outcome": "scored"}


def _token_price(prices: PriceTable, job: Job, *, custom: bool) -> TokenPrice:
    if custom and job.serving_path == "provisioned":
        return TokenPrice(Decimal(0), Decimal(0))  # its units are paid by the hour, not its tokens
    items = (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT) if custom else (Item.INPUT, Item.OUTPUT)
    return TokenPrice(*(prices.price(job.base_model, item).cost(1000) for item in items))


def _answers(artifacts: Bucket, prefix: str) -> list[Answer]:
    return [
        answer for key in artifacts.keys(prefix, ".jsonl") for answer in read_answers(artifacts.read(key))
    ]
