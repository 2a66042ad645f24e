"""What does a loss curve say? One rule for probes, chains and the watcher: best length, trend, or no opinion.

An epoch counts by the mean of its last points: several validations in it are smoothed, a single one is taken
as it is, and a point that is no number is left out unless all are. Losses are in nats and never negative;
they are compared within one job or one chain only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final, Literal

from tunesmith.training.metrics import LossPoint

RERUN_ABOVE: Final = 0.02
"""A rerun is worth its money where the final loss is above the best by more than this share of it."""
FEWEST_LENGTHS: Final = 2
DIVERGENCE_WINDOW: Final = 20
DIVERGENCE_FACTOR: Final = 2.0
NOISE_ERRORS: Final = 4.0
"""Standard errors that are taken off the last mean: it is looked at again and again, and noise is skewed."""
BROKEN_POINTS: Final = 3
"""Last points that have to be no numbers before a training loss counts as none: one alone is a hiccup."""

Finding = Literal["unknown", "not_finite", "diverged", "improving", "settled", "turned"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a curve is read."""

    patience: int = 2
    """Epochs without improvement after which no more is expected."""
    minimum_improvement: float = 0.002
    """Share of the best loss by which a later epoch must be lower to count as better."""
    smoothing: int = 3
    """Last points of an epoch that are averaged."""
    warm_up: int = 1
    """First epochs in which patience is not spent: a slow start is no end."""


DEFAULT_RULE: Final = Rule()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a curve says; epochs are counted from 1, as a hyperparameter counts them."""

    finding: Finding
    reason: str
    best_epoch: int | None = None
    best_loss: float | None = None
    final_loss: float | None = None
    is_over: bool = False
    """Whether patience is spent or training broken: more epochs are not worth their money."""

    @property
    def is_rerun_worthwhile(self) -> bool:
        """Whether the model at the best epoch beats the one at the end by enough to pay for it."""
        if self.finding == "unknown" or self.best_loss is None:
            return False
        if self.final_loss is None:
            return True
        return self.final_loss - self.best_loss > RERUN_ABOVE * abs(self.best_loss)


def read_curve(
    validation: Sequence[LossPoint],
    *,
    epochs: int,
    training: Sequence[LossPoint] = (),
    rule: Rule = DEFAULT_RULE,
) -> Reading:
    """Read the validation curve of a job that trained so many epochs, as Bedrock reports them in the end.

    Files count epochs from 0 or from 1; which one shows by the last, and a file that fits neither is not
    believed. What was measured before training is no result of it. Divergence is judged by the training
    losses where there are any, since a validation loss also rises when records are learned by heart.
    """
    numbers = sorted({point.epoch for point in validation})
    if not numbers:
        return _unknown("there is no validation curve")
    from_zero = numbers[-1] == epochs - 1 and numbers[0] == 0
    if not (from_zero or (numbers[-1] == epochs and numbers[0] >= 0)):
        return _unknown(
            f"the validation curve tells of epochs {numbers[0]} to {numbers[-1]}, the job trained {epochs}"
        )
    by_epoch: dict[int, list[float]] = {}
    for point in validation:
        by_epoch.setdefault(point.epoch + from_zero, []).append(point.loss)
    by_epoch.pop(0, None)
    losses = {epoch: _mean(points[-rule.smoothing :]) for epoch, points in sorted(by_epoch.items())}
    if len(losses) < FEWEST_LENGTHS and all(map(math.isfinite, losses.values())):
        return _unknown("the validation curve tells of a single epoch")
    return _read(losses, divergence([point.loss for point in training]) if training else None, rule)


def read_lengths(losses: Sequence[float], *, rule: Rule = DEFAULT_RULE) -> Reading:
    """Read the final validation losses of a chain's stages; its epochs are stages."""
    if len(losses) < FEWEST_LENGTHS and all(map(math.isfinite, losses)):
        return _unknown("there are no two lengths to compare")
    return _read(dict(enumerate(losses, start=1)), None, rule)


def divergence(losses: Sequence[float], *, window: int = DIVERGENCE_WINDOW) -> str:
    """Say how training has gone wrong for good; empty where it has not, or where it is too early to say.

    Diverged is a loss whose mean over the last points is more than twice the lowest that it had been over as
    many, and above the first, beyond what noise explains: by four standard errors, or with none of the last
    `window` points below. The stretch is a fifth of the curve, and at least `window` points.
    """
    if losses and not any(map(math.isfinite, losses[-BROKEN_POINTS:])):
        return "the loss is no longer a number"
    losses = [loss for loss in losses if math.isfinite(loss)]
    if len(losses) < 2 * window:
        return ""
    width = max(window, len(losses) // 5)
    # The stretches of a long curve overlap by 95 %: looking at every single one would take its square.
    ends = range(len(losses), width - 1, -max(1, width // DIVERGENCE_WINDOW))
    first, last = fmean(losses[:width]), fmean(losses[-width:])
    lowest = min(first, *(fmean(losses[end - width : end]) for end in ends))
    bound = max(first, DIVERGENCE_FACTOR * lowest)
    noise = NOISE_ERRORS * stdev(losses[-width:]) / math.sqrt(width) if width > 1 else 0.0
    # Of a loss that doubles with each step, the last point makes mean and error alike.
    is_certain = last - noise > max(first, lowest) or min(losses[-window:]) > bound
    if last > bound and is_certain:
        where = f" over {width} points" if width > 1 else ""
        return (
            f"training diverges: the loss began at {first:.4g}, was {lowest:.4g} at its lowest"
            f" and is {last:.4g}{where}"
        )
    return ""


def _mean(points: Sequence[float]) -> float:
    """Average the points that are numbers; NaN where none is."""
    finite = [point for point in points if math.isfinite(point)]
    return fmean(finite) if finite else math.nan


def _read(losses: Mapping[int, float], diverges: str | None, rule: Rule) -> Reading:
    """Read a loss for each epoch, in order; `diverges` is None where the training losses are not known."""
    finite = {epoch: loss for epoch, loss in losses.items() if math.isfinite(loss)}
    if not finite:
        return Reading(finding="not_finite", reason="no validation loss is a number", is_over=True)
    best = _best_epoch(finite, rule)
    last, final = list(losses.items())[-1]
    if not math.isfinite(final):
        return Reading(
            finding="not_finite",
            reason=f"the validation loss is no number after epoch {last}; it was {finite[best]:.4g}"
            f" after epoch {best}",
            best_epoch=best,
            best_loss=finite[best],
            is_over=True,
        )
    told = f"the validation loss is {final:.4g} after epoch {last}"
    told += ", its lowest" if best == last else f"; it was {finite[best]:.4g} after epoch {best}"
    if diverges is None:
        diverges = divergence(list(finite.values()), window=1)
    finding: Finding = "turned"
    if diverges:
        finding, told = "diverged", f"{diverges}; {told}"
    elif best == last:
        finding = "improving"
    elif final <= finite[best] * (1 + rule.minimum_improvement):
        finding = "settled"
    spent = sum(epoch > max(best, rule.warm_up) for epoch in losses)
    return Reading(
        finding=finding,
        reason=told,
        best_epoch=best,
        best_loss=finite[best],
        final_loss=final,
        is_over=bool(diverges) or spent >= rule.patience,
    )


def _best_epoch(losses: Mapping[int, float], rule: Rule) -> int:
    """Find the epoch after which none was better by the minimum improvement: among equals the shortest."""
    best = next(iter(losses))
    for epoch, loss in losses.items():
        if loss < losses[best] * (1 - rule.minimum_improvement):
            best = epoch
    return best


def _unknown(reason: str) -> Reading:
    return Reading(finding="unknown", reason=reason)
