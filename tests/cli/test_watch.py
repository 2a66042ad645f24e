"""`tunesmith watch`: a line for each change, a verdict at the end, and a reason where a run never comes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.upload import plan_upload
from cli.voice import CommandError
from cli.watch import Pace, follow
from tests.cli.fakes import DEPLOYED, RUN, Account, tunesmith
from tunesmith.ledger import Step

PACE = Pace(interval=2, admission=6, report=6)

GAIN = {"value": 45.3, "low": 36.9, "high": 53.2, "minimum": 2.0, "level": 99.24}
REPORT: dict[str, Any] = {
    "outcome": "promoted",
    "evaluation": {
        "metric": "exact_match",
        "n": 150,
        "models": [
            {"label": "candidate", "value": 91.3, "exact_match": 91.3, "output_tokens_mean": 3.0},
            {"label": "base", "value": 46.0, "exact_match": 46.0, "output_tokens_mean": 12.0},
        ],
        "comparator": "champion",
        "gain": GAIN,
        "comparisons": [{"comparator": "champion", "informs": False, "gain": GAIN}],
    },
    "cost": {"estimated": 0.51, "actual": 0.49},
    "champion": {"arn": "arn:champion", "run": RUN, "is_this_run": True},
    "next_step": "Call the champion by its ARN.",
}


def playing(*acts: Callable[[], object]) -> Callable[[float], None]:
    """A sleep in which the next act happens instead of time."""
    remaining = iter(acts)

    def sleep(seconds: float) -> None:
        next(remaining)()

    return sleep


def step(account: Account, name: Step, time: str, summary: str, **figures: float) -> Callable[[], None]:
    return lambda: account.ledger.begin_step(RUN, name, f"2026-11-23T{time}Z", summary, figures)


def test_a_run_is_followed_to_its_verdict(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    def end() -> None:
        account.put_report(REPORT)
        account.end("promoted", "all of it above the minimum gain")

    code = follow(
        DEPLOYED,
        RUN,
        pace=PACE,
        sleep=playing(
            account.admit,
            step(account, Step.PREPARE, "09:00:05", "1,469 records"),
            step(account, Step.TRAIN, "09:10:00", "asking Bedrock"),
            step(account, Step.TRAIN, "09:10:00", "in progress", training_loss=0.734, cost_usd=0.42),
            end,
        ),
    )
    told = capsys.readouterr()
    assert code == 0
    progress = [line.split("] ")[-1] for line in told.err.splitlines()]
    assert progress == [
        "execution running",
        "prepare: 1,469 records",
        "train: asking Bedrock",
        "train: in progress (loss 0.734, cost so far $0.42)",
        "execution succeeded",
        "run closed: promoted",
    ]
    for figure in (
        "candidate 91.3%, base 46.0% (of 150 blind records)",
        "better than the champion by 45.3 points",
        "gain over champion",
        "+45.3 points, 99.2% interval +36.9 to +53.2, needed above +2.0",
        "75% saved",
        "$0.49 by the price table, estimated $0.51",
        "arn:champion",
        f".tunesmith/reports/{RUN}.html",
    ):
        assert figure in told.out
    assert Path(f".tunesmith/reports/{RUN}.html").read_bytes().startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("outcome", "status", "code"), [("rejected", "SUCCEEDED", 1), ("failed", "FAILED", 2)]
)
def test_the_exit_code_tells_the_outcome(account: Account, outcome: str, status: str, code: int) -> None:
    account.admit()
    account.put_report({**REPORT, "evaluation": None, "champion": None})
    account.end(outcome, "a reason", status)
    answer = tunesmith("watch", RUN)
    assert answer.code == code
    assert "a reason" in answer.stdout
    assert re.search(r"champion +none", answer.stdout)


@pytest.mark.parametrize(("answer", "code"), [("tune", 0), ("do_not", 1), ("cannot_say", 1)])
def test_advice_to_tune_is_a_yes_and_any_other_a_no(account: Account, answer: str, code: int) -> None:
    account.admit()
    evaluation = {**REPORT["evaluation"], "gain": None, "comparisons": []}
    advice = {"answer": answer, "figures": {}, "settles": [], "notes": []}
    account.put_report({**REPORT, "evaluation": evaluation, "advice": advice, "champion": None})
    account.end("advised", "half is left")
    told = tunesmith("watch", RUN)
    assert told.code == code
    assert "half is left" in told.stdout
    assert re.search(r"outcome +advised", told.stdout)
    assert "of 150 blind records" in told.stdout


def test_json_has_the_figures_of_the_verdict_alone_on_stdout(account: Account) -> None:
    account.admit()
    account.put_report(REPORT)
    account.end("promoted")
    answer = tunesmith("watch", RUN, "--json").json
    assert answer["outcome"] == "promoted"
    assert answer["status"] == "SUCCEEDED"
    assert answer["gain"] == REPORT["evaluation"]["gain"]
    assert answer["comparator"] == "champion"
    assert answer["output_tokens_saved_percent"] == 75.0
    assert answer["cost"] == {"estimated_usd": 0.51, "actual_usd": 0.49}
    assert answer["report"] == f".tunesmith/reports/{RUN}.html"


def test_a_run_that_was_stopped_by_hand_is_awaited_till_its_report(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.admit()
    account.executions.statuses[f"{RUN}-1"] = "ABORTED"
    code = follow(
        DEPLOYED,
        RUN,
        pace=PACE,
        sleep=playing(
            lambda: account.end("failed", "the execution was stopped", "ABORTED"),
            lambda: account.put_report({**REPORT, "evaluation": None}),
        ),
    )
    assert code == 2
    assert "the execution was stopped" in capsys.readouterr().out


def test_a_run_without_a_report_still_has_a_verdict(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.admit()
    account.end("failed", "RecordMissingError: no plan", "FAILED")
    assert follow(DEPLOYED, RUN, pace=PACE, sleep=lambda seconds: None) == 2
    told = capsys.readouterr()
    assert "has no report" in told.err
    assert "RecordMissingError: no plan" in told.out


def test_a_refused_job_file_is_explained(
    account: Account, job_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upload = plan_upload(job_file, [])

    def reject() -> None:
        account.artifacts.write_json(
            upload.rejection_key, {"project": "support-triage", "problems": ["seed: -1 is not allowed"]}
        )

    assert follow(DEPLOYED, upload.run, upload=upload, pace=PACE, sleep=playing(reject)) == 1
    told = capsys.readouterr().err
    assert "the job file was refused" in told
    assert "seed: -1 is not allowed" in told


def test_a_run_that_waits_for_data_names_what_is_missing(account: Account, job_file: Path) -> None:
    upload = plan_upload(job_file, [])
    account.datasets.write(upload.job_key, upload.job_body)
    with pytest.raises(CommandError, match=r"train\.jsonl is missing"):
        follow(DEPLOYED, upload.run, upload=upload, pace=PACE, sleep=lambda seconds: None)


def test_an_upload_that_nothing_admits_points_at_the_log_and_the_queue(
    account: Account, job_file: Path
) -> None:
    upload = plan_upload(job_file, [])
    account.datasets.write(upload.job_key, upload.job_body)
    account.datasets.write(upload.files[0].key, b"{}")
    with pytest.raises(CommandError, match="did not appear") as raised:
        follow(DEPLOYED, upload.run, upload=upload, pace=PACE, sleep=lambda seconds: None)
    assert "dead-letter queue" in raised.value.hint


def test_a_mistyped_run_points_at_the_list_of_runs(account: Account) -> None:
    with pytest.raises(CommandError, match="did not appear in the ledger of dev") as raised:
        follow(DEPLOYED, "f" * 16, pace=PACE, sleep=lambda seconds: None)
    assert "tunesmith runs --env dev" in raised.value.hint


def test_ctrl_c_leaves_the_run_alone_and_says_how_to_come_back(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    account.admit()
    assert follow(DEPLOYED, RUN, pace=PACE, sleep=interrupt) == 130
    assert f"tunesmith watch {RUN} --env dev" in capsys.readouterr().err
    assert account.ledger.run(RUN).closed == ""
