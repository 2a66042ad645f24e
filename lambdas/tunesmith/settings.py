"""Which environment variables does each function get? One class per function, named once for both sides.

The stack writes them with `to_environment()`, the handler reads them with `from_environment()`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final, Self

NO_CLUSTER: Final = "off"
"""What stands in place of a cluster's limits where none is deployed."""
_PREFIX = "TUNESMITH_"


@dataclass(frozen=True, kw_only=True)
class ClusterLimits:
    """Above which size of the uploads a cluster prepares them, and what it may take at most."""

    above_bytes: int
    vcpus: int
    memory_gb: int
    disk_gb: int
    """Of all workers, beyond the gigabytes of each that are free."""
    minutes: int

    def spelled(self) -> str:
        """Spell the limits as the value of a variable."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, value: str) -> Self | None:
        """Read what `spelled` wrote; None for `NO_CLUSTER`."""
        return None if value == NO_CLUSTER else cls(**json.loads(value))


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """What every function knows: where it is deployed and where runs are recorded."""

    environment: str
    ledger_table: str
    artifacts_bucket: str

    def to_environment(self) -> dict[str, str]:
        """Spell the settings as environment variables."""
        return {_PREFIX + field.name.upper(): getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Self:  # noqa: TID251
        """Read the settings; KeyError names the variable that the stack did not set."""
        return cls(**{field.name: variables[_PREFIX + field.name.upper()] for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class GradeAnswersSettings(FunctionSettings):
    """`grade_answers`: is called by Bedrock while it trains, and may touch neither ledger nor bucket."""


@dataclass(frozen=True, kw_only=True)
class AdmitUploadSettings(FunctionSettings):
    """`admit_upload`: reads the dataset bucket, starts the pipeline, tells of rejections."""

    dataset_bucket: str
    pipeline_arn: str
    topic_arn: str


@dataclass(frozen=True, kw_only=True)
class PrepareDatasetSettings(FunctionSettings):
    """`prepare_dataset`: reads the upload, writes the split and the sealed blind test."""

    dataset_bucket: str
    account: str
    cluster: str
    """The limits of a cluster, or `NO_CLUSTER`."""


@dataclass(frozen=True, kw_only=True)
class CheckPreflightSettings(FunctionSettings):
    """`check_preflight`: asks Bedrock what it still offers, and a reinforcement's grader what it can tell."""

    grader_arn: str


@dataclass(frozen=True, kw_only=True)
class EstimateCostSettings(FunctionSettings):
    """`estimate_cost`: prices the plan; an override of the price table may lie in the dataset bucket."""

    dataset_bucket: str


@dataclass(frozen=True, kw_only=True)
class AskApprovalSettings(FunctionSettings):
    """`ask_approval`: asks a person whether a run may go on."""

    topic_arn: str


@dataclass(frozen=True, kw_only=True)
class PlanRoundSettings(FunctionSettings):
    """`plan_round`: decides which jobs are trained next, or which model is kept."""


@dataclass(frozen=True, kw_only=True)
class PlanJobSettings(FunctionSettings):
    """`plan_job`: writes the request for one customization job."""

    training_role_arn: str
    model_key_arn: str
    grader_arn: str


@dataclass(frozen=True, kw_only=True)
class WatchJobSettings(FunctionSettings):
    """`watch_job`: decides whether a job in progress goes on."""


@dataclass(frozen=True, kw_only=True)
class ConcludeJobSettings(FunctionSettings):
    """`conclude_job`: records how a job ended and what it left behind."""


@dataclass(frozen=True, kw_only=True)
class AnswerValidationSettings(FunctionSettings):
    """`answer_validation`: lets one job's model answer the validation records."""

    dataset_bucket: str


@dataclass(frozen=True, kw_only=True)
class PlanEvaluationSettings(FunctionSettings):
    """`plan_evaluation`: lists the shards of the blind test and the models that answer them."""


@dataclass(frozen=True, kw_only=True)
class ChooseExamplesSettings(FunctionSettings):
    """`choose_examples`: asks the base model validation records, behind so many and so many examples."""


@dataclass(frozen=True, kw_only=True)
class PlanCapacitySettings(FunctionSettings):
    """`plan_capacity`: enters the candidate's capacity; prices may be overridden in the dataset bucket."""

    dataset_bucket: str


@dataclass(frozen=True, kw_only=True)
class FindOverdueSettings(FunctionSettings):
    """`find_overdue`: compares the ledger with what exists and with the pipeline's executions."""

    pipeline_arn: str


@dataclass(frozen=True, kw_only=True)
class AnswerShardSettings(FunctionSettings):
    """`answer_shard`: lets every compared model answer one shard."""


@dataclass(frozen=True, kw_only=True)
class RateShardSettings(FunctionSettings):
    """`rate_shard`: lets a judge compare the answers to one shard."""


@dataclass(frozen=True, kw_only=True)
class ScoreAnswersSettings(FunctionSettings):
    """`score_answers`: turns answers into figures per model."""

    dataset_bucket: str


@dataclass(frozen=True, kw_only=True)
class DecidePromotionSettings(FunctionSettings):
    """`decide_promotion`: compares the candidate with its comparators."""


@dataclass(frozen=True, kw_only=True)
class PlanServingSettings(FunctionSettings):
    """`plan_serving`: decides whether the champion's capacity is adopted or swapped."""


@dataclass(frozen=True, kw_only=True)
class SmokeTestSettings(FunctionSettings):
    """`smoke_test`: asks a deployed model a few validation records."""


@dataclass(frozen=True, kw_only=True)
class RecordChampionSettings(FunctionSettings):
    """`record_champion`: writes the project's champion into the ledger."""


@dataclass(frozen=True, kw_only=True)
class RestoreChampionSettings(FunctionSettings):
    """`restore_champion`: puts the previous champion back into the ledger."""


@dataclass(frozen=True, kw_only=True)
class PlanReleaseSettings(FunctionSettings):
    """`plan_release`: closes a run and lists what it no longer needs."""


@dataclass(frozen=True, kw_only=True)
class WriteReportSettings(FunctionSettings):
    """`write_report`: renders report.json and report.html."""


def function_settings() -> dict[str, type[FunctionSettings]]:
    """Map each function's folder name to its settings class."""
    return {
        _snake_case(cls.__name__.removesuffix("Settings")): cls for cls in FunctionSettings.__subclasses__()
    }


def _snake_case(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
