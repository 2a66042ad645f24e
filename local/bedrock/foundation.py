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
    status: str = "ACTIVE"
    customizations: tuple[str, ...] = ()
    inference_types: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ("TEXT",)
    lifecycle_times: Mapping[str, datetime] = field(default_factory=dict)
    hyperparameters: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    records: tuple[int, int] = (1, 20_000)
    tokens_per_record: int = 32_000
    reserved_words: tuple[str, ...] = ()
    deployable: bool = False
    provisionable: bool = False
    reads_validation: bool = True
    inference_id: str = ""

    @property
    def arn_suffix(self) -> str:
        return f"::foundation-model/{self.model_id}"

    def with_lifecycle(self, overrides: Mapping[str, Mapping[str, Any]]) -> FoundationModel:
        """Apply the account's override, which may name the model by either of its ids."""
        override = overrides.get(self.model_id) or overrides.get(self.inference_id)
        if not override:
            return self
        times = {key: datetime.fromisoformat(value) for key, value in override.items() if key != "status"}
        return replace(
            self,
            status=override.get("status", self.status),
            lifecycle_times={**self.lifecycle_times, **times},
        )

    def ended(self, now: datetime) -> bool:
        """Whether the model is past its end of life."""
        end = self.lifecycle_times.get("endOfLifeTime")
        return end is not None and now >= end
