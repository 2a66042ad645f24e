"""`tunesmith approve` and `tunesmith deny`: the answer wakes the pipeline, and is kept."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.cli.fakes import RUN, Account, tunesmith
from tunesmith.ledger import Approval

QUESTION = Approval(
    run=RUN,
    token="task-token",
    asked="2026-11-23T09:10:00Z",
    deadline="2026-11-24T09:10:00Z",
    question="the run may cost up to $60.00",
    usd=Decimal(60),
)


class Waiting:
    """Step Functions as far as it wakes tasks."""

    class exceptions:  # noqa: N801 (boto3's name)
        class TaskTimedOut(Exception): ...  # noqa: N818

        class TaskDoesNotExist(Exception): ...  # noqa: N818

        class InvalidToken(Exception): ...  # noqa: N818

    def __init__(self, *, waits: bool = True) -> None:
        self.waits = waits
        self.woken: list[tuple[str, Any]] = []

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803
        if not self.waits:
            raise self.exceptions.TaskTimedOut
        self.woken.append((taskToken, json.loads(output)))


@pytest.fixture
def waiting(account: Account, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    account.admit()
    account.ledger.ask_approval(QUESTION)
    waiting = Waiting()
    monkeypatch.setattr("tunesmith.aws.clients.stepfunctions", lambda: waiting)
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    return waiting


@pytest.mark.parametrize(("command", "answer"), [("approve", "approved"), ("deny", "denied")])
def test_an_answer_wakes_the_pipeline_and_is_kept(
    waiting: Waiting, account: Account, command: str, answer: str
) -> None:
    told = tunesmith(command, RUN, "--json")

    assert told.code == 0
    assert told.json == {"run": RUN, "project": "support-triage", "from": "waiting", "to": answer, "usd": 60}
    assert waiting.woken == [("task-token", {"approved": answer == "approved", "by": "ada"})]
    kept = account.ledger.approval(RUN)
    assert kept is not None
    assert (kept.answer, kept.by) == (answer, "ada")


def test_a_question_is_answered_once(waiting: Waiting) -> None:
    tunesmith("approve", RUN)
    again = tunesmith("deny", RUN)

    assert again.code == 2
    assert f"run {RUN} was approved by ada" in again.stderr
    assert len(waiting.woken) == 1


def test_an_answer_that_comes_too_late_says_so(waiting: Waiting, account: Account) -> None:
    waiting.waits = False
    told = tunesmith("approve", RUN)

    assert told.code == 2
    assert "the time for an answer was over at 2026-11-24T09:10:00Z" in told.stderr
    assert "tunesmith resume" in told.stderr
    kept = account.ledger.approval(RUN)
    assert kept is not None
    assert kept.answer == ""


def test_a_run_that_asks_nothing_cannot_be_answered(account: Account) -> None:
    account.admit()
    told = tunesmith("approve", RUN)
    assert told.code == 2
    assert f"run {RUN} asks nothing" in told.stderr
    account.end("rejected")
    assert "it ended as rejected" in tunesmith("deny", RUN).stderr
