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


def drop_duplicates(records: Iterable[Record]) -> tuple[list[Record], Duplicates]:
    """Keep one record of each content, the same one for any order of the lines, and count the rest.

    The result is sorted by content.
    """
    kept: dict[bytes, Record] = {}
    seen = 0
    for record in records:
        seen += 1
        other = kept.get(record.content_key)
        if other is None or record.line < other.line:
            kept[record.content_key] = record
    answers = Counter(record.prompt_key for record in kept.values())
    conflicts = sum(count > 1 for count in answers.values())
    return [kept[key] for key in sorted(kept)], Duplicates(exact=seen - len(kept), conflicts=conflicts)
