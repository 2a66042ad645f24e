"""What does a job file ask for? `job.yaml` or `job.json` read into a frozen `Job`, every problem at once."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeGuard, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)

from tunesmith import names
from tunesmith.catalogue import (
    PROMPT_LENGTH,
    Model,
    ServingPath,
    UploadFormat,
    find_model,
    load_catalogue,
    names_of,
)
from tunesmith.catalogue.kinds import KINDS, Kind
from tunesmith.catalogue.teachers import find_teacher, load_teachers
from tunesmith.errors import JobFileError, UnknownModelError
from tunesmith.evaluation.metrics_registry import RUN_METRICS
from tunesmith.evaluation.watch import WATCHED
from tunesmith.job_text import read_text
from tunesmith.ledger import Outcome
from tunesmith.suggestions import did_you_mean
from tunesmith.training.graders import GRADERS

MAX_BYTES: Final = 65_536
"""Largest job file that is read; a real one has some hundred bytes."""

CHAMPION_BASE: Final = "champion"
"""As base model: the project's champion, whose own base the admission puts in its place."""

MOST_REJECTED_SHARE: Final = 0.05
"""Share of a file's records that may be left out, by default."""

_MAX_PATH_LENGTH: Final = 512
_MAX_COLUMN_LENGTH: Final = 200
_MAX_SLICE_VALUE: Final = 60
GUARDRAIL_ROLE: Final = "guardrail-"
"""Begins the role of a guardrail's own file, before the guardrail's name."""
_MOST_HELD_BACK: Final = 0.8
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


def _inference_id(name: str) -> str:
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


def _kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError("not a kind of tuning")
    return name


def _run_metric(name: str) -> str:
    if name not in RUN_METRICS:
        raise ValueError("not a metric of runs")
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


def _data_files(value: object) -> object:
    return {"train": value} if isinstance(value, str) else value


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
_FUNCTION_ARN: Final = (
    r"arn:aws[a-zA-Z-]*:lambda:[a-z]{2}(-gov)?-[a-z]+-\d:\d{12}:function:[a-zA-Z0-9-_.]+"
    r"(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
"""What Bedrock takes as a grader: LambdaArn in botocore's service model."""
_PATH_ALLOWED: Final = (
    "the path of a .jsonl, .csv or .parquet file (or .jsonl.gz, .jsonl.zst, .csv.gz, .csv.zst, or .json.gz) "
    "relative to the job file, of ASCII letters, digits and -_.!()*' "
    f"between slashes, without '..', at most {_MAX_PATH_LENGTH} characters"
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DataFiles(_Section):
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
        description="group (keep near-duplicates together in one part) or drop (keep one record of each "
        "group in the training file)",
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


class Training(_Section):
    """When training must be over, all of its jobs together."""

    deadline_hours: int = Field(default=24, ge=1, le=240, description="a whole number of hours from 1 to 240")
    stop_when_stuck: bool = Field(default=False, description="true or false")


class Stopping(_Section):
    """How the number of epochs is found."""

    policy: Literal["probe", "pair", "chain", "single"] | None = Field(
        default=None,
        description="probe (one job, and another at the best length where that matters), pair (two lengths "
        "at once), chain (short jobs, each from the last one's model) or single; by default probe, or pair "
        "for a model whose training makes no use of validation data",
    )


class Sweep(_Section):
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


class Distillation(_Section):
    """Who teaches, and how long its answers may be."""

    teacher: Annotated[str, AfterValidator(_teachers_id)] = Field(
        description="a larger model that the base model can learn from, of "
        + ", ".join(teacher.name for teacher in load_teachers())
    )
    max_response_tokens: int = Field(
        default=1000, ge=1, le=5000, description="a whole number of tokens from 1 to 5000"
    )


class Reinforcement(_Section):
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


class GuardedSlice(_Section):
    """Which records of the blind test a guardrail looks at."""

    field: GroupKey = Field(
        description="the dotted path of a field of your own, in the same field as data.group_key"
    )
    value: str = Field(min_length=1, max_length=_MAX_SLICE_VALUE, description="the text that stands there")


class Guardrail(_Section):
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


class Evaluation(_Section):
    """What the candidate must gain, and by which measure."""

    metric: Annotated[
        str,
        AfterValidator(_run_metric),
        WithJsonSchema({"type": "string", "enum": list(RUN_METRICS)}),
    ] = Field(default="exact_match", description=f"one of {', '.join(RUN_METRICS)}")
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
    compare_with: tuple[Annotated[str, AfterValidator(_inference_id)], ...] = Field(
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


class Serving(_Section):
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


class Budget(_Section):
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


class Notify(_Section):
    """Which ends of a run are told to the topic's subscribers."""

    # Not `on`, which YAML 1.1 reads as true.
    outcomes: tuple[Annotated[Outcome, Field(strict=False)], ...] = Field(
        default=tuple(Outcome), strict=False, description=f"a list of {', '.join(Outcome)}"
    )


class Job(_Section):
    """One job file; `base_model` is normalised to the inference id."""

    project: str = Field(
        pattern=f"^{names.PROJECT_PATTERN}$",
        max_length=names.PROJECT_MAX_LENGTH,
        description=f"lower-case letters, digits and single hyphens between them, at most "
        f"{names.PROJECT_MAX_LENGTH} characters",
    )
    base_model: Annotated[str, AfterValidator(_inference_id)] = Field(
        description="a base model of the catalogue: "
        + ", ".join(model.name for model in load_catalogue())
        + f"; or {CHAMPION_BASE}, to go on from the project's champion",
        json_schema_extra={
            "enum": [CHAMPION_BASE, *(name for model in load_catalogue() for name in names_of(model))]
        },
    )
    data: Annotated[DataFiles, BeforeValidator(_data_files, json_schema_input_type=DataPath | DataFiles)] = (
        Field(description="the training file's path, or train, validation and test with a path each")
    )
    kind: Annotated[str, AfterValidator(_kind), WithJsonSchema({"type": "string", "enum": list(KINDS)})] = (
        Field(default="fine-tuning", description=" or ".join(KINDS))
    )
    distillation: Distillation | None = Field(
        default=None, description="a mapping with teacher, for kind: distillation alone"
    )
    reinforcement: Reinforcement | None = Field(
        default=None, description="a mapping with grader, for kind: reinforcement alone"
    )
    hyperparameters: dict[str, HyperparameterValue] = Field(
        default={}, description="Bedrock's hyperparameter names with a number each"
    )
    training: Training = Field(default=Training(), description="a mapping")
    stopping: Stopping = Field(default=Stopping(), description="a mapping")
    sweep: Sweep | None = Field(default=None, description="a mapping, which may be empty: {}")
    evaluation: Evaluation = Field(default=Evaluation(), description="a mapping")
    serving: Serving = Field(default=Serving(), description="a mapping")
    budget: Budget = Field(default=Budget(), description="a mapping")
    notify: Notify = Field(default=Notify(), description="a mapping")
    seed: int = Field(default=1, ge=0, le=2**32 - 1, description="a whole number from 0 to 4294967295")

    def to_json(self) -> dict[str, Any]:
        """Spell the normalised job as JSON values that `parse_job` reads back to an equal job."""
        return self.model_dump(mode="json", exclude_none=True)

    def on(self, base_model: str) -> Job:
        """Name the base model's inference id where the job file goes on from a champion."""
        return self.model_copy(update={"base_model": base_model})

    def files_by_role(self) -> dict[str, str]:
        """Map each role that has a file to its path, the guardrails' own files included."""
        guarded = {one.role: one.file for one in self.evaluation.guardrails if one.file is not None}
        return {**self.data.by_role(), **guarded}

    def read_as(self, role: str) -> dict[str, Any]:
        """Say how a role's file is read: format, columns and group key are those of the run's own data."""
        if role.startswith(GUARDRAIL_ROLE):
            return {"record_format": None, "group_key": None, "columns": {}}
        data = self.data
        return {
            "record_format": self.format_of(role),
            "group_key": data.group_key,
            "columns": data.columns,
        }

    @property
    def customization(self) -> Kind:
        """What the kind means."""
        return KINDS[self.kind]

    @property
    def model(self) -> Model:
        """The base model with what holds for the kind: its limits, format and hyperparameters."""
        model = find_model(self.base_model).as_tuned_by(self.kind)
        if model.learns_by_reward and PROMPT_LENGTH in self.hyperparameters:
            longest = int(min(float(self.hyperparameters[PROMPT_LENGTH]), MAX_BYTES))
            model = replace(model, tokens_per_prompt=longest)
        return model

    def model_of(self, role: str) -> Model:
        """Give the model as a file's records are held against it: a test of texts asks and answers."""
        return find_model(self.base_model) if self._asks(role) else self.model

    def format_of(self, role: str) -> UploadFormat | None:
        """Give the format that the job file names for a file."""
        return None if self._asks(role) else self.data.format

    def _asks(self, role: str) -> bool:
        """Tell whether a file asks and answers although the run learns texts."""
        asks = role == "test" or role.startswith(GUARDRAIL_ROLE)
        return asks and self.customization.learns_texts

    @property
    def shows_examples(self) -> bool:
        """Whether the base model also answers behind examples from training, which texts are not."""
        return self.evaluation.few_shot and not self.customization.learns_texts

    @property
    def serving_path(self) -> ServingPath:
        """The path that the job file names, or the first that the base model allows."""
        return self.serving.path or find_model(self.base_model).serving_paths[0]


def parse_job(data: bytes, *, source: str) -> Job:
    """Read a job file, as JSON where `source` ends in `.json`, else as YAML.

    Raises JobFileError with every problem: its key, the value and what is allowed there.
    """
    values = _load(data, source)
    try:
        job = Job.model_validate(values)
    except ValidationError as error:
        raise JobFileError([_problem(detail) for detail in error.errors(include_url=False)]) from error
    problems = [*_data_problems(job.data), *_kind_problems(job), *_guardrail_problems(job)]
    if problems:
        raise JobFileError(problems)
    return job


def _data_problems(data: DataFiles) -> list[str]:
    """Say what is wrong between the keys of `data`."""
    problems = []
    roles = data.by_role()
    if len(set(roles.values())) < len(roles):
        problems.append(f"data: {', '.join(roles)} share a file; allowed is a file of its own for each")
    for part, share in (("validation", data.validation_share), ("test", data.test_share)):
        if share is not None and part in roles:
            problems.append(
                f"data.{part}_share: {share} is not allowed beside data.{part}; allowed is one of the two"
            )
    fields = (*COLUMN_FIELDS, *([data.group_key] if data.group_key else []))
    for field in data.columns:
        if field not in fields:
            hint = did_you_mean(field, fields)
            problems.append(f"data.columns.{field}: is no field{hint}; allowed are {', '.join(fields)}")
    if data.columns and not any(path.endswith((*TABLE_SUFFIXES, PARQUET_SUFFIX)) for path in roles.values()):
        problems.append(
            "data.columns: is not allowed without a .csv or .parquet file; allowed is to leave it out"
        )
    if (data.validation_share or 0) + (data.test_share or 0) > _MOST_HELD_BACK:
        problems.append(
            f"data: validation_share and test_share are more than {_MOST_HELD_BACK} together; allowed is "
            "to train on at least a fifth"
        )
    return problems


def _guardrail_problems(job: Job) -> list[str]:
    """Say what is wrong among guardrails, and between them and the data."""
    problems = []
    guardrails, group_key = job.evaluation.guardrails, job.data.group_key
    if len({one.name for one in guardrails}) < len(guardrails):
        problems.append("evaluation.guardrails: share a name; allowed is a name of its own for each")
    paths = list(job.files_by_role().values())
    for number, one in enumerate(guardrails):
        key = f"evaluation.guardrails.{number}"
        if one.file is not None and one.slice is not None:
            problems.append(f"{key}: has both file and slice; allowed is one of the two")
        if one.file is not None and paths.count(one.file) > 1:
            problems.append(f"{key}.file: {one.file!r} is used twice; allowed is a file of its own")
        beside = group_key.partition(".")[0] if group_key and "." in group_key else ""
        if one.slice is not None and not (beside and one.slice.field.startswith(f"{beside}.")):
            told = (
                f"a field below {beside}"
                if beside
                else "a slice beside data.group_key, such as meta.customer"
            )
            problems.append(f"{key}.slice.field: {one.slice.field!r} is not allowed; allowed is {told}")
    return problems


def _kind_problems(job: Job) -> list[str]:
    """Say what does not go together with the kind."""
    problems = []
    for kind in KINDS.values():
        given = getattr(job, kind.section) if kind.section else None
        if given is not None and kind.name != job.kind:
            problems.append(
                f"{kind.section}: is not allowed with kind: {job.kind}; allowed is to set kind: {kind.name}"
            )
        if kind.section and given is None and kind.name == job.kind:
            problems.append(f"{kind.section}: is missing; allowed is a mapping with {kind.section_needs}")
    asked = job.customization
    because = f"not allowed with kind: {job.kind}, since {asked.why_one_job}; allowed is"
    if asked.chooses_length and job.hyperparameters:
        problems.append(f"hyperparameters: are {because} to leave them out")
    if asked.why_one_job and job.sweep is not None:
        problems.append(f"sweep: is {because} to leave it out")
    if asked.why_one_job and job.stopping.policy not in (None, "single"):
        problems.append(f"stopping.policy: '{job.stopping.policy}' is {because} single")
    if asked.learns_texts:
        problems += _text_problems(job)
    return problems


def _text_problems(job: Job) -> list[str]:
    """Say what does not go together with texts, which hold no answers."""
    because = f"is not allowed with kind: {job.kind}, since texts hold no answers"
    problems = []
    if job.data.test_share is not None:
        problems.append(f"data.test_share: {because}; allowed is data.test, a file of questions and answers")
    if job.sweep is not None:
        problems.append(f"sweep: {because} to compare its settings by; allowed is to leave it out")
    if job.stopping.policy == "pair":
        problems.append(f"stopping.policy: 'pair' {because} to choose by; allowed is probe, chain or single")
    return problems


def _load(data: bytes, source: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise JobFileError([f"{source}: has {len(data)} bytes; allowed are {MAX_BYTES}"])
    values = read_text(data, source)
    if not isinstance(values, dict):
        raise JobFileError([f"{source}: holds no keys; allowed are {', '.join(Job.model_fields)}"])
    return values


# --- telling


def _problem(detail: Any) -> str:
    """Say one of pydantic's findings in Tunesmith's words."""
    path = [str(part) for part in detail["loc"]]
    section = _section_of(path)
    key = ".".join(path)
    kind = detail["type"]
    if kind in ("extra_forbidden", "invalid_key"):
        keys = list(section.model_fields)
        return f"{key}: is no key of a job file{did_you_mean(path[-1], keys)}; allowed are {', '.join(keys)}"
    field = next(part for part in reversed(path) if part in section.model_fields)
    allowed = section.model_fields[field].description
    if kind == "missing":
        return f"{key}: is missing; allowed is {allowed}"
    if key == "base_model" and kind == "value_error":
        return f"{key}: {detail['ctx']['error']}"
    hint = _hint(detail["input"], kind)
    return f"{key}: {_shown(detail['input'])} is not allowed; allowed is {allowed}{hint}"


def _section_of(path: list[str]) -> type[_Section]:
    """Find the section that the last key of a path stands in."""
    section: type[_Section] = Job
    for part in path[:-1]:
        if part.isdecimal():  # a place in a list
            continue
        annotation = section.model_fields[part].annotation
        found = [one for one in (annotation, *get_args(annotation)) if _is_section(one)]
        if not found:
            break
        section = found[0]
    return section


def _is_section(annotation: object) -> TypeGuard[type[_Section]]:
    return isinstance(annotation, type) and issubclass(annotation, _Section)


def _hint(value: object, kind: str) -> str:
    if kind == "string_type" and isinstance(value, Hashable) and not isinstance(value, str | None):
        return " (put text that looks like a number, a date or yes/no in quotes)"
    return ""


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print integers of more than 4,300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 80 else text[:77] + "..."
