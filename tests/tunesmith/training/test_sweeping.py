"""Sweeps: round by round around the own setting, which stays unless another is proven better."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.tunesmith.training.test_policies import curve
from tunesmith.catalogue import find_model
from tunesmith.job import Job, parse_job
from tunesmith.training.policies import Decision, Ended, JobPlan
from tunesmith.training.rounds import epochs_between, models_judged, setting_of
from tunesmith.training.sweeping import next_of_sweep, sweep_plans

MICRO = find_model("nova-micro")
SPLIT = {"train": {"records": 1_000}, "validation": {"records": 100}}


def swept_job(text: str = "sweep: {}") -> Job:
    body = f"project: p\nbase_model: nova-micro\ndata: t.jsonl\n{text}".encode()
    return parse_job(body, source="job.yaml")


def plans_of(job: Job) -> list[JobPlan]:
    assert job.sweep is not None
    return sweep_plans(MICRO, job.sweep, setting_of(job, MICRO, SPLIT))


def decided(judged: dict[int, dict[str, float]], statuses: tuple[str, ...] = ("Completed",) * 3) -> Decision:
    job = swept_job()
    plans = plans_of(job)
    ended = [completed(plan, status) for plan, status in zip(plans, statuses, strict=True)]
    return step_of(job, ended, judged)


def step_of(job: Job, ended: list[Ended], judged: dict[int, dict[str, float]], closed: str = "") -> Decision:
    assert job.sweep is not None
    setting = replace(setting_of(job, MICRO, SPLIT), closed=closed)
    return next_of_sweep(plans_of(job), job.sweep, setting, ended, judged, seed=1)


def completed(plan: JobPlan, status: str = "Completed") -> Ended:
    return Ended(plan=plan, status=status, reason="it broke", validation=curve([0.5]))


def answers(right: int) -> dict[str, float]:
    return {f"r{number:03d}": float(number < right) for number in range(100)}


def test_a_sweep_tries_a_third_of_the_rate_and_three_times_the_rate_at_full_length() -> None:
    plans = plans_of(swept_job("sweep: {}\nhyperparameters: {epochCount: 4}"))

    assert [plan.hyperparameters for plan in plans] == [
        {},
        {"learningRate": "0.00000333"},
        {"learningRate": "0.00003"},
    ]
    assert {plan.epochs for plan in plans} == {4}


def test_the_job_files_own_rate_is_the_default_and_the_range_is_kept() -> None:
    plans = plans_of(swept_job("sweep: {}\nhyperparameters: {learningRate: 0.00006}"))

    assert [plan.hyperparameters.get("learningRate") for plan in plans] == [None, "0.00002"]


def test_several_hyperparameters_are_spread_over_as_many_settings_as_asked() -> None:
    plans = plans_of(swept_job("sweep: {over: [learningRate, learningRateWarmupSteps], settings: 5}"))

    assert len(plans) == 5
    assert all(len(plan.hyperparameters) == 2 for plan in plans[1:])


def test_settings_are_trained_two_at_a_time_and_then_answer() -> None:
    job, plans = swept_job(), plans_of(swept_job())

    first = step_of(job, [], {})
    second = step_of(job, [completed(plan) for plan in first.jobs], {})

    assert (first.action, first.jobs) == ("train", tuple(plans[:2]))
    assert (second.action, second.jobs) == ("train", tuple(plans[2:]))
    assert decided({1: answers(50)}).numbers == (2, 3)
    assert decided({1: answers(50)}).action == "judge"


@pytest.mark.parametrize(("third", "kept"), [(50, 1), (54, 1), (90, 3)])
def test_the_default_stays_unless_another_setting_is_better_beyond_doubt(third: int, kept: int) -> None:
    decision = decided({1: answers(50), 2: answers(45), 3: answers(third)})

    assert (decision.action, decision.numbers) == ("keep", (kept,))
    assert "by luck" in decision.why


def test_a_setting_that_leaves_no_model_is_out_and_the_others_are_compared() -> None:
    decision = decided({1: answers(50), 2: answers(90)}, ("Completed", "Completed", "Stopped"))

    assert decision.numbers == (2,)


def test_without_the_default_the_best_of_the_others_is_kept() -> None:
    decision = decided({2: answers(40), 3: answers(80)}, ("Failed", "Completed", "Completed"))

    assert (decision.action, decision.numbers) == ("keep", (3,))


def test_a_sweep_that_leaves_no_model_at_all_fails() -> None:
    decision = decided({}, ("Failed", "Failed", "Stopped"))

    assert (decision.action, decision.error, decision.why) == ("fail", "JobStopped", "it broke")


def test_a_sweep_whose_time_is_over_chooses_among_what_it_trained() -> None:
    job = swept_job()
    ended = [completed(plan) for plan in plans_of(job)[:2]]
    judged = {1: answers(50), 2: answers(90)}

    decision = step_of(job, ended, judged, closed="the deadline is near")

    assert (decision.action, decision.numbers) == ("keep", (2,))
    assert decision.why.startswith("not all of the sweep is trained, since the deadline is near; setting 2")


# --- growing shares of the data

HALVED = "sweep: {over: [learningRate, learningRateWarmupSteps], settings: 5, data_shares: [0.25, 0.5, 1]}"
RIGHT = {1: 50, 2: 60, 3: 40, 4: 80, 5: 70}
"""Right answers by setting, whatever it is trained on."""


def halved(
    right: dict[int, int], failed: tuple[int, ...] = (), closed_after: int = 99
) -> tuple[list[Ended], Decision]:
    """Play a sweep on growing shares to its end; settings are named by their job in the first round."""
    job = swept_job(HALVED)
    setting = {str(plan.hyperparameters): plan.number for plan in plans_of(job)}
    ended: list[Ended] = []
    judged: dict[int, dict[str, float]] = {}
    while True:
        closed = "time is up" if len(ended) >= closed_after else ""
        decision = step_of(job, ended, judged, closed)
        if decision.action == "train":
            assert len(decision.jobs) <= 2
            ended += [
                completed(plan, "Failed" if plan.number in failed else "Completed") for plan in decision.jobs
            ]
        elif decision.action == "judge":
            trained = {one.plan.number: str(one.plan.hyperparameters) for one in ended}
            judged |= {number: answers(right[setting[trained[number]]]) for number in decision.numbers}
        else:
            return ended, decision


def test_the_better_half_goes_on_to_a_larger_share_and_the_default_always_does() -> None:
    ended, decision = halved(RIGHT)

    rounds = [[one.plan for one in ended if one.plan.round == number] for number in (1, 2, 3)]
    first = [str(plan.hyperparameters) for plan in rounds[0]]
    assert [[first.index(str(plan.hyperparameters)) + 1 for plan in plans] for plans in rounds] == [
        [1, 2, 3, 4, 5],
        [1, 4, 5],
        [1, 4],
    ]
    assert [{plan.data_share for plan in plans} for plans in rounds] == [{0.25}, {0.5}, {1.0}]
    assert [plan.number for plans in rounds for plan in plans] == list(range(1, 11))
    assert (decision.action, decision.numbers) == ("keep", (10,))


def test_the_bound_allows_for_all_settings_that_the_records_chose_among() -> None:
    right = {**RIGHT, 4: 0, 5: 0, 3: 0}
    narrow = next(gain for gain in range(50, 100) if halved({**right, 2: gain})[1].numbers == (10,))
    _, alone = halved({**right, 2: narrow - 1})

    assert alone.numbers == (9,)
    assert decided({1: answers(50), 2: answers(narrow - 1), 3: answers(0)}).numbers == (2,)


def test_what_all_jobs_read_is_what_the_estimate_counts() -> None:
    ended, _ = halved(RIGHT)
    job = swept_job(HALVED)
    split = {**SPLIT, "test": {"records": 200}}

    assert sum(one.plan.passes for one in ended) == epochs_between(job, MICRO, split)[1] == Decimal("14.25")
    assert len(ended) == models_judged(job, MICRO, split)[1]


@pytest.mark.parametrize(("closed_after", "kept"), [(2, 1), (5, 1), (8, 6)])
def test_where_time_is_up_before_the_full_share_the_default_of_the_largest_one_is_kept(
    closed_after: int, kept: int
) -> None:
    _, decision = halved(RIGHT, closed_after=closed_after)

    assert (decision.action, decision.numbers) == ("keep", (kept,))
    assert "since time is up" in decision.why


def test_without_the_default_the_others_go_on_and_the_best_is_kept() -> None:
    ended, decision = halved(RIGHT, failed=(1,))

    assert [one.plan.number for one in ended if one.plan.round == 3] == [9, 10]
    assert decision.numbers == (9,)


def test_where_the_default_fails_at_the_full_share_no_other_replaces_it_unproven() -> None:
    ended, decision = halved(RIGHT, failed=(9,))

    assert {one.plan.number: one.status for one in ended}[10] == "Completed"
    assert decision.numbers == (6,)
    assert "on 50% of the training records, is kept" in decision.why


def test_a_round_of_which_no_job_is_left_keeps_a_model_of_the_round_before() -> None:
    _, decision = halved(RIGHT, failed=(9, 10))

    assert decision.numbers == (6,)
