"""Which records train, which validate and which stay blind? Whole groups, the same for any line order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tunesmith.dataset.records import Record

TEST_SHARE: Final = 0.20
TEST_BOUNDS: Final = (100, 1_000)
TEST_DIVISOR: Final = 3
"""The test takes at most a third."""
VALIDATION_SHARE: Final = 0.10
VALIDATION_BOUNDS: Final = (50, 500)
VALIDATION_DIVISOR: Final = 6
"""Validation takes at most a sixth."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """Disjoint parts, no prompt in two of them, and how many records left a part for that."""

    train: tuple[Record, ...]
    validation: tuple[Record, ...]
    test: tuple[Record, ...]
    left_train: int
    """Training records left out because validation or test has their prompt."""
    left_validation: int
    """Validation records left out because the test has their prompt."""

    def parts(self) -> dict[str, tuple[Record, ...]]:
        """Map train, validation and test, in this order, to their records."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split_records(
    train: Sequence[Record],
    *,
    validation: Sequence[Record] | None,
    test: Sequence[Record] | None,
    seed: int,
) -> Split:
    """Split training records by groups of one prompt, ordered by SHA-256 with the seed.

    A part that the user brought (not None) is taken as it is, but for prompts that stand in the test. Test:
    20 %, 100 to 1,000 records, at most a third; validation: 10 %, 50 to 500, at most a sixth.
    """
    given = list(train)
    if test is None:
        size = _size(len(given), TEST_SHARE, TEST_BOUNDS, TEST_DIVISOR)
        blind, given = _carve(given, size, seed)
    else:
        blind = list(test)
    blind_prompts = {record.prompt_key for record in blind}
    rest = [record for record in given if record.prompt_key not in blind_prompts]
    left_train = len(given) - len(rest)
    left_validation = 0
    if validation is None:
        size = _size(len(train), VALIDATION_SHARE, VALIDATION_BOUNDS, VALIDATION_DIVISOR)
        checked, rest = _carve(rest, size, seed)
    else:
        checked = [record for record in validation if record.prompt_key not in blind_prompts]
        left_validation = len(validation) - len(checked)
        checked_prompts = {record.prompt_key for record in checked}
        kept = [record for record in rest if record.prompt_key not in checked_prompts]
        left_train += len(rest) - len(kept)
        rest = kept
    return Split(
        train=_ordered(rest, seed),
        validation=_ordered(checked, seed),
        test=_ordered(blind, seed),
        left_train=left_train,
        left_validation=left_validation,
    )


def _size(records: int, share: float, bounds: tuple[int, int], divisor: int) -> int:
    return min(max(round(records * share), bounds[0]), bounds[1], records // divisor)


def _carve(records: Iterable[Record], size: int, seed: int) -> tuple[list[Record], list[Record]]:
    """Take whole groups, in the seed's order, as long as they fit into the size."""
    taken: list[Record] = []
    left: list[Record] = []
    for _, group in groupby(_ordered(records, seed), key=lambda record: record.prompt_key):
        members = list(group)
        (taken if len(taken) + len(members) <= size else left).extend(members)
    return taken, left


def _ordered(records: Iterable[Record], seed: int) -> tuple[Record, ...]:
    salt = f"{seed}:".encode()
    return tuple(sorted(records, key=lambda r: (hashlib.sha256(salt + r.prompt_key).digest(), r.content_key)))
