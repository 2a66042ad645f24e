"""What did the judge prefer, and how far may it be trusted? A part of the comparison on the blind test."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

_METHOD: Final = (
    "Each pair was shown in both orders, and a judge that changed its mind with the order counts as a tie. A"
    " model's preference above is the share of pairs that it won against the candidate; the candidate's is"
    " that against its base model. Ties count half."
)


def judged(evaluation: Mapping[str, Any]) -> str:
    """Show win rates over each model, and how the judge went about it; empty where none was asked."""
    judge = evaluation.get("judge")
    if judge is None:
        return ""
    rows = "".join(
        f"<tr><th>{escape(one['comparator'])}</th>{_cells(one['preferred'])}</tr>"
        for one in evaluation["comparisons"]
        if one.get("preferred")
    )
    head = "".join(
        f'<th class="n">{name}</th>' for name in ("Won", "Tied", "Lost", "Win rate", "At equal length")
    )
    table = (
        f"<table><thead><tr><th>Candidate over</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
        if rows
        else ""
    )
    told = "".join(
        f'<p class="muted">{escape(sentence)}</p>'
        for sentence in (
            f"{judge['title']} compared the answers by this: {judge['criteria']}",
            _METHOD,
            *(_tally(label, tally) for label, tally in judge["tallies"].items()),
            f"Reported only: {evaluation['reports_only']}." if evaluation.get("reports_only") else "",
        )
        if sentence
    )
    return f"<h3>What the judge preferred</h3>{table}{told}"


def _cells(preferred: Mapping[str, Any]) -> str:
    texts = [f"{preferred[name]:,}" for name in ("wins", "ties", "losses")]
    texts += [_rate(preferred[name]) for name in ("win_rate", "at_equal_length")]
    return "".join(f'<td class="n">{escape(text)}</td>' for text in texts)


def _rate(rate: Mapping[str, float] | None) -> str:
    return "not known" if rate is None else f"{rate['value']:.1f}% ({rate['low']:.1f} to {rate['high']:.1f})"


def _tally(label: str, tally: Mapping[str, int]) -> str:
    """Say how the judge went about one model's pairs, its leaning to a place included."""
    if not tally["asked"]:
        return f"Beside {label} it had to be asked about no pair."
    named = tally["first"] + tally["second"]
    leaning = (
        f"{100 * tally['first'] / named:.0f}% of its choices were for the answer that stood first"
        if named
        else ""
    )
    parts = (
        f"Beside {label} it was asked about {tally['asked']:,} of {tally['pairs']:,} pairs",
        f"judged {tally['turned']:,} otherwise in the other order",
        leaning,
        f"{tally['unparsable']:,} of its answers were none of the words asked for, and count as ties"
        if tally["unparsable"]
        else "",
    )
    return f"{'; '.join(part for part in parts if part)}."
