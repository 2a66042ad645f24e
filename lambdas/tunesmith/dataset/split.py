"""Which records train, which validate and which stay blind? Whole groups, the same for any line order.

Records of one prompt are a group, so are conversations that open alike (the longer holds the shorter's
answer) and those of one group key; groups that share a record are one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tunesmith.dataset.records import Record

_DIGEST: Final = hashlib.sha256().digest_size
TEST_SHARE: Final = 0.20
TEST_BOUNDS: Final = (110, 1_000)
"""Fewer than 100 answered records decide nothing; a few calls may be lost, and whole groups may not fit."""
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
    """Training records left out because validation or test has their prompt or group key."""
    left_validation: int
    """Validation records left out because the test has their prompt or group key."""

    def parts(self) -> dict[str, tuple[Record, ...]]:
        """Map train, validation and test, in this order, to their records."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split_records(
    train: Sequence[Record],
    *,
    validation: Sequence[Record] | None,
    test: Sequence[Record] | None,
    seed: int,
    validation_share: float | None = None,
    test_share: float | None = None,
) -> Split:
    """Split training records by whole groups, ordered by SHA-256 with the seed.

    A part that the user brought (not None) is taken as it is, but for groups that stand in the test. Test:
    20 %, 110 to 1,000 records, at most a third; validation: 10 %, 50 to 500, at most a sixth. A share that
    the user names is taken without these bounds.
    """
    group_of = _groups([*train, *(validation or ()), *(test or ())])
    order = _Order(seed, group_of)
    given = list(train)
    if test is None:
        size = _size(len(given), test_share, TEST_SHARE, TEST_BOUNDS, TEST_DIVISOR)
        blind, given = _carve(given, size, order)
    else:
        blind = list(test)
    blind_groups = {group_of[record.prompt_key] for record in blind}
    rest = [record for record in given if group_of[record.prompt_key] not in blind_groups]
    left_train = len(given) - len(rest)
    left_validation = 0
    if validation is None:
        size = _size(len(train), validation_share, VALIDATION_SHARE, VALIDATION_BOUNDS, VALIDATION_DIVISOR)
        checked, rest = _carve(rest, size, order)
    else:
        checked = [record for record in validation if group_of[record.prompt_key] not in blind_groups]
        left_validation = len(validation) - len(checked)
        checked_groups = {group_of[record.prompt_key] for record in checked}
        kept = [record for record in rest if group_of[record.prompt_key] not in checked_groups]
        left_train += len(rest) - len(kept)
        rest = kept
    return Split(
        train=order.sorted(rest),
        validation=order.sorted(checked),
        test=order.sorted(blind),
        left_train=left_train,
        left_validation=left_validation,
    )


@dataclass(frozen=True)
class _Order:
    """An order of records that depends on the seed and keeps groups together."""

    seed: int
    group_of: Mapping[bytes, bytes]

    def sorted(self, records: Iterable[Record]) -> tuple[Record, ...]:
        salt = f"{self.seed}:".encode()
        return tuple(
            sorted(
                records,
                key=lambda r: (
                    hashlib.sha256(salt + self.group_of[r.prompt_key]).digest(),
                    hashlib.sha256(salt + r.prompt_key).digest(),
                    r.content_key,
                ),
            )
        )


def _groups(records: Iterable[Record]) -> dict[bytes, bytes]:
    """Map each prompt to its group's name: the least of the prompts that group keys tie together."""
    parent: dict[bytes, bytes] = {}

    def find(key: bytes) -> bytes:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for record in records:
        # Prefixed, so that no other digest is taken for a prompt's; the lesser of two leads.
        tied = [b"\xfe" * 33 + record.opening_key, *([b"\xff" * 33 + record.group] if record.group else [])]
        for other in map(find, tied):
            prompt = find(record.prompt_key)
            parent[max(prompt, other)] = min(prompt, other)
    return {key: find(key) for key in parent if len(key) == _DIGEST}


def _size(records: int, named: float | None, share: float, bounds: tuple[int, int], divisor: int) -> int:
    if named is not None:
        return round(records * named)
    return min(max(round(records * share), bounds[0]), bounds[1], records // divisor)


def _carve(records: Iterable[Record], size: int, order: _Order) -> tuple[list[Record], list[Record]]:
    """Take whole groups, in the seed's order, as long as they fit into the size."""
    taken: list[Record] = []
    left: list[Record] = []
    for _, group in groupby(order.sorted(records), key=lambda record: order.group_of[record.prompt_key]):
        members = list(group)
        (taken if len(taken) + len(members) <= size else left).extend(members)
    return taken, left
