"""`tunesmith report` and `tunesmith runs`: what lies in S3 and in the ledger, shown."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from tests.cli.fakes import RUN, Account, tunesmith
from tunesmith.ledger import Step


def test_a_report_is_downloaded_and_its_path_printed(account: Account) -> None:
    account.admit()
    account.put_report({"outcome": "promoted"})
    answer = tunesmith("report", RUN)
    assert answer.code == 0
    assert answer.stdout == f".tunesmith/reports/{RUN}.html\n"
    assert Path(answer.stdout.strip()).read_text().startswith("<!doctype html>")


def test_a_report_is_opened_where_that_is_asked_for(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    account.admit()
    account.put_report({"outcome": "promoted"})
    assert tunesmith("report", RUN, "--open").code == 0
    assert [url.rsplit("/", 1)[1] for url in opened] == [f"{RUN}.html"]
    assert opened[0].startswith("file:///")


def test_json_is_the_report_document(account: Account) -> None:
    account.admit()
    account.put_report({"outcome": "promoted", "schema": 1})
    told = tunesmith("report", RUN, "--json").json
    assert (told["outcome"], told["schema"]) == ("promoted", 1)


def test_an_open_run_has_no_report_yet(account: Account) -> None:
    account.admit()
    answer = tunesmith("report", RUN)
    assert answer.code == 2
    assert f"run {RUN} has no report yet" in answer.stderr
    assert f"tunesmith watch {RUN}" in answer.stderr


def test_an_unknown_run_is_told(account: Account) -> None:
    answer = tunesmith("report", "f" * 16)
    assert answer.code == 2
    assert "tunesmith runs" in answer.stderr


@pytest.fixture
def two_runs(account: Account) -> Account:
    for run, project, hour in ((RUN, "support-triage", "09"), ("f" * 16, "banking77", "10")):
        account.datasets.write(f"datasets/{project}/job.yaml", b"")
        account.admit(run, project, f"2026-11-23T{hour}:00:00Z")
    account.ledger.begin_step(RUN, Step.DECIDE, "2026-11-23T09:40:00Z", "too small", {"gain": 1.5})
    account.ledger.begin_step(RUN, Step.RELEASE, "2026-11-23T09:41:00Z", "nothing to give back")
    account.end("inconclusive", "too small")
    return account


def test_runs_are_listed_latest_first_with_where_they_stand(two_runs: Account) -> None:
    two_runs.ledger.begin_step("f" * 16, Step.TRAIN, "2026-11-23T10:10:00Z")
    answer = tunesmith("runs")
    assert answer.code == 0
    rows = [line.split() for line in answer.stdout.splitlines() if "2026-11-23" in line]
    assert [(row[0], row[1], *row[5:]) for row in rows] == [
        ("f" * 16, "banking77", "running", "train", "open"),
        (RUN, "support-triage", "succeeded", "decide", "inconclusive", "+1.5"),
    ]


def test_runs_of_one_project_alone(two_runs: Account) -> None:
    (listed,) = tunesmith("runs", "--project", "support-triage", "--json").json
    assert (listed["run"], listed["outcome"], listed["status"]) == (RUN, "inconclusive", "SUCCEEDED")
    assert (listed["step"], listed["gain"]) == ("decide", "1.5")


def test_no_more_runs_are_listed_than_asked_for(two_runs: Account) -> None:
    answer = tunesmith("runs", "--limit", 1)
    assert RUN not in answer.stdout
    assert "and 1 earlier ones" in answer.stderr


def test_no_runs_are_no_error(account: Account) -> None:
    answer = tunesmith("runs")
    assert (answer.code, answer.stdout) == (0, "")
    assert "no runs in dev" in answer.stderr


def test_runs_that_asked_whether_to_tune_are_listed_with_the_answer(account: Account) -> None:
    account.datasets.write("datasets/support-triage/job.yaml", b"")
    account.admit()
    account.ledger.begin_step(RUN, Step.DECIDE, "2026-11-23T09:40:00Z", "room", {"advice": "do_not"})
    account.end("advised", "room")
    assert " decide  do not tune" in tunesmith("runs").stdout
