"""What does a loss curve say? One rule for probes, chains and the watcher: best length, trend, or no opinion.

An epoch counts by the mean of its last points: several validations in it are smoothed, a single one is taken
as it is. Losses are in nats and never negative; they are compared within one job or one chain only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from tunesmith.training.metrics import LossPoint

RERUN_ABOVE: Final = 0.02
"""A rerun is worth its money where the final loss is above the best by more than this share of it."""
FEWEST_LENGTHS: Final = 2
DIVERGENCE_WINDOW: Final = 20
DIVERGENCE_FACTOR: Final = 2.0

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
    losses = {epoch: fmean(points[-rule.smoothing :]) for epoch, points in sorted(by_epoch.items())}
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

    Diverged is a loss that over the last `window` points is above where it began, and more than twice the
    lowest that it had been over as many.
    """
    if any(not math.isfinite(loss) for loss in losses):
        return "the loss is no longer a number"
    if len(losses) < 2 * window:
        return ""
    means = [fmean(losses[end - window : end]) for end in range(window, len(losses) + 1)]
    last, lowest = means[-1], min(means)
    if last > DIVERGENCE_FACTOR * lowest and last > means[0]:
        where = f" over {window} points" if window > 1 else ""
        return (
            f"training diverges: the loss began at {means[0]:.4g}, was {lowest:.4g} at its lowest"
            f" and is {last:.4g}{where}"
        )
    return ""


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
