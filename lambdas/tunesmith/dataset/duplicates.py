"""Which records say the same, and which contradict each other?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tunesmith.dataset.records import Record


@dataclass(frozen=True, slots=True)
class Duplicates:
    """How many records were dropped as exact duplicates, and how many prompts have different answers."""

    exact: int
    conflicts: int
    copies: tuple[int, ...]
    """How often each kept record stood in the file, in the order of the records."""


def drop_duplicates(records: Iterable[Record]) -> tuple[list[Record], Duplicates]:
    """Keep one record of each content, the same one for any order of the lines, and count the rest.

    The result is sorted by content.
    """
    kept: dict[bytes, Record] = {}
    copies: Counter[bytes] = Counter()
    for record in records:
        copies[record.content_key] += 1
        other = kept.get(record.content_key)
        if other is None or record.line < other.line:
            kept[record.content_key] = record
    answers = Counter(record.prompt_key for record in kept.values())
    conflicts = sum(count > 1 for count in answers.values())
    order = sorted(kept)
    return [kept[key] for key in order], Duplicates(
        exact=copies.total() - len(kept), conflicts=conflicts, copies=tuple(copies[key] for key in order)
    )
