"""How does the data's variety look in the report? Lengths, labels, openings, languages, tokens, advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from tunesmith.dataset.languages import UNKNOWN
from tunesmith.reporting.charts import WIDTH, Scale, nice_ticks
from tunesmith.reporting.words import number

_HEIGHT: Final = 170
_LEFT: Final = 42
_MOST_BARS: Final = 12


def variety(report: Mapping[str, Any] | None, tokens: Mapping[str, Any] | None = None) -> str:
    """Show a diversity report and a token summary; nothing where there is no report."""
    if report is None:
        return ""
    pictures = [
        _figure("Words per prompt", histogram_chart(report["prompts"]["histogram"], "words per prompt"))
    ]
    if not report["labels"]:
        chart = histogram_chart(report["answers"]["histogram"], "words per answer")
        pictures.append(_figure("Words per answer", chart))
    if tokens is not None:
        chart = histogram_chart(tokens["histogram"], "estimated tokens per record")
        pictures.append(_figure("Tokens per record, estimated", chart))
    if report["labels"]:
        pictures.append(_figure("Records per label", bars_chart(report["labels"], "records per label")))
    if len([language for language in report["languages"] if language != UNKNOWN]) > 1:
        pictures.append(_figure("Language of the prompts", bars_chart(report["languages"], "languages")))
    advice = "".join(f"<li>{escape(sentence)}</li>" for sentence in report["advice"])
    return (
        "<section><h2>Variety of the data</h2>"
        f'<p class="muted">{_in_words(report, tokens)}</p>'
        f"{f'<ul>{advice}</ul>' if advice else ''}"
        f'<div class="pair">{"".join(pictures)}</div>{_openings(report)}</section>'
    )


def histogram_chart(bins: Sequence[Sequence[int]], label: str) -> str:
    """Draw a histogram of `[from, to, count]`; the last bin holds all that lies beyond, and is named so."""
    if not bins:
        return ""
    ticks = nice_ticks(0, max(count for _, _, count in bins), 4)
    down = Scale(ticks[0], ticks[-1], _HEIGHT - 28, 8)
    across = Scale(0, len(bins), _LEFT, WIDTH - 12)
    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - 12}" y1="{down.at(tick)}" y2="{down.at(tick)}"/>'
        f'<text x="{_LEFT - 8}" y="{down.at(tick) + 4}" text-anchor="end">{tick:,g}</text>'
        for tick in ticks
    ]
    width = max(1.0, round(across.at(1) - across.at(0) - 1, 1))
    for place, (start, end, count) in enumerate(bins):
        top = down.at(count)
        told = f"{start:,} to {end - 1:,}" if end - 1 > start else f"{start:,}"
        parts.append(
            f'<rect class="candidate" stroke="none" x="{across.at(place)}" y="{top}" width="{width}"'
            f' height="{max(0, down.start - top):.1f}"><title>{told}: {count:,}</title></rect>'
        )
    for place in sorted({0, len(bins) // 2, len(bins) - 1}):
        more = "+" if place == len(bins) - 1 and place else ""
        parts.append(
            f'<text x="{across.at(place + 0.5)}" y="{_HEIGHT - 8}" text-anchor="middle">'
            f"{bins[place][0]:,}{more}</text>"
        )
    return _svg(_HEIGHT, label, parts)


def bars_chart(counts: Mapping[str, int], label: str) -> str:
    """Draw a bar for each name, at most twelve; of the others it is told how many they are."""
    shown = list(counts.items())[:_MOST_BARS]
    scale = Scale(0, max(count for _, count in shown) or 1, 0, WIDTH - 70)
    parts = []
    for place, (name, count) in enumerate(shown):
        top = 34 * place
        parts.append(
            f'<text class="name" x="0" y="{top + 14}">{escape(_cut(name))}</text>'
            f'<rect class="candidate" stroke="none" x="0" y="{top + 19}" width="{max(1.0, scale.at(count))}"'
            f' height="8" rx="2"/><text class="value" x="{WIDTH - 8}" y="{top + 28}" text-anchor="end">'
            f"{count:,}</text>"
        )
    height = 34 * len(shown)
    left = len(counts) - len(shown)
    if left:
        fewest = min(counts.values())
        parts.append(f'<text x="0" y="{height + 14}">and {left:,} more, the rarest with {fewest:,}</text>')
        height += 22
    # A name of wide letters would stick out.
    return _svg(height, label, parts).replace("<svg ", '<svg style="overflow:hidden" ', 1)


def _in_words(report: Mapping[str, Any], tokens: Mapping[str, Any] | None) -> str:
    every = report.get("of", report["records"])
    of, taken = (f" of {every:,}", ", taken at even distances") if every > report["records"] else ("", "")
    told = (
        f"{report['records']:,}{of} records for training{taken}: {report['words']:,} words,"
        f" {report['vocabulary']:,} of them distinct; half of the prompts have at most"
        f" {number(report['prompts']['median'])} words"
    )
    told += (
        f"; {len(report['labels']):,} labels."
        if report["labels"]
        else f", half of the answers at most {number(report['answers']['median'])}."
    )
    if report["near_duplicate_share"] is not None:
        told += f" {100 * report['near_duplicate_share']:.1f} % have a near-duplicate."
    if tokens is not None:
        told += f" One epoch is about {tokens['per_epoch']:,} tokens."
        if error := tokens.get("error"):
            told += f" Estimates of tokens are {error}."
    return escape(told)


def _openings(report: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th class="long">{escape(opening["text"])}</th><td class="n">{opening["words"]:,}</td>'
        f'<td class="n">{opening["count"]:,}</td></tr>'
        for opening in report["openings"]
    )
    if not rows:
        return ""
    return (
        '<h3>Commonest openings of answers</h3><table><thead><tr><th>Opening</th><th class="n">Words</th>'
        f'<th class="n">Answers</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _figure(title: str, chart: str) -> str:
    return f"<figure><h3>{escape(title)}</h3>{chart}</figure>" if chart else ""


def _cut(name: str) -> str:
    return name if len(name) <= 48 else name[:47] + "…"


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label)}">'
    return f"{head}{''.join(parts)}</svg>"
