"""The verdict: only an interval that lies whole on one side of the minimum gain decides."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.evaluation.power import Means, records_to_prove
from tunesmith.evaluation.verdict import FEWEST_GROUPS, MINIMUM_GAIN_OVER_CHAMPION, Gain, decide


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
    assert report.gain == Gain(
        value=100 * gained / n, low=-100.0, high=100.0, minimum=minimum_gain, level=96.96
    )


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


@pytest.mark.parametrize("metric", ["exact_match", "token_f1"])
@pytest.mark.parametrize(("gained", "given_up", "outcome"), [(60, 5, "better"), (5, 60, "rejected")])
def test_a_verdict_has_to_survive_the_worst_that_lost_records_might_have_said(
    metric: str, gained: int, given_up: int, outcome: str
) -> None:
    some, many = (
        decide(
            scores(gained, given_up, 400, metric=metric, asked=400 + lost, lost=lost),
            minimum_gain=2.0,
            seed=1,
        )
        for lost in (4, 70)
    )

    assert (some.outcome, many.outcome) == (outcome, "inconclusive")
    assert "70 of 470 records were lost" in many.reason
    assert some.gain == many.gain


def test_nothing_answered_is_inconclusive_and_says_why() -> None:
    report = decide(
        scores(0, 0, 0, asked=50, lost=50, errors={"AccessDeniedException: no": 50}), minimum_gain=2.0, seed=1
    )

    assert (report.outcome, report.gain) == ("inconclusive", None)
    assert "AccessDeniedException" in report.reason


def test_an_open_verdict_says_how_many_records_prove_gains_of_five_and_ten_points() -> None:
    report = decide(scores(26, 14, 300), minimum_gain=1.0, seed=1)

    assert report.outcome == "inconclusive"
    assert report.reason.endswith(
        "which holds the minimum gain of +1.0. Of blind records like these, about 890 prove a gain of 5"
        " and 240 prove a gain of 10 points."
    )


def test_a_gain_at_the_minimum_is_beyond_proving() -> None:
    report = decide(scores(46, 14, 300), minimum_gain=10.0, seed=1)

    assert report.outcome == "inconclusive"
    assert report.reason.endswith("which holds the minimum gain of +10.0.")


def test_the_detectable_gain_is_told_with_every_verdict() -> None:
    counted, averaged = (
        decide(scores(26, 14, 400, metric=metric), minimum_gain=2.0, seed=1)
        for metric in ("exact_match", "token_f1")
    )

    assert counted.detectable == pytest.approx(8.07, abs=0.01)
    assert averaged.detectable is not None
    # The formula for symmetric differences is near: these are few, and more of them are gains.
    needed = records_to_prove(averaged.detectable, minimum_gain=2.0, spread=Means(deviation=0.3148))
    assert needed == pytest.approx(400, rel=0.1)


def test_means_decide_from_two_hundred_records_on() -> None:
    few, enough = (
        decide(scores(n // 2, 0, n, metric="token_f1"), minimum_gain=2.0, seed=1) for n in (199, 200)
    )

    assert (few.outcome, enough.outcome) == ("inconclusive", "better")
    assert "Fewer than 200" in few.reason


def test_answers_that_were_averaged_are_means() -> None:
    sheet = scores(60, 5, 400)
    sheet["models"]["candidate"]["exact_match"] = [
        right * 2 / 3 for right in sheet["models"]["candidate"]["exact_match"]
    ]

    report = decide(sheet, minimum_gain=2.0, seed=1)

    assert "bootstrap" in report.method
    assert report.only_candidate_right is None


@pytest.mark.parametrize("metric", ["exact_match", "token_f1"])
def test_records_of_one_group_count_for_less(metric: str) -> None:
    alone = decide(scores(60, 30, 600, metric=metric), minimum_gain=1.0, seed=1)
    # Neighbours in the sheet stand in one group, so nearly all groups are of one mind.
    groups = [f"group-{number // 6}" for number in range(600)]
    grouped = decide(scores(60, 30, 600, metric=metric, groups=groups), minimum_gain=1.0, seed=1)

    assert (alone.outcome, grouped.outcome) == ("better", "inconclusive")
    assert alone.effective_n == 600
    assert grouped.effective_n is not None
    assert grouped.effective_n < 120
    assert (
        f"600 records in 100 groups count as {grouped.effective_n:,.0f}".replace("600 ", "") in grouped.method
    )


@pytest.mark.parametrize(
    ("groups", "outcome"), [(FEWEST_GROUPS - 1, "inconclusive"), (FEWEST_GROUPS, "better")]
)
def test_a_handful_of_groups_decides_nothing(groups: int, outcome: str) -> None:
    sheet = scores(200, 0, 400, groups=[number % groups for number in range(400)])

    assert decide(sheet, minimum_gain=2.0, seed=1).outcome == outcome


def test_every_further_decision_on_one_test_widens_the_interval_and_the_fifth_asks_for_fresh_data() -> None:
    reports = [
        decide(scores(57, 30, 600), minimum_gain=0.5, seed=1, decision=number) for number in range(1, 7)
    ]

    lows = [report.gain.low for report in reports if report.gain]
    assert lows == sorted(lows, reverse=True)
    assert len(set(lows)) == 6
    assert [report.outcome for report in reports[:2]] == ["better", "inconclusive"]
    assert "blind test" not in reports[0].reason.split("blind records")[1]
    assert "This is decision 2 on the same blind test" in reports[1].reason
    assert ["bring fresh records" in report.reason for report in reports] == [False] * 4 + [True] * 2
