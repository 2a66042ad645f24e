"""One local cloud with one real deploy per test run; a scenario is a project of its own, nothing is reset."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from tunesmith.aws import clients
from tunesmith.aws.ledger_table import LedgerTable

if TYPE_CHECKING:
    from tests.cloud import CloudUnderTest

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "testing")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "testing")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")


_TOGETHER = ("scenarios", "local", "stacks")
"""Folders whose tests share a costly fixture: each stays in one worker, the longest first."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tell pytest-xdist which tests belong together, before it reads that itself."""
    if _folder(item) in _TOGETHER:
        item.add_marker(pytest.mark.xdist_group(_folder(item)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest groups first, so that two workers keep two cores busy to the end."""
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
    """An empty mocked account; clients of the library are made inside it."""
    with mock_aws():
        clients.forget()
        yield
        clients.forget()


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
