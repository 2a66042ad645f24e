"""Turns the answers of all models to the blind test into figures per record and per model."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, blind_test_key, run_prefix
from tunesmith.cost import OVERRIDE_KEY, Item, PriceTable, load_prices
from tunesmith.evaluation.answers import BASE, Answer, read_answers, read_questions
from tunesmith.evaluation.scores import TokenPrice, score
from tunesmith.job import parse_job
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
    models = artifacts.read_json(f"{prefix}/evaluation/plan.json")["models"]
    override = Bucket(settings.dataset_bucket)
    prices = load_prices(override.read(OVERRIDE_KEY) if override.head(OVERRIDE_KEY) else None)
    scores = score(
        job.evaluation.metric,
        read_questions(artifacts.read(blind_test_key(run))),
        {model["label"]: _answers(artifacts, f"{prefix}/answers/{model['folder']}/") for model in models},
        {model["label"]: model["id"] for model in models},
        {model["label"]: _token_price(prices, model) for model in models},
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


def _token_price(prices: PriceTable, model: Mapping[str, str]) -> TokenPrice:
    if model["path"] == "provisioned":
        return TokenPrice(Decimal(0), Decimal(0))  # its units are paid by the hour, not its tokens
    is_base = model["label"] == BASE
    items = (Item.INPUT, Item.OUTPUT) if is_base else (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT)
    return TokenPrice(*(prices.price(model["base_model"], item).cost(1000) for item in items))


def _answers(artifacts: Bucket, prefix: str) -> list[Answer]:
    return [
        answer for key in artifacts.keys(prefix, ".jsonl") for answer in read_answers(artifacts.read(key))
    ]
