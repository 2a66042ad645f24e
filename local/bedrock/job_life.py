"""How does a customization job get from InProgress to its end? Phase by phase on the simulated clock.

Validation, data processing, a queue (trainingDetails stays NotStarted), training. The fit runs meanwhile in a
process of its own, and no phase ends before the fit has done its part. Nothing is written and no model exists
before the job is Completed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from local.bedrock.account import Account
from local.bedrock.foundation import FoundationModel
from local.bedrock.records import BadRecordError

PHASES: Final = ("validationDetails", "dataProcessingDetails", "trainingDetails")


@dataclass(slots=True, eq=False)
class Phase:
    """One of the three entries of statusDetails."""

    status: str = "NotStarted"
    created: datetime | None = None
    modified: datetime | None = None

    def move(self, status: str, now: datetime) -> None:
        """Enter a status at a time."""
        self.created = self.created or now
        self.modified = now
        self.status = status

    def describe(self) -> dict[str, Any]:
        """Return the entry in Bedrock's shape."""
        times = {"creationTime": self.created, "lastModifiedTime": self.modified}
        return {"status": self.status} | {key: value for key, value in times.items() if value}


@dataclass(slots=True, eq=False)
class Job:
    """A customization job; `request` is what its caller sent."""

    name: str
    arn: str
    base: FoundationModel
    base_arn: str
    request: dict[str, Any]
    created: datetime
    folder: Path
    epochs: int
    process: subprocess.Popen[bytes] | None
    fault: dict[str, Any] = field(default_factory=dict)
    status: str = "InProgress"
    phases: dict[str, Phase] = field(default_factory=lambda: {name: Phase() for name in PHASES})
    modified: datetime | None = None
    ended: datetime | None = None
    queued: datetime | None = None
    crowded_out: bool = False
    """Whether as many models as the account may have are in creation."""
    waited: bool = False
    """Whether it was its turn, and there was no room."""
    tokens: int = 0
    late: bool = False
    """Whether the simulated training was over before the real fit was."""
    failure: str | None = None
    model_arn: str | None = None
    result: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        return self.status in ("InProgress", "Stopping")

    @property
    def is_training(self) -> bool:
        """Whether its model is in creation now."""
        return self.running and self.phases["trainingDetails"].status in ("InProgress", "Stopping")

    def advance(self, now: datetime, account: Account, complete: Complete, *, may_train: bool = True) -> None:
        """Move on as far as the time allows; `complete` stores artifacts and model at the very end.

        Without `may_train` training does not begin: the account has no room for another model in creation.
        """
        self.crowded_out = not may_train
        takes = _s(self.fault.get("stopping_seconds", account.timings.stopping))
        if self.status == "Stopping" and self.modified and now >= self.modified + takes:
            self._end("Stopped", self.modified + takes)
        while self.status == "InProgress" and self._advance_once(now, account, complete):
            pass

    def stop(self, now: datetime) -> None:
        """Begin to stop: the fit ends, and nothing of it is kept."""
        self.end_fit()
        self.status = "Stopping"
        self.modified = now
        for phase in self.phases.values():
            if phase.status == "InProgress":
                phase.move("Stopping", now)

    def share_trained(self, now: datetime, account: Account) -> float:
        """Tell which share of its training the job has done, from 0 to 1."""
        began = self.phases["trainingDetails"].created
        if began is None:
            return 0.0
        return min(1.0, (now - began).total_seconds() / self._training_seconds(account))

    def peek(self) -> dict[str, Any] | None:
        """Return what the fit found, None while it is at work."""
        path = self.folder / "result.json"
        found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
        return found

    def end_fit(self) -> None:
        """End the process that fits, if it still runs."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _advance_once(self, now: datetime, account: Account, complete: Complete) -> bool:
        """Take one step; return whether there was one to take."""
        timings = account.timings
        validation, processing, training = (self.phases[name] for name in PHASES)
        if validation.status == "NotStarted":
            validation.move("InProgress", self.created)
            return True
        if validation.status == "InProgress":
            checked = self._read("checked.json")
            at = self.created + _s(timings.validation)
            if checked is None or now < at:
                return False
            return self._finish_validation(checked, at)
        assert validation.modified is not None
        if processing.status == "InProgress":
            at = validation.modified + _s(timings.data_processing)
            if now < at:
                return False
            processing.move("Completed", at)
            self.queued = self.modified = at
            return True
        if training.status == "NotStarted":
            assert self.queued is not None
            at = now if self.waited else self.queued + _s(timings.queue)
            if now < at or self.fault.get("hang"):
                return False
            if self.crowded_out:
                self.waited = True
                return False
            training.move("InProgress", at)
            self.modified = at
            return True
        return self._finish_training(training, now, account, complete)

    def _finish_validation(self, checked: dict[str, Any], at: datetime) -> bool:
        if checked["failure"]:
            self._end("Failed", at, checked["failure"])
            return False
        self.tokens = checked["tokens"]
        self.phases["validationDetails"].move("Completed", at)
        self.phases["dataProcessingDetails"].move("InProgress", at)
        self.modified = at
        return True

    def _finish_training(self, training: Phase, now: datetime, account: Account, complete: Complete) -> bool:
        assert training.created is not None
        due = training.created + _s(self._training_seconds(account))
        if (broken := self._read("broken.json")) is not None:
            self._end("Failed", now, broken["failure"])
            return False
        if now < due:
            return False
        if self.fault.get("ends") == "Failed":
            self._end(
                "Failed", due, self.fault.get("message", "Encountered an internal error during training.")
            )
            return False
        self.result = self._read("result.json")
        if self.result is None:
            self.late = True
            return False
        end = now if self.late else due
        try:
            complete(self, end)
        except BadRecordError as error:
            self._end("Failed", end, str(error))
        else:
            self._end("Completed", end)
        return False

    def _training_seconds(self, account: Account) -> float:
        if "seconds" in self.fault:
            return float(self.fault["seconds"])
        timings = account.timings
        share = self.tokens * self.epochs / 1e6
        return timings.training_minimum + share * timings.training_per_million_tokens

    def _end(self, status: str, now: datetime, failure: str | None = None) -> None:
        self.end_fit()
        self.status, self.failure = status, failure
        self.modified = self.ended = now
        for phase in self.phases.values():
            if phase.status in ("InProgress", "Stopping"):
                phase.move(status, now)

    def _read(self, name: str) -> dict[str, Any] | None:
        """Read what the fit has written; a fit that died counts as a failed job."""
        dead = self.process is not None and self.process.poll() not in (None, 0)
        path = self.folder / name
        if path.exists():
            document: dict[str, Any] = json.loads(path.read_text())
            return document
        if dead and self.status == "InProgress":
            self._end(
                "Failed", self.created, "Encountered an internal error. " + _last_line(self.folder / "stderr")
            )
        return None


Complete = Callable[[Job, datetime], None]
"""Stores a job's artifacts and model, at the time at which it ended."""


def start_fit(folder: Path) -> subprocess.Popen[bytes]:
    """Start the process that checks and fits what lies in the folder."""
    environment = os.environ | {  # noqa: TID251 # the fit inherits ours
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    with (folder / "stderr").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "local.bedrock.fit", str(folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return lines[-1] if lines else ""


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
