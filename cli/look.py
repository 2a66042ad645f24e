"""What is known of a run right now? The ledger's word on it, and the pipeline execution's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from botocore.exceptions import ClientError

from cli.deployment import Deployment
from tunesmith.aws import clients
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.errors import RecordMissingError
from tunesmith.ledger import Run, Step, StepRecord

RUNNING = "RUNNING"


@dataclass(frozen=True, kw_only=True)
class View:
    """One look at a run; status and times are the execution's, `status` is empty where there is none."""

    run: Run | None = None
    steps: Sequence[StepRecord] = field(default_factory=tuple)
    status: str = ""
    started: datetime | None = None
    stopped: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run is closed, and its execution ended."""
        return self.run is not None and bool(self.run.closed) and self.status != RUNNING

    @property
    def current(self) -> StepRecord | None:
        """The step that began last."""
        return max(self.steps, key=lambda step: (step.started, list(Step).index(step.step)), default=None)

    @property
    def cost_usd(self) -> Decimal:
        """What the steps have cost so far, by the price table."""
        if self.run is not None and self.run.actual_usd is not None:
            return self.run.actual_usd
        return sum((Decimal(step.figures.get("cost_usd", 0)) for step in self.steps), Decimal(0))

    @property
    def loss(self) -> Decimal | None:
        """The latest loss that a metrics file told."""
        for step in self.steps:
            if step.step is Step.TRAIN:
                found = step.figures.get("validation_loss", step.figures.get("training_loss"))
                return None if found is None else Decimal(found)
        return None


@dataclass(frozen=True, kw_only=True)
class Elapsed:
    """How long a run has taken: by its own clock, and by the one on the wall."""

    simulated: timedelta
    real: timedelta


def look(deployment: Deployment, run: str) -> View:
    """Read the ledger and the execution."""
    table = LedgerTable(deployment.ledger_table)
    try:
        found = table.run(run)
    except RecordMissingError:
        return View()
    try:
        execution = clients.stepfunctions().describe_execution(
            executionArn=deployment.execution_arn(run, found.attempt)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
            raise
        return View(run=found, steps=table.steps(run))
    return View(
        run=found,
        steps=table.steps(run),
        status=execution["status"],
        started=execution["startDate"],
        stopped=execution.get("stopDate"),
    )


def elapsed(view: View, now: datetime, scale: float) -> Elapsed | None:
    """Tell how long a run has taken; None before it began. `now` is the wall's time."""
    if view.run is None or view.started is None:
        return None
    real = max(timedelta(0), (view.stopped or now) - view.started)
    if view.run.closed and scale != 1:
        created = datetime.fromisoformat(view.run.created)
        return Elapsed(simulated=datetime.fromisoformat(view.run.closed) - created, real=real)
    return Elapsed(simulated=real * scale, real=real)
