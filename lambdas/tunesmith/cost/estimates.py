"""What will a run cost before anything is paid? Items with their prices, and the range around the total."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from tunesmith.catalogue import Model, find_model
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.cost.comparing import Comparing, comparing_of, judge_items
from tunesmith.cost.items import Estimate, EstimateItem, priced, summed, timed, trained, with_prepared
from tunesmith.cost.prices import Item, Price, PriceTable
from tunesmith.dataset.tokens import estimator_for
from tunesmith.evaluation.few_shot import DEFAULT_NUMBER, FEWEST_TO_CHOOSE, MOST_TO_CHOOSE, NUMBERS_TRIED
from tunesmith.evaluation.noise import TIMES
from tunesmith.evaluation.power import FEWEST_GUARDED
from tunesmith.job import Job
from tunesmith.serving.capacity import EVALUATION_HOURS
from tunesmith.training.hyperparameters import spell_number
from tunesmith.training.reward_hours import Hours, forecast_hours
from tunesmith.training.rounds import MOST_JUDGED, epochs_between, models_judged, setting_of

CHAMPION_DAYS: Final = 30
"""For how long the champion's provisioned throughput is priced, apart from the run."""

_EVALUATION_HOURS: Final = (Decimal(1), Decimal(2), Decimal(EVALUATION_HOURS["provisioned"]))
"""Hours of the candidate's provisioned throughput, at least, expected, at most: half an hour until it is in
service, the blind test, the decision. At most it stays until the ledger's expiry."""
_OVERLAP_HOURS: Final = (Decimal("0.5"), Decimal(1), Decimal(2))
"""Hours for which the candidate's units stand beside the champion's while that is swapped and tried."""
_BASE: Final = (Item.INPUT, Item.OUTPUT)
CHOICE: Final = ("choice, models read validation records", "choice, models answer them")
"""What choosing among a run's models is called, in the estimate and in what was paid."""
_CUSTOM: Final = (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT)
_TRAINED: Final = (Item.TRAINING, Item.STORAGE, Item.INPUT, Item.OUTPUT)
_ITEMS: Final = {
    "on_demand": (*_TRAINED, *_CUSTOM),
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
        judged=_judged(job, model, split),
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
        asked_twice=_asked_twice(job, split),
        guarded=_guarded(guarded),
        comparing=comparing_of(
            job, 1 + job.shows_examples + bool(champion_base) + len(job.evaluation.compare_with)
        ),
        shown=_shown_tokens(job, split) if job.shows_examples and split["test"]["records"] else None,
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
    return with_prepared(estimate, prepared)


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
class Judged:
    """What one model reads and answers, in tokens expected and at most, and how many models do."""

    read: tuple[int, int]
    answered: tuple[int, int]
    models: tuple[int, int]


def _judged(job: Job, model: Model, split: Mapping[str, Mapping[str, int]]) -> Judged | None:
    """Count what choosing among a run's models takes; None where there is no choice by answers."""
    validation, models = split["validation"], models_judged(job, model, split)
    if not models[1]:
        return None
    records = min(validation["records"], MOST_JUDGED)
    share = Decimal(records) / validation["records"]
    read, answered = (math.ceil(share * validation[name]) for name in ("prompt_tokens", "answer_tokens"))
    return Judged(
        read=(read, read),
        answered=(answered, max(answered, records * job.evaluation.max_tokens)),
        models=models,
    )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Tokens of all prompts behind examples, the choice of their number included: fewest, expected, most."""

    read: tuple[Decimal, Decimal, Decimal]
    choice_records: int


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What a distillation's teacher reads and answers; Bedrock bills it as on-demand inference."""

    teacher: str
    records: int
    prompt_tokens: int
    answer_tokens: int
    max_tokens: int


def _asked_twice(job: Job, split: Mapping[str, Mapping[str, int]]) -> int:
    return min(job.evaluation.answered_twice, split["test"]["records"])


def _guarded(files: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """Add up the guardrails' files that are large enough to be asked."""
    asked = [one for one in files if one["records"] >= FEWEST_GUARDED]
    names = ("records", "prompt_tokens", "answer_tokens")
    return {name: sum(one[name] for one in asked) for name in names} if asked else None


def _times(records: int, asked_twice: int) -> tuple[Decimal, Decimal]:
    """Tell how often a test is answered, as expected and at most: once, partly twice, or three times."""
    if not asked_twice:
        return Decimal(1), Decimal(1)
    return 1 + Decimal(asked_twice) / records, Decimal(TIMES)


def _shown_tokens(job: Job, split: Mapping[str, Mapping[str, int]]) -> Shown:
    """Count what the base model reads behind examples, by the mean length of a training record."""
    train, test = split["train"], split["test"]
    often, most_often = _times(test["records"], _asked_twice(job, split))
    validation = min(split["validation"]["records"], MOST_TO_CHOOSE)
    a_record = Decimal(train["tokens"]) / max(1, train["records"])
    asked = validation if validation >= FEWEST_TO_CHOOSE else 0
    choice = asked * a_record * (len(NUMBERS_TRIED) + sum(NUMBERS_TRIED))
    few, usual, many = (
        choice + times * (test["prompt_tokens"] + test["records"] * number * a_record)
        for number, times in (
            (NUMBERS_TRIED[0], often),
            (DEFAULT_NUMBER, often),
            (NUMBERS_TRIED[-1], most_often),
        )
    )
    return Shown(read=(few, usual, many), choice_records=asked * len(NUMBERS_TRIED))


@dataclass(frozen=True, kw_only=True)
class _Test:
    """The blind test as one model answers it; `times` are those of `_times`, `off` bounds the tokens."""

    prices: PriceTable
    tokens: tuple[int, int]
    """Of all questions and of all answers, once."""
    longest_answers: int
    times: tuple[Decimal, Decimal]
    off: tuple[Decimal, Decimal]
    name: str = "evaluation"

    def answered_by(self, who: str, model: str, kinds: tuple[Item, Item]) -> list[EstimateItem]:
        """Price what one model reads and what it answers."""
        read, said = (self.prices.price(model, kind) for kind in kinds)
        longest = (read.cost(self.tokens[0]) * self.off[1], said.cost(self.longest_answers))
        return [
            priced(
                f"{self.name}, {who} {part}",
                price,
                (count * self.times[0], "tokens", price.cost(1000)),
                (
                    price.cost(count) * self.times[0] * self.off[0],
                    price.cost(count) * self.times[0],
                    max(most * self.times[1], price.cost(count) * self.times[0]),
                ),
            )
            for part, price, count, most in zip(
                ("reads", "answers"), (read, said), self.tokens, longest, strict=True
            )
        ]

    def answered_behind_examples(
        self, model: str, shown: Shown, records: int, max_tokens: int
    ) -> list[EstimateItem]:
        """Price the base model behind examples, the choice of their number included."""
        read, said = (self.prices.price(model, kind) for kind in _BASE)
        few, usual, many = shown.read
        often, most = (math.ceil(records * times) + shown.choice_records for times in self.times)
        answered = self.tokens[1] * often // max(1, records)
        who = f"{self.name}, base model with examples"
        return [
            priced(
                f"{who} reads",
                read,
                (usual, "tokens", read.cost(1000)),
                (read.cost(few) * self.off[0], read.cost(usual), read.cost(many) * self.off[1]),
            ),
            priced(
                f"{who} answers",
                said,
                (Decimal(answered), "tokens", said.cost(1000)),
                (
                    said.cost(answered) * self.off[0],
                    said.cost(answered),
                    max(said.cost(most * max_tokens), said.cost(answered)),
                ),
            ),
        ]


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


def _guarding(
    test: _Test, guarded: Mapping[str, int] | None, max_tokens: int, model: str, path: str, champion: str
) -> list[EstimateItem]:
    """Price the guardrails' own records, asked of candidate, base model and champion once."""
    if guarded is None:
        return []
    guards = replace(
        test,
        tokens=(guarded["prompt_tokens"], guarded["answer_tokens"]),
        longest_answers=guarded["records"] * max_tokens,
        times=(Decimal(1), Decimal(1)),
        name="guardrails",
    )
    return [
        *(guards.answered_by("candidate", model, _CUSTOM) if path == "on_demand" else []),
        *guards.answered_by("base model", model, _BASE),
        *(guards.answered_by("champion", champion, _CUSTOM) if champion else []),
    ]


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
    prices.require(model, needed_prices(path, by_hour=hours is not None) + (_CUSTOM if judged else ()))
    for other, needed in (
        (asked_champion, _CUSTOM),
        *((beside, _BASE) for beside in (*asked_beside, *_teachers(taught))),
        *([(comparing.judge.id, _BASE)] if comparing else []),
    ):
        if other:
            prices.require(other, needed)
    fewest, most_tokens = tokens_between(model, token_error)

    def tokens(what: str, item: Item, count: int, most: int | None = None, of: str = model) -> EstimateItem:
        price = prices.price(of, item)
        high = price.cost(most) if most is not None else price.cost(count) * most_tokens
        return priced(
            what,
            price,
            (Decimal(count), "tokens", price.cost(1000)),
            (price.cost(count) * fewest, price.cost(count), max(high, price.cost(count))),
        )

    often, most_often = _times(test_records, asked_twice)
    test = _Test(
        prices=prices,
        tokens=(test_prompt_tokens, test_answer_tokens),
        longest_answers=test_records * max_tokens,
        times=(often, most_often),
        off=(fewest, most_tokens),
    )
    items = [
        timed("training by rewards", prices.price(model, Item.REINFORCEMENT_HOUR), hours)
        if hours
        else trained(
            f"training, {spell_number(epochs)} x {training_tokens:,} tokens",
            prices.price(model, Item.TRAINING),
            training_tokens,
            (Decimal(epochs), Decimal(most_epochs)),
            (fewest, most_tokens),
        ),
        timed("stored custom model", prices.price(model, Item.STORAGE), (Decimal(1),) * 3),
    ]
    if judged:
        items += [
            _asked(CHOICE[0], prices.price(model, _CUSTOM[0]), judged.read, judged),
            _asked(CHOICE[1], prices.price(model, _CUSTOM[1]), judged.answered, judged),
        ]
    items += _teaching(taught, tokens)
    afterwards: tuple[EstimateItem, ...] = ()
    if path == "provisioned":
        during, afterwards = _by_the_hour(
            prices.price(model, Item.PROVISIONED_HOUR), model_units, beside_champion
        )
        items += during
    else:
        items += test.answered_by("candidate", model, _CUSTOM)
    items += test.answered_by("base model", model, _BASE)
    if asked_champion:
        items += test.answered_by("champion", asked_champion, _CUSTOM)
    items += _guarding(test, guarded, max_tokens, model, path, asked_champion)
    if shown is not None:
        items += test.answered_behind_examples(model, shown, test_records, max_tokens)
    for beside in asked_beside:
        items += test.answered_by(find_model(beside).name, beside, _BASE)
    if comparing is not None:
        items += judge_items(
            comparing,
            prices,
            records=test_records,
            tokens=(test_prompt_tokens, test_answer_tokens),
            max_tokens=max_tokens,
            most_off=most_tokens,
        )
    return summed(items, afterwards, evaluates=test_records > 0)


def _teachers(taught: Taught | None) -> list[str]:
    return [taught.teacher] if taught else []


def _teaching(taught: Taught | None, tokens: Callable[..., EstimateItem]) -> list[EstimateItem]:
    """Price what a teacher reads and answers; nothing where there is none."""
    if taught is None:
        return []
    name, longest = find_teacher(taught.teacher).name, taught.records * taught.max_tokens
    return [
        tokens(f"teacher, {name} reads", Item.INPUT, taught.prompt_tokens, of=taught.teacher),
        tokens(f"teacher, {name} answers", Item.OUTPUT, taught.answer_tokens, longest, of=taught.teacher),
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


def _asked(what: str, price: Price, tokens: tuple[int, int], judged: Judged) -> EstimateItem:
    expected, most = (count * models for count, models in zip(tokens, judged.models, strict=True))
    quantity = (Decimal(expected), "tokens", price.cost(1000))
    return priced(what, price, quantity, (Decimal(0), price.cost(expected), price.cost(most)))
