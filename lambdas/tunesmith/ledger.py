"""What does the ledger hold? Runs, steps, capacity and champions, and the keys under which they lie.

One table, `pk`/`sk`; the sparse index `open`/`expires` lists capacity that is not given back yet.
Plain values only: `tunesmith.aws.ledger_table` reads and writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

OPEN_INDEX: Final = "open"
OPEN_MARK: Final = "capacity"
"""Value of the attribute `open` on every piece of capacity that is still out."""

KEEP_UNPROMOTED_DAYS: Final = 7
"""How long a stored model that was not promoted may stay, unless it was proven not better."""


class Outcome(StrEnum):
    """How a run ended; `FAILED` alone means that something broke, `ADVISED` that it was not to tune."""

    PROMOTED = "promoted"
    REJECTED = "rejected"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    REFUSED = "refused"
    OVER_BUDGET = "over_budget"
    DENIED = "denied"
    ADVISED = "advised"
    FAILED = "failed"


class Step(StrEnum):
    """The steps of a run in their order; the ledger's sort keys number them."""

    ADMIT = "admit"
    PREPARE = "prepare"
    PREFLIGHT = "preflight"
    BUDGET = "budget"
    TRAIN = "train"
    EVALUATE = "evaluate"
    DECIDE = "decide"
    SERVE = "serve"
    RELEASE = "release"
    REPORT = "report"


class CapacityKind(StrEnum):
    """What is given back, in the order in which it can be."""

    DEPLOYMENT = "deployment"
    THROUGHPUT = "throughput"
    JOB = "job"
    MODEL = "model"


class CapacityState(StrEnum):
    """A piece of capacity's life: entered before it is asked for, released when it is gone."""

    REQUESTED = "requested"
    OPEN = "open"
    KEPT = "kept"
    RELEASED = "released"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run as its META item tells it; times are ISO 8601, `closed` is empty while it goes on."""

    run: str
    project: str
    created: str
    attempt: int
    base_model: str
    job_sha256: str
    data: dict[str, dict[str, str]]
    """Role (`train`, `validation`, `test`) to bucket, key, version and sha256 of the pinned object."""
    closed: str = ""
    outcome: str = ""
    reason: str = ""
    keep_days: int = KEEP_UNPROMOTED_DAYS
    """How long a model that was neither promoted nor rejected is kept after the run."""
    continues: dict[str, str] = field(default_factory=dict)
    """`run`, `model_arn` and `model_name` of the champion that it goes on from; empty for a base model."""
    chosen: int = 1
    """Number of the job whose model stands for the run; training may have made others."""
    by_hand: str = ""
    """Why a person promotes this run whatever its verdict was; empty where nobody does."""
    announced: str = ""
    """The outcome that was last told, so that a second release does not tell it twice."""
    blind_sha256: str = ""
    estimated_usd: Decimal | None = None
    actual_usd: Decimal | None = None


APPROVED: Final = "approved"
DENIED: Final = "denied"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a run asks a person before it spends, and the answer; a later question replaces an earlier one."""

    run: str
    token: str
    """Step Functions' task token: who sends it back wakes the pipeline."""
    asked: str
    deadline: str
    question: str
    usd: Decimal
    """The amount up to which a yes holds."""
    answer: str = ""
    """`approved` or `denied`; empty while nobody answered."""
    by: str = ""
    answered: str = ""


@dataclass(frozen=True, kw_only=True)
class JudgeLabels:
    """How far people agreed with a project's judge; another criterion or model is another judge."""

    project: str
    fingerprint: str
    run: str
    """Whose pairs were labelled."""
    labels: dict[str, str]
    """What people said of each record's pair: `candidate`, `other` or `tie`."""
    kappa: Decimal
    low: Decimal
    high: Decimal
    by: str
    read: str
    """When the sheet was read."""


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """When a step of a run began, and what it found, in a sentence and in figures."""

    step: Step
    started: str
    summary: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """A job, stored model or deployment that costs or may cost money, and when it must go."""

    run: str
    project: str
    token: str
    kind: CapacityKind
    name: str
    purpose: str
    state: CapacityState
    since: str
    expires: str
    arn: str = ""
    usd_per_hour: Decimal = Decimal(0)
    usd_per_month: Decimal = Decimal(0)
    released: str = ""
    """When it was given back; empty while it is not."""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Champion:
    """What a project's stable name points to."""

    project: str
    run: str
    model_arn: str
    model_name: str
    base_model: str
    """Only a model of the same base can take the place of another behind one ARN."""
    arn: str
    """The deployment or provisioned throughput that callers use; the same from champion to champion."""
    path: str
    """`on_demand` or `provisioned`: how it is served."""
    capacity_name: str
    capacity_run: str
    """The run whose candidate this capacity was opened for; its ledger item holds it."""
    since: str
    previous: dict[str, str] | None = None
    """The champion before, for a rollback; under `earlier_*` the one before that, so that a promotion can be
    undone whole."""


def run_key(run: str) -> dict[str, str]:
    """Key of a run's META item."""
    return {"pk": f"RUN#{run}", "sk": "META"}


def step_key(run: str, step: Step) -> dict[str, str]:
    """Key of a step's item, numbered so that a query returns the steps in order."""
    number = list(Step).index(step)
    return {"pk": f"RUN#{run}", "sk": f"STEP#{number:02d}#{step}"}


def approval_key(run: str) -> dict[str, str]:
    """Key of what a run asks."""
    return {"pk": f"RUN#{run}", "sk": "APPROVAL"}


def capacity_key(run: str, token: str) -> dict[str, str]:
    """Key of a piece of capacity."""
    return {"pk": f"RUN#{run}", "sk": f"CAPACITY#{token}"}


def champion_key(project: str) -> dict[str, str]:
    """Key of a project's champion."""
    return {"pk": f"PROJECT#{project}", "sk": "CHAMPION"}


def judge_key(project: str, fingerprint: str) -> dict[str, str]:
    """Key of the labels that a project's judge was held against."""
    return {"pk": f"PROJECT#{project}", "sk": f"JUDGE#{fingerprint}"}


def decision_key(blind_sha256: str, number: int) -> dict[str, str]:
    """Key of the k-th decision on a blind test, whichever run and project made it."""
    return {"pk": f"BLIND#{blind_sha256}", "sk": f"DECISION#{number:06d}"}


def project_run_key(project: str, created: str, run: str) -> dict[str, str]:
    """Key under which a project lists its runs by start."""
    return {"pk": f"PROJECT#{project}", "sk": f"RUN#{created}#{run}"}
