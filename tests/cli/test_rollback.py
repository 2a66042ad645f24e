"""`tunesmith rollback`: the champion before comes back through the serve machine, or nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.fakes import RUN, Account, tunesmith
from tunesmith.ledger import CapacityKind

BEFORE = "f" * 16
MODEL = f"arn:model/support-triage-{BEFORE}-1"


@pytest.fixture
def two_champions(account: Account) -> Account:
    """A champion, and the one before it."""
    for run in (BEFORE, RUN):
        account.admit(run)
        account.hold(CapacityKind.MODEL, run=run)
        account.end("promoted", run=run)
    account.bedrock.models.add(MODEL)
    account.crown(RUN, previous=BEFORE)
    return account


def serves(account: Account, status: str = "SUCCEEDED", **output: Any) -> None:
    def play(_: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if status == "SUCCEEDED" and output["outcome"] == "promoted":
            account.crown(BEFORE, previous=RUN)
        return status, output

    account.executions.plays["serve-dev"] = play


def test_the_champion_before_comes_back_behind_the_same_arn(two_champions: Account) -> None:
    serves(two_champions, outcome="promoted", reason="it takes the place")
    answer = tunesmith("rollback", "support-triage", typed="y\n")
    assert answer.code == 0
    assert f"from support-triage-{RUN}-1 (run {RUN}) to support-triage-{BEFORE}-1" in answer.stdout
    assert "callers keep their ARN" in answer.stdout
    assert two_champions.executions.started == [
        ("serve-dev", f"{BEFORE}-rollback-1", {"run": BEFORE, "by_hand": "rollback"})
    ]


def test_every_rollback_has_a_name_of_its_own(two_champions: Account) -> None:
    serves(two_champions, outcome="promoted", reason="it takes the place")
    for _ in range(2):
        tunesmith("rollback", "support-triage", "--yes")
        two_champions.ledger.delete_champion("support-triage")
        two_champions.crown(RUN, previous=BEFORE)
    assert [name for _, name, _ in two_champions.executions.started] == [
        f"{BEFORE}-rollback-1",
        f"{BEFORE}-rollback-2",
    ]


def test_json_says_from_what_to_what(two_champions: Account) -> None:
    serves(two_champions, outcome="promoted", reason="it takes the place")
    answer = tunesmith("rollback", "support-triage", "--yes", "--json").json
    assert (answer["from"]["run"], answer["to"]["run"]) == (RUN, BEFORE)
    assert answer["reason"] == "it takes the place"


def test_a_model_that_does_not_answer_leaves_all_as_it_is(two_champions: Account) -> None:
    serves(two_champions, outcome="rejected", reason="no answer to 3 of 3 records")
    answer = tunesmith("rollback", "support-triage", "--yes")
    assert answer.code == 1
    assert "not rolled back: no answer to 3 of 3 records" in answer.stderr
    assert "as before" in answer.stdout


def test_a_rollback_that_broke_says_how(two_champions: Account) -> None:
    serves(two_champions, status="FAILED", cause="The champion is what it was before: swap failed")
    answer = tunesmith("rollback", "support-triage", "--yes")
    assert answer.code == 2
    assert "swap failed" in answer.stderr


def test_a_project_without_a_champion_has_nothing_to_roll_back(account: Account) -> None:
    answer = tunesmith("rollback", "support-triage", "--yes")
    assert answer.code == 2
    assert "has no champion" in answer.stderr


def test_the_first_champion_has_none_before_it(account: Account) -> None:
    account.crown()
    answer = tunesmith("rollback", "support-triage", "--yes")
    assert answer.code == 2
    assert "is the first champion" in answer.stderr


def test_a_model_that_is_gone_does_not_come_back(two_champions: Account) -> None:
    two_champions.bedrock.models.clear()
    answer = tunesmith("rollback", "support-triage", "--yes")
    assert answer.code == 2
    assert "does not exist any more" in answer.stderr
    assert two_champions.executions.started == []


def test_a_model_of_another_base_needs_capacity_of_its_own(two_champions: Account) -> None:
    champion = two_champions.ledger.champion("support-triage")
    assert champion is not None
    other = {"base_model": "amazon.nova-lite-v1:0", "arn": "arn:deployment/other", "capacity_run": RUN}
    two_champions.ledger.delete_champion("support-triage")
    two_champions.ledger.put_champion(type(champion)(**{**vars(champion), **other}), replaces=None)
    answer = tunesmith("rollback", "support-triage", "--yes")
    assert answer.code == 2
    assert f"tunesmith promote {BEFORE}" in answer.stderr
    assert two_champions.executions.started == []
