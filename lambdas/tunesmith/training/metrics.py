"""What do the metrics files of a customization job say? Readers that take what is there.

Columns: step_number, epoch_number, training_loss or validation_loss, perplexity. Files may appear only when
the job completes, may be half written before, and lie at keys that differ by family: a suffix finds them.
Of a reinforcement Bedrock documents the rewards' names, critic/rewards/mean and val-score/rewards/mean@1, and
no file; where a file has such a column, it is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

TRAINING_SUFFIX: Final = "step_wise_training_metrics.csv"
VALIDATION_SUFFIX: Final = "validation_metrics.csv"
_SHORTEST_ROW: Final = 3
Measure = Literal["loss", "reward"]
_COLUMNS: Final[dict[Measure, tuple[str, ...]]] = {
    "loss": ("_loss",),
    "reward": ("rewards/mean", "rewards/mean@1"),
}
"""Ends of the names of the columns that hold a measure."""


class LossPoint(NamedTuple):
    """One row of a metrics file; the loss is in nats, per token or record as the model family defines it.

    In a curve of rewards the mean reward stands in its place.
    """

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What a job's metrics files tell; an empty list means that there was no file, and so no opinion."""

    training: list[LossPoint]
    validation: list[LossPoint]
    measure: Measure = "loss"

    @property
    def training_losses(self) -> list[float]:
        """The losses alone: whether rewards diverge is another question."""
        return [point.loss for point in self.training] if self.measure == "loss" else []

    def figures(self) -> dict[str, float]:
        """Name the last losses and the step reached, as far as they are known."""
        found: dict[str, float] = {}
        if self.training:
            last = self.training[-1]
            found |= {"step": last.step, f"training_{self.measure}": round(last.loss, 6)}
        if self.validation:
            found[f"validation_{self.measure}"] = round(self.validation[-1].loss, 6)
        return {name: value for name, value in found.items() if math.isfinite(value)}


def read_points(text: str, *, finished: bool, measure: Measure = "loss") -> list[LossPoint]:
    """Read a training or validation metrics file; rows that are no row yet are left out.

    A file without such a row has no points: that is no opinion, and never the end of a job. Of a file that
    is still being written (`finished` false), a last line without line end is not believed.
    """
    lines = text.splitlines()
    if not finished and lines and not text.endswith("\n"):
        lines.pop()
    # Metrics are bare numbers: read as CSV, a stray quote would swallow the lines that follow it.
    rows = [line.split(",") for line in lines]
    if not rows:
        return []
    header = [name.strip().lower() for name in rows[0]]
    wanted = _COLUMNS[measure]
    column = next((number for number, name in enumerate(header) if name.endswith(wanted)), None)
    if column is None and measure != "loss":
        return []
    # A file without a header is known too: its last two columns are loss and perplexity.
    body = rows if column is None else rows[1:]
    return [point for row in body if (point := _point(row, -2 if column is None else column)) is not None]


def thinned(points: Sequence[LossPoint], most: int) -> list[LossPoint]:
    """Reduce a curve to at most that many points, each the mean loss of its stretch."""
    if len(points) <= most:
        return list(points)
    bounds = [round(number * len(points) / most) for number in range(most + 1)]
    stretches = [points[start:end] for start, end in pairwise(bounds)]
    return [
        LossPoint(part[-1].step, part[-1].epoch, sum(point.loss for point in part) / len(part))
        for part in stretches
    ]


def _point(row: list[str], column: int) -> LossPoint | None:
    if len(row) < _SHORTEST_ROW or column >= len(row):
        return None
    try:
        return LossPoint(int(float(row[0])), int(float(row[1])), float(row[column]))
    except (ValueError, OverflowError):
        return None
