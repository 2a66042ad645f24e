"""Which environment is deployed, where, and how carefully? One frozen object from cdk.json's context."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Node

_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,9}")
_FUNCTION: Final = re.compile(r"[a-zA-Z0-9-_]{1,64}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_RETENTION: Final = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """The cluster that prepares what is too large for a function; not deployed unless it is enabled."""

    enabled: bool
    above_mb: int
    """Millions of bytes of a run's uploads together, above which the cluster prepares them."""
    vcpus: int
    """Of all its machines; their memory and disk follow."""
    minutes: int
    """What one job may take."""
    idle_minutes: int
    """After which the application, which then costs nothing as it is, stops."""

    @property
    def problems(self) -> list[str]:
        """Every value that is not allowed, with what is."""
        return [
            f"cluster.{key}: {getattr(self, key)!r} is not allowed; expected {allowed}"
            for key, fits, allowed in (
                ("enabled", isinstance(self.enabled, bool), "true or false"),
                ("above_mb", _is_whole(self.above_mb, 0, 1_000_000), "a whole number of millions of bytes"),
                (
                    "vcpus",
                    _is_whole(self.vcpus, 8, 400) and self.vcpus % 4 == 0,
                    "a multiple of 4 from 8 to 400",
                ),
                ("minutes", _is_whole(self.minutes, 5, 720), "a whole number from 5 to 720"),
                ("idle_minutes", _is_whole(self.idle_minutes, 1, 60), "a whole number from 1 to 60"),
            )
            if not fits
        ]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One deployment of Tunesmith in one Region of whichever account the cdk command is signed in to."""

    name: str
    region: str
    retain_data: bool
    """Whether buckets, ledger and data key outlive the stacks."""
    log_retention_days: int
    monthly_budget_usd: int
    """What the account's bill of a month in this Region may reach before the topic is told; 0 for any."""
    graders: Sequence[str]
    """Names of this account's functions that may grade a reinforcement, beside Tunesmith's own."""
    cluster: ClusterSettings
    metrics: Sequence[str]
    """Names of this account's functions that may score answers in an evaluation."""
    bundle_packages: bool
    """Whether pip puts arm64 packages beside the functions' code; a laptop's workers bring their own."""

    def __post_init__(self) -> None:
        problems = [
            f"{key}: {getattr(self, key)!r} is not allowed; expected {allowed}"
            for key, fits, allowed in (
                (
                    "name",
                    _matches(_NAME, self.name),
                    "a letter and at most 9 more letters or digits, all lower case",
                ),
                ("region", _matches(_REGION, self.region), "an AWS Region such as us-east-1"),
                ("retain_data", isinstance(self.retain_data, bool), "true or false"),
                ("log_retention_days", self.log_retention_days in _RETENTION, f"one of {[*_RETENTION]}"),
                (
                    "monthly_budget_usd",
                    _is_budget(self.monthly_budget_usd),
                    "a whole number of US dollars, 0 for no budget",
                ),
                ("graders", _are_functions(self.graders), "a list of names of Lambda functions, [] for none"),
                ("metrics", _are_functions(self.metrics), "a list of names of Lambda functions, [] for none"),
                ("bundle_packages", isinstance(self.bundle_packages, bool), "true or false"),
            )
            if not fits
        ]
        problems += self.cluster.problems
        if problems:
            raise ValueError("cdk.json, environments: " + "; ".join(problems))

    @property
    def prefix(self) -> str:
        """What the names of this environment's stacks, machines and roles start with."""
        return f"tunesmith-{self.name}"

    @property
    def evaluation_role_name(self) -> str:
        """The role that alone may read blind tests; with its Region, since role names are global."""
        return f"{self.prefix}-evaluate-{self.region}"

    @property
    def function_logs(self) -> str:
        """What the names of the functions' log groups start with."""
        return f"/tunesmith/{self.name}/"

    @property
    def machine_logs(self) -> str:
        """What the names of the machines' log groups start with.

        Under /aws/vendedlogs log delivery needs no resource policy that grows with every machine.
        """
        return f"/aws/vendedlogs/states/{self.prefix}-"

    @property
    def target(self) -> cdk.Environment:
        """Where the stacks go; without an account, so that synthesis asks nobody."""
        return cdk.Environment(region=self.region)

    @property
    def log_retention(self) -> logs.RetentionDays:
        """How long logs are kept, in CDK's words."""
        return _RETENTION[self.log_retention_days]

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """What becomes of stored data when its stack is removed."""
        return cdk.RemovalPolicy.RETAIN if self.retain_data else cdk.RemovalPolicy.DESTROY


def read_environment(node: Node) -> Environment:
    """Read the environment that the context names (`-c env=prod`, optionally `-c region=us-west-2`).

    Raises ValueError with every problem at once.
    """
    return choose_environment(
        node.try_get_context("environments"), str(node.try_get_context("env")), node.try_get_context("region")
    )


def choose_environment(
    environments: Mapping[str, Mapping[str, Any]], name: str, region: str | None = None
) -> Environment:
    """Pick one of the environments by name; a Region given here overrides the one written there."""
    if name not in environments:
        raise ValueError(f"-c env={name}: unknown environment; cdk.json has {', '.join(environments)}")
    values = dict(environments[name]) | ({"region": region} if region else {})
    problems = _key_problems(values, Environment, but="name")
    cluster = values.pop("cluster", None)
    if isinstance(cluster, Mapping):
        problems += [f"cluster.{problem}" for problem in _key_problems(cluster, ClusterSettings)]
    elif "cluster: missing" not in problems:
        problems.append(f"cluster: {cluster!r} is not allowed; expected an object")
    if problems:
        raise ValueError(f"cdk.json, environments.{name}: " + "; ".join(problems))
    return Environment(name=name, cluster=ClusterSettings(**(cluster or {})), **values)


def _key_problems(values: Mapping[str, Any], settings: type, but: str = "") -> list[str]:
    wanted = {field.name for field in fields(settings)} - {but}
    problems = [f"{key}: unknown key" for key in sorted(values.keys() - wanted)]
    return problems + [f"{key}: missing" for key in sorted(wanted - values.keys())]


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_budget(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_functions(value: object) -> bool:
    return isinstance(value, Sequence) and all(_matches(_FUNCTION, name) for name in value)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
