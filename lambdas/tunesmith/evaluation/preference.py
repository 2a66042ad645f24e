"""Would the candidate's answers be preferred if they were as long as the other's? Judges like long answers.

A logistic regression of what each pair counts on the difference in length, read off where that is nought, as
in Dubois et al., "Length-Controlled AlpacaEval: A Simple Way to Debias Automatic Evaluators" (2024). Lengths
go in as the hyperbolic tangent of the difference, there in standard deviations and here in root mean squares:
a difference that all pairs share would otherwise vanish in the tangent's flat part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHRINKING: Final = 0.01
"""Precision of a normal prior on both coefficients: it matters only where length tells the winner surely."""
_FARTHEST: Final = 5.0
"""Standard deviations from the mean difference in length at which equal length may lie: farther out nothing
that was seen tells what a judge would say."""
_STEPS: Final = 100
_CLOSE: Final = 1e-10


@dataclass(frozen=True, kw_only=True)
class EqualLength:
    """The candidate's share of pairs won less the share lost, -1 to 1, as counted and at equal length."""

    outcomes: list[float]
    """What each pair counts for the candidate: 1, 0.5 or 0."""
    counted: float
    at_equal_length: float
    is_known: bool
    """False where one model's answers are longer by so even an amount that equal length was never seen."""
    differences: list[float]
    """A value of each pair, whose mean is the figure at equal length and whose spread is that figure's: its
    influence on it. So what takes the mean of differences, by groups too, allows for the regression."""


def at_equal_length(outcomes: Sequence[float], longer: Sequence[int]) -> EqualLength:
    """Take what each pair counts (1, 0.5 or 0), and by how many characters the candidate's answer is longer.

    Where all pairs count the same, or all answers are equally long, length explains nothing and the count
    stands. Raises ValueError where there is no pair.
    """
    if not outcomes or len(outcomes) != len(longer):
        raise ValueError(f"{len(outcomes)} outcomes and {len(longer)} lengths are no pairs")
    won = np.asarray(outcomes, dtype=np.float64)
    lengths = np.asarray(longer, dtype=np.float64)
    counted = float(2 * won.mean() - 1)

    def found(figure: float, differences: list[float], *, is_known: bool = True) -> EqualLength:
        return EqualLength(
            outcomes=list(outcomes),
            counted=counted,
            at_equal_length=figure,
            is_known=is_known,
            differences=differences,
        )

    if np.ptp(won) == 0 or not lengths.any():
        return found(counted, [float(2 * one - 1) for one in won])
    scaled = np.tanh(lengths / np.sqrt((lengths**2).mean()))
    if abs(scaled.mean()) > _FARTHEST * scaled.std():
        return found(counted, [counted] * len(won), is_known=False)
    design = np.column_stack([np.ones(len(won)), scaled])
    coefficients, information = _fit(design, won)
    shown = _logistic(design @ coefficients)
    influence = np.linalg.solve(information, (design * (won - shown)[:, None]).T)[0] * len(won)
    share = float(_logistic(coefficients[:1])[0])
    values = 2 * share - 1 + 2 * share * (1 - share) * influence
    return found(2 * share - 1, [float(one) for one in values])


def _fit(design: Floats, won: Floats) -> tuple[Floats, Floats]:
    """Fit by Newton's method, a step halved while it does not help; gives coefficients and information."""
    prior = _SHRINKING * np.eye(design.shape[1])
    coefficients: Floats = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        shown = _logistic(design @ coefficients)
        slope = design.T @ (won - shown) - prior @ coefficients
        step = np.linalg.solve(_information(design, shown) + prior, slope)
        while _worth(design, won, coefficients + step) < _worth(design, won, coefficients):
            step = step / 2
            if np.abs(step).max() < _CLOSE:
                break
        coefficients = coefficients + step
        if np.abs(step).max() < _CLOSE:
            break
    return coefficients, _information(design, _logistic(design @ coefficients)) + prior


def _information(design: Floats, shown: Floats) -> Floats:
    found: Floats = (design * (shown * (1 - shown))[:, None]).T @ design
    return found


def _worth(design: Floats, won: Floats, coefficients: Floats) -> float:
    score = design @ coefficients
    likelihood = float((won * score - np.logaddexp(0.0, score)).sum())
    return likelihood - _SHRINKING / 2 * float((coefficients**2).sum())


def _logistic(score: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-score))
    return found
