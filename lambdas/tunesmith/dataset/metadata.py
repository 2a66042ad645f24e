"""What else do lines say of their records, beside the group key? Kept for the blind test, to slice it by."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from tunesmith.dataset.lines import BYTE_ORDER_MARK, Batch

MOST_CHARACTERS: Final = 60
"""A longer text is no kind of record."""


def metadata_of(
    batches: Iterable[Batch], lines: Collection[int], group_key: str | None
) -> dict[int, dict[str, str]]:
    """Read the metadata of the lines with these numbers: dotted path to text, the group key's own left out.

    It stands in the field that the group key is in. A group key that stands alone has none beside it.
    """
    field, _, rest = (group_key or "").partition(".")
    if not rest:
        return {}
    wanted = frozenset(lines)
    found: dict[int, dict[str, str]] = {}
    for batch in batches:
        for line in batch.lines():
            if line.number in wanted and line.fault is None:
                value = json.loads(line.body.removeprefix(BYTE_ORDER_MARK)).get(field)
                found[line.number] = {path: text for path, text in _texts(field, value) if path != group_key}
    return found


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(f"{path}.{key}", part)
    elif isinstance(value, str | int | float) and len(text := str(value)) <= MOST_CHARACTERS:
        yield path, text
