"""What do answers cost? Those to the blind test, to guardrails' files, and to validation records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from tunesmith.catalogue import Model
from tunesmith.cost.items import EstimateItem, priced
from tunesmith.cost.prices import Item, Price, PriceTable
from tunesmith.evaluation.few_shot import DEFAULT_NUMBER, FEWEST_TO_CHOOSE, MOST_TO_CHOOSE, NUMBERS_TRIED
from tunesmith.evaluation.noise import TIMES
from tunesmith.evaluation.power import FEWEST_GUARDED
from tunesmith.job import Job
from tunesmith.training.rounds import MOST_JUDGED, models_judged

BASE: Final = (Item.INPUT, Item.OUTPUT)
"""What a base model's answers are priced by."""
CUSTOM: Final = (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT)
"""What a custom model's answers are priced by, where it is served on demand."""
CHOICE: Final = ("choice, models read validation records", "choice, models answer them")
"""What choosing among a run's models is called, in the estimate and in what was paid."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What one model reads and answers, in tokens expected and at most, and how many models do."""

    read: tuple[int, int]
    answered: tuple[int, int]
    models: tuple[int, int]


def judged_of(job: Job, model: Model, split: Mapping[str, Mapping[str, int]]) -> Judged | None:
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
class BlindTest:
    """The blind test as one model answers it; `times` is what `times_answered` tells, `off` bounds tokens."""

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
        read, said = (self.prices.price(model, kind) for kind in BASE)
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


def answered_twice(job: Job, split: Mapping[str, Mapping[str, int]]) -> int:
    """Count the blind records that each model answers twice."""
    return min(job.evaluation.answered_twice, split["test"]["records"])


def guarded_of(files: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """Add up the guardrails' files that are large enough to be asked."""
    asked = [one for one in files if one["records"] >= FEWEST_GUARDED]
    names = ("records", "prompt_tokens", "answer_tokens")
    return {name: sum(one[name] for one in asked) for name in names} if asked else None


def times_answered(records: int, asked_twice: int) -> tuple[Decimal, Decimal]:
    """Tell how often a test is answered, as expected and at most: once, partly twice, or three times."""
    if not asked_twice:
        return Decimal(1), Decimal(1)
    return 1 + Decimal(asked_twice) / records, Decimal(TIMES)


def shown_tokens(job: Job, split: Mapping[str, Mapping[str, int]]) -> Shown:
    """Count what the base model reads behind examples, by the mean length of a training record."""
    train, test = split["train"], split["test"]
    often, most_often = times_answered(test["records"], answered_twice(job, split))
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


def guard_items(
    test: BlindTest, guarded: Mapping[str, int] | None, max_tokens: int, model: str, path: str, champion: str
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
        *(guards.answered_by("candidate", model, CUSTOM) if path == "on_demand" else []),
        *guards.answered_by("base model", model, BASE),
        *(guards.answered_by("champion", champion, CUSTOM) if champion else []),
    ]


def choice_items(judged: Judged | None, prices: PriceTable, model: str) -> list[EstimateItem]:
    """Price what a run's models read and answer to be chosen or not; nothing where there is no choice."""
    if judged is None:
        return []
    read, said = (prices.price(model, kind) for kind in CUSTOM)
    return [_asked(CHOICE[0], read, judged.read, judged), _asked(CHOICE[1], said, judged.answered, judged)]


def _asked(what: str, price: Price, tokens: tuple[int, int], judged: Judged) -> EstimateItem:
    expected, most = (count * models for count, models in zip(tokens, judged.models, strict=True))
    quantity = (Decimal(expected), "tokens", price.cost(1000))
    return priced(what, price, quantity, (Decimal(0), price.cost(expected), price.cost(most)))
