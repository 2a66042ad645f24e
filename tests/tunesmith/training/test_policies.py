"""Policies: which jobs follow on what is known, and which model is kept, for every way that it may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tunesmith.catalogue import find_model
from tunesmith.job import parse_job
from tunesmith.training.metrics import LossPoint
from tunesmith.training.policies import (
    MOST_STAGES,
    REFUSED,
    Decision,
    Ended,
    JobPlan,
    Policy,
    Setting,
    next_step,
    total_epochs,
)
from tunesmith.training.rounds import setting_of

OVERFITTING = (1.0, 0.7, 0.6, 0.75, 0.9)
IMPROVING = (1.0, 0.8, 0.7, 0.65, 0.6)
NEARLY_FLAT = (1.0, 0.7, 0.600, 0.605, 0.61)


def setting(policy: Policy, **changes: object) -> Setting:
    given = Setting(policy=policy, epochs=5, has_curve=True, judges=False, warm_up="learningRateWarmupSteps")
    return replace(given, **changes)  # type: ignore[arg-type]


def curve(losses: Sequence[float]) -> list[LossPoint]:
    return [LossPoint(10 * epoch + 9, epoch, loss) for epoch, loss in enumerate(losses)]


def ended(plan: JobPlan, losses: Sequence[float] = (), status: str = "Completed", reason: str = "") -> Ended:
    return Ended(plan=plan, status=status, reason=reason, validation=curve(losses))


def played(
    given: Setting,
    results: Mapping[int, Ended | Sequence[float]],
    judged: Mapping[int, Mapping[str, float]] | None = None,
) -> tuple[list[JobPlan], Decision]:
    """Go from round to round, each job ending as `results` say; returns the jobs and the last decision."""
    over: list[Ended] = []
    while True:
        decision = next_step(given, over, judged or {})
        if decision.action != "train":
            return [one.plan for one in over], decision
        for plan in decision.jobs:
            found = results[plan.number]
            over.append(replace(found, plan=plan) if isinstance(found, Ended) else ended(plan, found))


def failed(status: str, reason: str = "no reason") -> Ended:
    return Ended(plan=JobPlan(number=0, purpose="single", epochs=1, why=""), status=status, reason=reason)


def test_a_probe_that_overfits_is_followed_by_one_job_of_the_best_length() -> None:
    jobs, decision = played(setting("probe"), {1: OVERFITTING, 2: (1.0, 0.7, 0.58)})

    assert [(job.purpose, job.epochs) for job in jobs] == [("probe", 5), ("rerun", 3)]
    assert (decision.action, decision.numbers) == ("keep", (2,))


def test_the_better_of_probe_and_rerun_is_kept_even_where_that_is_the_probe() -> None:
    _, decision = played(setting("probe"), {1: OVERFITTING, 2: (1.4, 1.2, 1.1)})

    assert decision.numbers == (1,)


@pytest.mark.parametrize("losses", [IMPROVING, NEARLY_FLAT, (0.7,), ()])
def test_there_is_no_rerun_where_it_would_not_matter_or_nothing_is_known(losses: Sequence[float]) -> None:
    jobs, decision = played(setting("probe"), {1: losses})

    assert len(jobs) == 1
    assert (decision.action, decision.numbers) == ("keep", (1,))
    assert decision.why.startswith("no rerun: ")


def test_a_probe_without_validation_data_is_a_single_job_that_says_so() -> None:
    jobs, decision = played(setting("probe", has_curve=False), {1: ()})

    assert [job.purpose for job in jobs] == ["single"]
    assert "validation curve" in jobs[0].why
    assert decision.numbers == (1,)


def test_a_rerun_that_fails_leaves_the_probe() -> None:
    _, decision = played(setting("probe"), {1: OVERFITTING, 2: failed("Failed")})

    assert (decision.action, decision.numbers) == ("keep", (1,))


def test_a_rerun_does_not_begin_once_the_budget_or_the_time_is_used_up() -> None:
    job = JobPlan(number=1, purpose="probe", epochs=5, why="")

    decision = next_step(setting("probe", closed="the money is gone"), [ended(job, OVERFITTING)], {})

    assert (decision.action, decision.numbers) == ("keep", (1,))
    assert decision.why.endswith("not done, since the money is gone")


def test_a_pair_runs_both_lengths_at_once_and_is_judged_by_answers() -> None:
    given = setting("pair", has_curve=False, judges=True)

    jobs, decision = played(given, {1: (), 2: ()})
    right = {f"r{n}": 1.0 for n in range(50)}
    worse = {f"r{n}": float(n % 2) for n in range(50)}
    _, chosen = played(given, {1: (), 2: ()}, {1: right, 2: worse})

    assert [(job.epochs, job.purpose) for job in jobs] == [(5, "pair"), (3, "pair")]
    assert (decision.action, decision.numbers) == ("judge", (1, 2))
    assert (chosen.action, chosen.numbers) == ("keep", (1,))


def test_within_one_standard_error_the_shorter_one_is_kept() -> None:
    given = setting("pair", has_curve=False, judges=True)
    longer = {f"r{n}": float(n < 41) for n in range(50)}
    shorter = {f"r{n}": float(n < 40) for n in range(50)}

    _, decision = played(given, {1: (), 2: ()}, {1: longer, 2: shorter})

    assert decision.numbers == (2,)
    assert "one standard error" in decision.why


def test_records_that_one_model_lost_count_for_none() -> None:
    given = setting("pair", has_curve=False, judges=True)
    first = {f"r{n}": 1.0 for n in range(40)}
    second = {f"r{n}": 1.0 for n in range(30)} | {f"x{n}": 0.0 for n in range(9)}

    _, decision = played(given, {1: (), 2: ()}, {1: first, 2: second})

    assert "30 validation records" in decision.why
    assert decision.numbers == (2,)


def test_a_pair_without_answers_to_go_by_is_one_job() -> None:
    jobs, decision = played(setting("pair", has_curve=False), {1: ()})

    assert [job.purpose for job in jobs] == ["single"]
    assert decision.numbers == (1,)


def test_a_chain_stops_after_the_turn_and_keeps_the_best() -> None:
    losses = (1.0, 0.7, 0.6, 0.66, 0.1)

    jobs, decision = played(setting("chain"), {number: (loss,) for number, loss in enumerate(losses, 1)})

    assert [(job.number, job.parent, job.epochs) for job in jobs] == [
        (1, 0, 1),
        (2, 1, 1),
        (3, 2, 1),
        (4, 3, 1),
    ]
    assert [job.hyperparameters for job in jobs] == [{}] + 3 * [{"learningRateWarmupSteps": 0}]
    assert (decision.action, decision.numbers) == ("keep", (3,))


def test_a_chain_that_never_turns_ends_all_the_same() -> None:
    jobs, decision = played(setting("chain"), {n: (1 / n,) for n in range(1, 20)})

    assert len(jobs) == MOST_STAGES
    assert decision.numbers == (MOST_STAGES,)


def test_a_chain_that_the_account_refuses_falls_back_to_a_probe() -> None:
    jobs, decision = played(
        setting("chain"), {1: (1.0,), 2: failed(REFUSED, "no custom base"), 3: OVERFITTING, 4: (1, 0.7, 0.6)}
    )

    assert [job.purpose for job in jobs] == ["chain", "chain", "probe", "rerun"]
    assert "no custom base" in jobs[2].why
    assert decision.numbers == (4,)


def test_a_later_stage_that_is_refused_ends_the_chain_with_the_best_that_there_is() -> None:
    refused = failed(REFUSED, "AccessDeniedException: not now")

    jobs, decision = played(setting("chain"), {1: (1.0,), 2: (0.8,), 3: (0.7,), 4: refused})

    assert [job.purpose for job in jobs] == ["chain"] * 4
    assert decision.numbers == (3,)


def test_an_account_that_is_full_says_nothing_of_custom_models_as_a_base() -> None:
    full = failed(REFUSED, "Bedrock.ServiceQuotaExceededException: too many jobs")

    jobs, decision = played(setting("chain"), {1: (1.0,), 2: full})

    assert [job.purpose for job in jobs] == ["chain", "chain"]
    assert decision.numbers == (1,)


def test_a_chain_without_losses_to_compare_ends_with_what_there_is() -> None:
    jobs, decision = played(setting("chain"), {1: (1.0,), 2: ()})

    assert (len(jobs), decision.numbers) == (2, (1,))


def test_epochs_of_a_stage_count_those_of_its_parents() -> None:
    plans = [JobPlan(number=n, purpose="chain", epochs=1, why="", parent=n - 1) for n in (1, 2, 3)]

    assert total_epochs(3, [ended(plan) for plan in plans]) == 3


def test_a_chain_whose_loss_is_no_number_ends_and_says_so() -> None:
    _, decision = played(setting("chain"), {1: (1.0,), 2: (float("nan"),)})

    assert decision.numbers == (1,)
    assert "job 2 left a validation loss that is no number" in told_of(
        setting("chain"), (1.0,), (float("nan"),)
    )


def told_of(given: Setting, *losses: Sequence[float]) -> str:
    """Say why a chain of these stages ends; models answer, so that the reason is told with the question."""
    plans = [
        JobPlan(number=n, purpose="chain", epochs=1, why="", parent=n - 1) for n in range(1, len(losses) + 1)
    ]
    over = [ended(plan, found) for plan, found in zip(plans, losses, strict=True)]
    return next_step(replace(given, judges=True), over, {}).why


@pytest.mark.parametrize(("validation", "stops"), [(50, True), (0, False)])
def test_bedrock_stops_no_job_by_itself_that_has_no_validation_records(validation: int, stops: bool) -> None:
    body = b"project: p\nbase_model: claude-3-haiku\ndata: t.jsonl\n"
    split = {"train": {"records": 400}, "validation": {"records": validation}}

    found = setting_of(parse_job(body, source="job.yaml"), find_model("claude-3-haiku"), split)

    assert found.stops_by_itself is stops


def test_a_model_whose_jobs_bedrock_stops_is_trained_once() -> None:
    jobs, _ = played(setting("probe", stops_by_itself=True), {1: OVERFITTING})

    assert len(jobs) == 1
    assert "by itself" in jobs[0].why


@pytest.mark.parametrize(
    ("status", "error"), [("Failed", "JobFailed"), ("Stopped", "JobStopped"), (REFUSED, "JobRefused")]
)
def test_without_any_model_training_fails_with_the_reason(status: str, error: str) -> None:
    _, decision = played(setting("probe"), {1: failed(status, "it is broken")})

    assert (decision.action, decision.error, decision.why) == ("fail", error, "it is broken")


def test_a_loss_that_is_no_number_never_wins() -> None:
    given = setting("pair", judges=True)

    _, decision = played(given, {1: (float("nan"),), 2: (0.9,)}, {1: {}, 2: {}})

    assert decision.numbers == (2,)
