"""Scenarios run side by side: the selected ones are started together, each test then awaits its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.cloud import CloudUnderTest

AT_ONCE = 8
"""As many as keep two cores busy while others wait for their simulated jobs."""


@pytest.fixture(scope="session")
def started(cloud: CloudUnderTest, request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Any]]]:
    """Every selected test's scenario (its `@scenario(play)`), started; keyed by the test's id."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures: dict[str, Future[Any]] = {}
        for item in request.session.items:
            marker = item.get_closest_marker("scenario")
            if marker is not None:
                play: Callable[..., Any] = marker.args[0]
                arguments = getattr(item, "callspec", None)
                futures[item.nodeid] = pool.submit(play, cloud, **(arguments.params if arguments else {}))
        yield futures


@pytest.fixture
def played(started: dict[str, Future[Any]], request: pytest.FixtureRequest) -> Any:
    """What this test's scenario returned, once it is over."""
    return started[request.node.nodeid].result()
