"""What is everything called? Every name and token derives from the run id, so that a repeat finds it.

Lengths: project at most 30, run id 16: the longest name, a job's, has 30 + 1 + 16 + 2 = 49 of Bedrock's 63.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

PROJECT_PATTERN: Final = r"[a-z0-9](-?[a-z0-9])*"
PROJECT_MAX_LENGTH: Final = 30
RUN_LENGTH: Final = 16
_RUN = re.compile(r"[0-9a-f]{16}")


def run_id(job_file: bytes, data: Iterable[tuple[str, str]]) -> str:
    """Derive a run's id, 16 hex digits, from the job file's bytes and (role, SHA-256) of each data file.

    Content only, so that the same upload is the same run wherever and however often it arrives.
    """
    digest = hashlib.sha256(hashlib.sha256(job_file).digest())
    for role, sha256 in sorted(data):
        digest.update(f"\n{role} {sha256}".encode())
    return digest.hexdigest()[:RUN_LENGTH]


def run_of(name: str) -> str:
    """Read the run id that an execution's name (`<run>-<n>`, `<run>-<n>-train`) starts with.

    Raises ValueError where the name starts with none.
    """
    run = name[:RUN_LENGTH]
    if not _RUN.fullmatch(run) or name[RUN_LENGTH:][:1] not in ("", "-"):
        raise ValueError(f"{name!r} does not start with a run id (16 hex digits)")
    return run


def attempt_of(name: str) -> int | None:
    """Read the attempt from a pipeline execution's name (`<run>-<n>`); None where the name tells none."""
    attempt = name[RUN_LENGTH + 1 :].partition("-")[0]
    return int(attempt) if attempt.isdecimal() else None


def execution_name(run: str, attempt: int) -> str:
    """Name the run's execution; a second one (`resume`) counts up."""
    return f"{run}-{attempt}"


def job_name(project: str, run: str, number: int = 1) -> str:
    """Name the run's customization job; Bedrock never frees a job's name again."""
    return f"{project}-{run}-{number}"


def custom_model_name(project: str, run: str, number: int = 1) -> str:
    """Name the custom model that the job of the same number makes."""
    return f"{project}-{run}-{number}"


def number_of(name: str) -> int:
    """Read the number from the name of a job or of its model; ValueError where the name has none."""
    return int(name.rpartition("-")[2])


def capacity_name(project: str, run: str, number: int = 0) -> str:
    """Name the deployment or throughput of the run's candidate, or with a number that of one job's model."""
    return f"{project}-{run}-{number}" if number else f"{project}-{run}"


def client_token(run: str, purpose: str, lease: int = 1) -> str:
    """Derive a request's idempotency token; the lease tells several of one purpose apart, as asked again."""
    return f"{run}-{purpose}-{lease}"


def champion_parameter(environment: str, project: str) -> str:
    """Name the SSM parameter that holds the champion's ARN: the project's stable name."""
    return f"/tunesmith/{environment}/{project}/champion"


def deployment_parameter(environment: str) -> str:
    """Name the SSM parameter (JSON) from which the command learns what is deployed."""
    return f"/tunesmith/{environment}/deployment"
