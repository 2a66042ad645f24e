"""The verdict: only an interval that lies whole on one side of the minimum gain decides."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.evaluation.verdict import Gain, decide, records_to_settle


def scores(gained: int, given_up: int, n: int, **changes: Any) -> dict[str, Any]:
    """Sheets on which the candidate alone is right `gained` times, the base model alone `given_up` times."""
    candidate = [1] * gained + [0] * given_up + [1] * (n - gained - given_up)
    base = [0] * gained + [1] * given_up + [1] * (n - gained - given_up)
    sheet = {
        "metric": "exact_match",
        "n": n,
        "asked": n,
        "lost": 0,
        "errors": {},
        "models": {
            "candidate": {"exact_match": candidate, "token_f1": [float(right) for right in candidate]},
            "base": {"exact_match": base, "token_f1": [float(right) for right in base]},
        },
    }
    return {**sheet, **changes}


@pytest.mark.parametrize("metric", ["exact_match", "token_f1"])
@pytest.mark.parametrize(
    ("gained", "lost", "outcome"),
    [(60, 5, "better"), (5, 60, "rejected"), (0, 0, "rejected"), (12, 10, "inconclusive")],
)
def test_the_interval_decides(metric: str, gained: int, lost: int, outcome: str) -> None:
    report = decide(scores(gained, lost, 400, metric=metric), minimum_gain=2.0, seed=1)

    assert report.outcome == outcome


def test_the_reason_says_figures_in_words() -> None:
    report = decide(scores(60, 5, 400), minimum_gain=2.0, seed=1)

    assert report.reason.startswith("The gain over base in exact match is +13.8 points on 400 blind records")
    assert report.reason.endswith("all of it above the minimum gain of +2.0.")
    assert (report.only_candidate_right, report.only_comparator_right) == (60, 5)


def test_ninety_nine_records_decide_nothing_and_a_hundred_may() -> None:
    few, enough = (decide(scores(n // 2, 0, n), minimum_gain=2.0, seed=1) for n in (99, 100))

    assert (few.outcome, enough.outcome) == ("inconclusive", "better")
    assert "Fewer than 100" in few.reason


def test_an_interval_that_touches_the_minimum_gain_is_inconclusive_from_both_sides() -> None:
    report = decide(scores(60, 5, 400), minimum_gain=0.0, seed=1)
    assert report.gain is not None

    touching = decide(scores(60, 5, 400), minimum_gain=report.gain.low, seed=1)
    touched = decide(scores(60, 5, 400), minimum_gain=report.gain.high, seed=1)
    assert (touching.outcome, touched.outcome) == ("inconclusive", "inconclusive")
    just_above = decide(scores(60, 5, 400), minimum_gain=report.gain.low - 1e-6, seed=1)
    just_below = decide(scores(60, 5, 400), minimum_gain=report.gain.high + 1e-6, seed=1)
    assert (just_above.outcome, just_below.outcome) == ("better", "rejected")


def test_a_gain_of_exactly_the_minimum_is_not_better() -> None:
    same = [{"token_f1": [0.52] * 200}, {"token_f1": [0.5] * 200}]
    sheet = scores(0, 0, 200, metric="token_f1", models=dict(zip(("candidate", "base"), same, strict=True)))

    assert decide(sheet, minimum_gain=2.0, seed=1).outcome == "inconclusive"


def test_too_many_lost_records_leave_the_verdict_open() -> None:
    some = decide(scores(60, 5, 400, asked=420, lost=20), minimum_gain=2.0, seed=1)
    many = decide(scores(60, 5, 400, asked=422, lost=22), minimum_gain=2.0, seed=1)

    assert (some.outcome, many.outcome) == ("better", "inconclusive")
    assert "22 of 422 records were lost" in many.reason


def test_nothing_answered_is_inconclusive_and_says_why() -> None:
    report = decide(
        scores(0, 0, 0, asked=50, lost=50, errors={"AccessDeniedException: no": 50}), minimum_gain=2.0, seed=1
    )

    assert (report.outcome, report.gain) == ("inconclusive", None)
    assert "AccessDeniedException" in report.reason


def test_an_open_verdict_says_how_many_records_would_settle_it() -> None:
    report = decide(scores(26, 14, 300), minimum_gain=1.0, seed=1)

    assert report.outcome == "inconclusive"
    assert report.gain is not None
    needed = records_to_settle(report.gain, report.n)
    assert needed is not None
    assert f"About {needed:,} blind records would settle it." in report.reason
    factor = -(-needed // 300) + 1
    assert (
        decide(scores(26 * factor, 14 * factor, 300 * factor), minimum_gain=1.0, seed=1).outcome == "better"
    )


@pytest.mark.parametrize("value", [2.0, 2.01])
def test_a_gain_at_the_minimum_is_beyond_settling(value: float) -> None:
    assert records_to_settle(Gain(value=value, low=-2, high=6, minimum=2.0), 200) is None
