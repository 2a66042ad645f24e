"""On which data does `bench.stopping` train the local learner? Made-up requests with a label to answer.

A place is a number of records, a learning rate (times the default), a share of wrong labels and a seed. What
was looked at while the rule was built shares no number of records, rate, share or seed with what was not.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from bench.loss_curves import Trained
from local.bedrock.learner import Curve, LinearModel, Settings, fit
from local.bedrock.records import Example
from tunesmith.training.metrics import LossPoint

LABELS: Final = 12
VALIDATION_RECORDS: Final = 150
TEST_RECORDS: Final = 600
_WORDS_OF_A_LABEL: Final = 25
_COMMON_WORDS: Final = 150
_OWN: Final = 0.3
_STRANGE: Final = 0.15
"""Shares of a request's words that belong to its label, and of the rest that belong to any label."""


class Place(NamedTuple):
    """One setting of the learner and its data."""

    records: int
    rate: float
    wrong: float
    seed: int


DEVELOPMENT: Final = [Place(*place) for place in product((60, 200), (1.0, 3.0, 10.0), (0.0, 0.2, 0.4), (1,))]
HELD_OUT: Final = [
    Place(*place) for place in product((100, 300, 500), (1.5, 5.0, 8.0), (0.1, 0.3, 0.45), (11, 12))
]


class LearnerWorld:
    """The learner at one place; a fit is done once for each length and start."""

    before = float(np.log(LABELS))

    def __init__(self, place: Place, longest: int) -> None:
        self._place = place
        self._examples = _requests(place.records, place.wrong, (place.seed, 0))
        self._validation = _requests(VALIDATION_RECORDS, place.wrong, (place.seed, 1))
        self._test = _requests(TEST_RECORDS, place.wrong, (place.seed, 2))
        self._fits: dict[tuple[int, int], tuple[LinearModel, Curve]] = {}
        self.best = min(loss for _, _, loss in self._fit(longest, 0)[1].validation[1])

    def train(self, epochs: int, stages: int) -> Trained:
        """Train for so many epochs, from the model of so many stages of one epoch each."""
        model, curve = self._fit(epochs, stages)
        return Trained(
            training=[LossPoint(step, epoch, loss) for step, (epoch, loss) in enumerate(curve.training)],
            validation=[LossPoint(*point) for point in curve.validation[0]],
            loss=curve.validation[1][-1][2],
            right={
                str(number): float(model.answer(one.system, one.user) == one.completion)
                for number, one in enumerate(self._validation)
            },
        )

    def _fit(self, epochs: int, stages: int) -> tuple[LinearModel, Curve]:
        if (epochs, stages) not in self._fits:
            start = self._fit(1, stages - 1)[0] if stages else None
            settings = Settings(epochs=epochs, rate=self._place.rate)
            self._fits[epochs, stages] = fit(self._examples, settings, [self._validation, self._test], start)
        return self._fits[epochs, stages]


def _requests(count: int, wrong: float, seed: tuple[int, int]) -> list[Example]:
    random = np.random.default_rng(seed)
    common, own = made_up_words()
    examples = []
    for _ in range(count):
        label = int(random.integers(LABELS))
        words = []
        for kind in random.random(int(random.integers(6, 14))):
            if kind < _OWN:
                words.append(str(random.choice(own[label])))
            elif kind < _OWN + _STRANGE:
                words.append(str(random.choice(own[int(random.integers(LABELS))])))
            else:
                words.append(str(random.choice(common)))
        told = int(random.integers(LABELS)) if random.random() < wrong else label
        examples.append(Example("", " ".join(words), f"label-{told}"))
    return examples


@cache
def made_up_words() -> tuple[list[str], list[list[str]]]:
    """Make up words: those that any request has, and those of each label."""
    random = np.random.default_rng(0)
    letters = list("abcdefghijklmnoprstuv")
    made = ["".join(random.choice(letters, size=int(random.integers(4, 8)))) for _ in range(1_000)]
    words = list(dict.fromkeys(made))
    own = [words[_COMMON_WORDS + _WORDS_OF_A_LABEL * label :][:_WORDS_OF_A_LABEL] for label in range(LABELS)]
    return words[:_COMMON_WORDS], own
