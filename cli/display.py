"""How does a run look while it goes on? A table that is redrawn on a terminal, plain lines when piped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.console import Group
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli.look import Elapsed, View
from tunesmith.ledger import Outcome, Step, StepRecord
from tunesmith.reporting.words import duration, money

_DONE, _AHEAD, _LEFT_OUT, _BROKEN = "✓", "·", "–", "✗"


def changes(before: View, after: View, spent: Elapsed | None) -> Iterator[str]:
    """Say in a line each what is new since the last look."""
    stamp = f"[{describe_elapsed(spent)}] " if spent else ""
    known = {step.step: step for step in before.steps}
    for step in after.steps:
        if step.step not in known or known[step.step].summary != step.summary:
            yield f"{stamp}{step.step}: {step.summary or 'began'}{_figures_beside(before, after, step)}"
    if after.status != before.status and after.status:
        yield f"{stamp}execution {after.status.lower()}"
    if after.run is not None and after.run.closed and not (before.run and before.run.closed):
        yield f"{stamp}run closed: {after.run.outcome.replace('_', ' ')}"


def draw(view: View, spent: Elapsed | None, environment: str) -> Group:
    """Draw one look: the steps with what they found, and a line of figures below."""
    title = Text()
    if view.run is not None:
        title.append(view.run.project, style="bold")
        title.append(f"  run {view.run.run}  {view.run.base_model}  {environment}", style="dim")
    table = Table.grid(padding=(0, 2))
    table.add_column(width=1)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    began = {step.step: step for step in view.steps}
    current = view.current
    for step in Step:
        record = began.get(step)
        at = _since_start(view, record) if record else ""
        ahead = current is None or list(Step).index(step) > list(Step).index(current.step)
        text = Text((record.summary or "") if record else "", style="dim" if record is not current else "")
        table.add_row(_mark(view, record, ahead), Text(step, style="" if record else "dim"), at, text)
    return Group(title, table, Text(_footer(view, spent)))


def describe_elapsed(spent: Elapsed) -> str:
    """Tell how long a run has taken; both clocks where they differ."""
    if spent.simulated == spent.real:
        return duration(spent.real.total_seconds())
    return (
        f"{duration(spent.real.total_seconds())} real, {duration(spent.simulated.total_seconds())} simulated"
    )


def _figures_beside(before: View, after: View, step: StepRecord) -> str:
    parts = []
    if step.step is Step.TRAIN and after.loss is not None:
        parts.append(f"loss {after.loss:.3f}")
    if after.cost_usd != before.cost_usd:
        parts.append(f"cost so far {money(float(after.cost_usd))}")
    return f" ({', '.join(parts)})" if parts else ""


def _mark(view: View, record: StepRecord | None, ahead: bool) -> Text | Spinner:
    if record is None:
        return Text(_AHEAD if ahead and not view.is_over else _LEFT_OUT, style="dim")
    if record is view.current and not view.is_over:
        return Spinner("dots", style="cyan")
    if view.is_over and view.run is not None and view.run.outcome == Outcome.FAILED and _broke(view, record):
        return Text(_BROKEN, style="red")
    return Text(_DONE, style="green")


def _broke(view: View, record: StepRecord) -> bool:
    """Tell whether this is the last step before release, which is where a failed run broke."""
    work = [step for step in view.steps if step.step not in (Step.RELEASE, Step.REPORT)]
    return bool(work) and record is work[-1]


def _since_start(view: View, record: StepRecord) -> str:
    if view.run is None:
        return ""
    began = datetime.fromisoformat(record.started) - datetime.fromisoformat(view.run.created)
    return "+" + duration(max(timedelta(0), began).total_seconds())


def _footer(view: View, spent: Elapsed | None) -> str:
    parts = [describe_elapsed(spent)] if spent else []
    cost = f"cost so far {money(float(view.cost_usd))}"
    if view.run is not None and view.run.estimated_usd is not None:
        cost += f" of {money(float(view.run.estimated_usd))} estimated"
    parts.append(cost)
    if view.loss is not None:
        parts.append(f"loss {view.loss:.3f}")
    return "   ".join(parts)
