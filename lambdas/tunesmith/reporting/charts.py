"""How do figures look? Inline SVG: no script, colours from the page's style sheet, titles to hover."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, Final, NamedTuple

WIDTH: Final = 420
_LEFT: Final = 42
_RIGHT: Final = 12
_MOST_NAMED_EPOCHS: Final = 6
_LEAST_EDGE: Final = 14
_HALF_LETTER: Final = 5.5
"""Half the width of a wide letter at the size in which ticks are named."""


class Scale(NamedTuple):
    """A linear axis: values from `low` to `high` lie between two places on the picture."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Place a value, rounded to a tenth of a pixel."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Choose round values that enclose a range, at steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def models_chart(models: Sequence[Mapping[str, Any]], label: str) -> str:
    """Draw each model's metric, in per cent, as a dot with its interval."""
    ticks = nice_ticks(
        max(0.0, min(model["low"] for model in models) - 2),
        min(100.0, max(model["high"] for model in models) + 2),
    )
    names = [f"{tick:g}" for tick in ticks]
    scale = _across(ticks, names)
    height = 46 * len(models) + 30
    parts = [_vertical(scale.at(tick), 4, height - 26, "grid") for tick in ticks]
    parts += _below(scale, ticks, names, height)
    for number, model in enumerate(models):
        middle = 46 * number + 34
        kind = "candidate" if model["label"] == "candidate" else "other"
        parts.append(_text(8, middle - 14, model["label"], "name", "start"))
        parts.append(_text(WIDTH - 14, middle - 14, f"{model['value']:.1f}%", "value", "end"))
        parts.append(_dot(scale, model, middle, kind, f"{model['label']}: {model['value']:.1f}%"))
    return _svg(height, label, parts)


class Estimate(NamedTuple):
    """A row of a forest plot: a figure, its interval, and the limit that it should pass, if any."""

    label: str
    value: float
    low: float
    high: float
    limit: float | None = None
    stands_out: bool = False


def forest_chart(rows: Sequence[Estimate], label: str, unit: str = "") -> str:
    """Draw figures with their intervals below each other, zero marked and each one's limit dashed."""
    ends = [0.0, *(end for row in rows for end in (row.low, row.high, row.limit or 0.0))]
    span = (max(ends) - min(ends)) or 1.0
    ticks = nice_ticks(min(ends) - 0.05 * span, max(ends) + 0.05 * span)
    names = [f"{_signed(tick)}{unit}" for tick in ticks]
    scale = _across(ticks, names)
    height = 52 * len(rows) + 34
    parts = [_vertical(scale.at(tick), 4, height - 26, "axis" if tick == 0 else "grid") for tick in ticks]
    parts += _below(scale, ticks, names, height)
    for number, row in enumerate(rows):
        top, middle = 52 * number + 4, 52 * number + 38
        if row.limit is not None:
            needed = scale.at(row.limit)
            parts.insert(
                0,
                f'<rect class="beyond" x="{needed}" y="{top}" width="{scale.end - needed:.1f}" height="48"/>',
            )
            parts.append(_vertical(needed, top, top + 48, "limit"))
        parts.append(_text(8, middle - 16, row.label, "name", "start"))
        parts.append(_text(WIDTH - 14, middle - 16, f"{_signed(row.value)}{unit}", "value", "end"))
        figure = {"low": row.low, "high": row.high, "value": row.value}
        kind = "candidate" if row.stands_out else "other"
        parts.append(_dot(scale, figure, middle, kind, f"{row.label}: {_signed(row.value)}{unit}"))
    return _svg(height, label, parts)


def curve_chart(
    training: Iterable[Sequence[float]], validation: Iterable[Sequence[float]], measure: str
) -> str:
    """Draw loss or reward in training and validation over steps; points are (step, epoch, value)."""
    curves = [[point for point in curve if math.isfinite(point[2])] for curve in (training, validation)]
    points = [point for curve in curves for point in curve]
    if not points:
        return ""
    values = [point[2] for point in points]
    ticks = nice_ticks(min(0.0, *values), max(0.0, *values) or 1.0, 5)
    height = 240
    last_step = max(point[0] for point in points)
    across = Scale(0, max(1.0, last_step), _LEFT, WIDTH - _RIGHT)
    down = Scale(ticks[0], ticks[-1], height - 34, 10)
    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{down.at(tick)}" y2="{down.at(tick)}"/>'
        for tick in ticks
    ]
    parts += [_text(_LEFT - 8, down.at(tick) + 4, f"{tick:g}", "", "end") for tick in ticks]
    parts += _epochs(curves[0] or curves[1], across, height)
    for curve, kind in zip(curves, ("training", "validation"), strict=True):
        path = " ".join(f"{across.at(point[0])},{down.at(point[2])}" for point in curve)
        parts.append(f'<polyline class="{kind}" points="{path}"/>')
    parts += [
        f'<circle class="point" r="4.5" cx="{across.at(step)}" cy="{down.at(value)}">'
        f"<title>step {step:g}: validation {measure} {value:.4g}</title></circle>"
        for step, _, value in curves[1]
    ]
    return _svg(height, f"training and validation {measure} by step", parts)


def _epochs(points: Sequence[Sequence[float]], across: Scale, height: int) -> list[str]:
    """Mark where epochs end; name them while there is room, else name steps."""
    ends = [list(group)[-1][0] for _, group in groupby(points, key=lambda point: point[1])]
    if len(ends) > _MOST_NAMED_EPOCHS or len(points) < 2 * len(ends):
        return [
            _text(across.at(tick), height - 12, f"step {tick:g}", "", "middle")
            for tick in nice_ticks(0, across.high, 4)
            if tick <= across.high
        ]
    parts = [_vertical(across.at(end), 10, height - 34, "grid") for end in ends]
    for number, (start, end) in enumerate(zip([0.0, *ends], ends, strict=False), start=1):
        parts.append(_text(across.at((start + end) / 2), height - 12, f"epoch {number}", "", "middle"))
    return parts


def _across(ticks: Sequence[float], names: Sequence[str]) -> Scale:
    """Leave room at both ends for half of what stands below the outermost ticks."""
    edge = max(_LEAST_EDGE, _HALF_LETTER * max(len(names[0]), len(names[-1])))
    return Scale(ticks[0], ticks[-1], edge, WIDTH - edge)


def _below(scale: Scale, ticks: Sequence[float], names: Sequence[str], height: float) -> list[str]:
    return [
        _text(scale.at(tick), height - 8, name, "", "middle") for tick, name in zip(ticks, names, strict=True)
    ]


def _dot(scale: Scale, figure: Mapping[str, float], middle: float, kind: str, title: str) -> str:
    low, high, value = (scale.at(figure[name]) for name in ("low", "high", "value"))
    interval = f"interval {figure['low']:.1f} to {figure['high']:.1f}"
    return (
        f'<g class="{kind}"><title>{escape(title)}, {interval}</title>'
        f'<line class="span" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>'
        f'<circle cx="{value}" cy="{middle}" r="6"/></g>'
    )


def _vertical(x: float, top: float, bottom: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _signed(value: float) -> str:
    return f"{round(value, 1):+g}".replace("-", "\N{MINUS SIGN}") if value else "0"


def _svg(height: float, label: str, parts: Iterable[str]) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label)}">'
    return f"{head}{''.join(parts)}</svg>"
