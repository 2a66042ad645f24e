"""How a run looks on a terminal: marks without colour, two clocks where they differ, a line of figures."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rich.console import Console

from cli.display import describe_elapsed, draw
from cli.look import Elapsed, View, elapsed
from tests.cli.fakes import RUN, STARTED
from tunesmith.ledger import Run, Step, StepRecord


def run(closed: str = "", outcome: str = "") -> Run:
    return Run(
        run=RUN,
        project="support-triage",
        created="2026-11-23T09:00:00Z",
        attempt=1,
        base_model="amazon.nova-micro-v1:0",
        job_sha256="",
        data={},
        closed=closed,
        outcome=outcome,
        estimated_usd=Decimal("2.24"),
    )


def step(name: Step, minute: int, summary: str = "", **figures: str) -> StepRecord:
    return StepRecord(
        step=name,
        started=f"2026-11-23T09:{minute:02}:00Z",
        summary=summary,
        figures={key: Decimal(value) for key, value in figures.items()},
    )


def drawn(view: View, spent: Elapsed | None = None) -> list[str]:
    screen = Console(file=io.StringIO(), width=100, color_system=None)
    screen.print(draw(view, spent, "local"))
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    return [line.rstrip() for line in text.splitlines()]


def test_done_current_and_coming_steps_are_told_apart_without_colour() -> None:
    steps = [
        step(Step.ADMIT, 0, "admitted"),
        step(Step.PREPARE, 1, "1,028 records", cost_usd="0"),
        step(Step.TRAIN, 12, "in progress", training_loss="0.61", cost_usd="0.2918"),
    ]
    lines = drawn(
        View(run=run(), steps=steps, status="RUNNING"),
        Elapsed(simulated=timedelta(hours=2, minutes=5), real=timedelta(seconds=12)),
    )
    marks = {line.split()[1]: line.split()[0] for line in lines[1:-1]}
    assert marks["admit"] == marks["prepare"] == "✓"
    assert marks["evaluate"] == marks["report"] == "·"
    assert marks["train"] not in "✓·–✗"
    assert "+12 min" in lines[5]
    assert lines[-1] == "12 s real, 2 h 5 min simulated   cost so far $0.29 of $2.24 estimated   loss 0.610"


def test_a_run_that_ended_early_shows_what_was_left_out() -> None:
    steps = [step(Step.PREPARE, 1, "no records"), step(Step.RELEASE, 2, "nothing to give back")]
    view = View(run=run("2026-11-23T09:02:00Z", "invalid"), steps=steps, status="SUCCEEDED")
    marks = {line.split()[1]: line.split()[0] for line in drawn(view)[1:-1]}
    assert marks["prepare"] == marks["release"] == "✓"
    assert marks["train"] == marks["serve"] == "–"


def test_a_failed_run_shows_where_it_broke() -> None:
    steps = [step(Step.PREPARE, 1), step(Step.TRAIN, 2), step(Step.RELEASE, 3), step(Step.REPORT, 4)]
    view = View(run=run("2026-11-23T09:03:00Z", "failed"), steps=steps, status="FAILED")
    marks = {line.split()[1]: line.split()[0] for line in drawn(view)[1:-1]}
    assert [name for name, mark in marks.items() if mark == "✗"] == ["train"]


def test_in_aws_there_is_one_clock() -> None:
    view = View(run=run("2026-11-23T11:20:00Z", "promoted"), status="SUCCEEDED", started=STARTED)
    spent = elapsed(view, datetime(2026, 11, 23, 11, 21, tzinfo=UTC), scale=1)
    assert spent is not None
    assert describe_elapsed(spent) == "2 h 21 min"


def test_locally_a_run_that_goes_on_is_timed_by_the_scale_and_one_that_is_over_by_the_ledger() -> None:
    now = STARTED + timedelta(seconds=10)
    going = elapsed(View(run=run(), status="RUNNING", started=STARTED), now, scale=600)
    over = elapsed(View(run=run("2026-11-23T11:20:00Z"), status="SUCCEEDED", started=STARTED), now, scale=600)
    assert going == Elapsed(simulated=timedelta(minutes=100), real=timedelta(seconds=10))
    assert over == Elapsed(simulated=timedelta(hours=2, minutes=20), real=timedelta(seconds=10))
