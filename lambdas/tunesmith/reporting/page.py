"""How does a run look to a person? One self-contained page, rendered from report.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from tunesmith.reporting import guards_section, sections
from tunesmith.reporting.advice_section import advice
from tunesmith.reporting.changes_section import changes
from tunesmith.reporting.dataset_section import variety
from tunesmith.reporting.savings_section import savings
from tunesmith.reporting.words import STAND_IN, day, duration, gain_of, headline, money, over, signed

_STYLE: Final = Path(__file__).with_name("page.css")
_TONES: Final = {"promoted": "good", "failed": "bad"}
_BADGES: Final = {
    "promoted": "✓ Promoted",
    "rejected": "✕ Not promoted",
    "inconclusive": "? Undecided",
    "invalid": "✕ Data cannot be used",
    "refused": "✕ Plan refused",
    "over_budget": "✕ Over budget",
    "denied": "✕ Denied",
    "advised": "ⓘ Advice",
    "failed": "✕ Failed",
    "": "… In progress",
}


def render_page(document: Mapping[str, Any]) -> str:
    """Render the page: no script, no outside resource, every text of the user escaped."""
    title = f"{document['project']}: {headline(document)}"
    data = document["data"] or {}
    body = "".join(
        (
            _top(document),
            _verdict(document),
            f'<p class="note">{escape(STAND_IN)}</p>' if document["environment"] == "local" else "",
            advice(document.get("advice")),
            sections.comparison(document["evaluation"]),
            savings(document["savings"]),
            changes(document["changes"]),
            guards_section.guardrails(document["evaluation"]),
            guards_section.slices(document["evaluation"]),
            guards_section.steadiness(document["evaluation"]),
            sections.service(document["champion"]),
            sections.training(document["training"]),
            sections.data(document["data"]),
            variety(data.get("diversity"), data.get("tokens")),
            sections.cost(document["cost"]),
            sections.capacity(document["capacity"]),
            sections.steps(document["steps"]),
            _footer(document),
        )
    )
    return document_of(title, body)


def document_of(title: str, body: str) -> str:
    """Put a body into a whole page of its own: no script, no outside resource."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text('utf-8')}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _top(document: Mapping[str, Any]) -> str:
    written = day(document["clock"]["written"])
    return (
        f'<div class="top"><span><b>Tunesmith</b> · {escape(document["project"])} ·'
        f" {escape(document['base_model'])}</span>"
        f"<span>run <code>{escape(document['run'])}</code> · {escape(written)}</span></div>"
    )


def _verdict(document: Mapping[str, Any]) -> str:
    outcome = document["outcome"]
    following = document["next_step"]
    return (
        f'<div class="verdict {_TONES.get(outcome, "warn")}"><span class="badge">{_BADGES[outcome]}</span>'
        f'<h1>{escape(headline(document))}</h1><p class="lead">{escape(document["reason"])}</p>'
        f'<dl class="tiles">{"".join(_tiles(document))}</dl>'
        + (f'<p class="next"><b>What to do next</b>{escape(following)}</p>' if following else "")
        + "</div>"
    )


def _tiles(document: Mapping[str, Any]) -> list[str]:
    tiles = []
    gain = gain_of(document)
    if gain is not None:
        tiles.append(
            tile(
                "Gain on the blind test",
                f"{signed(gain['value'])} points",
                f"over {over(document)}; {gain['level']:.3g}%: {signed(gain['low'])}"
                f" to {signed(gain['high'])};"
                f" needed: more than {signed(gain['minimum'])}",
            )
        )
    cost = document["cost"]
    stored = "" if document.get("advice") else " with a month of storage"
    expected = f"estimated {money(cost['estimated'])}{stored}; " if cost["estimated"] is not None else ""
    limit = f"limit {money(cost['limit'])}" if cost["limit"] is not None else "no limit read"
    spent = money(cost["actual"]) if cost["actual_is_complete"] else f"{money(cost['actual'])} or more"
    tiles.append(tile("Cost of this run", spent, expected + limit))
    models = {model["label"]: model for model in (document["evaluation"] or {"models": []})["models"]}
    if all("output_tokens_mean" in models.get(label, {}) for label in ("candidate", "base")):
        before, after = (models[label]["output_tokens_mean"] for label in ("base", "candidate"))
        change = f"{signed(100 * (after / before - 1), 0)}%" if before else f"{after:.1f}"
        tiles.append(tile("Output tokens per answer", change, f"{after:.1f}, the base model {before:.1f}"))
    tiles.append(
        tile(
            "From upload to verdict",
            duration(document["clock"]["seconds"]),
            f"since {day(document['clock']['created'])}",
        )
    )
    return tiles


def tile(name: str, figure: str, note: str) -> str:
    """Show one figure in large, with what it is above and a note below."""
    return (
        f'<div class="tile"><dt>{escape(name)}</dt><dd><div class="big">{escape(figure)}</div>'
        f"<small>{escape(note)}</small></dd></div>"
    )


def _footer(document: Mapping[str, Any]) -> str:
    return (
        f"<footer>Written {escape(day(document['clock']['written']))} from report.json (schema"
        f" {document['schema']}), environment {escape(document['environment'])}. Times are UTC.</footer>"
    )
