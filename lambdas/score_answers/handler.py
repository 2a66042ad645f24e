"""Turns the answers of all models to the blind test into figures per record and per model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.measured_job import read_measured_job
from tunesmith.aws.objects import (
    LABEL_PAIRS,
    Bucket,
    blind_test_key,
    guardrail_key,
    metadata_key,
    run_prefix,
)
from tunesmith.catalogue import find_model
from tunesmith.catalogue.judges import find_judge
from tunesmith.cost import OVERRIDE_KEY, Item, PriceTable, estimate_job, load_prices
from tunesmith.cost.comparing import PRICED
from tunesmith.dataset.formats import conversations
from tunesmith.evaluation.answers import (
    BASE,
    CANDIDATE,
    FEW_SHOT,
    TUNED,
    Answer,
    Question,
    answers_folder,
    guarded_models,
    guardrail_folder,
    read_answers,
    read_questions,
)
from tunesmith.evaluation.changes import most_changed
from tunesmith.evaluation.function_metric import items_of, scores_folder
from tunesmith.evaluation.guarded import Answers, counts, scored, slices
from tunesmith.evaluation.judging import Judgement, judgement, pairs_of, words_folder
from tunesmith.evaluation.label_sheet import draw
from tunesmith.evaluation.likeness import likeness
from tunesmith.evaluation.metrics_registry import is_function, measured_here
from tunesmith.evaluation.noise import MOST_FLIPS, TIMES
from tunesmith.evaluation.scores import TokenPrice, answered
from tunesmith.evaluation.watch import WATCHED, TrainingText
from tunesmith.job import Job
from tunesmith.job_sections import Guardrail
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.settings import ScoreAnswersSettings

LOG = logger("score_answers")
MOST_ERRORS = 5


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return `scored`, with the figures in scores.json, or `ask_again` where a model's answers waver.

    A model that wavers is written down, and its shards are answered again, only once: then it is averaged.
    """
    settings = ScoreAnswersSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = event["run"], run_prefix(event["run"])
    job = read_measured_job(artifacts, run)
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
    test = Answers(
        questions=questions,
        given=given,
        models={label: model["id"] for label, model in models.items()},
        prices=token_prices,
        twice=plan["twice"],
        averaged={label for label, model in models.items() if model["folder"] in averaged},
    )
    judge = _Judge(artifacts, prefix, job, test, models) if job.evaluation.judge else None
    ratings = judge.found.ratings() if judge else None
    if is_function(job.metric):
        ratings = _function_scores(artifacts, prefix, job.metric, test)
    scores = test.scores(job.metric, ratings)
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
    if judge is not None:
        scores["judge"] = judge.told(scores["records"], prices)
        scores["errors"] |= judge.errors
        artifacts.write_json(f"{prefix}/{LABEL_PAIRS}", judge.pairs_to_label(job.seed))
    if not job.customization.tunes:
        kept = {question.id: question for question in questions}
        asked = [kept[record] for record in scores["records"]]
        scores["advice"] = _advising(job, asked, artifacts, prefix, prices)
    groups = artifacts.read_json(f"{prefix}/data/test_groups.json")
    scores["groups"] = [groups[record] for record in scores["records"]]
    fields = _metadata(artifacts, run)
    training = _training_text(artifacts, prefix)
    watched = test.watched(scores, training)
    scores["watched"] = {"records": scores["n"], "models": counts(watched)}
    scores["slices"] = slices(scores, questions, fields) if job.customization.tunes else []
    scores["guardrails"] = [
        _guarded(guardrail, job, test, watched, groups=groups, fields=fields)
        if guardrail.file is None
        else _guarded_file(guardrail, job, artifacts, run, test, models, training)
        for guardrail in job.evaluation.guardrails
    ]
    artifacts.write_json(f"{prefix}/evaluation/scores.json", scores)
    if job.customization.tunes:
        changes = most_changed(scores, questions, test.first)
        artifacts.write_json(f"{prefix}/evaluation/changes.json", changes)
    cost = sum(
        sum(usd.values())
        for usd in (
            *(figures["cost_usd"] for figures in scores["models"].values()),
            *([scores["judge"]["cost_usd"]] if judge else []),
            *(usd for guarded in scores["guardrails"] for usd in guarded.get("cost_usd", {}).values()),
        )
    )
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


def _function_scores(
    artifacts: Bucket, prefix: str, arn: str, test: Answers
) -> dict[str, list[dict[str, float]]]:
    """Read what a user's function gave each answer; an answer without a score is lost."""
    known: dict[str, float] = {}
    for key in artifacts.keys(f"{prefix}/{scores_folder(arn)}/", ".jsonl"):
        known |= artifacts.read_json(key)
    return {
        label: [
            {
                item.question.id: known[item.mark]
                for item in items_of(test.questions, answered(given))
                if item.mark in known
            }
            for given in rounds
        ]
        for label, rounds in test.given.items()
    }


class _Judge:
    """What the job's judge said of the answers to the blind test, with all that goes into the records."""

    def __init__(
        self, artifacts: Bucket, prefix: str, job: Job, test: Answers, models: Mapping[str, Any]
    ) -> None:
        section = job.evaluation.judge
        if section is None:
            raise ValueError("the job asks no judge")
        self._judging, self._model, self._test = section.judging, find_judge(section.model), test
        self._answers = {label: answered(rounds[0]) for label, rounds in test.given.items()}
        candidate = models[CANDIDATE]["folder"]
        self._words = {
            label: _answers(artifacts, f"{prefix}/{words_folder(self._judging, candidate, model['folder'])}/")
            for label, model in models.items()
            if label != CANDIDATE
        }
        said = {label: {word.id: word for word in words} for label, words in self._words.items()}
        self.found: Judgement = judgement(test.questions, self._answers, said)

    @property
    def errors(self) -> dict[str, int]:
        """Count the errors of calls that failed for good, the commonest first."""
        failed = (word.error for words in self._words.values() for word in words if word.error)
        return dict(Counter(failed).most_common(MOST_ERRORS))

    def told(self, records: Sequence[str], prices: PriceTable) -> dict[str, Any]:
        """Spell who judged, how, and what all of its calls cost."""
        price = TokenPrice(*(prices.price(self._model.id, item).cost(1000) for item in PRICED))
        paid = [word for words in self._words.values() for word in words]
        return {
            "model": self._model.id,
            "title": self._model.title,
            "criteria": self._judging.criteria,
            "fingerprint": self._judging.fingerprint,
            **self.found.told(records),
            "cost_usd": {
                "reads": price.input * sum(word.input_tokens for word in paid) / 1000,
                "answers": price.output * sum(word.output_tokens for word in paid) / 1000,
            },
        }

    def pairs_to_label(self, seed: int) -> dict[str, Any]:
        """Draw the pairs with the base model's answers that people may label."""
        pairs = list(pairs_of(self._test.questions, self._answers[CANDIDATE], self._answers[BASE]))
        return {
            "fingerprint": self._judging.fingerprint,
            "judge": self._model.title,
            "pairs": draw(pairs, self.found.outcomes[BASE], seed=seed),
        }


def _advising(
    job: Job, asked: Sequence[Question], artifacts: Bucket, prefix: str, prices: PriceTable
) -> dict[str, Any]:
    """Find what else an advice goes by: what training records answer by themselves, and what tuning costs."""
    training = read_questions(conversations(artifacts.read(f"{prefix}/data/train.jsonl")))
    report = artifacts.read_json(f"{prefix}/data/report.json")
    off, tuning = report["tokens"]["off"], job.tuning()
    items = (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT) if job.serving_path == "on_demand" else ()
    return {
        **likeness(job.metric, asked, training),
        "tuning_usd": estimate_job(tuning, job.model, report["split"], prices, token_error=off).total_usd,
        "tuned_price": [float(prices.price(job.base_model, item).cost(1000)) for item in items],
    }


def _guarded(
    guardrail: Guardrail,
    job: Job,
    test: Answers,
    watched: Mapping[str, Any],
    *,
    groups: Mapping[str, str],
    fields: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Score a guardrail on the blind test, or on a slice of it."""
    metric = measured_here(job.metric) if guardrail.metric in WATCHED else guardrail.metric
    among, over = None, "the blind test"
    if guardrail.slice is not None:
        field, value = guardrail.slice.field, guardrail.slice.value
        asked = (question.id for question in test.questions)
        among = frozenset(record for record in asked if fields.get(record, {}).get(field) == value)
        over = f"the blind records whose {field} is {value}"
    sheet = test.scores(metric)
    return scored(guardrail.model_dump(), over, sheet, watched, groups=groups, among=among)


def _guarded_file(
    guardrail: Guardrail,
    job: Job,
    artifacts: Bucket,
    run: str,
    test: Answers,
    models: Mapping[str, Any],
    training: TrainingText,
) -> dict[str, Any]:
    """Score a guardrail on its own file; one that was too small to be asked has no answers here."""
    labels = guarded_models(models)
    folders = {label: guardrail_folder(models[label]["folder"], guardrail.name) for label in labels}
    asked = Answers(
        questions=read_questions(artifacts.read(guardrail_key(run, guardrail.name))),
        given={
            label: [_answers(artifacts, f"{run_prefix(run)}/answers/{folder}/")]
            for label, folder in folders.items()
        },
        models={label: test.models[label] for label in labels},
        prices=test.prices,
    )
    task = measured_here(job.metric)
    sheet = asked.scores(task if guardrail.metric in WATCHED else guardrail.metric)
    watched = asked.watched(sheet, training)
    cost = {label: model["cost_usd"] for label, model in sheet["models"].items()}
    return {
        **scored(guardrail.model_dump(), guardrail.file or "", sheet, watched, groups={}),
        "asked": len(asked.questions),
        "cost_usd": cost,
    }


def _metadata(artifacts: Bucket, run: str) -> dict[str, dict[str, str]]:
    key = metadata_key(run)
    fields: dict[str, dict[str, str]] = artifacts.read_json(key) if artifacts.head(key) else {}
    return fields


def _training_text(artifacts: Bucket, prefix: str) -> TrainingText:
    return TrainingText(read_questions(conversations(artifacts.read(f"{prefix}/data/train.jsonl"))))


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
