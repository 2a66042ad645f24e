"""`tunesmith capacity`: everything that costs by the hour or month, its sum, and how to be rid of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.fakes import RUN, Account, tunesmith
from tunesmith.ledger import CapacityKind, CapacityState
from tunesmith.serving.capacity import NEVER, SERVING_TOKEN, model_token


@pytest.fixture
def holding(account: Account) -> Account:
    """A closed run that holds a model and provisioned throughput."""
    account.admit()
    account.hold(CapacityKind.MODEL)
    account.hold(CapacityKind.THROUGHPUT, expires="2026-11-23T15:00:00Z", usd_per_hour="24")
    account.end("inconclusive")
    return account


def gives_back(account: Account, machine: str, *tokens: str, status: str = "SUCCEEDED") -> None:
    def play(_: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        for token in tokens:
            account.ledger.release_capacity(RUN, token, "2026-11-23T16:00:00Z")
        return status, {"cause": "deployment is in use"}

    account.executions.plays[machine] = play


def test_capacity_is_listed_with_price_and_end(holding: Account) -> None:
    answer = tunesmith("capacity", "--json")
    assert answer.code == 0
    throughput, model = answer.json["items"]
    assert (throughput["what"], throughput["usd_per_hour"], throughput["usd_per_month"]) == (
        "throughput", "24", "17520",
    )  # fmt: skip
    assert throughput["expires"] == "2026-11-23T15:00:00Z"
    assert (model["what"], model["run"], model["usd_per_month"]) == ("model", RUN, "1.95")
    assert answer.json["usd_per_month"] == "17521.95"


def test_a_person_sees_the_sum_and_what_stays(holding: Account) -> None:
    holding.ledger.update_capacity(RUN, model_token(1), expires=NEVER, purpose="champion")
    answer = tunesmith("capacity")
    rows = {line.split()[0]: line for line in answer.stdout.splitlines() if line}
    assert rows["model"].rstrip().endswith("stays")
    assert rows["throughput"].rstrip().endswith("2026-11-23 15:00 UTC")
    assert "$17,521.95 a month" in answer.stdout
    assert "the reaper comes every hour" in answer.stderr


def test_what_could_not_be_given_back_says_why(holding: Account) -> None:
    holding.ledger.update_capacity(RUN, SERVING_TOKEN, state=CapacityState.KEPT, problem="AccessDenied: no")
    assert "could not be given back: AccessDenied: no" in tunesmith("capacity").stderr


def test_nothing_held_is_no_error(account: Account) -> None:
    answer = tunesmith("capacity")
    assert (answer.code, answer.stdout) == (0, "")
    assert "nothing in dev is billed by the hour or month" in answer.stderr


def test_the_reaper_is_sent_by_hand(holding: Account) -> None:
    gives_back(holding, "reap-dev", SERVING_TOKEN)
    answer = tunesmith("capacity", "--reap", "--json")
    assert answer.code == 0
    assert f"given back: support-triage-{RUN}" in answer.stderr
    assert [item["what"] for item in answer.json["items"]] == ["model"]
    assert holding.executions.started == [("reap-dev", "by-hand-1", {})]


def test_a_closed_run_gives_back_what_it_holds(holding: Account) -> None:
    gives_back(holding, "release-dev", SERVING_TOKEN, model_token(1))
    answer = tunesmith("capacity", "--release", RUN)
    assert answer.code == 0
    assert holding.ledger.open_capacity() == []
    assert holding.executions.started == [("release-dev", f"{RUN}-by-hand-1", {"run": RUN})]


def test_what_is_released_by_hand_is_due_at_once(holding: Account) -> None:
    gives_back(holding, "release-dev", status="FAILED")
    answer = tunesmith("capacity", "--release", RUN)
    assert answer.code == 2
    assert "deployment is in use" in answer.stderr
    assert {item.expires for item in holding.ledger.open_capacity()} == {"2026-11-23T09:00:00Z"}


def test_what_serves_a_champion_is_not_released(holding: Account) -> None:
    for token in (model_token(1), SERVING_TOKEN):
        holding.ledger.update_capacity(RUN, token, expires=NEVER)
    answer = tunesmith("capacity", "--release", RUN)
    assert answer.code == 2
    assert "a champion's stays" in answer.stderr
    assert holding.executions.started == []


def test_a_run_at_work_gives_nothing_back(account: Account) -> None:
    account.admit()
    account.hold(CapacityKind.MODEL)
    answer = tunesmith("capacity", "--release", RUN)
    assert answer.code == 2
    assert "still at work" in answer.stderr
