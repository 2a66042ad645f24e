"""The plan: what each way to find the length costs and takes, and what can be proven, before it is paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.tunesmith.cost.test_estimates import SPLIT
from tunesmith.catalogue import find_model
from tunesmith.cost import estimate_job, load_prices
from tunesmith.cost.plan import Plan, PolicyCost, plan_of
from tunesmith.job import parse_job
from tunesmith.reporting.plan_page import render_plan

REPORT: dict[str, Any] = {
    "split": SPLIT,
    "conflicts": {"labels": True, "ceiling": 0.93},
    "unproven_note": "",
}


def laid_out(text: str = "", *, model: str = "nova-micro", **changes: Any) -> Plan:
    body = f"project: p\nbase_model: {model}\ndata: t.jsonl\n{text}".encode()
    job, base, prices = parse_job(body, source="job.yaml"), find_model(model), load_prices()
    report = {**REPORT, **changes}
    return plan_of(job, base, estimate_job(job, base, report["split"], prices), report, prices)


def of(plan: Plan, policy: str) -> PolicyCost:
    return next(cost for cost in plan.policies if cost.policy == policy)


def test_every_policy_has_its_jobs_epochs_hours_and_cost() -> None:
    plan = laid_out("hyperparameters: {epochCount: 3}")
    extents = {one.policy: (one.jobs, one.epochs, one.hours) for one in plan.policies}
    assert extents == {
        "probe": ((1, 2), (3, 5), (2.5, 8.0)),
        "pair": ((2, 2), (5, 5), (2.5, 4.0)),
        "chain": ((2, 6), (2, 6), (5.0, 24.0)),
        "single": ((1, 1), (3, 3), (2.5, 4.0)),
    }
    assert plan.chosen.policy == "probe"
    single = of(plan, "single")
    assert (single.low_usd, single.high_usd) == (plan.estimate.low_usd, plan.estimate.high_usd)
    training = next(item for item in plan.estimate.items if item.what.startswith("training"))
    assert of(plan, "pair").low_usd == single.low_usd + training.low_usd * 2 / 3


def test_models_that_answer_validation_records_are_paid_for() -> None:
    plan = laid_out("hyperparameters: {epochCount: 3}")
    training = next(item for item in plan.estimate.items if item.what.startswith("training"))
    # Two models read 45,000 tokens and answer 100 times 256 at most.
    answers = 2 * (Decimal(45_000) * Decimal("0.000035") + 100 * 256 * Decimal("0.00014")) / 1000
    rerun = training.high_usd * 2 / 3
    assert of(plan, "probe").high_usd == pytest.approx(plan.estimate.high_usd + rerun + answers)


def test_where_a_model_gives_no_curve_a_probe_is_one_job_and_says_why() -> None:
    plan = laid_out(model="nova-2-lite")
    assert plan.chosen.policy == "pair"
    assert of(plan, "probe").jobs == (1, 1)
    assert "no validation curve" in of(plan, "probe").note


def test_findings_say_what_is_proven_reached_and_served() -> None:
    told = laid_out("evaluation: {expected_gain: 4}", unproven_note="250 are too few").findings()
    assert told[0].startswith("A blind test of 200 records proves a gain of ")
    assert "evaluation.expected_gain is 4: about " in told[0]
    assert told[1] == "250 are too few: the run is not promoted by itself."
    assert "at most 93.0% of exact matches" in told[2]
    assert "served on demand" in told[3]


def test_no_ceiling_is_told_where_nothing_contradicts() -> None:
    assert laid_out(conflicts={"labels": True, "ceiling": 1.0}).ceiling is None
    assert laid_out(conflicts={"labels": False, "ceiling": 0.5}).ceiling is None


def test_the_page_shows_what_the_plan_says_and_escapes_it() -> None:
    plan = laid_out()
    page = render_plan(plan.to_json(), project="<p>", run="0123456789abcdef", question="costs & more")
    assert "&lt;p&gt;" in page
    assert "costs &amp; more" in page
    assert "tunesmith approve 0123456789abcdef" in page
    assert page.count("<tr><th>") == 2 + len(plan.policies) + len(plan.estimate.items)
    assert "http://" not in page.replace("http://www.w3.org", "")
    quiet = render_plan(plan.to_json(), project="p", run="0123456789abcdef", question="")
    assert "tunesmith approve" not in quiet
