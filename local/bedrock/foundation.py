"""What is a base model to the stand-in? One listed id, with what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class FoundationModel:
    """One id under which a base model is listed: for inference, or with its context suffix for training."""

    model_id: str
    name: str
    provider: str
    regions: frozenset[str]
    asked_in: frozenset[str] = frozenset()
    """More Regions in which it answers, through an inference profile, and cannot be customized."""
    status: str = "ACTIVE"
    customizations: tuple[str, ...] = ()
    inference_types: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ("TEXT",)
    lifecycle_times: Mapping[str, datetime] = field(default_factory=dict)
    hyperparameters: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    records: tuple[int, int] = (1, 20_000)
    validation_records: tuple[int, int] = (1, 20_000)
    counts_validation: bool = False
    """Whether the fewest records are those of training and validation together."""
    teachers: tuple[str, ...] = ()
    """Ids of the models that a distillation may learn from."""
    minimum_prompts: int = 0
    reinforcement: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """Range and default of a reinforcement's numbers."""
    minimum_graded: int = 0
    """Fewest prompts of a reinforcement."""
    most_texts: int = 0
    """Most records of continued pre-training."""
    record_format: str = ""
    """The one format that training takes; empty for any."""
    one_system_text: bool = False
    tokens_per_record: int = 32_000
    reserved_words: tuple[str, ...] = ()
    deployable: bool = False
    provisionable: bool = False
    reads_validation: bool = True
    inference_id: str = ""

    @property
    def arn_suffix(self) -> str:
        return f"::foundation-model/{self.model_id}"

    def as_offered(self, overrides: Mapping[str, Mapping[str, Any]]) -> FoundationModel:
        """Apply the account's override, which may name the model by either of its ids.

        `status`, the lifecycle's times (null takes one away), and `regions`, where the account has it.
        """
        override = dict(overrides.get(self.model_id) or overrides.get(self.inference_id) or {})
        if not override:
            return self
        status = override.pop("status", self.status)
        asked_in = frozenset() if "regions" in override else self.asked_in
        regions = frozenset(override.pop("regions", self.regions))
        times = {**self.lifecycle_times, **{key: value and _time(value) for key, value in override.items()}}
        return replace(
            self,
            status=status,
            regions=regions,
            asked_in=asked_in,
            lifecycle_times={key: value for key, value in times.items() if value},
        )

    def ended(self, now: datetime) -> bool:
        """Whether the model is past its end of life."""
        end = self.lifecycle_times.get("endOfLifeTime")
        return end is not None and now >= end


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
