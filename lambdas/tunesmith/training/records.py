"""What is known of a run's training? The plan of its jobs, and for each how it ended and how it answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunesmith.training.metrics import LossPoint
from tunesmith.training.policies import Ended, JobPlan


@dataclass(frozen=True, kw_only=True)
class TrainingRecords:
    """All that was written below `training/` so far; empty before the first round."""

    plans: Sequence[JobPlan] = ()
    decisions: Sequence[Mapping[str, str]] = ()
    """What was decided when, in words."""
    told: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Job number to what is known of a job that is over, as the report shows it."""
    judged: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Job number to the scores of its model on the validation records."""
    watched: Mapping[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Job number to what the watcher decided, with its evidence."""

    def ended(self, attempt: int) -> list[Ended]:
        """List the jobs that are over.

        One that Bedrock refused in an earlier attempt is asked for again, unless a later round followed.
        """
        last_round = max((plan.round for plan in self.plans), default=1)
        return [
            Ended(
                plan=plan,
                status=told["status"],
                reason=told["reason"],
                training=[LossPoint(*point) for point in told["curves"]["training"]],
                validation=[LossPoint(*point) for point in told["curves"]["validation"]],
            )
            for plan in self.plans
            if (told := self.told.get(plan.number))
            and (told["arn"] or told["attempt"] == attempt or plan.round < last_round)
        ]

    def scores(self) -> dict[int, dict[str, float]]:
        """Map each judged job to the score of each record that its model answered."""
        return {number: dict(found["scores"]) for number, found in self.judged.items()}
