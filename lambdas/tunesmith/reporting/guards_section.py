"""What else was looked at beside the gain? Guardrails, answers that went wrong, slices, steadiness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, Final

from tunesmith.reporting.words import signed

_WATCHED: Final = {
    "refusals": "Refused",
    "format": "Not readable by the metric",
    "memorised": "Repeat 25 words or more of a training answer",
}
_MARKS: Final = {"held": "✓ held", "failed": "✕ failed", "open": "? open", "not checked": "– not checked"}


def guardrails(evaluation: Mapping[str, Any] | None) -> str:
    """Show what each declared guardrail found, and what was counted without being declared."""
    if evaluation is None or not (evaluation.get("guardrails") or evaluation.get("watched")):
        return ""
    declared = "".join(map(_guardrail, evaluation["guardrails"]))
    table = (
        _table(("Guardrail", "Against", "Difference", "Allowed", "Records", "Found"), declared)
        + "".join(f'<p class="muted">{escape(one["reason"])}</p>' for one in evaluation["guardrails"])
        if declared
        else '<p class="muted">The job file declares none.</p>'
    )
    return f"<section><h2>Guardrails</h2>{table}{_watched(evaluation['watched'])}</section>"


def slices(evaluation: Mapping[str, Any] | None) -> str:
    """Describe the gain on parts of the blind test, shrunken towards the whole."""
    found = (evaluation or {}).get("slices")
    if not found:
        return ""
    parts = "".join(
        f"<details><summary>By {escape(by)}</summary>"
        + _table(("Slice", "Records", "Gain as observed", "Shrunken", "95%"), "".join(map(_slice, of)))
        + "</details>"
        for by, of in groupby(found, key=lambda one: one["by"])
    )
    return (
        '<section><h2>Slices</h2><p class="muted">The gain over the base model in points, part by part. Of'
        " many small parts some look bad by chance, so each estimate is pulled towards the whole, the more"
        " the smaller the part. Nothing here was decided on, and nothing here blocks.</p>"
        f"{parts}</section>"
    )


def steadiness(evaluation: Mapping[str, Any] | None) -> str:
    """Show how often each model's second answer scored otherwise than its first."""
    noise = (evaluation or {}).get("noise")
    if not noise:
        return ""
    rows = "".join(
        _row(
            label,
            f"{figures['flips']:,} of {figures['records']:,}",
            f"{100 * figures['share']:.1f}%",
            f"{figures['answers']}",
        )
        for label, figures in noise.items()
    )
    return (
        "<section><h2>Do the models repeat themselves?</h2>"
        '<p class="muted">Some records were answered twice. A model whose score flips on more than 2% of them'
        " answered every record three times, and its scores are the means.</p>"
        f"{_table(('Model', 'Flips', 'Share', 'Answers for each score'), rows)}</section>"
    )


def _guardrail(one: Mapping[str, Any]) -> str:
    interval = (
        "not known"
        if one["low"] is None
        else f"{signed(one['value'])} ({signed(one['low'])} to {signed(one['high'])})"
    )
    return _row(
        one["name"],
        one["comparator"],
        interval,
        signed(-one["margin"]),
        f"{one['n']:,}",
        _MARKS[one["outcome"]],
    )


def _watched(watched: Mapping[str, Any] | None) -> str:
    if not watched or not watched["records"]:
        return ""
    models = watched["models"]
    rows = "".join(
        _row(title, *(f"{counts[name]:,}" for counts in models.values())) for name, title in _WATCHED.items()
    )
    return (
        f"<h3>Answers that went wrong, of {watched['records']:,}</h3>"
        '<p class="muted">Counted in every run. They block nothing unless a guardrail names them as its'
        " metric.</p>"
        f"{_table(('', *models), rows)}"
    )


def _slice(one: Mapping[str, Any]) -> str:
    if one["shrunken"] is None:
        return _row(one["value"], f"{one['n']:,}", "not checked", "", "")
    return _row(
        one["value"],
        f"{one['n']:,}",
        signed(one["observed"]),
        signed(one["shrunken"]),
        f"{signed(one['low'])} to {signed(one['high'])}",
    )


def _table(head: Sequence[str], rows: str) -> str:
    first, *others = (escape(name) for name in head)
    cells = "".join(f'<th class="n">{name}</th>' for name in others)
    return f"<table><thead><tr><th>{first}</th>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _row(name: str, *cells: str) -> str:
    figures = "".join(f'<td class="n">{escape(cell)}</td>' for cell in cells)
    return f"<tr><th>{escape(name)}</th>{figures}</tr>"
