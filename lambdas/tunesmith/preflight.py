"""Can this plan work at all? Every reason against it at once, before anything is paid.

The catalogue knows, the account decides: what Bedrock lists in this Region today goes before what the
catalogue says, which explains the answer and names the successor. Some things no call tells without paying:
whether the training role may read the data and use the key (Bedrock tries that when a job starts), whether
the state machines' roles may make their calls, and whether Bedrock has capacity to give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from tunesmith.catalogue import Model, find_model, load_catalogue
from tunesmith.catalogue.judges import find_judge
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.dataset.dataset_rules import counted_records, record_count_findings
from tunesmith.job import Job
from tunesmith.training.data_shares import records_of
from tunesmith.training.hyperparameters import choose_hyperparameters, hyperparameter_problems, values_of
from tunesmith.training.sweeps import FEWEST_SETTINGS, sweep_settings, swept

UNITS_QUOTA: Final = "L-BE77399C"
"""Model units without commitment across custom models; 0 until AWS raises it. Source: an account, 2026-07."""
DEPLOYMENTS_QUOTA: Final = "L-1EF80F3E"
"""Custom model deployments for on-demand inference. Source: the general reference's page on Bedrock."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One entry of Bedrock's list of models; `status` is ACTIVE or LEGACY, the words are Bedrock's."""

    id: str
    status: str
    end_of_life: date | None
    customizations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Access:
    """What GetFoundationModelAvailability says of a model, in Bedrock's words."""

    authorization: str = ""
    entitlement: str = ""
    agreement: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountAnswers:
    """What the account was asked before a run; None stands for what it could not be asked."""

    region: str
    offers: Sequence[Offer]
    access: Access | None = None
    quotas: Mapping[str, Decimal | None] = field(default_factory=dict)
    """Quota code to its value in this account and Region."""
    in_use: int | None = None
    """Deployments, or model units of custom models without commitment, that others than this run hold now."""
    grader: str = ""
    """Why a reinforcement's grader cannot be trained with, as a trial showed; empty where it can."""
    metric: str = ""
    """Why a user's own metric cannot decide, as a trial showed; empty where it can."""
    judge_offers: Sequence[Offer] = ()
    judge_access: Access | None = None


@dataclass(frozen=True, kw_only=True)
class PreflightReport:
    """Every reason why a plan cannot work, each with what to do; none means go. Notes stop nothing."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class QuotaNeed:
    """A quota that must be so high for a plan to work."""

    code: str
    what: str
    wanted: int


def check_plan(
    job: Job,
    model: Model,
    account: AccountAnswers,
    *,
    split: Mapping[str, int],
    beside_champion: bool,
    today: date,
) -> PreflightReport:
    """Hold a job against the catalogue and the account.

    `split` counts the records of each part; `beside_champion` says that the project's champion holds
    capacity of the kind that the candidate will ask for.
    """
    if not job.customization.tunes:
        return _check_advice(job, model, account, today)
    needs = quota_needs(job, model, in_use=account.in_use, beside_champion=beside_champion)
    problems = (
        *_offer_problems(job, model, account.offers, account.region, today),
        *_access_problems(model, account),
        *_teacher_problems(job, model),
        *_grader_problems(job, account),
        *_metric_problems(job, account),
        *_judge_problems(job, account, today),
        *_record_problems(job, model, split, account.quotas.get(model.maximum_records_quota)),
        *hyperparameter_problems(job.hyperparameters, model),
        *_sweep_problems(job, model, split),
        *_serving_problems(job, model, today),
        *_quota_problems(needs, account),
    )
    return PreflightReport(problems=problems, notes=tuple(_notes(job, needs, account)))


def _check_advice(job: Job, model: Model, account: AccountAnswers, today: date) -> PreflightReport:
    """Hold a question whether to tune against what tuning would need first, and answering needs now."""
    problems = (
        *_offer_problems(job.tuning(), model, account.offers, account.region, today),
        *_access_problems(model, account),
        *_metric_problems(job, account),
        *hyperparameter_problems(job.hyperparameters, model),
    )
    return PreflightReport(problems=problems, notes=tuple(_notes(job.tuning(), (), account)))


def quota_codes(job: Job, model: Model, split: Mapping[str, int]) -> set[str]:
    """List the codes of the quotas that a plan has to be held against."""
    if not job.customization.tunes:
        return set()
    codes = {need.code for need in quota_needs(job, model, in_use=0, beside_champion=False)}
    if model.maximum_records_quota and counted_records(model, split) > model.maximum_records:
        codes.add(model.maximum_records_quota)
    return codes


def quota_needs(job: Job, model: Model, *, in_use: int | None, beside_champion: bool) -> list[QuotaNeed]:
    """List what the candidate's capacity asks of the account's quotas, beside what others hold.

    Where that could not be asked, the champion's capacity is counted as the candidate's own.
    """
    units = job.serving.model_units if job.serving_path == "provisioned" else 1
    held = in_use if in_use is not None else units * beside_champion
    if job.serving_path == "on_demand":
        return [QuotaNeed(code=DEPLOYMENTS_QUOTA, what="custom model deployments", wanted=held + 1)]
    total = QuotaNeed(
        code=UNITS_QUOTA, what="model units without commitment across custom models", wanted=held + units
    )
    per_model = QuotaNeed(
        code=model.units_quota, what=f"model units per provisioned model of {model.title}", wanted=units
    )
    return [per_model, total] if model.units_quota else [total]


def _sweep_problems(job: Job, model: Model, split: Mapping[str, int]) -> Iterator[str]:
    if job.sweep is None:
        return
    tried = swept(job.sweep, model)
    unknown = [name for name in tried if name not in model.hyperparameters]
    if unknown or not tried:
        missing = ", ".join(unknown) or "the learning rate, which it has not"
        yield (
            f"a sweep of {model.title} cannot try {missing}; "
            f"name some of {', '.join(model.hyperparameters)} in `sweep.over`"
        )
    else:
        choices = choose_hyperparameters(job.hyperparameters, model, records=split["train"])
        if len(sweep_settings(job.sweep, model, values_of(choices))) < FEWEST_SETTINGS:
            yield (
                f"a sweep over {', '.join(tried)} has nothing to vary: {model.title} takes the one setting "
                "that is the default; name another of its hyperparameters in `sweep.over`"
            )
    smallest = min(job.sweep.data_shares, default=1.0)
    few = {**split, "train": records_of(split["train"], smallest)}
    if any(record_count_findings(model, job.kind, few)) and not any(
        record_count_findings(model, job.kind, split)
    ):
        yield (
            f"{100 * smallest:g}% of the training records are {few['train']:,}, fewer than a job of "
            f"{model.title} takes: begin `sweep.data_shares` with a larger one"
        )
    if "epochCount" in tried:
        yield "a sweep trains each setting at full length; take epochCount out of `sweep.over`"
    if "on_demand" not in model.serving_paths or not split["validation"]:
        yield (
            "a sweep compares answers to validation records; it needs some, and a model that can be served "
            "on demand"
        )


def _offer_problems(
    job: Job, model: Model, offers: Sequence[Offer], region: str, today: date
) -> Iterator[str]:
    regions = " or ".join(model.regions)
    if job.kind not in model.kinds:
        others = _others_with(job.kind)
        instead = f", or {others} as `base_model`" if others else ""
        yield f"{model.title} has no {job.kind}; use one of {', '.join(model.kinds)} in `kind`{instead}"
    if not offers:
        if model.lifecycle.status != "active":
            yield f"{_past_use(model, model.lifecycle.end_of_life, today)}; {_successor(model, job.kind)}"
        else:
            yield (
                f"Bedrock does not offer {model.title} to this account in {region}; the catalogue knows it "
                f"in {regions}: deploy Tunesmith there, or ask for access to the model"
            )
        return
    ends = [offer.end_of_life for offer in offers if offer.end_of_life is not None]
    if any(offer.status == "LEGACY" for offer in offers) or any(end <= today for end in ends):
        yield f"{_past_use(model, min(ends, default=None), today)}; {_successor(model, job.kind)}"
        return
    asked = job.customization
    if asked.is_listed and not any(asked.customization in offer.customizations for offer in offers):
        yield (
            f"Bedrock does not offer {job.kind} of {model.title} in {region}; the catalogue knows it in "
            f"{regions}: deploy Tunesmith there"
        )


def _others_with(kind: str) -> str:
    """Name the active models that can be tuned by a kind; empty where there are none."""
    names = [
        model.name for model in load_catalogue() if kind in model.kinds and model.lifecycle.status == "active"
    ]
    return " or ".join(names)


def _past_use(model: Model, end_of_life: date | None, today: date) -> str:
    if end_of_life is None:
        status = "retired" if model.lifecycle.status == "retired" else "legacy"
        return f"{model.title} is {status}, so Bedrock takes no new customization jobs for it"
    if end_of_life <= today:
        return f"{model.title} was retired on {end_of_life}"
    return (
        f"{model.title} is legacy and will be retired on {end_of_life}, so Bedrock takes no new "
        f"customization jobs for it"
    )


def _successor(model: Model, kind: str) -> str:
    if not model.lifecycle.successor:
        return "choose an active model as `base_model`"
    successor = find_model(model.lifecycle.successor)
    if kind not in successor.kinds:
        return (
            f"{successor.title}, its successor, has no {kind}: fine-tune that on questions and answers "
            f"(`base_model: {successor.name}`, `kind: fine-tuning`, in {' or '.join(successor.regions)})"
        )
    return (
        f"use {successor.title} instead (`base_model: {successor.name}`, in {' or '.join(successor.regions)})"
    )


def _access_problems(model: Model, account: AccountAnswers) -> Iterator[str]:
    access = account.access
    if access is None or not account.offers:
        return
    if access.authorization == "NOT_AUTHORIZED":
        yield (
            f"this account is not authorized to use {model.title}: ask an administrator for bedrock:* on it, "
            f"or look for a service control policy that denies it"
        )
    if access.entitlement == "NOT_AVAILABLE":
        agreed = f" (agreement {access.agreement.lower()})" if access.agreement else ""
        yield (
            f"this account has no access to {model.title}{agreed}: request it under Model access in "
            f"Bedrock's console in {account.region}"
        )


def _teacher_problems(job: Job, model: Model) -> Iterator[str]:
    if job.distillation is None or job.kind not in model.kinds:
        return
    teacher = find_teacher(job.distillation.teacher)
    if teacher.id not in model.teachers:
        known = " or ".join(find_teacher(one).name for one in model.teachers)
        yield f"{model.title} cannot learn from {teacher.title}: set distillation.teacher to {known}"


def _grader_problems(job: Job, account: AccountAnswers) -> Iterator[str]:
    if job.reinforcement is not None and account.grader:
        yield f"the grader {job.reinforcement.grader} cannot be trained with: {account.grader}"


def _metric_problems(job: Job, account: AccountAnswers) -> Iterator[str]:
    if account.metric:
        yield f"the metric {job.evaluation.metric} cannot decide: {account.metric}"


def _judge_problems(job: Job, account: AccountAnswers, today: date) -> Iterator[str]:
    if job.evaluation.judge is None:
        return
    judge, instead = find_judge(job.evaluation.judge.model), "name another in evaluation.judge.model"
    offers, access = account.judge_offers, account.judge_access
    if not offers:
        yield f"Bedrock does not offer the judge {judge.title} ({judge.id}) in {account.region}: {instead}"
    elif any(offer.end_of_life is not None and offer.end_of_life <= today for offer in offers):
        yield f"the judge {judge.title} was retired: {instead}"
    elif access and "NOT_AUTHORIZED" in access.authorization:
        yield f"this account is not authorized to use the judge {judge.title}: allow it, or {instead}"
    elif access and access.entitlement == "NOT_AVAILABLE":
        yield (
            f"this account has no access to the judge {judge.title}: request it under Model access in"
            f" Bedrock's console in {account.region}, or {instead}"
        )


def _record_problems(
    job: Job, model: Model, split: Mapping[str, int], quota: Decimal | None
) -> Iterator[str]:
    for finding in record_count_findings(model, job.kind, split, quota=quota):
        yield f"{finding.reason} ({finding.rule})"


def _serving_problems(job: Job, model: Model, today: date) -> Iterator[str]:
    if job.serving_path not in model.serving_paths:
        yield (
            f"{model.title} cannot be served by {job.serving_path}, only by "
            f"{' or '.join(model.serving_paths)}: set serving.path to that, or choose another base model"
        )
    elif job.serving_path == "on_demand" and model.on_demand_from and today < model.on_demand_from:
        yield (
            f"{model.title} is served on demand only if it was customized on or after "
            f"{model.on_demand_from}: set serving.path to another way, or wait"
        )


def _quota_problems(needs: Sequence[QuotaNeed], account: AccountAnswers) -> Iterator[str]:
    for need in needs:
        quota = account.quotas.get(need.code)
        if quota is not None and quota < need.wanted:
            held = f", {account.in_use} of which others hold now" if account.in_use else ""
            yield (
                f"the quota {need.code} ({need.what}) is {int(quota)} in {account.region}, and this run "
                f"needs {need.wanted}{held}: ask for an increase in the Service Quotas console"
            )


def _notes(job: Job, needs: Sequence[QuotaNeed], account: AccountAnswers) -> Iterator[str]:
    """Say what could not be asked, so that nobody takes it for checked."""
    if not job.customization.is_listed:
        yield (
            f"Bedrock's list of models has no word for {job.kind}: whether it is offered here shows when the "
            "job is asked for"
        )
    for need in needs:
        if account.quotas.get(need.code) is None:
            yield f"the quota {need.code} ({need.what}) could not be read; this run needs {need.wanted}"
    if account.in_use is None:
        yield "the capacity that is in use could not be listed"
    if account.access is None:
        yield "whether this account has access to the model could not be asked"
