"""What may differ between accounts? Durations, quotas and model lifecycles, from one SSM parameter.

`/tunesmith-local/account` holds JSON, every key optional: `{"timings": {"queue": 60}, "quotas":
{"provisioned_units": 1}, "inference": {"requests_per_minute": 2000}, "foundation_models":
{"amazon.nova-micro-v1:0": {"status": "LEGACY"}}}`. A base model is listed where its `regions` say, whatever
the catalogue says: `{"regions": ["us-east-1"]}`. `"custom_bases": false` is an account that takes no custom
model as the base of another job, `"judge_bias": 0.3` one whose judges favour the answer that stands first.
Without the parameter the defaults here hold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Final

from moto.ssm.models import ssm_backends

from local.bedrock.errors import validation

ACCOUNT_PARAMETER: Final = "/tunesmith-local/account"


@dataclass(frozen=True, slots=True)
class Timings:
    """Simulated seconds that things take; a job on 300 short records then needs about 93 minutes."""

    validation: float = 180.0
    data_processing: float = 300.0
    queue: float = 3_600.0
    training_minimum: float = 1_500.0
    training_per_million_tokens: float = 90.0
    stopping: float = 60.0
    deployment: float = 600.0
    deployment_update: float = 300.0
    throughput: float = 1_500.0
    throughput_update: float = 600.0


@dataclass(frozen=True, slots=True)
class Quotas:
    """What an account may have at once. AWS: 10 jobs scheduled, 2 models in creation, 10 deployments, no
    provisioned units until asked.

    Here many projects share one account, so all but the last are wider.
    """

    jobs_in_progress: int = 100
    models_creating: int = 100
    """Jobs that train at once; the others wait, whatever the queue."""
    deployments: int = 100
    provisioned_units: int = 0


@dataclass(frozen=True, slots=True)
class Inference:
    """How the runtime takes calls; unlike all else in real time, since functions pace themselves by it."""

    requests_per_minute: float = math.inf
    """Of each model; a second's worth may come at once."""
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """The account's settings, as far as they differ from the defaults."""

    timings: Timings = field(default_factory=Timings)
    quotas: Quotas = field(default_factory=Quotas)
    inference: Inference = field(default_factory=Inference)
    foundation_models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    custom_bases: bool = True
    """Whether a job may start from a custom model. Which families take one AWS does not document."""
    judge_bias: float = 0.0
    """What standing first is worth to a model that compares two answers, as a share of words in common."""


def read_account(account_id: str, region: str, defaults: Account) -> Account:
    """Read the settings of an account in a Region. Raises ValidationException for what it cannot use."""
    parameter = ssm_backends[account_id][region].get_parameter(ACCOUNT_PARAMETER)
    if parameter is None:
        return defaults
    try:
        return _parse(str(parameter.value), defaults)
    except (ValueError, AttributeError, TypeError) as error:
        raise validation(f"The SSM parameter {ACCOUNT_PARAMETER} is not usable: {error}") from error


@lru_cache(maxsize=32)
def _parse_text(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document


def _parse(text: str, defaults: Account) -> Account:
    document = _parse_text(text)
    return Account(
        timings=_replaced(defaults.timings, document.get("timings", {})),
        quotas=_replaced(defaults.quotas, document.get("quotas", {})),
        inference=_replaced(defaults.inference, document.get("inference", {})),
        foundation_models={**defaults.foundation_models, **document.get("foundation_models", {})},
        custom_bases=document.get("custom_bases", defaults.custom_bases),
        judge_bias=float(document.get("judge_bias", defaults.judge_bias)),
    )


def _replaced(settings: Any, changes: Mapping[str, Any]) -> Any:
    unknown = changes.keys() - {one.name for one in fields(settings)}
    if unknown:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")
    return replace(settings, **changes)
