"""One synthesis per environment and Region for the whole run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stacks.assembly import Assembly, Template, synthesize

DEPLOYMENTS = (
    ("dev", "us-east-1"),
    ("dev", "us-west-2"),
    ("prod", "us-east-1"),
    ("prod", "us-west-2"),
    ("local", "us-east-1"),
)
"""Two environments and two Regions in one account, and what runs on a laptop."""


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Assembly]:
    """Every deployment, synthesized."""
    folder = tmp_path_factory.mktemp("cdk.out")
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = [pool.submit(synthesize, folder / "-".join(key), *key) for key in DEPLOYMENTS]
        return dict(zip(DEPLOYMENTS, [job.result() for job in jobs], strict=True))


@pytest.fixture(scope="session")
def prod(assemblies: dict[tuple[str, str], Assembly]) -> Assembly:
    """The environment on which most rules are read."""
    return assemblies["prod", "us-east-1"]


@pytest.fixture(scope="session")
def storage(prod: Assembly) -> Template:
    """prod's storage."""
    return prod.template("storage")


@pytest.fixture(scope="session")
def pipeline(prod: Assembly) -> Template:
    """prod's functions and machines."""
    return prod.template("pipeline")
