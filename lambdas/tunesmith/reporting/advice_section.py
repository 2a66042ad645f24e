"""How is an advice shown? What it goes by, in figures, and what would settle it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from tunesmith.reporting.charts import Estimate, forest_chart

_FIGURES: Final = {
    "room": "room above the best untuned model",
    "examples": "examples, over the bare base model",
    "neighbours": "likest records, over the best model",
    "records": "likest of all records, over a quarter",
    "chance": "likest records, over a fixed guess",
}


def advice(found: Mapping[str, Any] | None) -> str:
    """Show the figures that an advice goes by; nothing where none was asked."""
    if found is None:
        return ""
    rows = [
        Estimate(
            label=told,
            value=found["figures"][name]["value"],
            low=found["figures"][name]["low"],
            high=found["figures"][name]["high"],
            limit=None,
            stands_out=name == "room",
        )
        for name, told in _FIGURES.items()
        if name in found["figures"]
    ]
    chart = forest_chart(rows, "what the advice goes by, in percentage points") if rows else ""
    figure = (
        f"<figure><h3>In percentage points, with 80% intervals</h3>{chart}<figcaption>The likest training"
        " records answer without any model; what they gain is a floor for what can be learned.</figcaption>"
        "</figure>"
        if chart
        else ""
    )
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in (*found["settles"], *found["notes"]))
    return (
        f"<section><h2>What the advice goes by</h2>{figure}{f'<ul>{items}</ul>' if items else ''}</section>"
    )
