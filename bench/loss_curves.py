"""Which curves does `bench.stopping` play the policies on? Families of made-up worlds, the truth known.

A world knows the loss of every length of training before any job runs. Jobs differ by chance (1 %), one that
is not at its end has not lowered its rate yet (2 %), and each validation is measured with an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from tunesmith.training.metrics import LossPoint

BEFORE: Final = 2.5
"""Loss of the base model, in nats."""
STEPS_PER_EPOCH: Final = 20
VALIDATION_RECORDS: Final = 300
_CHANCE: Final = 0.01
_NOT_LOWERED: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A job that is over, and what only the bench knows of its model."""

    training: list[LossPoint]
    validation: list[LossPoint]
    loss: float
    """The model's true loss, or its loss on a test that no policy sees."""
    right: dict[str, float] = field(default_factory=dict)
    """Each validation record's score when the model answers it."""


class World(Protocol):
    """Where jobs can be trained: a made-up one, or the local learner."""

    before: float
    best: float
    """Lowest loss of any length that a policy may reach."""

    def train(self, epochs: int, stages: int) -> Trained:
        """Train a job of so many epochs, from the model of so many stages of a chain before it."""
        ...


class MadeUp:
    """A world in which the loss of each length is given."""

    before = BEFORE

    def __init__(self, losses: Sequence[float], *, error: float, seed: int, falls: bool = True) -> None:
        self._losses, self._error, self._falls = [BEFORE, *losses], error, falls
        self._random = np.random.default_rng(seed)
        self._hardness = self._random.random(VALIDATION_RECORDS)
        self.best = min(loss for loss in losses if math.isfinite(loss))

    def train(self, epochs: int, stages: int) -> Trained:
        """Train a job; its curve and its model's loss differ by chance from any other job's."""
        chance = self._normal(_CHANCE)
        length = stages + epochs
        lowered = 1.0 if not stages and epochs > 1 else 1 + _NOT_LOWERED
        loss = self._losses[length] * chance * lowered
        truth = [
            *(self._losses[at] * chance * (1 + _NOT_LOWERED) for at in range(stages + 1, length)),
            loss,
        ]
        return Trained(
            training=self._training(stages, length),
            validation=[
                LossPoint(STEPS_PER_EPOCH * (number + 1) - 1, number, value * self._normal(self._error))
                for number, value in enumerate(truth)
            ],
            loss=loss,
            right={
                str(number): float(hardness < math.exp(-loss)) if math.isfinite(loss) else 0.0
                for number, hardness in enumerate(self._hardness)
            },
        )

    def _training(self, stages: int, length: int) -> list[LossPoint]:
        steps = range(STEPS_PER_EPOCH * stages, STEPS_PER_EPOCH * length)
        points = []
        for step in steps:
            epoch = step // STEPS_PER_EPOCH
            loss = (
                BEFORE * math.exp(-step / (2 * STEPS_PER_EPOCH)) if self._falls else self._losses[epoch + 1]
            )
            points.append(LossPoint(step, epoch - stages, loss * self._normal(0.1)))
        return points

    def _normal(self, spread: float) -> float:
        return float(max(0.1, 1 + spread * self._random.standard_normal()))


def overfitting(random: np.random.Generator, longest: int, seed: int) -> MadeUp:
    """Falls to its lowest after one to three epochs, then rises: few records learned by heart."""
    return MadeUp(_turning(random, longest), error=0.005, seed=seed)


def plateau(random: np.random.Generator, longest: int, seed: int) -> MadeUp:
    """Falls fast and stays."""
    return MadeUp(_falling(random, longest, random.uniform(0.3, 1.0)), error=0.005, seed=seed)


def slow_start(random: np.random.Generator, longest: int, seed: int) -> MadeUp:
    """Stays near the base model for one to three epochs before it falls."""
    still = int(random.integers(1, 4))
    fall = _falling(random, longest - still, random.uniform(0.6, 1.5))
    return MadeUp(
        [*(BEFORE * random.uniform(0.98, 1.0) for _ in range(still)), *fall], error=0.005, seed=seed
    )


def noisy(random: np.random.Generator, longest: int, seed: int) -> MadeUp:
    """Falls, stays or turns, measured on few validation records: an error of 5 % at each point."""
    turns = random.random() < 0.5
    losses = _turning(random, longest) if turns else _falling(random, longest, random.uniform(0.3, 1.5))
    return MadeUp(losses, error=0.05, seed=seed)


def diverging(random: np.random.Generator, longest: int, seed: int) -> MadeUp:
    """Falls for one to three epochs, then rises two- or threefold an epoch, or is no number any more."""
    until = int(random.integers(1, 4))
    losses = _falling(random, until, random.uniform(0.5, 1.5))
    factor = math.nan if random.random() < 0.3 else random.uniform(1.8, 3.0)
    while len(losses) < longest:
        losses.append(losses[-1] * factor)
    return MadeUp(losses, error=0.005, seed=seed, falls=False)


FAMILIES: Final[dict[str, Callable[[np.random.Generator, int, int], MadeUp]]] = {
    "overfitting": overfitting,
    "plateau": plateau,
    "slow start": slow_start,
    "noisy": noisy,
    "diverging": diverging,
}


def _falling(random: np.random.Generator, epochs: int, pace: float) -> list[float]:
    floor = random.uniform(0.3, 1.2)
    return [floor + (BEFORE - floor) * math.exp(-epoch / pace) for epoch in range(1, epochs + 1)]


def _turning(random: np.random.Generator, epochs: int) -> list[float]:
    turn, slope = int(random.integers(1, 4)), random.uniform(0.05, 0.4)
    fall = _falling(random, epochs, random.uniform(0.3, 1.0))
    return [loss + slope * max(0, epoch - turn) for epoch, loss in enumerate(fall, start=1)]
