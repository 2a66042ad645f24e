"""What will a run cost before anything is paid? Items with their prices, and the range around the total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tunesmith.catalogue import Model, find_model
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.cost.answers import (
    BASE,
    CUSTOM,
    BlindTest,
    Judged,
    Shown,
    answered_twice,
    choice_items,
    guard_items,
    guarded_of,
    judged_of,
    shown_tokens,
    times_answered,
)
from tunesmith.cost.comparing import Comparing, comparing_of, judge_items
from tunesmith.cost.items import Estimate, EstimateItem, priced, summed, timed, trained, with_prepared
from tunesmith.cost.prices import Item, Price, PriceTable
from tunesmith.dataset.tokens import estimator_for
from tunesmith.job import Job
from tunesmith.serving.capacity import EVALUATION_HOURS
from tunesmith.training.hyperparameters import spell_number
from tunesmith.training.reward_hours import Hours, forecast_hours
from tunesmith.training.rounds import epochs_between, setting_of

CHAMPION_DAYS: Final = 30
"""For how long the champion's provisioned throughput is priced, apart from the run."""

_EVALUATION_HOURS: Final = (Decimal(1), Decimal(2), Decimal(EVALUATION_HOURS["provisioned"]))
"""Hours of the candidate's provisioned throughput, at least, expected, at most: half an hour until it is in
service, the blind test, the decision. At most it stays until the ledger's expiry."""
_OVERLAP_HOURS: Final = (Decimal("0.5"), Decimal(1), Decimal(2))
"""Hours for which the candidate's units stand beside the champion's while that is swapped and tried."""
_TRAINED: Final = (Item.TRAINING, Item.STORAGE, Item.INPUT, Item.OUTPUT)
_ITEMS: Final = {
    "on_demand": (*_TRAINED, *CUSTOM),
    "provisioned": (*_TRAINED, Item.PROVISIONED_HOUR),
}


def estimate_job(
    job: Job,
    model: Model,
    split: Mapping[str, Mapping[str, int]],
    prices: PriceTable,
    *,
    token_error: float | None = None,
    champion_path: str = "",
    champion_base: str = "",
    guarded: Sequence[Mapping[str, Any]] = (),
    prepared: Sequence[EstimateItem] = (),
) -> Estimate:
    """Estimate a job on a prepared dataset, whose parts' figures are those of its report.

    The project's champion answers the blind test as well: one that is served on demand is paid by the token,
    by its base model's prices; one that is served by the hour is paid already, but its units stand beside
    the candidate's while one takes the other's place. `token_error` is the share by which the report says
    its token figures may be off, the estimator's own by default; `guarded` are the report's figures of the
    guardrails' own files, `prepared` what a cluster cost that prepared the data.
    A run that tunes nothing is priced by its untuned models alone; what tuning would take has to be known.
    Raises UnknownPriceError where a price is missing.
    """
    _, epochs, most_epochs = epochs_between(job, model, split)
    estimate = estimate_run(
        prices,
        model.id,
        training_tokens=split["train"]["tokens"],
        epochs=epochs,
        most_epochs=most_epochs,
        hours=training_hours(job, model, split),
        judged=judged_of(job, model, split),
        test_records=split["test"]["records"],
        test_prompt_tokens=split["test"]["prompt_tokens"],
        test_answer_tokens=split["test"]["answer_tokens"],
        max_tokens=job.evaluation.max_tokens,
        token_error=token_error,
        path=job.serving_path,
        model_units=job.serving.model_units,
        beside_champion=champion_path == "provisioned",
        asked_champion=champion_base if champion_path == "on_demand" else "",
        asked_beside=tuple(job.evaluation.compare_with),
        asked_twice=answered_twice(job, split),
        guarded=guarded_of(guarded),
        comparing=comparing_of(
            job, 1 + job.shows_examples + bool(champion_base) + len(job.evaluation.compare_with)
        ),
        shown=shown_tokens(job, split) if job.shows_examples and split["test"]["records"] else None,
        taught=Taught(
            teacher=job.distillation.teacher,
            records=split["train"]["records"],
            prompt_tokens=split["train"]["prompt_tokens"],
            answer_tokens=split["train"]["answer_tokens"],
            max_tokens=job.distillation.max_response_tokens,
        )
        if job.distillation and not job.distillation.learns_logged_answers
        else None,
    )
    return with_prepared(estimate if job.customization.tunes else _untuned(estimate, job), prepared)


def _untuned(estimate: Estimate, job: Job) -> Estimate:
    """Leave of an estimate what untuned models read and answer: all that a run without tuning pays for."""
    asked = (
        "base model",
        "base model with examples",
        *(find_model(n).name for n in job.evaluation.compare_with),
    )
    names = {f"evaluation, {who} {part}" for who in asked for part in ("reads", "answers")}
    return summed([item for item in estimate.items if item.what in names], (), evaluates=True)


def training_hours(job: Job, model: Model, split: Mapping[str, Mapping[str, int]]) -> Hours | None:
    """Forecast the hours that a job trains; None where training is billed by tokens."""
    if job.customization.billed != "hours":
        return None
    return forecast_hours(
        prompts=split["train"]["records"],
        numbers=setting_of(job, model, split).chosen,
        deadline_hours=job.training.deadline_hours,
    )


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What a distillation's teacher reads and answers; Bedrock bills it as on-demand inference."""

    teacher: str
    records: int
    prompt_tokens: int
    answer_tokens: int
    max_tokens: int


def _by_the_hour(
    hourly: Price, model_units: int, beside_champion: bool
) -> tuple[list[EstimateItem], tuple[EstimateItem, ...]]:
    """Price the candidate's provisioned throughput: in the run, and as a champion's afterwards."""
    units = f"{model_units} model unit{'s' if model_units > 1 else ''}"
    wanted = [(f"evaluation, candidate's provisioned throughput ({units})", _EVALUATION_HOURS)]
    if beside_champion:
        wanted.append((f"overlap, candidate's units beside the champion's ({units})", _OVERLAP_HOURS))
    days = f"a champion's provisioned throughput for {CHAMPION_DAYS} days ({units})"
    return (
        [timed(what, hourly, hours, model_units) for what, hours in wanted],
        (timed(days, hourly, (Decimal(24 * CHAMPION_DAYS),) * 3, model_units),),
    )


def estimate_run(
    prices: PriceTable,
    model: str,
    *,
    training_tokens: int,
    epochs: int | Decimal,
    most_epochs: int | Decimal = 0,
    hours: Hours | None = None,
    judged: Judged | None = None,
    test_records: int,
    test_prompt_tokens: int,
    test_answer_tokens: int,
    max_tokens: int,
    token_error: float | None = None,
    path: str = "on_demand",
    model_units: int = 1,
    beside_champion: bool = False,
    asked_champion: str = "",
    asked_beside: Sequence[str] = (),
    asked_twice: int = 0,
    guarded: Mapping[str, int] | None = None,
    shown: Shown | None = None,
    comparing: Comparing | None = None,
    taught: Taught | None = None,
) -> Estimate:
    """Estimate training, the choice among models, evaluation and a month of storage.

    `epochs` are those of all jobs together, `most_epochs` bounds them where more may follow; `hours` are set
    where training is billed by them. Tokens are those of the whole split (one epoch for training);
    `max_tokens` bounds each answer. Answers are expected to be as long as the test's own; the high bound lets
    each reach `max_tokens`.
    Of the test, `asked_twice` records are answered twice by each model; at most all are, three times.
    `taught` is set for a distillation, `guarded` (records and tokens) where guardrails have files.
    `shown` is set where the base model also answers behind examples, `comparing` where a judge compares the
    answers; `asked_beside` are models that inform.
    Provisioned throughput is priced by hours and model units, in place of the candidate's tokens.
    Raises UnknownPriceError with every price that is missing.
    """
    others = [(asked_champion, CUSTOM), *((beside, BASE) for beside in asked_beside)]
    others += [(taught.teacher, BASE)] if taught else []
    others += [(comparing.judge.id, BASE)] if comparing else []
    prices.require(model, needed_prices(path, by_hour=hours is not None) + (CUSTOM if judged else ()))
    for other, needed in others:
        if other:
            prices.require(other, needed)
    off = tokens_between(model, token_error)
    test = BlindTest(
        prices=prices,
        tokens=(test_prompt_tokens, test_answer_tokens),
        longest_answers=test_records * max_tokens,
        times=times_answered(test_records, asked_twice),
        off=off,
    )
    during, afterwards = (
        _by_the_hour(prices.price(model, Item.PROVISIONED_HOUR), model_units, beside_champion)
        if path == "provisioned"
        else (test.answered_by("candidate", model, CUSTOM), ())
    )
    items = [
        _training(prices, model, hours, training_tokens, (Decimal(epochs), Decimal(most_epochs)), off),
        timed("stored custom model", prices.price(model, Item.STORAGE), (Decimal(1),) * 3),
        *choice_items(judged, prices, model),
        *_teaching(taught, prices, off),
        *during,
        *test.answered_by("base model", model, BASE),
        *(test.answered_by("champion", asked_champion, CUSTOM) if asked_champion else []),
        *guard_items(test, guarded, max_tokens, model, path, asked_champion),
        *(test.answered_behind_examples(model, shown, test_records, max_tokens) if shown else []),
    ]
    for beside in asked_beside:
        items += test.answered_by(find_model(beside).name, beside, BASE)
    if comparing is not None:
        items += judge_items(
            comparing,
            prices,
            records=test_records,
            tokens=test.tokens,
            max_tokens=max_tokens,
            most_off=off[1],
        )
    return summed(items, afterwards, evaluates=test_records > 0)


def _training(
    prices: PriceTable,
    model: str,
    hours: Hours | None,
    tokens: int,
    epochs: tuple[Decimal, Decimal],
    off: tuple[Decimal, Decimal],
) -> EstimateItem:
    """Price all jobs together, by hours where there are any, else by tokens and epochs."""
    if hours:
        return timed("training by rewards", prices.price(model, Item.REINFORCEMENT_HOUR), hours)
    what = f"training, {spell_number(epochs[0])} x {tokens:,} tokens"
    return trained(what, prices.price(model, Item.TRAINING), tokens, epochs, off)


def _teaching(taught: Taught | None, prices: PriceTable, off: tuple[Decimal, Decimal]) -> list[EstimateItem]:
    """Price what a teacher reads and answers; nothing where there is none."""
    if taught is None:
        return []
    read, said = (prices.price(taught.teacher, item) for item in BASE)
    longest = said.cost(taught.records * taught.max_tokens)
    return [
        priced(
            f"teacher, {find_teacher(taught.teacher).name} {part}",
            price,
            (Decimal(count), "tokens", price.cost(1000)),
            (price.cost(count) * off[0], price.cost(count), max(most, price.cost(count))),
        )
        for part, price, count, most in (
            ("reads", read, taught.prompt_tokens, read.cost(taught.prompt_tokens) * off[1]),
            ("answers", said, taught.answer_tokens, longest),
        )
    ]


def tokens_between(model: str, error: float | None = None) -> tuple[Decimal, Decimal]:
    """Bound the real tokens per estimated token of a base model, by its estimator's largest stated error.

    An error that was measured on the data counts instead.
    """
    off = Decimal(str(estimator_for(find_model(model).family).off if error is None else error))
    return 1 / (1 + off), 1 / (1 - off)


def needed_prices(path: str, *, by_hour: bool = False) -> tuple[Item, ...]:
    """List what must have a price for a run that serves its candidate by a path."""
    return tuple(
        Item.REINFORCEMENT_HOUR if by_hour and item is Item.TRAINING else item for item in _ITEMS[path]
    )


def models_without_price(catalogue: Iterable[Model], prices: PriceTable) -> dict[str, tuple[Item, ...]]:
    """Map each active model whose run would stop for want of a price to what is missing.

    A model is priced on the first of its serving paths, which is taken where a job file names none, and for
    each way in which it can be tuned.
    """

    def needed(model: Model) -> tuple[Item, ...]:
        by_hour = (Item.REINFORCEMENT_HOUR,) if model.reinforcement else ()
        return (*needed_prices(model.serving_paths[0]), *by_hour)

    missing = {
        model.name: prices.missing(model.id, needed(model))
        for model in catalogue
        if model.lifecycle.status == "active"
    }
    return {name: items for name, items in missing.items() if items}
