"""The plan: what each way to find the length costs and takes, and what can be proven, before it is paid."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.tunesmith.cost.test_estimates import HOURLY, REWARDED, SPLIT
from tunesmith.catalogue import find_model
from tunesmith.cost import Estimate, estimate_job, load_prices
from tunesmith.cost.answers import CHOICE
from tunesmith.cost.plan import Plan, PolicyCost, plan_of
from tunesmith.errors import UnknownPriceError
from tunesmith.evaluation.tasks import named
from tunesmith.job import Job, parse_job
from tunesmith.reporting.plan_page import render_plan

REPORT: dict[str, Any] = {
    "split": SPLIT,
    "conflicts": {"labels": True, "ceiling": 0.93},
    "unproven_note": "",
    "task": named("exact_match").to_json(),
}


def laid_out(text: str = "", *, model: str = "nova-micro", **changes: Any) -> Plan:
    body = f"project: p\nbase_model: {model}\ndata: t.jsonl\n{text}".encode()
    job, base, prices = read_job(body), find_model(model), load_prices()
    report = {**REPORT, **changes}
    return plan_of(job, base, report, partial(estimate_job, model=base, split=report["split"], prices=prices))


def read_job(body: bytes) -> Job:
    return parse_job(body, source="job.yaml").measured_by("exact_match")


def chosen(plan: Plan) -> PolicyCost:
    assert plan.chosen is not None
    return plan.chosen


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
    assert chosen(plan).policy == "probe"
    single = of(plan, "single")
    probe, pair = of(plan, "probe"), of(plan, "pair")
    assert (probe.low_usd, probe.high_usd) == (plan.estimate.low_usd, plan.estimate.high_usd)
    assert single.high_usd < pair.high_usd <= probe.high_usd
    assert single.low_usd == probe.low_usd < pair.low_usd


def test_a_reinforcement_is_one_job_whose_hours_are_forecast_behind_a_queue() -> None:
    text = b"project: p\nbase_model: nova-2-lite\ndata: t.jsonl" + REWARDED.encode()
    job, prices = read_job(text), load_prices(HOURLY)
    plan = plan_of(job, job.model, REPORT, partial(estimate_job, model=job.model, split=SPLIT, prices=prices))
    assert {(one.jobs, one.epochs, one.hours) for one in plan.policies} == {((1, 1), (2, 2), (0.8, 11.5))}
    assert (chosen(plan).policy, chosen(plan).note) == ("single", "")
    assert "billed by the hour" in of(plan, "pair").note


def test_models_that_answer_validation_records_are_paid_for() -> None:
    text = "hyperparameters: {epochCount: 1}\nstopping: {policy: %s}"
    chain, single = (laid_out(text % policy).estimate for policy in ("chain", "single"))
    named = {item.what for item in chain.items} - {item.what for item in single.items}
    assert len([what for what in named if what.startswith("choice, ")]) == 2


def test_a_sweep_stands_beside_the_policies_that_it_takes_the_place_of() -> None:
    plan = laid_out("hyperparameters: {epochCount: 2}\nsweep: {}")
    assert chosen(plan).in_a_row == (2, 3)
    assert (chosen(plan).policy, chosen(plan).jobs, chosen(plan).epochs) == ("sweep", (3, 3), (6, 6))
    assert [one.policy for one in plan.policies] == ["sweep", "probe", "pair", "chain", "single"]
    assert of(plan, "single").high_usd < chosen(plan).high_usd == plan.estimate.high_usd


def test_a_sweep_on_growing_shares_has_all_its_rounds_jobs_hours_and_answers() -> None:
    asked = "hyperparameters: {epochCount: 2}\nsweep: {%s}"
    halved, whole = (laid_out(asked % text) for text in ("data_shares: [0.25, 0.5, 1]", ""))
    # Three settings on a quarter in two pairs, two on half and two on all in one each.
    assert (chosen(halved).jobs, chosen(halved).in_a_row, chosen(halved).epochs) == (
        (7, 7),
        (4, 7),
        (7.5, 7.5),
    )
    assert chosen(halved).hours == (4 * 2.5, 7 * 4.0)
    assert "3 on 25% of the records, then 2 on 50% of the records, then 2 on 100%" in chosen(halved).note
    answered = [
        {item.what: item.quantity for item in plan.estimate.items}[CHOICE[0]] for plan in (halved, whole)
    ]
    assert answered[0] * 3 == answered[1] * 7
    page = render_plan(
        json.loads(json.dumps(halved.to_json(), default=str)), project="p", run="r", question=""
    )
    assert "7.5" in page
    assert "10 to 28 hours" in page


def test_a_way_that_cannot_be_priced_is_left_out() -> None:
    text = "stopping: {policy: single}\nserving: {path: provisioned}"
    prices = load_prices(
        b"prices: [{model: amazon.nova-lite-v1:0, item: training, usd: 1, per: 1K tokens, source: s,"
        b" date: 2026-11-01}, {model: amazon.nova-lite-v1:0, item: provisioned_hour, usd: 1, per: hour,"
        b" source: s, date: 2026-11-01}]"
    )
    job = read_job(f"project: p\nbase_model: nova-lite\ndata: t.jsonl\n{text}".encode())
    base = find_model("nova-lite")

    def price(other: Job) -> Estimate:
        if other.stopping.policy == "pair":
            raise UnknownPriceError("no price for answers")
        return estimate_job(other, base, SPLIT, prices)

    assert [one.policy for one in plan_of(job, base, REPORT, price).policies] == ["probe", "chain", "single"]


def test_where_a_model_gives_no_curve_a_probe_is_one_job_and_says_why() -> None:
    plan = laid_out(model="nova-2-lite")
    assert chosen(plan).policy == "pair"
    assert of(plan, "probe").jobs == (1, 1)
    assert "no validation curve" in of(plan, "probe").note


def test_findings_say_what_is_proven_reached_and_served() -> None:
    told = laid_out("evaluation: {expected_gain: 4}", unproven_note="250 are too few").findings()
    assert told.pop(0) == "Answers are measured by exact match: the job file names it."
    assert told[0].startswith("A blind test of 200 records proves a gain of ")
    assert "evaluation.expected_gain is 4: about " in told[0]
    assert told[1] == "250 are too few: the run is not promoted by itself."
    assert "at most 93.0% of exact matches" in told[2]
    assert "served on demand" in told[3]
    assert told[4].startswith("Each model answers 100 blind records twice, for $0.0143 of the estimate")
    assert len(laid_out("evaluation: {noise_records: 0}").findings()) < len(laid_out().findings())


def test_hours_that_the_deadline_may_not_hold_are_told_before_anything_is_paid() -> None:
    told = " ".join(laid_out("training: {deadline_hours: 5}").findings())

    assert "training.deadline_hours allows 5: a job that runs past it is stopped, billed" in told
    assert "deadline_hours" not in " ".join(laid_out("training: {deadline_hours: 240}").findings())


def test_no_ceiling_is_told_where_nothing_contradicts() -> None:
    assert laid_out(conflicts={"labels": True, "ceiling": 1.0}).ceiling is None
    assert laid_out(conflicts={"labels": False, "ceiling": 0.5}).ceiling is None


def test_the_page_shows_what_the_plan_says_and_escapes_it() -> None:
    plan = laid_out()
    page = render_plan(plan.to_json(), project="<p>", run="0123456789abcdef", question="costs & more")
    assert "&lt;p&gt;" in page
    assert "Costs &amp; more. Answer with" in page
    # The tile and the sentence come from two places, and speak of the same chance.
    assert page.count("in five of six cases") == 2
    assert "tunesmith approve 0123456789abcdef" in page
    assert page.count("<tr><th>") == 2 + len(plan.policies) + len(plan.estimate.items)
    assert "http://" not in page.replace("http://www.w3.org", "")
    quiet = render_plan(plan.to_json(), project="p", run="0123456789abcdef", question="")
    assert "tunesmith approve" not in quiet


def test_a_question_whether_to_tune_has_no_policies_and_tells_what_tuning_would_cost() -> None:
    plan = laid_out("kind: advise")
    assert (plan.policies, plan.chosen, plan.most_usd) == ((), None, plan.estimate.high_usd)
    [told] = [sentence for sentence in plan.findings() if "Nothing is trained" in sentence]
    assert f"A run that tunes would then cost {laid_out().estimate.summary()}." in told
    assert not any("is served" in sentence for sentence in plan.findings())
    page = render_plan(plan.to_json(), project="p", run="0123456789abcdef", question="")
    assert "nothing is trained" in page
    assert "Ways to find the length" not in page
