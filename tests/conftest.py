"""One local cloud with one real deploy per test run; a scenario is a project of its own, nothing is reset."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from local.server import COLLECT_AFTER
from tunesmith.aws import clients
from tunesmith.aws.ledger_table import LedgerTable

if TYPE_CHECKING:
    from tests.cloud import CloudUnderTest

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "testing")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "testing")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")
gc.set_threshold(*COLLECT_AFTER)


_TOGETHER = ("scenarios", "local", "stacks")
"""Folders whose tests share a costly fixture: each stays in one worker, the longest first."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole folders or files (pytest-xdist 3.8 sees no groups under pytest 9.2)."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            folder = nodeid.split("/")[1]
            return folder if folder in _TOGETHER else nodeid.partition("::")[0]

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest folders first, so that two workers keep two cores busy to the end."""
    items.sort(key=lambda item: [*_TOGETHER, _folder(item)].index(_folder(item)))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(scope="session")
def cloud() -> Iterator[CloudUnderTest]:
    """The deployed stacks on a local cloud whose clock runs fast."""
    from tests.cloud import deployed

    with deployed(scale=1800.0) as cloud:
        yield cloud


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty mocked account. The library's clients live on from test to test: each takes long to make."""
    with mock_aws():
        yield


@pytest.fixture
def ledger_table(aws: None) -> LedgerTable:
    """An empty ledger with the deployed table's keys and index."""
    create_ledger("ledger")
    return LedgerTable("ledger")


def create_ledger(name: str) -> None:
    """Create the ledger's table in a mocked account."""
    clients.dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "open", "expires")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "open",
                "KeySchema": [
                    {"AttributeName": "open", "KeyType": "HASH"},
                    {"AttributeName": "expires", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
