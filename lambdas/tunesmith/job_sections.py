"""What may stand in each part of a job file? Sections and values, each with what is allowed there."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from tunesmith import names
from tunesmith.catalogue import (
    ServingPath,
    UploadFormat,
    find_model,
)
from tunesmith.catalogue.judges import find_judge
from tunesmith.catalogue.teachers import find_teacher, load_teachers
from tunesmith.errors import UnknownModelError
from tunesmith.evaluation.judging import DEFAULT_CRITERIA, Judging
from tunesmith.evaluation.metrics_registry import JUDGE, RUN_METRICS
from tunesmith.evaluation.watch import WATCHED
from tunesmith.ledger import Outcome
from tunesmith.training.graders import GRADERS

CHAMPION_BASE: Final = "champion"
"""As base model: the project's champion, whose own base the admission puts in its place."""

MOST_REJECTED_SHARE: Final = 0.05
"""Share of a file's records that may be left out, by default."""

_MAX_PATH_LENGTH: Final = 512
_MAX_COLUMN_LENGTH: Final = 200
_MAX_SLICE_VALUE: Final = 60
_MAX_METADATA: Final = 256
"""Characters of a name or value of a request's metadata. Source: the user guide on invocation logging."""
GUARDRAIL_ROLE: Final = "guardrail-"
"""Begins the role of a guardrail's own file, before the guardrail's name."""
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?", re.ASCII)
_GROUP_KEY_PATTERN: Final = r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*"
COLUMN_FIELDS: Final = ("prompt", "completion", "system")
"""What a column of a table may be, beside the group key; the system text may be missing."""
TABLE_SUFFIXES: Final = (".csv", ".csv.gz", ".csv.zst")
PARQUET_SUFFIX: Final = ".parquet"
DATA_SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".json.gz", *TABLE_SUFFIXES, PARQUET_SUFFIX)
_RECORD_KEYS: Final = ("schemaVersion", "system", "messages", "prompt", "completion", "input")
_DATA_PATH = re.compile(
    r"[\w!().*'-][\w !().*'-]*(/[\w!().*'-][\w !().*'-]*)*\.((jsonl|csv)(\.gz|\.zst)?|json\.gz|parquet)",
    re.ASCII,
)


def _checked_path(path: str) -> str:
    if len(path) > _MAX_PATH_LENGTH or not _DATA_PATH.fullmatch(path) or ".." in path.split("/"):
        raise ValueError("not a data path")
    return path


def inference_id(name: str) -> str:
    """Give a base model's inference id, or the word for the champion's; ValueError where there is none."""
    if name == CHAMPION_BASE:
        return name
    try:
        return find_model(name).id
    except UnknownModelError as error:
        raise ValueError(str(error)) from error


def _teachers_id(name: str) -> str:
    try:
        return find_teacher(name).id
    except UnknownModelError as error:
        raise ValueError(str(error)) from error


def _run_metric(name: str) -> str:
    if name not in RUN_METRICS:
        raise ValueError("not a metric of runs")
    return name


def _decisive_metric(name: str) -> str:
    is_function = re.fullmatch(_FUNCTION_ARN, name, re.ASCII)
    return name if name == JUDGE or is_function else _run_metric(name)


def _judges_name(name: str) -> str:
    try:
        find_judge(name)
    except UnknownModelError as error:
        raise ValueError(str(error)) from error
    return name


def _grader(name: str) -> str:
    if name not in GRADERS and not re.fullmatch(_FUNCTION_ARN, name, re.ASCII):
        raise ValueError("neither a grader nor a function")
    return name


def _guardrail_metric(name: str) -> str:
    return name if name in WATCHED else _run_metric(name)


def _checked_group_key(path: str) -> str:
    if not re.fullmatch(_GROUP_KEY_PATTERN, path, re.ASCII) or path.partition(".")[0] in _RECORD_KEYS:
        raise ValueError("not a group key")
    return path


def _checked_column(name: str) -> str:
    if not name.strip() or len(name) > _MAX_COLUMN_LENGTH or not name.isprintable():
        raise ValueError("not a column's name")
    return name.strip()


def _named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("names one twice")
    return names


def _growing_to_all(shares: tuple[float, ...]) -> tuple[float, ...]:
    growing = all(before < after for before, after in pairwise((0.0, *shares)))
    if shares and not (growing and len(shares) > 1 and shares[-1] == 1):
        raise ValueError("not growing shares up to all")
    return shares


def _checked_number(value: object) -> int | float | str:
    """Take text too: YAML reads `1e-5` as text, and Bedrock wants text in the end."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    if not _NUMBER.fullmatch(str(value)):
        raise ValueError("not a number")
    return value


DataPath = Annotated[
    str,
    AfterValidator(_checked_path),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": _MAX_PATH_LENGTH,
            "pattern": rf"^(?!(.*/)?\.\./){_DATA_PATH.pattern}$",
        }
    ),
]
GroupKey = Annotated[
    str,
    AfterValidator(_checked_group_key),
    WithJsonSchema({"type": "string", "pattern": f"^{_GROUP_KEY_PATTERN}$"}),
]
HyperparameterValue = Annotated[
    int | float | str,
    PlainValidator(_checked_number),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^({_NUMBER.pattern})$"}]}),
]
ColumnName = Annotated[
    str,
    AfterValidator(_checked_column),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _MAX_COLUMN_LENGTH}),
]
RunMetric = Annotated[
    str,
    AfterValidator(_run_metric),
    WithJsonSchema({"type": "string", "enum": list(RUN_METRICS)}),
]
_FUNCTION_ARN: Final = (
    r"arn:aws[a-zA-Z-]*:lambda:[a-z]{2}(-gov)?-[a-z]+-\d:\d{12}:function:[a-zA-Z0-9-_.]+"
    r"(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
"""What Bedrock takes as a grader: LambdaArn in botocore's service model."""
DecisiveMetric = Annotated[
    str,
    AfterValidator(_decisive_metric),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": [*RUN_METRICS, JUDGE]},
                {"type": "string", "pattern": f"^{_FUNCTION_ARN}$"},
            ]
        }
    ),
]
_PATH_ALLOWED: Final = (
    "the path of a .jsonl, .csv or .parquet file (or .jsonl.gz, .jsonl.zst, .csv.gz, .csv.zst, or .json.gz) "
    "relative to the job file, of ASCII letters, digits and -_.!()*' "
    f"between slashes, without '..', at most {_MAX_PATH_LENGTH} characters"
)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DataFiles(Section):
    """Where the records lie, how they are read and how they are split; what is not given is split off."""

    train: DataPath = Field(description=_PATH_ALLOWED)
    validation: DataPath | None = Field(default=None, description=_PATH_ALLOWED)
    test: DataPath | None = Field(default=None, description=_PATH_ALLOWED)
    format: UploadFormat | None = Field(
        default=None,
        description="converse, anthropic_messages, prompt_completion, openai_chat or text; by default what "
        "each file's first records show",
    )
    columns: dict[str, ColumnName] = Field(
        default={},
        description="prompt, completion, system or the group key, with the name of its column in .csv and "
        ".parquet files; by default the column of the same name",
    )
    validation_share: float | None = Field(
        default=None, ge=0, le=0.5, description="a share of the training file from 0 to 0.5"
    )
    test_share: float | None = Field(
        default=None, ge=0.01, le=0.5, description="a share of the training file from 0.01 to 0.5"
    )
    group_key: GroupKey | None = Field(
        default=None,
        description="the dotted path of a field of your own beside the record's, such as meta.customer",
    )
    repeat_to: int | None = Field(
        default=None,
        ge=2,
        le=20_000,
        description="a whole number of records from 2 to 20000; fewer training records are repeated, each as "
        "often, until they are as many",
    )
    on_error: Literal["strict", "drop", "fix"] = Field(
        default="drop",
        description="strict (end the run at one bad record), drop (leave bad records out) or fix (mend what "
        "can be mended safely, and leave out the rest)",
    )
    max_rejected_share: float = Field(
        default=MOST_REJECTED_SHARE,
        ge=0,
        le=0.9,
        description="a share of each file from 0 to 0.9: if more of its records are left out, the run ends",
    )
    near_duplicates: Literal["group", "drop"] = Field(
        default="group",
        description="group (keep near-duplicates together in one part) or drop (leave out of the training "
        "file what is nearly the same as a record that stays)",
    )
    sensitive: Literal["report", "mask", "refuse"] = Field(
        default="report",
        description="report (count e-mail addresses, phone and card numbers, keys and the like), mask (put "
        "their kind in their place) or refuse (leave out the records that hold any)",
    )

    def by_role(self) -> dict[str, str]:
        """Map each role that has a file to its path."""
        files = {"train": self.train, "validation": self.validation, "test": self.test}
        return {role: path for role, path in files.items() if path is not None}


class Training(Section):
    """When training must be over, all of its jobs together."""

    deadline_hours: int = Field(default=24, ge=1, le=240, description="a whole number of hours from 1 to 240")
    stop_when_stuck: bool = Field(default=False, description="true or false")


class Stopping(Section):
    """How the number of epochs is found."""

    policy: Literal["probe", "pair", "chain", "single"] | None = Field(
        default=None,
        description="probe (one job, and another at the best length where that matters), pair (two lengths "
        "at once), chain (short jobs, each from the last one's model) or single; by default probe, or pair "
        "for a model whose training makes no use of validation data",
    )


class Sweep(Section):
    """Which hyperparameters are tried beside the job file's own setting."""

    over: Annotated[tuple[str, ...], AfterValidator(_named_once)] = Field(
        default=(),
        strict=False,
        max_length=6,
        json_schema_extra={"uniqueItems": True},
        description="a list of up to six hyperparameter names, each once; by default the learning rate",
    )
    settings: int = Field(
        default=4, ge=2, le=8, description="a whole number of settings from 2 to 8, the own one included"
    )
    data_shares: Annotated[tuple[float, ...], AfterValidator(_growing_to_all)] = Field(
        default=(),
        strict=False,
        max_length=4,
        description="a list of two to four shares of the training records, each larger than the one before "
        "and the last 1, such as [0.25, 0.5, 1]: the better half of the settings goes on; by default each "
        "setting is trained on all of them",
    )


MetadataPair = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=_MAX_METADATA)],
        Annotated[str, Field(min_length=1, max_length=_MAX_METADATA)],
    ],
    Field(min_length=1, max_length=1),
]
_PAIR_ALLOWED: Final = (
    "one name with one text, such as {team: support}; more pairs stand in and_all or or_all"
)


class MetadataFilter(Section):
    """What a caller must have said of a request, or not; `equals` or `not_equals`."""

    equals: MetadataPair | None = Field(default=None, description=_PAIR_ALLOWED)
    not_equals: MetadataPair | None = Field(default=None, description=_PAIR_ALLOWED)


class MetadataFilters(MetadataFilter):
    """Which entries of a log are learned from, in the shapes of Bedrock's RequestMetadataFilters."""

    and_all: tuple[MetadataFilter, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=16,
        strict=False,
        description="a list of 1 to 16 mappings with equals or not_equals, all of which hold",
    )
    or_all: tuple[MetadataFilter, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=16,
        strict=False,
        description="a list of 1 to 16 mappings with equals or not_equals, one of which holds",
    )


class DistillationLogs(Section):
    """The training file is an invocation log; which entries count, and whether their answers are learned."""

    filters: MetadataFilters | None = Field(
        default=None, description="a mapping with one of equals, not_equals, and_all and or_all"
    )
    use_logged_answers: bool = Field(
        default=False,
        description="true or false: whether the teacher's logged answers are learned, in place of new ones",
    )


class Distillation(Section):
    """Who teaches, and how long its answers may be."""

    teacher: Annotated[str, AfterValidator(_teachers_id)] = Field(
        description="a larger model that the base model can learn from, of "
        + ", ".join(teacher.name for teacher in load_teachers())
    )
    max_response_tokens: int = Field(
        default=1000, ge=1, le=5000, description="a whole number of tokens from 1 to 5000"
    )
    logs: DistillationLogs | None = Field(
        default=None,
        description="a mapping, which may be empty, where data.train is an invocation log: {}",
    )

    @property
    def learns_logged_answers(self) -> bool:
        """Whether the student learns what the teacher has answered already."""
        return self.logs is not None and self.logs.use_logged_answers


class Reinforcement(Section):
    """Who grades the answers that the model tries, and how long it may think."""

    grader: Annotated[
        str,
        AfterValidator(_grader),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "enum": list(GRADERS)},
                    {"type": "string", "pattern": f"^{_FUNCTION_ARN}$"},
                ]
            }
        ),
    ] = Field(
        description=f"one of {', '.join(GRADERS)}, or the ARN of a Lambda function of your own, whose name "
        "stands in `graders` of the environment in cdk.json"
    )
    reasoning_effort: Literal["low", "medium", "high"] | None = Field(
        default=None, description="low, medium or high; by default what Bedrock takes"
    )

    @property
    def own_grader(self) -> str:
        """The grader of Tunesmith's that is asked for; empty where it is a function of the user's."""
        return self.grader if self.grader in GRADERS else ""


class GuardedSlice(Section):
    """Which records of the blind test a guardrail looks at."""

    field: GroupKey = Field(
        description="the dotted path of a field of your own, in the same field as data.group_key"
    )
    value: str = Field(min_length=1, max_length=_MAX_SLICE_VALUE, description="the text that stands there")


class Guardrail(Section):
    """What the candidate must not be worse at than base model and champion, and by how much at most."""

    name: str = Field(
        pattern=f"^{names.PROJECT_PATTERN}$",
        max_length=names.PROJECT_MAX_LENGTH,
        description="lower-case letters, digits and single hyphens between them, at most "
        f"{names.PROJECT_MAX_LENGTH} characters",
    )
    metric: Annotated[
        str,
        AfterValidator(_guardrail_metric),
        WithJsonSchema({"type": "string", "enum": [*RUN_METRICS, *WATCHED]}),
    ] = Field(description=f"one of {', '.join((*RUN_METRICS, *WATCHED))}")
    margin: float = Field(
        gt=0, le=100, description="percentage points above 0, at most 100, that may be lost"
    )
    file: DataPath | None = Field(default=None, description=_PATH_ALLOWED)
    slice: GuardedSlice | None = Field(
        default=None, description="a mapping with field and value; without it and file, the whole blind test"
    )

    @property
    def role(self) -> str:
        """What its file is to the run."""
        return f"{GUARDRAIL_ROLE}{self.name}"


class Judge(Section):
    """Which model compares answers in pairs, and by what."""

    model: Annotated[str, AfterValidator(_judges_name)] = Field(
        description="a model of another maker than the base model's and the teacher's: a short name of the"
        " catalogue, or any id that Bedrock takes in Converse"
    )
    criteria: str = Field(
        default=DEFAULT_CRITERIA,
        min_length=1,
        max_length=4000,
        description="what makes an answer the better one, in words for the judge",
    )

    @property
    def judging(self) -> Judging:
        """What the judge goes by, as labels of people hold for it."""
        return Judging(model=find_judge(self.model).id, criteria=self.criteria)


class Evaluation(Section):
    """What the candidate must gain, and by which measure."""

    metric: DecisiveMetric | None = Field(
        default=None,
        description=f"one of {', '.join((*RUN_METRICS, JUDGE))}, or the ARN of a Lambda function of your own,"
        " whose name stands in `metrics` of the environment in cdk.json; by default what the blind test's"
        " answers show",
    )
    judge: Judge | None = Field(default=None, description="a mapping with model, for metric: judge alone")
    minimum_gain: float = Field(
        default=2.0, ge=0, le=100, description="a number of percentage points from 0 to 100"
    )
    expected_gain: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="percentage points above 0, at most 100: a run that could not prove them asks first",
    )
    few_shot: bool = Field(
        default=True,
        description="true or false: whether the base model also answers behind examples from training",
    )
    compare_with: tuple[Annotated[str, AfterValidator(inference_id)], ...] = Field(
        default=(),
        max_length=3,
        strict=False,
        description="a list of at most 3 base models, such as larger ones; they inform only",
    )
    guardrails: tuple[Guardrail, ...] = Field(
        default=(),
        max_length=3,
        strict=False,
        description="a list of at most 3 mappings with name, metric, margin, and file or slice",
    )
    noise_records: int = Field(
        default=100,
        ge=0,
        le=1000,
        description="a whole number of blind records from 0 to 1000 that each model answers twice",
    )
    max_tokens: int = Field(default=256, ge=1, le=5000, description="a whole number of tokens from 1 to 5000")

    @property
    def answered_twice(self) -> int:
        """How many blind records are answered twice; none for a judge, whom both orders show wavering."""
        return 0 if self.metric == JUDGE else self.noise_records


class Serving(Section):
    """How candidate and champion are served, and how long a model stays that was not promoted."""

    path: ServingPath | None = Field(
        default=None, description="on_demand or provisioned; by default what the base model allows"
    )
    model_units: int = Field(
        default=1, ge=1, le=100, description="a whole number of model units from 1 to 100"
    )
    keep_days: int = Field(default=7, ge=0, le=30, description="a whole number of days from 0 to 30")
    answers_per_month: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000_000,
        description="a whole number above 0: how often the model will be asked, for payback and break-even",
    )


class Budget(Section):
    """What the run may cost."""

    limit_usd: Decimal = Field(
        default=Decimal(50),
        gt=0,
        le=1_000_000,
        strict=False,
        description="US dollars above 0, at most 1000000",
    )
    ask_above: Decimal | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        strict=False,
        description="US dollars from 0 to 1000000, above which a person has to approve the run",
    )
    answer_within_hours: int = Field(
        default=24, ge=1, le=168, description="a whole number of hours from 1 to 168"
    )


class Notify(Section):
    """Which ends of a run are told to the topic's subscribers."""

    # Not `on`, which YAML 1.1 reads as true.
    outcomes: tuple[Annotated[Outcome, Field(strict=False)], ...] = Field(
        default=tuple(Outcome), strict=False, description=f"a list of {', '.join(Outcome)}"
    )
