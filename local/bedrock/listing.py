"""Which items does a List call return? Filters, order and pages, the same for every kind of resource."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from local.bedrock.errors import validation

DEFAULT_PAGE: Final = 100


class Named(Protocol):
    """A resource with a name and a time of creation."""

    @property
    def name(self) -> str: ...
    @property
    def created(self) -> datetime: ...


Item = TypeVar("Item", bound=Named)


def select(items: Iterable[Item], params: dict[str, Any], after: str, before: str) -> list[Item]:
    """Filter by nameContains and the two time parameters so named; the newest first unless told otherwise."""
    earliest, latest = _time(params.get(after)), _time(params.get(before))
    text = params.get("nameContains", "")
    chosen = [
        item
        for item in items
        if text in item.name
        and (earliest is None or item.created > earliest)
        and (latest is None or item.created < latest)
    ]
    return sorted(chosen, key=lambda item: item.created, reverse=params.get("sortOrder") != "Ascending")


def page(key: str, summaries: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    """Cut one page out of the summaries; the token is the number of the next page's first item."""
    token = params.get("nextToken", "0")
    if not token.isdigit():
        raise validation("The provided pagination token is invalid.")
    first, size = int(token), params.get("maxResults") or DEFAULT_PAGE
    answer: dict[str, Any] = {key: summaries[first : first + size]}
    if first + size < len(summaries):
        answer["nextToken"] = str(first + size)
    return answer


def _time(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
