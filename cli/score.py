"""`tunesmith score`: how good are the predictions in a file, by any metric? No AWS, no model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from cli.options import JSON
from cli.voice import CommandError, answers, print_json
from tunesmith.evaluation.metrics_registry import METRICS
from tunesmith.evaluation.scoring import (
    ScoreReport,
    ScoringError,
    read_predictions,
    read_references,
    score,
)

_COUNT: Final = "records"


def score_command(
    metric: Annotated[str, typer.Argument(metavar="METRIC", help=f"One of {', '.join(METRICS)}.")],
    references: Annotated[
        Path,
        typer.Option(
            "--references", metavar="FILE", help="What is right: JSON by id, JSON lines, or TAT-QA's."
        ),
    ],
    predictions: Annotated[
        Path,
        typer.Option("--predictions", metavar="FILE", help="What was answered: JSON by id or JSON lines."),
    ],
    json: JSON = False,
) -> None:
    """Score the predictions in a file against the references in another, in per cent.

    A reference without a prediction counts as answered wrongly.
    """
    missing = [str(file) for file in (references, predictions) if not file.is_file()]
    if missing:
        raise CommandError(f"there is no file {', '.join(missing)}")
    try:
        found = score(
            metric, read_references(references.read_bytes()), read_predictions(predictions.read_bytes())
        )
    except ScoringError as error:
        raise CommandError(str(error)) from error
    if json:
        print_json(found.to_json())
    else:
        _show(found)


def _show(found: ScoreReport) -> None:
    console = answers()
    for title, figure in found.figures.items():
        console.print(f"{title} {figure:.2f}", markup=False)
    notes = [
        f"{found.records:,} records",
        f"{found.missing:,} without a prediction, counted as wrong" if found.missing else "",
        f"{found.unknown:,} predictions without a reference, left out" if found.unknown else "",
    ]
    console.print(", ".join(note for note in notes if note))
    if found.breakdown:
        console.print(_table(found))


def _table(found: ScoreReport) -> Table:
    titles = [title for title in next(iter(found.breakdown.values())) if title != _COUNT]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in (*titles, _COUNT):
        table.add_column(title, justify="right")
    for name, figures in found.breakdown.items():
        table.add_row(Text(name), *(f"{figures[title]:.2f}" for title in titles), f"{figures[_COUNT]:,.0f}")
    return table
