"""Which metrics files does a job leave, and what stands in them?

Losses in the layout of the user guide's page on analysing a customization job. Of a reinforcement Bedrock
documents the figures' names and no file: they stand as columns in files of the same names.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

MAX_ROWS: Final = 300
"""Rows of a file of losses; each is the mean over equally many steps."""
TRAINING: Final = "training_artifacts/step_wise_training_metrics.csv"
UNREADABLE: Final = "validation_loss\n\x00\x00not,a,metrics,file"

_REWARDS: Final = {
    "critic/rewards/mean": "mean",
    "critic/rewards/max": "highest",
    "critic/rewards/min": "lowest",
    "actor/entropy": "entropy",
    "actor/pg_loss": "loss",
    "response_length/mean": "length",
}
"""Column to the figure of a step that stands in it."""


def metrics_files(result: Mapping[str, Any]) -> dict[str, str]:
    """Write what a fit found, as texts by name below the job's folder."""
    files = {TRAINING: training_csv(result, 1.0)}
    for number, points in enumerate(result["validation"]):
        folder = "validation" if number == 0 else f"validation_{number}"
        name = f"validation_artifacts/post_fine_tuning_validation/{folder}/validation_metrics.csv"
        files[name] = _validation_csv(points, rewards="steps" in result)
    return files


def training_csv(result: Mapping[str, Any], share: float) -> str:
    """Write the first steps of a training, by their share of all; empty where there are none yet."""
    if "steps" in result:
        steps = result["steps"][: int(share * len(result["steps"]))]
        rows: list[Sequence[Any]] = [
            (number, step["epoch"], *(f"{step[figure]:.6f}" for figure in _REWARDS.values()))
            for number, step in enumerate(steps)
        ]
        return _csv(tuple(_REWARDS), rows) if steps else ""
    points = result["training"][: int(share * len(result["training"]))]
    stride = -(-len(points) // MAX_ROWS)
    chunks = ((first, points[first : first + stride]) for first in range(0, len(points), stride or 1))
    losses = [
        (first, chunk[0][0], math.fsum(loss for _, loss in chunk) / len(chunk)) for first, chunk in chunks
    ]
    return _csv(("training_loss", "perplexity"), map(_loss_row, losses)) if points else ""


def _validation_csv(points: Sequence[Sequence[float]], *, rewards: bool) -> str:
    if rewards:
        return _csv(("val-score/rewards/mean@1",), ((*point[:2], f"{point[2]:.6f}") for point in points))
    return _csv(("validation_loss", "perplexity"), map(_loss_row, points))


def _loss_row(point: Sequence[float]) -> Sequence[Any]:
    step, epoch, loss = point
    return int(step), int(epoch), f"{loss:.6f}", f"{math.exp(min(loss, 50.0)):.6f}"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("step_number", "epoch_number", *columns))
    writer.writerows(rows)
    return text.getvalue()
