"""`tunesmith resume` and `tunesmith promote`: another execution, or a reason why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.cli.fakes import RUN, Account, tunesmith
from tunesmith.ledger import CapacityKind, CapacityState, Step
from tunesmith.serving.capacity import NEVER, model_token

JOB = f"support-triage-{RUN}-1"
REPORT: dict[str, Any] = {"outcome": "promoted", "evaluation": None, "cost": None, "next_step": ""}


@pytest.fixture
def broken(account: Account) -> Account:
    """A run that broke behind its training; its model is kept."""
    account.admit()
    account.ledger.begin_step(RUN, Step.TRAIN, "2026-11-23T09:10:00Z")
    account.hold(CapacityKind.MODEL)
    account.bedrock.jobs[JOB] = "Completed"
    account.bedrock.models.add(f"arn:model/{JOB}")
    account.end("failed", "evaluation broke", "FAILED")
    return account


def test_a_run_that_broke_goes_on_in_a_second_execution(broken: Account) -> None:
    answer = tunesmith("resume", RUN)
    assert answer.code == 0
    assert answer.stdout == f"run {RUN}: from failed to execution {RUN}-2\n"
    assert broken.executions.started == [("pipeline-dev", f"{RUN}-2", {"run": RUN})]
    run = broken.ledger.run(RUN)
    assert (run.closed, run.outcome, run.attempt, run.by_hand) == ("", "", 2, "")
    assert broken.ledger.steps(RUN) == []


def test_what_a_resumed_run_holds_gets_another_lease(broken: Account) -> None:
    tunesmith("resume", RUN)
    (model,) = broken.ledger.capacity(RUN)
    assert model.expires == "2026-12-07T09:00:00Z"


def test_json_says_from_what_to_what(broken: Account) -> None:
    assert tunesmith("resume", RUN, "--json").json == {
        "run": RUN,
        "project": "support-triage",
        "from": "failed",
        "to": f"{RUN}-2",
    }


@pytest.mark.parametrize("outcome", ["refused", "over_budget"])
def test_a_run_whose_obstacle_may_be_gone_goes_on(account: Account, outcome: str) -> None:
    account.admit()
    account.end(outcome, "no price")
    assert tunesmith("resume", RUN).code == 0
    assert account.ledger.run(RUN).closed == ""


@pytest.mark.parametrize(
    ("outcome", "instead"),
    [
        ("promoted", "tunesmith rollback support-triage"),
        ("rejected", "change `seed`"),
        ("inconclusive", f"tunesmith promote {RUN}"),
        ("invalid", "mend the data"),
    ],
)
def test_a_run_that_is_over_for_good_is_not_resumed(account: Account, outcome: str, instead: str) -> None:
    account.admit()
    account.end(outcome)
    answer = tunesmith("resume", RUN)
    assert answer.code == 2
    assert instead in answer.stderr
    assert account.ledger.run(RUN).outcome == outcome
    assert account.executions.started == []


def test_a_failed_job_is_for_ever(broken: Account) -> None:
    broken.bedrock.jobs[JOB] = "Failed"
    answer = tunesmith("resume", RUN)
    assert answer.code == 2
    assert f"Bedrock has its job {JOB} as failed (records cannot be read)" in answer.stderr
    assert "change `seed` in the job file" in answer.stderr


def test_a_model_that_is_gone_cannot_be_adopted(broken: Account) -> None:
    broken.bedrock.models.clear()
    answer = tunesmith("resume", RUN)
    assert answer.code == 2
    assert "the model was deleted since" in answer.stderr


def test_a_run_at_work_is_not_resumed(account: Account) -> None:
    account.admit()
    answer = tunesmith("resume", RUN)
    assert answer.code == 2
    assert f"still at work in execution {RUN}-1" in answer.stderr
    assert f"tunesmith watch {RUN}" in answer.stderr


def test_a_run_whose_release_never_came_is_sent_to_the_reaper(account: Account) -> None:
    account.admit()
    account.executions.statuses[f"{RUN}-1"] = "TIMED_OUT"
    answer = tunesmith("resume", RUN)
    assert answer.code == 2
    assert "tunesmith capacity --reap" in answer.stderr


def test_a_resume_that_was_killed_half_way_is_made_good_by_another(broken: Account) -> None:
    broken.ledger.reopen_run(RUN)
    assert tunesmith("resume", RUN).code == 0
    assert [name for _, name, _ in broken.executions.started] == [f"{RUN}-2"]


# --- promote


def serves(account: Account, outcome: str = "promoted") -> None:
    """Let the pipeline's next execution end at once, with a champion where it promotes."""

    def play(_: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        account.ledger.close_run(RUN, outcome=outcome, reason="it is served", now="2026-11-24T09:00:00Z")
        account.put_report({**REPORT, "outcome": outcome}, closed="2026-11-24T09:00:00Z")
        if outcome == "promoted":
            account.crown()
        return "SUCCEEDED", {}

    account.executions.plays["pipeline-dev"] = play


@pytest.fixture
def undecided(account: Account) -> Account:
    """A run whose blind test could not tell; its model is kept."""
    account.admit()
    account.hold(CapacityKind.MODEL)
    account.put_report({**REPORT, "outcome": "inconclusive"})
    account.end("inconclusive", "the interval holds the minimum gain")
    return account


def test_a_person_puts_a_kept_model_into_service(undecided: Account) -> None:
    serves(undecided)
    answer = tunesmith("promote", RUN, typed="y\n")
    assert answer.code == 0
    assert "inconclusive: the interval holds the minimum gain" in answer.stderr
    assert f"champion of support-triage: from none to {JOB} (run {RUN})" in answer.stdout
    assert "by hand" in answer.stdout
    assert undecided.ledger.run(RUN).by_hand.startswith("promoted by hand by ")
    assert undecided.executions.started == [("pipeline-dev", f"{RUN}-2", {"run": RUN})]


def test_json_of_a_promotion_has_the_verdict_and_the_change(undecided: Account) -> None:
    undecided.admit("f" * 16)
    undecided.crown("f" * 16)
    serves(undecided)
    answer = tunesmith("promote", RUN, "--yes", "--json").json
    assert (answer["outcome"], answer["from"]["run"], answer["to"]["run"]) == ("promoted", "f" * 16, RUN)
    assert answer["from"]["arn"] == answer["to"]["arn"]


def test_a_promotion_that_is_not_confirmed_changes_nothing(undecided: Account) -> None:
    for typed, code in (("n\n", 1), ("", 2)):
        assert tunesmith("promote", RUN, typed=typed).code == code
    assert undecided.ledger.run(RUN).outcome == "inconclusive"
    assert undecided.executions.started == []


def test_a_promotion_that_ends_otherwise_says_so(undecided: Account) -> None:
    serves(undecided, outcome="rejected")
    answer = tunesmith("promote", RUN, "--yes")
    assert answer.code == 1
    assert "champion of support-triage: none, as before" in answer.stdout


def test_a_champion_is_not_promoted_again(undecided: Account) -> None:
    undecided.crown()
    answer = tunesmith("promote", RUN, "--yes")
    assert answer.code == 2
    assert "its model is the champion" in answer.stderr


def test_a_model_that_was_given_back_is_not_promoted(undecided: Account) -> None:
    undecided.ledger.release_capacity(RUN, model_token(1), "2026-11-30T10:00:00Z")
    answer = tunesmith("promote", RUN, "--yes")
    assert answer.code == 2
    assert "does not exist" in answer.stderr


def test_a_run_that_ended_before_training_is_not_promoted(account: Account) -> None:
    account.admit()
    account.end("over_budget")
    answer = tunesmith("promote", RUN, "--yes")
    assert answer.code == 2
    assert "over budget before training" in answer.stderr


def test_a_champion_before_keeps_its_lease_when_it_is_promoted_again(undecided: Account) -> None:
    undecided.ledger.update_capacity(RUN, model_token(1), expires=NEVER, state=CapacityState.OPEN)
    undecided.crown("f" * 16, previous=RUN)
    undecided.executions.plays["pipeline-dev"] = lambda _: ("RUNNING", {})
    undecided.ledger.update_run(RUN, outcome="promoted")
    assert tunesmith("resume", RUN).code == 2
    serves(undecided, outcome="rejected")
    tunesmith("promote", RUN, "--yes")
    assert [item.expires for item in undecided.ledger.capacity(RUN)] == [NEVER]


def chosen(account: Account, number: int) -> str:
    """Let the run have chosen the model of another job than the first; returns its name."""
    (first,) = (item for item in account.ledger.capacity(RUN) if item.kind is CapacityKind.MODEL)
    account.bedrock.models -= {first.name, first.arn}
    account.ledger.release_capacity(RUN, first.token, "2026-11-23T12:00:00Z")
    name = f"{first.name[:-1]}{number}"
    other = replace(first, token=model_token(number), name=name, arn=f"{first.arn[:-1]}{number}")
    account.ledger.enter_stray(other)
    account.bedrock.models |= {other.name, other.arn}
    account.ledger.update_run(RUN, chosen=number)
    return name


def test_the_model_that_was_chosen_is_promoted_and_not_the_first(undecided: Account) -> None:
    name = chosen(undecided, 2)
    serves(undecided, outcome="rejected")
    answer = tunesmith("promote", RUN, "--yes")
    assert name in answer.stderr
    assert answer.code == 1


def test_a_run_whose_other_job_failed_goes_on(broken: Account) -> None:
    broken.bedrock.jobs[JOB] = "Failed"
    chosen(broken, 2)
    assert tunesmith("resume", RUN).code == 0
