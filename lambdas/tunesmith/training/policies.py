"""Which jobs does a run train next, and which of their models does it keep? One pure function tells.

Validation alone is looked at: never the training loss, never the blind test. A job's curve is read within the
job; curves of jobs of different length are never put together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from statistics import fmean, stdev
from typing import Any, Final, Literal

from tunesmith.training.curves import Rule, read_curve, read_lengths
from tunesmith.training.metrics import LossPoint

Policy = Literal["probe", "pair", "chain", "single"]
Purpose = Literal["single", "probe", "rerun", "pair", "chain", "sweep"]
Action = Literal["train", "judge", "keep", "fail"]

COMPLETED: Final = "Completed"
REFUSED: Final = "Refused"
"""Status of a job that Bedrock would not begin; its other statuses are Bedrock's own."""
_FULL: Final = "ServiceQuotaExceeded"
"""In the reason of a job for which the account had no room: that says nothing of its base model."""
STAGE_EPOCHS: Final = 1
MOST_STAGES: Final = 6
_STAGES: Final = Rule(patience=1, smoothing=1)
"""A stage costs hours in the queue: the first one that is no better ends the chain."""
_ERRORS: Final = {REFUSED: "JobRefused", "Stopped": "JobStopped"}


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """One job of a run, before it is asked for; numbers count from 1 over the whole run."""

    number: int
    purpose: Purpose
    epochs: int
    why: str
    parent: int = 0
    """Number of the job whose model it starts from; 0 where it starts from the run's base."""
    hyperparameters: Mapping[str, int | float | str] = field(default_factory=dict)
    """What it is sent beside the job file's own, which these override."""
    round: int = 1
    """Which round it is of: what a round left decides on the next."""
    data_share: float = 1.0
    """Share of the training records that it is given; below 1 in the early rounds of a sweep."""

    @property
    def passes(self) -> Decimal:
        """How often it reads all training records, which is what is billed."""
        return self.epochs * Decimal(str(self.data_share))

    def to_json(self) -> dict[str, Any]:
        """Spell the plan as a plain mapping, which the constructor takes back."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A job that is over: how it ended and what its metrics files told."""

    plan: JobPlan
    status: str
    reason: str = ""
    training: Sequence[LossPoint] = ()
    validation: Sequence[LossPoint] = ()

    @property
    def final_loss(self) -> float | None:
        """The validation loss of the model that was left; None where it is not known or no number."""
        if not self.validation or not math.isfinite(self.validation[-1].loss):
            return None
        return self.validation[-1].loss


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a policy has to go by."""

    policy: Policy
    epochs: int
    has_curve: bool
    """Whether there are validation records and the model's training makes use of them."""
    judges: bool
    """Whether there are validation records and a model can answer them without being paid by the hour."""
    stops_by_itself: bool = False
    """Whether Bedrock itself ends a job of this model that no longer gains on validation records."""
    chosen: Mapping[str, str] = field(default_factory=dict)
    """What a job of full length is sent, by Bedrock's name."""
    why_one_job: str = ""
    """Why one job is all that there is, whatever the policy; empty where it is not. Where Bedrock chooses how
    long it trains, `epochs` is the most that it may be."""
    warm_up: str = ""
    """Name of the model's warm-up hyperparameter; empty where it has none."""
    closed: str = ""
    """Why no further job may begin; empty while one may."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What happens next, and why, in words."""

    action: Action
    why: str
    jobs: tuple[JobPlan, ...] = ()
    """`train`: the jobs of the round, all at once."""
    numbers: tuple[int, ...] = ()
    """`judge`: the jobs whose models answer the validation records; `keep`: the one that is kept."""
    error: str = ""
    """`fail`: the name under which the machine reports it."""


def next_step(
    setting: Setting, ended: Sequence[Ended], judged: Mapping[int, Mapping[str, float]]
) -> Decision:
    """Decide what follows on the jobs that are over, in the order of their numbers.

    `judged` maps a job's number to the score of each validation record that its model answered.
    """
    if not ended:
        return _first_round(setting)
    further, why = _further(setting, ended)
    if further and not setting.closed:
        return Decision(action="train", why=why, jobs=further)
    if further:
        why = f"{why}; not done, since {setting.closed}"
    return choose(setting, ended, judged, why)


def total_epochs(number: int, ended: Sequence[Ended]) -> int:
    """Count the epochs of a model, those of the models that it was made from included."""
    plans = {one.plan.number: one.plan for one in ended}
    epochs = 0
    while number:
        epochs += plans[number].epochs
        number = plans[number].parent
    return epochs


# --- what is trained


def _first_round(setting: Setting) -> Decision:
    def job(purpose: Purpose, epochs: int, why: str, number: int = 1) -> JobPlan:
        return JobPlan(number=number, purpose=purpose, epochs=epochs, why=why)

    def alone(purpose: Purpose, epochs: int, why: str) -> Decision:
        return Decision(action="train", why=why, jobs=(job(purpose, epochs, why),))

    epochs = setting.epochs
    if setting.why_one_job:
        return alone("single", epochs, f"one job: {setting.why_one_job}")
    if setting.stops_by_itself and setting.policy != "single":
        return alone("single", epochs, f"one job of at most {epochs} epochs: Bedrock stops it by itself")
    if setting.policy == "pair" and setting.judges:
        half = math.ceil(epochs / 2)
        if half == epochs:
            return alone("single", epochs, "one job: half of one epoch is one epoch")
        why = f"two jobs at once, of {epochs} and of {half} epochs, since no curve tells the best length"
        return Decision(
            action="train", why=why, jobs=(job("pair", epochs, why), job("pair", half, why, number=2))
        )
    if setting.policy == "chain" and setting.has_curve:
        why = "short jobs, each from the model of the last, until validation stops improving"
        return alone("chain", STAGE_EPOCHS, why)
    if setting.policy == "probe" and setting.has_curve:
        return alone(
            "probe", epochs, f"one job of {epochs} epochs, whose validation curve tells the best length"
        )
    if setting.policy == "single":
        return alone("single", epochs, f"one job of {epochs} epochs, as the job file asks")
    missing = "answers to validation records" if setting.policy == "pair" else "a validation curve"
    return alone(
        "single", epochs, f"one job of {epochs} epochs: {setting.policy} needs {missing}, and there are none"
    )


def _further(setting: Setting, ended: Sequence[Ended]) -> tuple[tuple[JobPlan, ...], str]:
    """List the jobs of another round, none where the last one was the last, and say why."""
    last = ended[-1]
    number = last.plan.number + 1
    if last.plan.purpose == "chain":
        return _after_stage(setting, ended, number)
    if last.plan.purpose != "probe" or last.status != COMPLETED:
        return (), last.reason
    reading = read_curve(last.validation, epochs=last.plan.epochs, training=last.training)
    if not reading.is_rerun_worthwhile or reading.best_epoch is None:
        return (), f"no rerun: {reading.reason}"
    why = f"{reading.reason}: another job ends where validation was best, after {reading.best_epoch}"
    plan = JobPlan(
        number=number, purpose="rerun", epochs=reading.best_epoch, why=why, round=last.plan.round + 1
    )
    return (plan,), why


def _after_stage(setting: Setting, ended: Sequence[Ended], number: int) -> tuple[tuple[JobPlan, ...], str]:
    last = ended[-1]
    is_second = len(ended) == 2
    if last.status == REFUSED and last.plan.parent and is_second and _FULL not in last.reason:
        why = (
            f"Bedrock takes no custom model as base here ({last.reason}), so a probe takes the chain's place"
        )
        plan = JobPlan(
            number=number, purpose="probe", epochs=setting.epochs, why=why, round=last.plan.round + 1
        )
        return (plan,), why
    if last.status != COMPLETED:
        return (), last.reason
    losses = [one.final_loss for one in ended]
    known = [loss for loss in losses if loss is not None]
    if len(known) < len(losses):
        left = "a validation loss that is no number" if last.validation else "no validation loss to go by"
        return (), f"the chain ends: job {last.plan.number} left {left}"
    reading = read_lengths(known, rule=_STAGES)
    if reading.is_over:
        return (), f"the chain ends, counting stages as epochs: {reading.reason}"
    if len(ended) >= MOST_STAGES:
        return (), f"the chain ends after {MOST_STAGES} jobs"
    why = (
        f"validation went on improving, to {known[-1]:.4g}" if len(known) > 1 else "a chain has at least two"
    )
    cold = {setting.warm_up: 0} if setting.warm_up else {}
    plan = JobPlan(
        number=number,
        purpose="chain",
        epochs=STAGE_EPOCHS,
        why=why,
        parent=last.plan.number,
        hyperparameters=cold,
        round=last.plan.round + 1,
    )
    return (plan,), why


# --- what is kept


def choose(
    setting: Setting, ended: Sequence[Ended], judged: Mapping[int, Mapping[str, float]], why: str
) -> Decision:
    """Keep the best of the models, or let them answer first; `why` says why no more are made."""
    done = [one for one in ended if one.status == COMPLETED]
    if not done:
        last = ended[-1]
        return Decision(action="fail", why=last.reason, error=_ERRORS.get(last.status, "JobFailed"))
    if len(done) == 1:
        return Decision(action="keep", why=why or "there is one model", numbers=(done[0].plan.number,))
    numbers = [one.plan.number for one in done]
    if setting.judges:
        waiting = waiting_for_answers(numbers, judged, why)
        if waiting is not None:
            return waiting
        if common_records(numbers, judged):
            return _by_answers(ended, numbers, judged)
    return _by_loss(done)


def waiting_for_answers(
    numbers: Sequence[int], judged: Mapping[int, Mapping[str, float]], why: str
) -> Decision | None:
    """Have those models answer that did not yet; None where all did."""
    waiting = tuple(number for number in numbers if number not in judged)
    if not waiting:
        return None
    told = f"the models of jobs {_listed(waiting)} answer the validation records"
    return Decision(action="judge", why=f"{why}; {told}" if why else told, numbers=waiting)


def common_records(numbers: Sequence[int], judged: Mapping[int, Mapping[str, float]]) -> list[str]:
    """List the validation records that all of these models answered."""
    return sorted(set.intersection(*(set(judged[number]) for number in numbers)))


def _by_answers(
    ended: Sequence[Ended], numbers: Sequence[int], judged: Mapping[int, Mapping[str, float]]
) -> Decision:
    """Keep the model that answers best; within one standard error of the difference, the shortest."""
    common = common_records(numbers, judged)
    scores = {number: [judged[number][record] for record in common] for number in numbers}
    best = max(numbers, key=lambda number: (fmean(scores[number]), -total_epochs(number, ended)))
    tied = [number for number in numbers if _is_tie(scores[best], scores[number])]
    chosen = min(tied, key=lambda number: (total_epochs(number, ended), -fmean(scores[number])))
    told = ", ".join(
        f"job {number} ({_epochs(total_epochs(number, ended))}) {100 * fmean(scores[number]):.1f}"
        for number in numbers
    )
    why = f"on {len(common):,} validation records the models score {told}; job {chosen} is kept"
    if chosen != best:
        why += ", the shortest within one standard error of the best"
    return Decision(action="keep", why=why, numbers=(chosen,))


def _by_loss(done: Sequence[Ended]) -> Decision:
    known = [(loss, one) for one in done if (loss := one.final_loss) is not None]
    if not known:
        first = done[0].plan.number
        return Decision(
            action="keep", why=f"no validation loss is known; job {first} is kept", numbers=(first,)
        )
    loss, chosen = min(known, key=lambda pair: (pair[0], total_epochs(pair[1].plan.number, done)))
    told = ", ".join(f"job {one.plan.number} {value:.4g}" for value, one in known)
    why = f"the validation losses in the end are {told}; job {chosen.plan.number} is kept with {loss:.4g}"
    return Decision(action="keep", why=why, numbers=(chosen.plan.number,))


def _is_tie(best: Sequence[float], other: Sequence[float]) -> bool:
    gains = [mine - theirs for mine, theirs in zip(best, other, strict=True)]
    error = stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return fmean(gains) <= error


def _listed(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def _epochs(number: int) -> str:
    return f"{number} epoch{'s' if number != 1 else ''}"
