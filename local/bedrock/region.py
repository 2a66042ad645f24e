"""What does one account have in one Region? Its jobs, models and capacity, and the clock they live by."""

from __future__ import annotations

import hashlib
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import moto.bedrock.urls
from moto.core.base_backend import BaseBackend

from local.bedrock.account import Account, read_account
from local.bedrock.errors import BedrockError, not_found
from local.bedrock.foundation import FoundationModel
from local.bedrock.learner import LinearModel
from local.bedrock.request_rate import RequestRate
from local.bedrock.texts import Reader

if TYPE_CHECKING:
    from local.bedrock.job_life import Job


class SimulatedClock(Protocol):
    """What the stand-in needs of `local.clock.Clock`."""

    def now(self) -> datetime: ...


Fault = dict[str, Any]


@dataclass(slots=True, eq=False)
class CustomModel:
    """A model that a job made."""

    name: str
    arn: str
    job: Job
    created: datetime
    learned: LinearModel | Reader
    weights: Path
    asked: Counter[str] = field(default_factory=Counter)
    """How often it was asked what, where it wavers."""


@dataclass(slots=True, eq=False)
class Deployment:
    """A custom model served on demand."""

    name: str
    arn: str
    model: CustomModel
    created: datetime
    ready: datetime
    description: str | None = None
    updated: datetime | None = None
    next_model: CustomModel | None = None
    next_ready: datetime | None = None
    fault: Fault = field(default_factory=dict)
    swap_fault: Fault = field(default_factory=dict)
    swap_failed: CustomModel | None = None


@dataclass(slots=True, eq=False)
class Throughput:
    """Model units that serve one model by the hour."""

    name: str
    arn: str
    model: CustomModel | FoundationModel
    units: int
    created: datetime
    ready: datetime
    modified: datetime
    commitment: str | None = None
    commitment_ends: datetime | None = None
    next_model: CustomModel | FoundationModel | None = None
    next_ready: datetime | None = None


@dataclass(slots=True, eq=False)
class Surroundings:
    """What every Region shares: time, base models, defaults, and where faults come from."""

    clock: SimulatedClock
    foundation_models: Callable[[], list[FoundationModel]]
    account: Account
    take_fault: Callable[[str, str, str], Fault | None]
    """Project, area and name to the fault that this call shall show."""
    read_faults: Callable[[str, str], Fault]
    """Project and area (`job`, `answers`, `deployment`, `swap`) to what shall become of its work there."""
    endpoint: str = ""
    """URL of the cloud that this Bedrock is part of, where graders are invoked."""


class Region(BaseBackend):
    """One account's Bedrock in one Region; every access holds `lock`."""

    surroundings: ClassVar[Surroundings]
    every: ClassVar[weakref.WeakSet[Region]] = weakref.WeakSet()

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = RLock()
        self.jobs: dict[str, Job] = {}
        self.models: dict[str, CustomModel] = {}
        self.deployments: dict[str, Deployment] = {}
        self.throughputs: dict[str, Throughput] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.tokens: dict[tuple[str, str], str] = {}
        self.request_rate = RequestRate()
        self._files: tempfile.TemporaryDirectory[str] | None = None
        Region.every.add(self)

    def reset(self) -> None:
        """Forget everything, and end the fits that still run."""
        with self.lock:
            for job in self.jobs.values():
                job.end_fit()
            for things in (
                self.jobs,
                self.models,
                self.deployments,
                self.throughputs,
                self.tags,
                self.tokens,
            ):
                things.clear()
            if self._files:
                self._files.cleanup()
                self._files = None

    @property
    def _url_module(self) -> ModuleType:
        return moto.bedrock.urls

    @property
    def files(self) -> Path:
        """The folder for the jobs' files, until the reset."""
        if self._files is None:
            self._files = tempfile.TemporaryDirectory(prefix="tunesmith-bedrock-", ignore_cleanup_errors=True)
        return Path(self._files.name)

    def now(self) -> datetime:
        """Return the simulated time."""
        return self.surroundings.clock.now()

    def account(self) -> Account:
        """Return the account's settings as they are now."""
        return read_account(self.account_id, self.region_name, self.surroundings.account)

    def arn(self, kind: str, *parts: str) -> str:
        """Make the ARN of a resource of this account and Region."""
        return f"arn:{self.partition}:bedrock:{self.region_name}:{self.account_id}:{'/'.join((kind, *parts))}"

    def new_id(self, kind: str, name: str) -> str:
        """Derive the 12-character id of a resource, new even where the name was used before."""
        count = len(self.jobs) + len(self.tags) + len(self.tokens)
        text = f"{self.account_id} {self.region_name} {kind} {name} {self.now().isoformat()} {count}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def foundation_model(self, identifier: str, *, to_ask: bool = False) -> FoundationModel | None:
        """Find a base model that can be customized in this Region, or asked, by id or ARN."""
        model_id = identifier.rsplit("/", 1)[-1]
        for model in self.surroundings.foundation_models():
            if model_id == model.model_id:
                offered = model.as_offered(self.account().foundation_models)
                regions = offered.regions | offered.asked_in if to_ask else offered.regions
                return offered if self.region_name in regions else None
        return None

    def custom_model(self, identifier: str) -> CustomModel:
        """Find a custom model by name or ARN. Raises ResourceNotFoundException."""
        for model in self.models.values():
            if identifier in (model.arn, model.name):
                return model
        raise not_found(f"The provided model identifier {identifier} is not found.")

    def repeated(self, operation: str, token: str | None) -> str | None:
        """Return the ARN that an earlier request with the same client token made."""
        return self.tokens.get((operation, token)) if token else None

    def remember(self, operation: str, token: str | None, arn: str) -> None:
        """Keep what a client token made."""
        if token:
            self.tokens[operation, token] = arn

    def set_tags(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Tag a resource, new or old. Raises TooManyTagsException above 50."""
        merged = self.tags.get(arn, {}) | {tag["key"]: tag["value"] for tag in tags}
        if len(merged) > 50:
            raise BedrockError(
                "TooManyTagsException", f"Resource {arn} would have {len(merged)} tags; 50 are allowed."
            )
        self.tags[arn] = merged


Operation = Callable[[Region, dict[str, Any]], dict[str, Any]]
