"""Sweeps: one full-length round around the own setting, which stays unless another is proven better."""

from __future__ import annotations

import pytest

from tests.tunesmith.training.test_policies import curve
from tunesmith.catalogue import find_model
from tunesmith.job import Job, parse_job
from tunesmith.training.policies import Decision, Ended, JobPlan
from tunesmith.training.rounds import setting_of
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
    ended = [
        Ended(plan=plan, status=status, reason="it broke", validation=curve([0.5]))
        for plan, status in zip(plans, statuses, strict=True)
    ]
    setting = setting_of(job, MICRO, SPLIT)
    return next_of_sweep(plans, setting, ended, judged, seed=1)


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


def test_all_settings_are_trained_and_then_answer() -> None:
    plans = plans_of(swept_job())
    setting = setting_of(swept_job(), MICRO, SPLIT)

    first = next_of_sweep(plans, setting, [], {}, seed=1)

    assert (first.action, len(first.jobs)) == ("train", 3)
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
