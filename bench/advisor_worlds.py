"""On which questions is the advisor tried? Made-up tasks whose truth is known, since each is really tuned.

A world has requests with a label to answer. What untuned models know of it is drawn: of each request how hard
it is, and of each model how much it can do. What training records hold is in their words: a share of them
belongs to the label. The local learner is fitted to them, and its score on fresh records is the truth that
the advisor does not see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bench.learner_worlds import made_up_words
from local.bedrock.learner import Settings, fit
from local.bedrock.records import Example
from tunesmith.evaluation.advice import MONTHS, Evidence, Price
from tunesmith.evaluation.answers import Question
from tunesmith.evaluation.retrieval import Examples

FRESH: Final = 600
"""Records on which the truth is measured."""
MINIMUM_GAIN: Final = 2.0
EQUAL_WITHIN: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class World:
    """One task: its data, the share that untuned models get right, and how much is asked a month."""

    labels: int = 6
    own: float = 0.3
    """Share of a request's words that belong to its label."""
    wrong: float = 0.0
    """Share of records with a label drawn at random."""
    train: int = 400
    test: int = 300
    base: float
    few_shot: float
    larger: dict[str, float] = field(default_factory=dict)
    larger_price: float = 20.0
    """Of the larger model's answers, times the base model's."""
    answers_per_month: int | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the advisor sees of a world, and what is true of it, in right answers of 100."""

    evidence: Evidence
    tuned: float
    base: float
    few_shot: float
    larger: dict[str, float]

    @property
    def right(self) -> str:
        """What the right answer is, to who knows how good the tuned model would be.

        It has to gain the minimum over the base model, and be no worse than that behind examples; and no
        larger model may be as good for less money.
        """
        price, volume = self.evidence.price, self.evidence.price.answers_per_month
        gains = self.tuned - self.base > MINIMUM_GAIN and self.tuned > self.few_shot
        for name, score in self.larger.items():
            theirs, ours = price.each_1000[name], price.tuned_1000
            if volume is not None:
                theirs, ours = (
                    volume * theirs / 1000,
                    volume * ours / 1000 + price.month + price.tuning / MONTHS,
                )
            if (
                score >= self.tuned - EQUAL_WITHIN
                and score > max(self.base, self.few_shot)
                and theirs <= ours
            ):
                return "do_not"
        return "tune" if gains else "do_not"


def scene(world: World, seed: int) -> Scene:
    """Play a world: draw its data, ask its models, and tune."""
    random = np.random.default_rng([seed, 64])
    train, test, fresh = (_requests(world, count, random) for count in (world.train, world.test, FRESH))
    model, _ = fit([one for one, _ in train], Settings(epochs=3))
    tuned = [model.answer("", one.user) == one.completion for one, _ in fresh]
    know = {"base": world.base, "few_shot": world.few_shot, **world.larger}
    scores = _answers(world, test, know, random)
    truth = _answers(world, fresh, know, random)
    examples = [_question(number, one) for number, (one, _) in enumerate(train)]
    asked = [_question(number, one) for number, (one, _) in enumerate(test)]
    return Scene(
        evidence=Evidence(
            title="exact match",
            right_or_wrong=True,
            labels=True,
            base=scores["base"],
            few_shot=scores["few_shot"],
            larger={name: scores[name] for name in world.larger},
            neighbours=_by_likeness(examples, asked),
            fewer_neighbours=_by_likeness(examples[: len(examples) // 4], asked),
            guess=[float(one.completion == _most_frequent(train)) for one, _ in test],
            minimum_gain=MINIMUM_GAIN,
            seed=seed,
            price=Price(
                each_1000={
                    "base": 0.05,
                    "few_shot": 0.15,
                    **dict.fromkeys(world.larger, 0.05 * world.larger_price),
                },
                tuned_1000=0.05,
                tuning=5.0,
                month=1.95,
                answers_per_month=world.answers_per_month,
            ),
        ),
        tuned=100 * float(np.mean(tuned)),
        base=100 * float(np.mean(truth["base"])),
        few_shot=100 * float(np.mean(truth["few_shot"])),
        larger={name: 100 * float(np.mean(truth[name])) for name in world.larger},
    )


def _requests(world: World, count: int, random: np.random.Generator) -> list[tuple[Example, bool]]:
    """Make up requests, each with whether its label is that of its words."""
    common, own = made_up_words()
    made = []
    for _ in range(count):
        label = int(random.integers(world.labels))
        words = [
            choices[int(random.integers(len(choices)))]
            for choices in (
                own[label] if kind < world.own else common
                for kind in random.random(int(random.integers(6, 14)))
            )
        ]
        is_wrong = random.random() < world.wrong
        told = int(random.integers(world.labels)) if is_wrong else label
        made.append((Example("", " ".join(words), f"label-{told}"), told == label))
    return made


def _answers(
    world: World,
    records: Sequence[tuple[Example, bool]],
    know: dict[str, float],
    random: np.random.Generator,
) -> dict[str, list[float]]:
    """Let each model answer: what is hard for one is mostly hard for the others too."""
    hardness = random.random(len(records))
    fits = np.array([is_right for _, is_right in records])
    scores = {}
    for name, share in know.items():
        own = np.where(random.random(len(records)) < 0.7, hardness, random.random(len(records)))
        by_chance = random.random(len(records)) < 1 / world.labels
        scores[name] = np.where(fits, own < share, by_chance).astype(float).tolist()
    return scores


def _by_likeness(examples: Sequence[Question], asked: Sequence[Question]) -> list[float]:
    found = Examples(examples)
    return [float(found.answered(question) == question.reference) for question in asked]


def _most_frequent(train: Sequence[tuple[Example, bool]]) -> str:
    return Counter(one.completion for one, _ in train).most_common(1)[0][0]


def _question(number: int, example: Example) -> Question:
    turn = {"role": "user", "content": [{"text": example.user}]}
    return Question(id=str(number), system=[], messages=[turn], reference=example.completion)
