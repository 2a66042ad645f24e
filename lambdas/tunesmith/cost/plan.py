"""What is a person told before anything is paid? Cost and hours of each policy, and what can be proven."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final, get_args

from tunesmith.catalogue import Model
from tunesmith.cost.approval import Proof, proof_of
from tunesmith.cost.estimates import training_hours
from tunesmith.cost.items import Estimate
from tunesmith.errors import UnknownPriceError
from tunesmith.evaluation.noise import MOST_FLIPS, TIMES
from tunesmith.job import Job
from tunesmith.training.policies import MOST_STAGES, Policy, Setting
from tunesmith.training.rounds import epochs_between, rounds_of, setting_of
from tunesmith.training.sweeps import AT_ONCE

JOB_HOURS: Final = (2.5, 4.0)
"""What a customization job took, its time in the queue included. Source: accounts, 2026-07 and 2026-08."""


@dataclass(frozen=True, kw_only=True)
class PolicyCost:
    """What a way to find the length costs: between the fewest jobs that it may need, and the most."""

    policy: str
    """A policy of `stopping.policy`, or `sweep`."""
    chosen: bool
    jobs: tuple[int, int]
    in_a_row: tuple[int, int]
    """Jobs that wait for one another, which is what takes time."""
    epochs: tuple[float, float]
    """Billed, of all jobs together; one on a share of the records counts as that share."""
    low_usd: Decimal
    high_usd: Decimal
    """Of the whole run by this policy, evaluation and a month of storage included."""
    note: str
    """Why it trains one job only, where this model or data lacks what it needs; empty else."""
    job_hours: tuple[float, float] = JOB_HOURS
    """What one job takes, at least and at most."""

    @property
    def hours(self) -> tuple[float, float]:
        """Clock time of training, at least and at most."""
        least, most = self.job_hours
        return self.in_a_row[0] * least, self.in_a_row[1] * most


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run, before it is paid for."""

    estimate: Estimate
    policies: tuple[PolicyCost, ...]
    proof: Proof
    ceiling: float | None
    """The share of right answers that contradicting labels leave at most; None where they set no limit."""
    serving: str
    noise: str
    """What it takes to learn how much answers waver; empty where that is not asked for."""
    deadline_hours: int
    """What all jobs together may take."""
    unproven: str
    """Why this data proves nothing whatever is measured; empty where it may."""
    measured: str
    """What answers are measured by, and why."""
    tuning: Estimate | None = None
    """What a run that tunes would cost, where this one asks whether to."""

    @property
    def chosen(self) -> PolicyCost | None:
        """The policy that the run will follow; None where it trains nothing."""
        return next((cost for cost in self.policies if cost.chosen), None)

    @property
    def most_usd(self) -> Decimal:
        """What the whole run may cost."""
        return self.chosen.high_usd if self.chosen else self.estimate.high_usd

    def findings(self) -> list[str]:
        """Say in sentences what can be proven, reached and served."""
        told = [self.measured, _sentence(self.proof.sentence())]
        if self.unproven:
            told.append(_sentence(f"{self.unproven}: the run is not promoted by itself"))
        if self.ceiling is not None:
            told.append(
                "Records with the same prompt and different answers leave at most "
                f"{100 * self.ceiling:.1f}% of exact matches to be reached."
            )
        longest = self.chosen.hours[1] if self.chosen else 0
        if longest > self.deadline_hours:
            told.append(
                f"Training may take {longest:g} hours, and training.deadline_hours allows"
                f" {self.deadline_hours}: a job that runs past it is stopped, billed and leaves no model."
            )
        if self.tuning is not None:
            told.append(
                "Nothing is trained: untuned models answer the blind test, and the run says whether to tune."
                f" A run that tunes would then cost {self.tuning.summary()}."
            )
        return [*told, *filter(None, [self.serving, self.noise])]

    def to_json(self) -> dict[str, Any]:
        """Spell the plan as values that JSON can hold; amounts stay Decimal."""
        return {
            "estimate": self.estimate.to_json(),
            "policies": [{**asdict(cost), "hours": cost.hours} for cost in self.policies],
            "proof": asdict(self.proof),
            "ceiling": self.ceiling,
            "findings": self.findings(),
        }


def plan_of(job: Job, model: Model, report: Mapping[str, Any], price: Callable[[Job], Estimate]) -> Plan:
    """Lay out a run on prepared data, whose report is that of `prepare_dataset`.

    The job names its metric. `price` estimates it, and the same job under each other policy; one that it
    cannot price is left out.
    Raises UnknownPriceError where that is the job itself.
    """
    split, conflicts = report["split"], report["conflicts"]
    estimate = price(job)
    setting = setting_of(job, model, split)
    hours = training_hours(job, model, split)
    # A forecast knows no queue: at most it lasts as long as other jobs took whole.
    job_hours = (
        (round(float(hours.least), 1), round(JOB_HOURS[1] + float(hours.most), 1)) if hours else JOB_HOURS
    )
    ways = [] if job.sweep is None else [_swept(job, model, split, estimate)]
    for policy in get_args(Policy) if job.customization.tunes else ():
        chosen = job.sweep is None and policy == setting.policy
        stopping = job.stopping.model_copy(update={"policy": policy})
        other = job.model_copy(update={"stopping": stopping, "sweep": None})
        try:
            priced = estimate if chosen else price(other)
        except UnknownPriceError:
            continue
        ways.append(_priced(replace(setting, policy=policy), priced, job_hours, chosen=chosen))
    return Plan(
        estimate=estimate,
        policies=tuple(ways),
        proof=proof_of(job, split["test"]["records"]),
        ceiling=conflicts["ceiling"] if conflicts["labels"] and conflicts["ceiling"] < 1 else None,
        serving=_serving(job, model, estimate) if job.customization.tunes else "",
        noise=_noise(job, split["test"]["records"], estimate, price),
        deadline_hours=job.training.deadline_hours,
        unproven=report["unproven_note"],
        measured=report["task"]["told"],
        tuning=None if job.customization.tunes else price(job.tuning()),
    )


def _priced(
    setting: Setting, estimate: Estimate, job_hours: tuple[float, float], *, chosen: bool
) -> PolicyCost:
    jobs, in_a_row, epochs, note = _extent(setting)
    return PolicyCost(
        policy=setting.policy,
        chosen=chosen,
        jobs=jobs,
        in_a_row=in_a_row,
        epochs=epochs,
        low_usd=estimate.low_usd,
        high_usd=estimate.high_usd,
        note=note,
        job_hours=job_hours,
    )


def _swept(job: Job, model: Model, split: Mapping[str, Any], estimate: Estimate) -> PolicyCost:
    """Lay out the rounds of a sweep, whose jobs are asked for in pairs; Bedrock may take one at a time."""
    epochs = float(epochs_between(job, model, split)[2])
    rounds = rounds_of(job, model, split)
    jobs = sum(count for _, count in rounds)
    steps = ", then ".join(f"{count} on {100 * share:.4g}% of the records" for share, count in rounds)
    return PolicyCost(
        policy="sweep",
        chosen=True,
        jobs=(jobs, jobs),
        in_a_row=(sum(math.ceil(count / AT_ONCE) for _, count in rounds), jobs),
        epochs=(epochs, epochs),
        low_usd=estimate.low_usd,
        high_usd=estimate.high_usd,
        note=f"the better half of the settings goes on: {steps}"
        if len(rounds) > 1
        else "each setting of the sweep is a job of full length",
    )


def _extent(setting: Setting) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], str]:
    """Tell jobs, jobs in a row and epochs, each at least and at most, and why it is one job only."""
    epochs = setting.epochs
    one: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] = ((1, 1), (1, 1), (epochs, epochs))
    if setting.policy == "single":
        return (*one, "")
    if setting.why_one_job:
        return (*one, f"one job: {setting.why_one_job}")
    if setting.stops_by_itself:
        return (*one, "one job: Bedrock itself stops a job of this model that no longer gains")
    if setting.policy == "pair":
        half = math.ceil(epochs / 2)
        if not setting.judges:
            return (*one, "one job: no model can answer validation records without being paid by the hour")
        if half == epochs:
            return (*one, "one job: half of one epoch is one epoch")
        return (2, 2), (1, 1), (epochs + half, epochs + half), ""
    if not setting.has_curve:
        return (*one, "one job: this model or this data gives no validation curve")
    if setting.policy == "probe":
        return (1, 2), (1, 2), (epochs, 2 * epochs - 1), ""
    # Where Bedrock refuses the second stage, a probe takes the chain's place.
    most = max(MOST_STAGES, 2 * epochs)
    return (2, MOST_STAGES), (2, MOST_STAGES), (2, most), ""


def _serving(job: Job, model: Model, estimate: Estimate) -> str:
    if job.serving_path == "on_demand":
        return f"A champion of {model.title} is served on demand: by the token, nothing while it is idle."
    monthly = " and ".join(f"{item.what}: ${item.usd:,.2f}" for item in estimate.afterwards)
    only = "" if "on_demand" in model.serving_paths else "; it cannot be served on demand"
    return f"A champion of {model.title} is served by the hour{only}. {_sentence(monthly)}"


def _noise(job: Job, records: int, estimate: Estimate, price: Callable[[Job], Estimate]) -> str:
    """Say what the second answers are for, and what they add to the estimate."""
    twice = min(job.evaluation.answered_twice, records)
    if not twice:
        return ""
    once = price(
        job.model_copy(update={"evaluation": job.evaluation.model_copy(update={"noise_records": 0})})
    )
    return (
        f"Each model answers {twice:,} blind records twice, for"
        f" ${estimate.total_usd - once.total_usd:,.4f} of the estimate: one whose score flips on more than"
        f" {100 * MOST_FLIPS:.0f}% of them answers all records {TIMES} times, which the high bound covers."
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
