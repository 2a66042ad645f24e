"""Savings: ratios cover the truth, money is not claimed where it is not known, and never means never."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from tunesmith.evaluation.savings import Range, Serving, mean_difference, ratio_of_totals, savings

FAMILIES = {"candidate": "nova", "base": "nova", "haiku": "claude"}
CHEAP = {"input": 0.001, "output": 0.004}
DEAR = {"input": 0.01, "output": 0.04}


def model(
    tokens: list[int], price: dict[str, float] | None, latency: int = 300, asked: int = 100
) -> dict[str, Any]:
    return {
        "input_tokens": [asked] * len(tokens),
        "output_tokens": tokens,
        "latency_ms": [latency] * len(tokens),
        "price": price,
    }


def scores(candidate: dict[str, Any], **others: dict[str, Any]) -> dict[str, Any]:
    models = {"candidate": candidate, **others}
    return {"n": len(candidate["output_tokens"]), "models": models}


def drawn(seed: int, records: int, each: int) -> tuple[list[float], list[float], list[int]]:
    """Lengths of two models in groups that share a factor; the true ratio of totals is 0.65."""
    chance = random.Random(seed)
    mine, theirs, groups = [], [], []
    for group in range(records // each):
        shared = chance.lognormvariate(0, 0.5)
        own = chance.lognormvariate(-0.125 / 2, math.sqrt(0.125))
        for _ in range(each):
            theirs.append(40 * shared * chance.lognormvariate(-0.02, 0.2))
            mine.append(0.65 * 40 * shared * own * chance.lognormvariate(-0.02, 0.2))
            groups.append(group)
    return mine, theirs, groups


@pytest.mark.parametrize("each", [1, 6])
def test_the_interval_of_a_ratio_holds_the_truth_as_often_as_it_says(each: int) -> None:
    held = 0
    for seed in range(400):
        ratio = ratio_of_totals(*drawn(seed, 300, each))
        assert ratio is not None
        held += ratio.low <= 0.65 <= ratio.high

    assert 0.91 <= held / 400 <= 0.985


def test_records_of_one_group_that_count_alone_would_promise_too_much() -> None:
    mine, theirs, groups = drawn(1, 300, 6)
    grouped, alone = (ratio_of_totals(mine, theirs, each) for each in (groups, list(range(300))))

    assert grouped is not None
    assert alone is not None
    assert grouped.value == alone.value == sum(mine) / sum(theirs)
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_nothing_is_known_of_one_group_or_of_empty_answers() -> None:
    assert ratio_of_totals([1, 2], [2, 3], ["a", "a"]) is None
    assert ratio_of_totals([0, 0], [2, 3], [0, 1]) is None
    assert mean_difference([], [], []) is None


def test_a_difference_is_that_of_the_means() -> None:
    assert mean_difference([3, 5, 7], [1, 3, 5], [0, 1, 2]) == Range(2.0, 2.0, 2.0)


def test_tokens_are_compared_within_a_family_and_money_across_families() -> None:
    found = savings(
        scores(model([5] * 200, CHEAP), base=model([10] * 200, CHEAP), haiku=model([10] * 200, DEAR, 600)),
        FAMILIES,
        serving=Serving(usd_per_month=1.95),
        spent_usd=3.0,
    )

    base, haiku = found.others
    assert base.output_tokens is not None
    assert base.output_tokens.value == pytest.approx(0.5)
    assert haiku.output_tokens is haiku.input_tokens is None
    assert haiku.cost is not None
    assert haiku.cost.value == pytest.approx((0.1 + 0.02) / (1 + 0.4))
    assert haiku.latency is not None
    assert haiku.latency.value == pytest.approx(0.5)
    assert haiku.saved_usd is not None
    assert haiku.saved_usd.value == pytest.approx(1000 * (1.4 - 0.12) / 1000)


def test_a_run_is_paid_for_after_as_many_answers_as_its_saving_takes() -> None:
    found = savings(
        scores(model([5] * 200, CHEAP), base=model([10] * 200, CHEAP)),
        FAMILIES,
        serving=Serving(usd_per_month=2.0),
        spent_usd=3.0,
        answers_per_month=200_000,
    )

    (base,) = found.others
    assert base.payback_answers is not None
    assert base.payback_answers.value == pytest.approx(3.0 / 0.00002)
    assert base.payback_months is not None
    assert base.payback_months.value == pytest.approx(3.0 / (200_000 * 0.00002 - 2.0))


def test_what_costs_more_is_never_paid_back_and_what_may_is_so_at_worst() -> None:
    chance = random.Random(3)
    dearer = savings(
        scores(model([20] * 50, CHEAP), base=model([10] * 50, CHEAP)),
        FAMILIES,
        serving=Serving(usd_per_month=1.95),
        spent_usd=3.0,
        answers_per_month=1_000,
    ).to_json()["others"][0]
    close = savings(
        scores(
            model([chance.randint(1, 19) for _ in range(50)], CHEAP),
            base=model([chance.randint(1, 21) for _ in range(50)], CHEAP),
        ),
        FAMILIES,
        serving=Serving(usd_per_month=0.0),
        spent_usd=3.0,
    ).to_json()["others"][0]

    assert dearer["payback_answers"] == {"value": "never", "low": "never", "high": "never"}
    assert dearer["payback_months"]["value"] == "never"
    assert close["payback_answers"]["low"] != "never"
    assert close["payback_answers"]["high"] == "never"


def test_a_candidate_that_is_paid_by_the_hour_has_no_cost_of_an_answer() -> None:
    found = savings(
        scores(model([5] * 50, None), base=model([10] * 50, CHEAP)),
        FAMILIES,
        serving=Serving(usd_per_month=2.0, usd_per_hour=20.0, on_demand=False),
        spent_usd=300.0,
        answers_per_month=1_000_000,
    )

    (other,), (units, base) = found.others, found.paths
    assert other.cost is other.saved_usd is other.payback_answers is other.payback_months is None
    assert other.output_tokens is not None
    assert (units.how, units.usd_per_month) == ("provisioned", 730 * 20.0 + 2.0)
    assert base.usd_per_month == pytest.approx(1_000_000 * 0.00014)
    assert base.cheaper_from == pytest.approx((730 * 20.0 + 2.0) / 0.00014)


def test_model_units_pay_from_the_volume_on_at_which_tokens_cost_as_much() -> None:
    found = savings(
        scores(model([5] * 50, CHEAP), base=model([10] * 50, CHEAP), haiku=model([1] * 50, DEAR)),
        FAMILIES,
        serving=Serving(usd_per_month=2.0, usd_per_hour=20.0),
        spent_usd=3.0,
    )

    paths = {(path.label, path.how): path for path in found.paths}
    assert all(path.usd_per_month is None for path in found.paths if path.how == "on_demand")
    assert paths["candidate", "provisioned"].cheaper_from == pytest.approx(730 * 20.0 / 0.00012)
    assert paths["base", "on_demand"].cheaper_from == pytest.approx(2.0 / 0.00002)
