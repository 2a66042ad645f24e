"""The verdict: only an interval that lies whole on one side of the minimum gain decides."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.evaluation.verdict import MINIMUM_GAIN_OVER_CHAMPION, Gain, decide, records_to_settle


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
    [(60, 5, "better"), (5, 60, "rejected"), (6, 9, "rejected"), (12, 10, "inconclusive")],
)
def test_the_interval_decides(metric: str, gained: int, lost: int, outcome: str) -> None:
    report = decide(scores(gained, lost, 400, metric=metric), minimum_gain=2.0, seed=1)

    assert report.outcome == outcome


def test_the_reason_says_figures_in_words() -> None:
    report = decide(scores(60, 5, 400), minimum_gain=2.0, seed=1)

    assert report.reason.startswith("The gain over base in exact match is +13.8 points on 400 blind records")
    assert report.reason.endswith("all of it above the minimum gain of +2.0.")
    assert (report.only_candidate_right, report.only_comparator_right) == (60, 5)


def test_an_untuned_model_is_beaten_only_by_its_lenient_reading() -> None:
    sheet = scores(60, 5, 400)
    sheet["models"]["base"]["lenient"] = [1] * 400

    report = decide(sheet, minimum_gain=2.0, seed=1)

    assert report.outcome == "rejected"
    assert (report.only_candidate_right, report.only_comparator_right) == (0, 5)


def beside(label: str, right: int, costs: dict[str, float] | None = None) -> dict[str, Any]:
    """Sheets on which the candidate is right on 300 of so many, another model on the first `right`."""
    n = 400
    sheet = scores(60, 0, n)
    sheet["models"]["candidate"]["exact_match"] = [1] * 300 + [0] * (n - 300)
    sheet["models"]["base"]["exact_match"] = [0] * n
    sheet["models"][label] = {"exact_match": [1] * right + [0] * (n - right)}
    for model, cost in {"candidate": 1.0, label: 1.0, **(costs or {})}.items():
        share = sum(sheet["models"][model]["exact_match"]) / n
        sheet["models"][model]["summary"] = {"exact_match": share, "cost_usd_per_1000": cost}
    return sheet


@pytest.mark.parametrize(
    ("right", "costs", "outcome"),
    [
        (250, {}, "better"),
        (300, {}, "inconclusive"),
        (300, {"candidate": 0.5}, "better"),
        (300, {"candidate": 0.0}, "inconclusive"),
        (350, {"candidate": 0.5}, "rejected"),
    ],
    ids=["beaten", "equalled", "equalled and cheaper", "paid by the hour", "not reached"],
)
def test_examples_must_be_beaten_or_equalled_at_a_lower_cost(
    right: int, costs: dict[str, float], outcome: str
) -> None:
    report = decide(beside("few_shot", right, costs), minimum_gain=2.0, seed=1)

    assert report.outcome == outcome
    assert "the base model with examples" in report.reason


def test_a_model_that_informs_decides_nothing() -> None:
    report = decide(beside("nova-pro", 390), minimum_gain=2.0, seed=1)

    assert (report.outcome, report.comparator) == ("better", "base")
    assert report.reason.endswith("Over nova-pro it is -22.5 points: it informs only.")


@pytest.mark.parametrize(("gained", "given_up"), [(60, 5), (5, 60)])
def test_data_that_proves_nothing_decides_nothing(gained: int, given_up: int) -> None:
    plain = decide(scores(gained, given_up, 400), minimum_gain=2.0, seed=1)
    report = decide(scores(gained, given_up, 400), minimum_gain=2.0, seed=1, unproven="250 are too few")

    assert report.outcome == "inconclusive"
    assert report.reason == f"{plain.reason} But 250 are too few."
    assert (report.gain, report.comparisons) == (plain.gain, plain.comparisons)


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


def test_models_that_never_differ_are_told_apart_by_counting_but_not_by_resampling() -> None:
    counted = decide(scores(0, 0, 400), minimum_gain=2.0, seed=1)
    resampled = decide(scores(0, 0, 400, metric="token_f1"), minimum_gain=2.0, seed=1)

    assert counted.outcome == "rejected"
    assert resampled.outcome == "inconclusive"


@pytest.mark.parametrize(("gained", "n"), [(2, 100), (3, 100), (2, 1000)])
@pytest.mark.parametrize("minimum_gain", [0.0, 2.0, 100.0])
def test_a_handful_of_differences_decides_nothing_and_the_reason_says_so(
    gained: int, n: int, minimum_gain: float
) -> None:
    report = decide(scores(gained, 0, n, metric="token_f1"), minimum_gain=minimum_gain, seed=1)

    assert report.outcome == "inconclusive"
    assert report.reason == (
        f"The gain over base in token F1 is {100 * gained / n:+.1f} points on {n:,} blind records,"
        " but too few of them tell the models apart to know how sure that is."
    )
    assert report.gain == Gain(value=100 * gained / n, low=-100.0, high=100.0, minimum=minimum_gain)


def against_champion(base: tuple[int, int], champion: tuple[int, int], n: int = 400) -> dict[str, Any]:
    """Sheets of three models: (only candidate right, only the other right) for each comparator."""
    sheet = scores(*base, n)
    candidate = sheet["models"]["candidate"]["exact_match"]
    gained, given_up = champion
    right = [index for index, hit in enumerate(candidate) if hit][:gained]
    wrong = [index for index, hit in enumerate(candidate) if not hit][:given_up]
    assert (len(right), len(wrong)) == champion
    other = [0 if index in right else 1 if index in wrong else hit for index, hit in enumerate(candidate)]
    models = {
        **sheet["models"],
        "champion": {"exact_match": other, "token_f1": [float(hit) for hit in other]},
    }
    return {**sheet, "models": models}


@pytest.mark.parametrize("metric", ["exact_match", "token_f1"])
@pytest.mark.parametrize(
    ("base", "champion", "outcome", "deciding"),
    [
        ((90, 20), (40, 5), "better", "champion"),
        ((60, 20), (80, 5), "better", "base"),
        ((90, 20), (12, 10), "inconclusive", "champion"),
        ((22, 20), (60, 5), "inconclusive", "base"),
        ((90, 60), (2, 40), "rejected", "champion"),
        ((5, 60), (60, 5), "rejected", "base"),
        ((22, 20), (2, 20), "rejected", "champion"),
    ],
)
def test_the_candidate_must_be_better_than_base_and_champion(
    metric: str, base: tuple[int, int], champion: tuple[int, int], outcome: str, deciding: str
) -> None:
    sheet = {**against_champion(base, champion), "metric": metric}

    report = decide(sheet, minimum_gain=2.0, seed=1)

    assert (report.outcome, report.comparator) == (outcome, deciding)
    assert [one.comparator for one in report.comparisons] == ["base", "champion"]
    minima = [one.gain.minimum for one in report.comparisons if one.gain is not None]
    assert minima == [2.0, MINIMUM_GAIN_OVER_CHAMPION]
    chosen = next(one for one in report.comparisons if one.comparator == deciding)
    assert (report.gain, report.outcome) == (chosen.gain, chosen.outcome)
    assert report.reason.startswith(chosen.reason)


def test_the_reason_names_the_deciding_comparator_and_tells_the_other_one_too() -> None:
    report = decide(against_champion((90, 20), (12, 10)), minimum_gain=2.0, seed=1)

    assert report.reason.startswith("The gain over the champion in exact match is +0.5 points on 400 blind")
    assert report.reason.endswith(" Over base it is +17.5 points: better.")
    document = report.to_json()
    assert document["gain"]["minimum"] == 1.0
    assert [one["comparator"] for one in document["comparisons"]] == ["base", "champion"]


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
