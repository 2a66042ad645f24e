"""What is a person told before anything is paid? Cost and hours of each policy, and what can be proven."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final, get_args

from tunesmith.catalogue import Model
from tunesmith.cost.approval import Proof, proof_of
from tunesmith.cost.estimates import Estimate, EstimateItem
from tunesmith.cost.prices import Item, PriceTable
from tunesmith.job import Job
from tunesmith.training.policies import MOST_STAGES, Policy, Setting
from tunesmith.training.rounds import MOST_JUDGED, setting_of

JOB_HOURS: Final = (2.5, 4.0)
"""What a customization job took, its time in the queue included. Source: accounts, 2026-07 and 2026-08."""


@dataclass(frozen=True, kw_only=True)
class PolicyCost:
    """What a way to find the length costs: between the fewest jobs that it may need, and the most."""

    policy: Policy
    chosen: bool
    jobs: tuple[int, int]
    in_a_row: tuple[int, int]
    """Jobs that wait for one another, which is what takes time."""
    epochs: tuple[int, int]
    """Billed, of all jobs together."""
    low_usd: Decimal
    high_usd: Decimal
    """Of the whole run by this policy, evaluation and a month of storage included."""
    note: str
    """Why it trains one job only, where this model or data lacks what it needs; empty else."""

    @property
    def hours(self) -> tuple[float, float]:
        """Clock time of training, at least and at most."""
        return self.in_a_row[0] * JOB_HOURS[0], self.in_a_row[1] * JOB_HOURS[1]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run, before it is paid for."""

    estimate: Estimate
    policies: tuple[PolicyCost, ...]
    proof: Proof
    ceiling: float | None
    """The share of right answers that contradicting labels leave at most; None where they set no limit."""
    serving: str
    unproven: str
    """Why this data proves nothing whatever is measured; empty where it may."""

    @property
    def chosen(self) -> PolicyCost:
        """The policy that the run will follow."""
        return next(cost for cost in self.policies if cost.chosen)

    def findings(self) -> list[str]:
        """Say in sentences what can be proven, reached and served."""
        told = [_sentence(self.proof.sentence())]
        if self.unproven:
            told.append(_sentence(f"{self.unproven}: the run is not promoted by itself"))
        if self.ceiling is not None:
            told.append(
                "Records with the same prompt and different answers leave at most "
                f"{100 * self.ceiling:.1f}% of exact matches to be reached."
            )
        return [*told, self.serving]

    def to_json(self) -> dict[str, Any]:
        """Spell the plan as values that JSON can hold; amounts stay Decimal."""
        return {
            "estimate": self.estimate.to_json(),
            "policies": [{**asdict(cost), "hours": cost.hours} for cost in self.policies],
            "proof": asdict(self.proof),
            "ceiling": self.ceiling,
            "findings": self.findings(),
        }


def plan_of(
    job: Job, model: Model, estimate: Estimate, report: Mapping[str, Any], prices: PriceTable
) -> Plan:
    """Lay out a run on prepared data, whose report is that of `prepare_dataset`.

    Raises UnknownPriceError where models that answer validation records have no price.
    """
    split = report["split"]
    setting = setting_of(job, model, validation_records=split["validation"]["records"])
    judged = _judged_usd(job, model, setting, split["validation"], prices)
    conflicts = report["conflicts"]
    return Plan(
        estimate=estimate,
        policies=tuple(
            _priced(replace(setting, policy=policy), estimate, judged, chosen=policy == setting.policy)
            for policy in get_args(Policy)
        ),
        proof=proof_of(job, split["test"]["records"]),
        ceiling=conflicts["ceiling"] if conflicts["labels"] and conflicts["ceiling"] < 1 else None,
        serving=_serving(job, model, estimate),
        unproven=report["unproven_note"],
    )


def _priced(setting: Setting, estimate: Estimate, judged: Decimal, *, chosen: bool) -> PolicyCost:
    jobs, in_a_row, epochs, note = _extent(setting)
    training = _training(estimate)
    few, most = (Decimal(count) / setting.epochs for count in epochs)
    answering = tuple(judged * count if setting.judges and count > 1 else Decimal(0) for count in jobs)
    return PolicyCost(
        policy=setting.policy,
        chosen=chosen,
        jobs=jobs,
        in_a_row=in_a_row,
        epochs=epochs,
        low_usd=estimate.low_usd + training.low_usd * (few - 1),
        high_usd=estimate.high_usd + training.high_usd * (most - 1) + answering[1],
        note=note,
    )


def _extent(setting: Setting) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], str]:
    """Tell jobs, jobs in a row and epochs, each at least and at most, and why it is one job only."""
    epochs = setting.epochs
    one: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] = ((1, 1), (1, 1), (epochs, epochs))
    if setting.policy == "single":
        return (*one, "")
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
    return (2, MOST_STAGES), (2, MOST_STAGES), (2, MOST_STAGES), ""


def _judged_usd(
    job: Job, model: Model, setting: Setting, validation: Mapping[str, int], prices: PriceTable
) -> Decimal:
    """Price the answers of one model to the validation records, each as long as it may be."""
    if not setting.judges or not validation["records"]:
        return Decimal(0)
    records = min(MOST_JUDGED, validation["records"])
    read = Decimal(validation["prompt_tokens"]) * records / validation["records"]
    reads = prices.price(model.id, Item.CUSTOM_INPUT).cost(read)
    return reads + prices.price(model.id, Item.CUSTOM_OUTPUT).cost(records * job.evaluation.max_tokens)


def _training(estimate: Estimate) -> EstimateItem:
    return next(item for item in estimate.items if item.what.startswith("training"))


def _serving(job: Job, model: Model, estimate: Estimate) -> str:
    if job.serving_path == "on_demand":
        return f"A champion of {model.title} is served on demand: by the token, nothing while it is idle."
    monthly = " and ".join(f"{item.what}: ${item.usd:,.2f}" for item in estimate.afterwards)
    only = "" if "on_demand" in model.serving_paths else "; it cannot be served on demand"
    return f"A champion of {model.title} is served by the hour{only}. {_sentence(monthly)}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
