"""Charts: round ticks that enclose their values, and nothing drawn outside the picture."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest

from tunesmith.reporting.charts import WIDTH, Estimate, curve_chart, forest_chart, models_chart, nice_ticks


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-3.2, 7.9), (0, 0), (0.0011, 0.0042), (46.2, 100), (-40, -2), (0, 2_345_678)]
)
def test_ticks_are_round_and_enclose_the_range(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)

    assert ticks[0] <= low <= high <= ticks[-1]
    assert 2 <= len(ticks) <= 12
    steps = {round(b - a, 9) for a, b in pairwise(ticks)}
    assert len(steps) == 1
    assert str(int(f"{steps.pop():e}"[0])) in "125"


def places(svg: str) -> list[float]:
    return [float(x) for x in re.findall(r' (?:c?x[12]?)="(-?[\d.]+)"', svg)]


@pytest.mark.parametrize(
    "gain",
    [
        Estimate("over base", 35.4, 30.4, 40.3, 2.0),
        Estimate("over base", -12.0, -20.0, -4.0, 0.0),
        Estimate("over base", 0.0, 0.0, 0.0, 0.0),
        Estimate("over base", 100.0, 96.0, 100.0, 50.0, True),
        Estimate("than a larger model", -80.0, -81.0, 40.0),
    ],
)
def test_figures_are_drawn_within_the_picture_beside_others(gain: Estimate) -> None:
    found = places(forest_chart([gain, Estimate("over champion", 1.0, -1.0, 3.0, 1.0)], "gain"))

    assert all(0 <= place <= WIDTH for place in found)


def test_each_row_of_a_forest_has_its_own_limit_and_place() -> None:
    rows = [Estimate("over base", 10.0, 5.0, 15.0, 2.0), Estimate("over champion", 1.0, 0.0, 2.0, 1.0)]

    svg = forest_chart(rows, "gain", "%")

    limits = [float(x) for x in re.findall(r'class="limit" x1="([\d.]+)"', svg)]
    base, champion = (
        (float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    )
    assert limits == sorted(limits, reverse=True)
    assert champion[0] < base[0]
    assert base[1] < champion[1]
    assert "+10%" in svg


def test_models_are_drawn_from_left_to_right_by_their_figure() -> None:
    models = [
        {"label": "candidate", "value": 90.0, "low": 86.0, "high": 93.0},
        {"label": "base", "value": 40.0, "low": 36.0, "high": 44.0},
    ]

    svg = models_chart(models, "models")

    candidate, base = (float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg))
    assert base < candidate
    assert all(0 <= place <= WIDTH for place in places(svg))


def test_losses_that_are_no_numbers_are_left_out() -> None:
    svg = curve_chart([(0, 0, 2.0), (1, 0, math.nan), (2, 0, 1.0)], [], "loss")

    assert "nan" not in svg
    assert curve_chart([], [], "loss") == ""


@pytest.mark.parametrize(("epochs", "said"), [(3, "epoch 3"), (10, "step")])
def test_epochs_are_named_while_there_is_room(epochs: int, said: str) -> None:
    points = [(step, step // 10, 1.0) for step in range(10 * epochs)]

    assert said in curve_chart(points, [], "loss")


def test_one_step_is_enough_for_a_chart() -> None:
    assert "polyline" in curve_chart([(0, 0, 1.0)], [(0, 0, 1.1)], "loss")
