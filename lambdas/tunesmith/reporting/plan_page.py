"""How does a run look before anything is paid? One page, rendered from plan.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tunesmith.reporting.page import document_of, tile
from tunesmith.reporting.words import money


def render_plan(plan: Mapping[str, Any], *, project: str, run: str, question: str) -> str:
    """Render the plan; `question` is what a person has to answer, empty where the run goes on by itself."""
    title = f"{project}: the plan of run {run}"
    chosen = next((policy for policy in plan["policies"] if policy["chosen"]), None)
    asked = (
        f'<p class="next"><b>Waiting for an answer</b>{escape(question[:1].upper() + question[1:])}. '
        f"Answer with <code>tunesmith approve {escape(run)}</code> or "
        f"<code>tunesmith deny {escape(run)}</code>.</p>"
        if question
        else ""
    )
    findings = "".join(f"<li>{escape(sentence)}</li>" for sentence in plan["findings"])
    body = (
        f'<div class="top"><span><b>Tunesmith</b> · {escape(project)}</span>'
        f"<span>run <code>{escape(run)}</code></span></div>"
        f'<div class="verdict warn"><span class="badge">Not paid yet</span><h1>What this run will take</h1>'
        f'<dl class="tiles">{_tiles(plan, chosen)}</dl>{asked}</div>'
        f"<section><h2>What it can show</h2><ul>{findings}</ul></section>"
        f"{_policies(plan) if chosen else ''}{_items(plan['estimate'])}"
    )
    return document_of(title, body)


def _tiles(plan: Mapping[str, Any], chosen: Mapping[str, Any] | None) -> str:
    smallest = plan["proof"]["smallest_gain"]
    priced = chosen or plan["estimate"]
    what, note = (
        (f"Cost, by {chosen['policy']}", "with evaluation and a month of storage")
        if chosen
        else ("Cost", "for answers of untuned models; nothing is trained")
    )
    hours = (
        tile(
            "Time of training",
            f"{_between(*(f'{hours:g}' for hours in chosen['hours']))} hours",
            "most of it in Bedrock's queue",
        )
        if chosen
        else ""
    )
    return "".join(
        (
            tile(what, _between(money(float(priced["low_usd"])), money(float(priced["high_usd"]))), note),
            hours,
            tile(
                "Smallest gain that can be proven",
                "none" if smallest is None else f"{smallest:.1f} points",
                f"by {plan['proof']['records']:,} blind records, in five of six cases",
            ),
        )
    )


def _policies(plan: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(one['policy'])}{' (chosen)' if one['chosen'] else ''}"
        f"{'<br><small>' + escape(one['note']) + '</small>' if one['note'] else ''}</th>"
        f'<td class="n" data-label="Jobs">{_between(*map(str, one["jobs"]))}</td>'
        f'<td class="n" data-label="Epochs billed">'
        f"{_between(*(f'{epochs:g}' for epochs in one['epochs']))}</td>"
        f'<td class="n" data-label="Hours">{_between(*(f"{hours:g}" for hours in one["hours"]))}</td>'
        f'<td class="n" data-label="Cost">'
        f"{_between(money(float(one['low_usd'])), money(float(one['high_usd'])))}</td></tr>"
        for one in plan["policies"]
    )
    return (
        '<section><h2>Ways to find the length</h2><p class="muted">What each costs, from the fewest jobs '
        "that it may need to the most. <code>stopping.policy</code> in the job file chooses.</p>"
        '<table class="stack"><thead><tr><th>Policy</th><th class="n">Jobs</th>'
        '<th class="n">Epochs billed</th>'
        f'<th class="n">Hours</th><th class="n">Cost</th></tr></thead><tbody>{rows}</tbody></table></section>'
    )


def _items(estimate: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(item['what'])}<br><small>{escape(item['source'])}</small></th>"
        f'<td class="n">{money(float(item["usd"]))}</td>'
        f'<td class="n">{money(float(item["high_usd"]))}</td></tr>'
        for item in estimate["items"]
    )
    return (
        "<section><h2>Cost, item by item</h2>"
        '<table><thead><tr><th>Item</th><th class="n">Expected</th><th class="n">At most</th></tr></thead>'
        f'<tbody>{rows}<tr class="sum"><th>Together</th>'
        f'<td class="n">{money(float(estimate["total_usd"]))}</td>'
        f'<td class="n">{money(float(estimate["high_usd"]))}</td></tr></tbody></table></section>'
    )


def _between(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
