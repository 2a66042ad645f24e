"""What does a job file ask for? `job.yaml` or `job.json` read into a frozen `Job`, every problem at once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Annotated, Any, Final, TypeGuard, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
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
from tunesmith.catalogue.judges import find_judge, maker_of
from tunesmith.catalogue.kinds import KINDS, Kind
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.errors import JobFileError
from tunesmith.evaluation.metrics_registry import JUDGE
from tunesmith.job_sections import (
    CHAMPION_BASE,
    COLUMN_FIELDS,
    GUARDRAIL_ROLE,
    PARQUET_SUFFIX,
    TABLE_SUFFIXES,
    Budget,
    DataFiles,
    DataPath,
    Distillation,
    Evaluation,
    HyperparameterValue,
    MetadataFilters,
    Notify,
    Reinforcement,
    Section,
    Serving,
    Stopping,
    Sweep,
    Training,
    inference_id,
)
from tunesmith.job_text import read_text
from tunesmith.suggestions import did_you_mean

MAX_BYTES: Final = 65_536
"""Largest job file that is read; a real one has some hundred bytes."""
_MOST_HELD_BACK: Final = 0.8


def _kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError("not a kind of run")
    return name


def _data_files(value: object) -> object:
    return {"train": value} if isinstance(value, str) else value


class Job(Section):
    """One job file; `base_model` is normalised to the inference id."""

    project: str = Field(
        pattern=f"^{names.PROJECT_PATTERN}$",
        max_length=names.PROJECT_MAX_LENGTH,
        description=f"lower-case letters, digits and single hyphens between them, at most "
        f"{names.PROJECT_MAX_LENGTH} characters",
    )
    base_model: Annotated[str, AfterValidator(inference_id)] = Field(
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

    def measured_by(self, metric: str) -> Job:
        """Name the metric where the job file leaves it to the data."""
        if self.evaluation.metric is not None:
            return self
        return self.model_copy(update={"evaluation": self.evaluation.model_copy(update={"metric": metric})})

    @property
    def metric(self) -> str:
        """The metric that the verdict goes by. Raises ValueError before the data has told it."""
        if self.evaluation.metric is None:
            raise ValueError("the job file names no metric, and the data has not told one yet")
        return self.evaluation.metric

    def tuning(self) -> Job:
        """Give the run that would tune, where this one asks whether to."""
        return self.model_copy(update={"kind": self.customization.weighs or self.kind})

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
    problems = [
        *_data_problems(job.data),
        *_kind_problems(job),
        *_guardrail_problems(job),
        *judge_problems(job),
    ]
    if problems:
        raise JobFileError(problems)
    return job


def judge_problems(job: Job) -> list[str]:
    """Say what is wrong with the judge; a base model that stands for the champion's is not known yet.

    A judge favours answers like its own, and so those of its kin.
    """
    judge, is_wanted = job.evaluation.judge, job.evaluation.metric == JUDGE
    if judge is None:
        missing = (
            "evaluation.judge: is missing; allowed is a mapping with model, since evaluation.metric is judge"
        )
        return [missing] if is_wanted else []
    if not is_wanted:
        return ["evaluation.judge: is not allowed with another metric; allowed is evaluation.metric: judge"]
    judges, kin = find_judge(judge.model), []
    if job.base_model != CHAMPION_BASE:
        kin.append(("the base model", find_model(job.base_model).title, maker_of(job.base_model)))
    if job.distillation is not None:
        teacher = find_teacher(job.distillation.teacher)
        kin.append(("the teacher", teacher.title, maker_of(teacher.id)))
    return [
        f"evaluation.judge.model: {judges.title} is of the same maker ({maker}) as {who}, {title}; "
        "allowed is a model of another maker, which favours neither"
        for who, title, maker in kin
        if maker == judges.maker
    ]


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
    if job.distillation and job.distillation.logs:
        problems += _filter_problems(job.distillation.logs.filters)
    if not asked.tunes:
        problems += _advice_problems(job, because)
    return problems


def _advice_problems(job: Job, because: str) -> list[str]:
    """Say what needs a tuned model, where none is made."""
    problems = []
    if job.base_model == CHAMPION_BASE:
        problems.append(f"base_model: '{CHAMPION_BASE}' is {because} to name a base model")
    if job.evaluation.judge is not None:
        problems.append(f"evaluation.judge: is {because} to leave it out")
    if job.evaluation.guardrails:
        problems.append(f"evaluation.guardrails: are {because} to leave them out")
    return problems


def _filter_problems(filters: MetadataFilters | None) -> list[str]:
    """Say which filters are not one: Bedrock takes them as a union."""
    if filters is None:
        return []
    key = "distillation.logs.filters"
    every = {
        f"{key}.{name}.{number}": one
        for name in ("and_all", "or_all")
        for number, one in enumerate(getattr(filters, name) or ())
    }
    problems = []
    for place, one in {key: filters, **every}.items():
        given = [name for name in type(one).model_fields if getattr(one, name) is not None]
        if len(given) != 1:
            told = " and ".join(given) or "no filter"
            problems.append(f"{place}: has {told}; allowed is one of {', '.join(type(one).model_fields)}")
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


def _section_of(path: list[str]) -> type[Section]:
    """Find the section that the last key of a path stands in."""
    section: type[Section] = Job
    for part in path[:-1]:
        if part.isdecimal():  # a place in a list
            continue
        annotation = section.model_fields[part].annotation
        found = [one for one in (annotation, *get_args(annotation)) if _is_section(one)]
        if not found:
            break
        section = found[0]
    return section


def _is_section(annotation: object) -> TypeGuard[type[Section]]:
    return isinstance(annotation, type) and issubclass(annotation, Section)


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
