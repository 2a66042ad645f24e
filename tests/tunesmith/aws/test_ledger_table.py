"""The ledger: repeats change nothing, a closed run stays closed, open capacity is listed by its expiry."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tunesmith.aws import clients
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.errors import ChampionChangedError, RecordMissingError, RunClosedError, RunOpenError
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion, Run, Step

RUN = Run(
    run="0123456789abcdef",
    project="triage",
    created="2026-11-23T10:00:00Z",
    attempt=1,
    base_model="amazon.nova-micro-v1:0",
    job_sha256="ab",
    data={"train": {"bucket": "b", "key": "k", "version": "1", "sha256": "cd"}},
)
MODEL = Capacity(
    run=RUN.run,
    project="triage",
    token="model-1",
    kind=CapacityKind.MODEL,
    name="triage-0123456789abcdef-1",
    purpose="candidate",
    state=CapacityState.REQUESTED,
    since="2026-11-23T10:00:00Z",
    expires="2026-11-30T10:00:00Z",
    usd_per_month=Decimal("1.95"),
)

CHAMPION = Champion(
    project="triage",
    run=RUN.run,
    model_arn="arn:model",
    model_name=MODEL.name,
    arn="arn:deployment",
    base_model="amazon.nova-micro-v1:0",
    path="on_demand",
    capacity_name="triage-0123456789abcdef",
    capacity_run=RUN.run,
    since="2026-11-23T12:00:00Z",
    previous={"run": "f" * 16, "model_arn": "arn:old", "model_name": "old"},
)


def test_a_run_is_entered_once(ledger_table: LedgerTable) -> None:
    assert ledger_table.create_run(RUN) is True
    assert ledger_table.create_run(replace(RUN, base_model="another")) is False
    assert ledger_table.run(RUN.run) == RUN


def test_an_unknown_run_is_said_to_be_unknown(ledger_table: LedgerTable) -> None:
    with pytest.raises(RecordMissingError, match="no run 'nowhere'"):
        ledger_table.run("nowhere")


def test_the_first_outcome_of_a_run_stands(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    assert ledger_table.require_open(RUN.run) == RUN
    ledger_table.close_run(RUN.run, outcome="promoted", reason="better", now="2026-11-23T12:00:00Z")
    closed = ledger_table.close_run(RUN.run, outcome="failed", reason="late", now="2026-11-23T13:00:00Z")
    assert (closed.outcome, closed.reason, closed.closed) == ("promoted", "better", "2026-11-23T12:00:00Z")
    with pytest.raises(RunClosedError, match="promoted"):
        ledger_table.require_open(RUN.run)


def test_an_earlier_attempt_cannot_close_the_run_that_another_execution_goes_on_with(
    ledger_table: LedgerTable,
) -> None:
    ledger_table.create_run(RUN)
    ledger_table.close_run(RUN.run, outcome="failed", reason="broke", now="2026-11-23T12:00:00Z", attempt=1)
    ledger_table.reopen_run(RUN.run)
    found = ledger_table.close_run(
        RUN.run, outcome="failed", reason="late", now="2026-11-23T13:00:00Z", attempt=1
    )
    assert (found.attempt, found.closed, found.reason) == (2, "", "")
    now = ledger_table.close_run(
        RUN.run, outcome="rejected", reason="", now="2026-11-23T14:00:00Z", attempt=2
    )
    assert (now.outcome, now.closed) == ("rejected", "2026-11-23T14:00:00Z")


def test_a_run_that_is_opened_again_keeps_nothing_of_its_end_but_its_admission(
    ledger_table: LedgerTable,
) -> None:
    ledger_table.create_run(RUN)
    with pytest.raises(RunOpenError, match="0123456789abcdef-1"):
        ledger_table.reopen_run(RUN.run)
    for step in (Step.ADMIT, Step.TRAIN, Step.REPORT):
        ledger_table.begin_step(RUN.run, step, "2026-11-23T11:00:00Z")
    ledger_table.close_run(RUN.run, outcome="failed", reason="broke", now="2026-11-23T12:00:00Z")
    ledger_table.update_run(RUN.run, announced="failed")
    assert ledger_table.reopen_run(RUN.run, by_hand="for ana") == replace(RUN, attempt=2, by_hand="for ana")
    assert [step.step for step in ledger_table.steps(RUN.run)] == [Step.ADMIT]


def test_only_a_known_run_is_closed(ledger_table: LedgerTable) -> None:
    with pytest.raises(RecordMissingError):
        ledger_table.close_run("nowhere", outcome="failed", reason="", now="2026-11-23T12:00:00Z")


def test_runs_of_a_project_come_latest_first(ledger_table: LedgerTable) -> None:
    later = replace(RUN, run="f" * 16, created="2026-11-24T10:00:00Z")
    ledger_table.create_run(later)
    ledger_table.create_run(RUN)
    assert [run.run for run in ledger_table.runs("triage")] == [later.run, RUN.run]
    assert ledger_table.runs("another") == []


def test_steps_come_in_their_order_and_keep_their_first_start(ledger_table: LedgerTable) -> None:
    ledger_table.begin_step(RUN.run, Step.TRAIN, "2026-11-23T11:00:00Z", "Training")
    ledger_table.begin_step(RUN.run, Step.PREPARE, "2026-11-23T10:00:00Z", "Preparing", {"records": 10})
    ledger_table.begin_step(RUN.run, Step.TRAIN, "2026-11-23T12:00:00Z", "Trained", {"loss": 0.25})
    first, second = ledger_table.steps(RUN.run)
    assert (first.step, first.figures) == (Step.PREPARE, {"records": 10})
    assert (second.started, second.summary) == ("2026-11-23T11:00:00Z", "Trained")
    assert second.figures == {"loss": Decimal("0.25")}


def test_capacity_is_entered_once_and_a_repeat_adopts_it(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    assert ledger_table.enter_capacity(MODEL) == MODEL
    ledger_table.update_capacity(RUN.run, "model-1", arn="arn:model", state="open")
    adopted = ledger_table.enter_capacity(MODEL)
    assert (adopted.arn, adopted.state) == ("arn:model", CapacityState.OPEN)
    assert ledger_table.capacity(RUN.run) == [adopted]


def test_capacity_that_was_given_back_may_be_asked_for_again(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    ledger_table.enter_capacity(MODEL)
    ledger_table.release_capacity(RUN.run, "model-1", "2026-11-23T12:00:00Z")
    ledger_table.release_capacity(RUN.run, "model-1", "2026-11-23T13:00:00Z")
    assert [item.released for item in ledger_table.capacity(RUN.run)] == ["2026-11-23T12:00:00Z"]
    assert ledger_table.open_capacity() == []
    assert ledger_table.enter_capacity(MODEL) == MODEL
    assert ledger_table.capacity(RUN.run) == [MODEL]


def test_open_capacity_is_listed_by_expiry(ledger_table: LedgerTable) -> None:
    sooner = replace(MODEL, token="deployment", kind=CapacityKind.DEPLOYMENT, expires="2026-11-24T00:00:00Z")
    ledger_table.create_run(RUN)
    ledger_table.enter_capacity(MODEL)
    ledger_table.enter_capacity(sooner)
    assert ledger_table.open_capacity() == [sooner, MODEL]


def test_nothing_is_entered_for_a_run_that_was_closed_meanwhile(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    ledger_table.close_run(RUN.run, outcome="failed", reason="", now="2026-11-23T12:00:00Z")
    with pytest.raises(RunClosedError):
        ledger_table.enter_capacity(MODEL)
    assert ledger_table.capacity(RUN.run) == []


def test_what_turns_out_to_exist_after_its_release_is_listed_as_open_again(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    ledger_table.enter_capacity(MODEL)
    ledger_table.release_capacity(RUN.run, "model-1", "2026-11-23T12:00:00Z")
    ledger_table.update_capacity(RUN.run, "model-1", arn="arn:late", state="open")
    (found,) = ledger_table.open_capacity()
    assert (found.arn, found.state) == ("arn:late", CapacityState.OPEN)


def test_of_two_runs_that_saw_no_champion_one_is_refused(ledger_table: LedgerTable) -> None:
    ledger_table.put_champion(CHAMPION, replaces=None)
    with pytest.raises(ChampionChangedError, match="no longer absent"):
        ledger_table.put_champion(replace(CHAMPION, run="f" * 16), replaces=None)
    assert ledger_table.champion("triage") == CHAMPION


def test_a_closed_run_cannot_become_champion(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    ledger_table.close_run(RUN.run, outcome="failed", reason="", now="2026-11-23T12:00:00Z")
    with pytest.raises(ChampionChangedError, match="was closed"):
        ledger_table.put_champion(CHAMPION, replaces=None, only_while_open=RUN.run)
    assert ledger_table.champion("triage") is None


def test_a_run_is_opened_again_for_another_execution_and_only_when_closed(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    with pytest.raises(RunOpenError, match=f"{RUN.run}-1"):
        ledger_table.reopen_run(RUN.run)
    ledger_table.close_run(RUN.run, outcome="failed", reason="lost", now="2026-11-23T12:00:00Z")
    again = ledger_table.reopen_run(RUN.run, by_hand="asked for")
    assert (again.attempt, again.closed, again.outcome, again.by_hand) == (2, "", "", "asked for")


def test_a_run_whose_listing_was_lost_is_listed_by_the_next_delivery(ledger_table: LedgerTable) -> None:
    ledger_table.create_run(RUN)
    clients.dynamodb().delete_item(
        TableName="ledger",
        Key={"pk": {"S": "PROJECT#triage"}, "sk": {"S": f"RUN#{RUN.created}#{RUN.run}"}},
    )
    assert ledger_table.runs("triage") == []
    assert ledger_table.create_run(replace(RUN, created="2026-11-25T10:00:00Z")) is False
    assert ledger_table.runs("triage") == [RUN]


def test_a_champion_is_written_read_and_taken_out(ledger_table: LedgerTable) -> None:
    assert ledger_table.champion("triage") is None
    ledger_table.put_champion(CHAMPION, replaces=None)
    assert ledger_table.champion("triage") == CHAMPION
    ledger_table.delete_champion("triage")
    assert ledger_table.champion("triage") is None
