"""Turns the answers of all models to the blind test into figures per record and per model."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, blind_test_key, run_prefix
from tunesmith.catalogue import find_model
from tunesmith.cost import OVERRIDE_KEY, Item, PriceTable, load_prices
from tunesmith.evaluation.answers import (
    FEW_SHOT,
    TUNED,
    Answer,
    answers_folder,
    read_answers,
    read_questions,
)
from tunesmith.evaluation.changes import most_changed
from tunesmith.evaluation.noise import MOST_FLIPS, TIMES
from tunesmith.evaluation.scores import TokenPrice, score
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.settings import ScoreAnswersSettings

LOG = logger("score_answers")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return `scored`, with the figures in scores.json, or `ask_again` where a model's answers waver.

    A model that wavers is written down, and its shards are answered again, only once: then it is averaged.
    """
    settings = ScoreAnswersSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = event["run"], run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    plan = artifacts.read_json(f"{prefix}/evaluation/plan.json")
    models = {model["label"]: model for model in plan["models"]}
    override = Bucket(settings.dataset_bucket)
    prices = load_prices(override.read(OVERRIDE_KEY) if override.head(OVERRIDE_KEY) else None)
    token_prices = {label: _token_price(prices, model) for label, model in models.items()}
    questions = read_questions(artifacts.read(blind_test_key(run)))
    averaged_key = f"{prefix}/evaluation/averaged.json"
    averaged = artifacts.read_json(averaged_key) if artifacts.head(averaged_key) else []
    given = {
        label: [
            _answers(artifacts, f"{prefix}/answers/{answers_folder(model['folder'], time)}/")
            for time in range(1, 1 + TIMES)
        ]
        for label, model in models.items()
    }
    answers = {label: first for label, (first, *_) in given.items()}
    scores = score(
        job.evaluation.metric,
        questions,
        answers,
        {label: model["id"] for label, model in models.items()},
        token_prices,
        again={label: again for label, (_, *again) in given.items()},
        twice=plan["twice"],
        averaged={label for label, model in models.items() if model["folder"] in averaged},
    )
    wavering = [
        models[label]["folder"]
        for label, noise in scores["noise"].items()
        if noise["share"] > MOST_FLIPS and models[label]["folder"] not in averaged
    ]
    if wavering:
        artifacts.write_json(averaged_key, [*averaged, *wavering])
        LOG.info("answers waver", extra={"run": run, "noise": scores["noise"]})
        return {"outcome": "ask_again"}
    if FEW_SHOT in scores["models"]:
        chosen = artifacts.read_json(f"{prefix}/evaluation/examples.json")
        scores["examples"] = {name: chosen[name] for name in ("number", "scores", "validation_records")}
        _add_choice(scores["models"][FEW_SHOT]["cost_usd"], chosen["tokens"], token_prices[FEW_SHOT])
    for label in scores["models"]:
        scores["models"][label].update(_terms(models[label], token_prices[label]))
    scores["serving"] = _serving(prices, job)
    groups = artifacts.read_json(f"{prefix}/data/test_groups.json")
    scores["groups"] = [groups[record] for record in scores["records"]]
    artifacts.write_json(f"{prefix}/evaluation/scores.json", scores)
    artifacts.write_json(f"{prefix}/evaluation/changes.json", most_changed(scores, questions, answers))
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


def _add_choice(cost: dict[str, Decimal], tokens: Mapping[str, int], price: TokenPrice) -> None:
    """Count the calls by which the number of examples was chosen."""
    cost["reads"] += price.input * tokens["input"] / 1000
    cost["answers"] += price.output * tokens["output"] / 1000


def _token_price(prices: PriceTable, model: Mapping[str, str]) -> TokenPrice:
    if model["path"] == "provisioned":
        return TokenPrice(Decimal(0), Decimal(0))  # its units are paid by the hour, not its tokens
    tuned = model["label"] in TUNED
    items = (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT) if tuned else (Item.INPUT, Item.OUTPUT)
    return TokenPrice(*(prices.price(model["base_model"], item).cost(1000) for item in items))


def _terms(model: Mapping[str, str], price: TokenPrice) -> dict[str, Any]:
    """Say what the model is made of, and what 1,000 tokens cost where they are what is paid."""
    by_token = model["path"] == "on_demand"
    terms = {name: float(usd) for name, usd in price._asdict().items()} if by_token else None
    return {"base_model": model["base_model"], "path": model["path"], "price": terms}


def _serving(prices: PriceTable, job: Job) -> dict[str, Any]:
    """Say what it costs to keep the candidate, in US dollars a month and, by model units, an hour."""
    unit = prices.find(job.base_model, Item.PROVISIONED_HOUR)
    offered = unit is not None and "provisioned" in find_model(job.base_model).serving_paths
    return {
        "usd_per_month": float(prices.price(job.base_model, Item.STORAGE).cost(1)),
        "usd_per_hour": float(unit.usd * job.serving.model_units) if unit and offered else None,
        "on_demand": job.serving_path == "on_demand",
    }


def _answers(artifacts: Bucket, prefix: str) -> list[Answer]:
    return [
        answer for key in artifacts.keys(prefix, ".jsonl") for answer in read_answers(artifacts.read(key))
    ]
