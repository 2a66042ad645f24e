"""What does tuning save, and from when on? Tokens, money, speed, payback and break-even."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tunesmith.evaluation.savings import HOURS_PER_MONTH
from tunesmith.reporting.charts import Estimate, forest_chart
from tunesmith.reporting.words import money

_FIGURES = (
    ("Output tokens", "output_tokens"),
    ("Input tokens", "input_tokens"),
    ("Latency", "latency"),
    ("Cost of an answer", "cost"),
)
_HOW = {"on_demand": "paid by the token", "provisioned": "paid by the hour"}


def savings(section: Mapping[str, Any] | None) -> str:
    """Show the candidate's answers beside the others', and what it takes to earn the run back."""
    if section is None or not section["others"]:
        return ""
    earned = "".join(f"<li>{escape(one)}</li>" for one in paybacks(section))
    return (
        '<section><h2>What it saves</h2><p class="muted">The candidate beside each other model, over the same'
        " blind records, with 95% intervals. Tokens are compared within a model family only.</p>"
        f'<div class="pair">{_charts(section["others"])}</div>{_table(section["others"])}'
        f"<ul>{earned}</ul>{_paths(section)}</section>"
    )


def paybacks(section: Mapping[str, Any]) -> list[str]:
    """Say in words when the run has paid for itself, beside each model."""
    told = []
    for other in section["others"]:
        saved, answers, months = (other[name] for name in ("saved_usd", "payback_answers", "payback_months"))
        if saved is None:
            told.append(f"Beside {other['label']}: not known, since the candidate is paid by the hour.")
            continue
        amount = money(abs(saved["value"]))
        verb = "saves" if saved["value"] > 0 else "costs"
        more = "" if saved["value"] > 0 else " more"
        text = f"Beside {other['label']} the candidate {verb} {amount}{more} for each 1,000 answers"
        text += f" ({_span(saved, money)})"
        spent = money(section["spent_usd"])
        if months is not None:
            volume = f"at {section['answers_per_month']:,} answers a month, storage paid"
            text += f"; {volume}, the {spent} of this run are {_earned(months, 'in', 'months')}."
        else:
            text += f"; the {spent} of this run are {_earned(answers, 'after', 'answers')}, storage left out."
        told.append(text)
    return told


def _charts(others: Sequence[Mapping[str, Any]]) -> str:
    figures = ""
    for title, name in _FIGURES:
        rows = [
            Estimate(
                f"than {other['label']}", *(100 * (other[name][end] - 1) for end in ("value", "low", "high"))
            )
            for other in others
            if other[name] is not None
        ]
        if rows:
            figures += (
                f"<figure><h3>{title}: more or less</h3>"
                f"{forest_chart(rows, f'{title} of the candidate beside the others', '%')}</figure>"
            )
    return figures


def _table(others: Sequence[Mapping[str, Any]]) -> str:
    head = "".join(f'<th class="n">than {escape(other["label"])}</th>' for other in others)
    rows = "".join(
        f"<tr><th>{title}</th>"
        + "".join(
            f'<td class="n" data-label="than {escape(other["label"])}">{_change(other[name])}</td>'
            for other in others
        )
        + "</tr>"
        for title, name in _FIGURES
    )
    top = f"<thead><tr><th>Candidate</th>{head}</tr></thead>"
    return f'<table class="stack">{top}<tbody>{rows}</tbody></table>'


def _paths(section: Mapping[str, Any]) -> str:
    volume = section["answers_per_month"]
    rows = "".join(
        f'<tr><th class="way">{escape(path["label"])}, {_HOW[path["how"]]}</th>'
        '<td class="n" data-label="A month">'
        f"{'–' if path['usd_per_month'] is None else money(path['usd_per_month'])}</td>"
        f'<td class="beside" data-label="Break-even">{escape(_break_even(path))}</td></tr>'
        for path in section["paths"]
    )
    at = f"at {volume:,} answers" if volume is not None else "serving.answers_per_month is not stated"
    return (
        f'<table class="stack"><thead><tr><th>Way to serve</th><th class="n">A month, {at}</th>'
        f'<th class="beside">Break-even</th></tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="muted">A month has {HOURS_PER_MONTH} hours. Whether the model units keep up with so many'
        " answers has to be measured; AWS tells their speed on request.</p>"
    )


def _break_even(path: Mapping[str, Any]) -> str:
    start = path["cheaper_from"]
    if start is None:
        return ""
    if path["how"] == "provisioned":
        return f"cheaper than by the token from {_count(start)} answers a month on"
    if start == "never":
        return "the candidate never costs less"
    return f"the candidate costs less from {_count(start)} answers a month on"


def _change(ratio: Mapping[str, float] | None) -> str:
    if ratio is None:
        return "not compared"
    low, value, high = (f"{round(100 * (ratio[name] - 1)) or 0:+d}%" for name in ("low", "value", "high"))
    return f"{value} <small>({low} to {high})</small>".replace("-", "\N{MINUS SIGN}").replace("+0%", "0%")


def _span(figure: Mapping[str, float], spell: Any) -> str:
    low, high = (
        ("" if figure[name] >= 0 else "\N{MINUS SIGN}") + spell(abs(figure[name])) for name in ("low", "high")
    )
    return f"{low} to {high}"


def _earned(span: Mapping[str, Any], word: str, unit: str) -> str:
    """Say a payback as a range that may end in never."""
    low, value, high = (span[name] for name in ("low", "value", "high"))
    if low == "never":
        return "never earned back"
    if value == "never" or high == "never":
        return f"earned back {word} {_count(low)} {unit} at best, never at worst"
    return f"earned back {word} {_count(value)} {unit} ({_count(low)} to {_count(high)})"


def _count(figure: float) -> str:
    return f"{figure:.1f}" if figure < 10 else f"{round(figure, -max(0, len(str(round(figure))) - 3)):,.0f}"
