"""What does Tunesmith know about base models? `models/*.yaml` as typed values, found by any usual id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from tunesmith.catalogue.kinds import KINDS
from tunesmith.errors import UnknownModelError
from tunesmith.suggestions import did_you_mean

RecordFormat = Literal["converse", "anthropic_messages", "prompt_completion", "openai_chat", "text"]
"""What a model is trained on."""
UploadFormat = Literal["converse", "anthropic_messages", "prompt_completion", "openai_chat", "text"]
"""What is read."""
ServingPath = Literal["on_demand", "provisioned"]
LifecycleStatus = Literal["active", "legacy", "retired"]

_FILES: Final = tuple(
    Path(__file__).parent / "models" / f"{name}.yaml" for name in ("nova", "llama", "retired")
)
PROMPT_LENGTH: Final = "maxPromptLength"
"""Hyperparameter of a reinforcement that bounds its prompts, in tokens."""
_KINDS: Final = ("continued-pre-training", "distillation", "reinforcement")
"""Groups of facts that only some models have."""
_GROUPS: Final = ("identity", "offer", "records", "tuning", "serving", "lifecycle")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a group of facts was read, and when."""

    url: str
    date: date


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """Inclusive range and default of one hyperparameter, under Bedrock's own name."""

    min: Decimal
    max: Decimal
    default: Decimal
    integer: bool


@dataclass(frozen=True, kw_only=True)
class Reinforcement:
    """What training by rewards takes of a model: fewest prompts, and numbers of its own."""

    minimum_prompts: int
    hyperparameters: Mapping[str, Hyperparameter]


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """What a model takes of images, or of videos."""

    formats: tuple[str, ...]
    """Converse's names of them."""
    most: int | None
    """In a record; None where no limit is documented."""
    bytes: int
    """Of one object."""
    tokens: int
    """The most that one takes, for estimates of cost; it depends on its pixels or seconds."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Where a model stands in its life; the dates are AWS's, None where it announced none."""

    status: LifecycleStatus
    legacy: date | None = None
    end_of_life: date | None = None
    successor: str = ""
    """Inference id of the model to use instead; empty while the model is active."""


@dataclass(frozen=True, kw_only=True)
class Texts:
    """How many texts a model's continued pre-training takes, and by which quota that is raised."""

    maximum: int
    quota: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """One base model: ids, limits, hyperparameters, ways to serve, life, and where each was read."""

    id: str
    """Inference id, which is also Tunesmith's id of the model."""
    training_id: str
    """Id for a customization job, with the context suffix."""
    invocation_id: str
    """Id under which the untuned model is called: an inference profile's where it has to be."""
    name: str
    """Short name, as written in a job file."""
    title: str
    family: str
    regions: tuple[str, ...]
    """Regions in which it can be customized."""
    kinds: tuple[str, ...]
    record_format: RecordFormat
    media: Mapping[str, MediaLimits]
    """What a user turn may show beside its text: image, video, or nothing."""
    reasoning: bool
    """Whether an assistant turn may carry reasoning beside its text."""
    one_system_text: bool
    """Whether a record must have exactly one system text."""
    minimum_records: int
    minimum_counts_validation: bool
    """Whether training and validation together must reach the minimum, or training alone."""
    maximum_records: int
    """Most records of training and validation together, by default; see the quota."""
    maximum_records_quota: str
    """Code of the quota that a higher maximum is asked for by; empty where it is not known."""
    minimum_validation: int
    """Fewest validation records, where there are any."""
    maximum_validation: int | None
    maximum_training_bytes: int | None
    """Largest training file of a fine-tuning; None where no limit is documented."""
    maximum_validation_bytes: int | None
    maximum_prompts_bytes: int | None
    """Largest file of prompts of a distillation; None where the model has none."""
    tokens_per_record: int
    tokens_per_prompt: int | None
    tokens_per_answer: int | None
    ignores_validation: bool
    """Whether training takes validation data and then makes no use of it."""
    reserved_words: tuple[str, ...]
    """What fails a job when it stands in a prompt; checked without regard to case."""
    reserved_in_answers: bool
    """Whether the reserved words fail a job in an answer too."""
    hyperparameters: Mapping[str, Hyperparameter]
    warm_up_records: int | None
    """Training records for each step of warm-up, by the model's own rule; None where it has none."""
    teachers: tuple[str, ...]
    """Inference ids of the models (see `teachers`) that distillation may learn from."""
    minimum_prompts: int
    """Fewest training records of a distillation; 0 where the model has none."""
    learns_single_turns: bool
    """Whether a distillation takes one question and its answer only, and no longer conversation."""
    reinforcement: Reinforcement | None
    """None where the model does not learn by rewards."""
    texts: Texts | None
    """None where the model takes no continued pre-training."""
    early_stopping: tuple[str, ...]
    """Hyperparameters by which Bedrock itself stops a job that no longer gains; empty where it cannot."""
    serving_paths: tuple[ServingPath, ...]
    """How a custom model can be served; the first is taken where a job file names none."""
    on_demand_from: date | None
    """Day from which on a model must have been customized to be served on demand."""
    units_quota: str
    """Code of the quota on model units per provisioned model; empty where it is not known."""
    lifecycle: Lifecycle
    sources: Mapping[str, Source]
    """Group of facts (as in the file: identity, offer and so on) to its source."""
    unverified: Mapping[str, str]
    """Fact (`group.key`) to what could not be confirmed about it."""
    learns_by_reward: bool = False
    """Whether this is the model as a reinforcement takes it."""
    one_text_a_turn: bool = False
    """Whether a turn, and the system text, is one block of text."""
    one_question: bool = False
    """Whether a record is one question and its answer."""

    def as_tuned_by(self, kind: str) -> Model:
        """Give the model with the limits, format and hyperparameters that hold for a kind of tuning."""
        if KINDS[kind].learns_texts:
            limits: dict[str, Any] = (
                {"maximum_records": self.texts.maximum, "maximum_records_quota": self.texts.quota}
                if self.texts
                else {}
            )
            return replace(
                self,
                record_format="text",
                media={},
                one_system_text=False,
                minimum_counts_validation=False,
                **limits,
            )
        if kind == "distillation":
            # One format for all students, whatever they are fine-tuned on. Source: AWS's validator.
            return replace(
                self,
                record_format="converse",
                media={},
                reasoning=False,
                one_system_text=False,
                one_text_a_turn=True,
                one_question=self.learns_single_turns,
                minimum_counts_validation=False,
            )
        if kind != "reinforcement" or self.reinforcement is None:
            return self
        return replace(
            self,
            learns_by_reward=True,
            record_format="openai_chat",
            media={},
            reasoning=False,
            one_system_text=False,
            minimum_records=self.reinforcement.minimum_prompts,
            minimum_counts_validation=False,
            ignores_validation=False,
            tokens_per_prompt=int(self.reinforcement.hyperparameters[PROMPT_LENGTH].default),
            hyperparameters=self.reinforcement.hyperparameters,
            warm_up_records=None,
            early_stopping=(),
        )

    def maximum_bytes(self, kind: str) -> int | None:
        """Tell the largest training file that the model takes for a kind; None where none is documented."""
        return self.maximum_prompts_bytes if kind == "distillation" else self.maximum_training_bytes


@cache
def load_catalogue() -> tuple[Model, ...]:
    """List every model that the catalogue knows, in its order."""
    entries = (entry for file in _FILES for entry in yaml.safe_load(file.read_text("utf-8"))["models"])
    return tuple(_model(entry) for entry in entries)


def find_model(name: str) -> Model:
    """Find a model by inference id, training id or short name; UnknownModelError lists the known ones."""
    by_name = {known: model for model in load_catalogue() for known in names_of(model)}
    if name not in by_name:
        short_names = [model.name for model in load_catalogue()]
        raise UnknownModelError(
            f"{name!r} is no base model of the catalogue{did_you_mean(name, by_name)}; "
            f"it knows {', '.join(short_names)}"
        )
    return by_name[name]


def names_of(model: Model) -> tuple[str, ...]:
    """List the names that mean a model: its short name, and the ids for inference, invocation, training."""
    return tuple(dict.fromkeys((model.name, model.id, model.invocation_id, model.training_id)))


def _model(entry: Mapping[str, Any]) -> Model:
    identity, offer, records, tuning, serving, lifecycle = (entry[group] for group in _GROUPS)
    texts, taught, rewarded = (entry.get(kind, {}) for kind in _KINDS)
    groups = [*_GROUPS, *(kind for kind in _KINDS if kind in entry)]
    return Model(
        **{key: identity[key] for key in ("id", "training_id", "name", "title", "family")},
        invocation_id=identity.get("invocation_id", identity["id"]),
        regions=tuple(offer["regions"]),
        kinds=tuple(offer["kinds"]),
        record_format=records["format"],
        media={kind: _media_limits(values) for kind, values in records.get("media", {}).items()},
        reasoning=records.get("reasoning", False),
        one_system_text=records.get("one_system_text", False),
        minimum_records=records["minimum"],
        minimum_counts_validation=records.get("minimum_counts_validation", False),
        maximum_records=records["maximum"],
        maximum_records_quota=records.get("maximum_quota", ""),
        minimum_validation=records.get("minimum_validation", 0),
        maximum_validation=records.get("maximum_validation"),
        maximum_training_bytes=records.get("training_bytes"),
        maximum_validation_bytes=records.get("validation_bytes"),
        maximum_prompts_bytes=taught.get("bytes"),
        tokens_per_record=records["tokens"],
        tokens_per_prompt=records.get("prompt_tokens"),
        tokens_per_answer=records.get("answer_tokens"),
        ignores_validation=records.get("ignores_validation", False),
        reserved_words=tuple(records["reserved_words"]),
        reserved_in_answers=records.get("reserved_in_answers", False),
        hyperparameters=_hyperparameters(tuning),
        warm_up_records=tuning.get("warm_up_records"),
        teachers=tuple(taught.get("teachers", ())),
        minimum_prompts=taught.get("minimum_prompts", 0),
        learns_single_turns=taught.get("single_turn", False),
        reinforcement=Reinforcement(
            minimum_prompts=rewarded["minimum_prompts"], hyperparameters=_hyperparameters(rewarded)
        )
        if rewarded
        else None,
        texts=Texts(maximum=texts["maximum"], quota=texts["maximum_quota"]) if texts else None,
        early_stopping=tuple(tuning.get("early_stopping", ())),
        serving_paths=tuple(serving["paths"]),
        on_demand_from=serving.get("on_demand_from"),
        units_quota=serving.get("units_quota", ""),
        lifecycle=Lifecycle(
            **{key: lifecycle[key] for key in lifecycle if key not in ("source", "date", "unverified")}
        ),
        sources={group: Source(url=entry[group]["source"], date=entry[group]["date"]) for group in groups},
        unverified={
            f"{group}.{key}": told
            for group in groups
            for key, told in entry[group].get("unverified", {}).items()
        },
    )


def _media_limits(values: Mapping[str, Any]) -> MediaLimits:
    return MediaLimits(**{**values, "formats": tuple(values["formats"])})


def _hyperparameters(group: Mapping[str, Any]) -> dict[str, Hyperparameter]:
    return {name: _hyperparameter(values) for name, values in group["hyperparameters"].items()}


def _hyperparameter(values: Mapping[str, Any]) -> Hyperparameter:
    return Hyperparameter(
        **{key: Decimal(str(values[key])) for key in ("min", "max", "default")}, integer=values["integer"]
    )
