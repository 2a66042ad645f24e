"""In which part does each record stand, now and in every later version? Whole groups, label by label.

What an earlier version placed never moves, and what joins an old group follows it. A record that ties groups
of two parts together is quarantined. Records stand in columns, a row each: a million are placed in about the
time that their digests take.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.assignment import (
    LEFT_OUT,
    NOWHERE,
    QUARANTINED,
    TEST,
    TRAIN,
    VALIDATION,
    Assignment,
    Codes,
)
from tunesmith.dataset.record_spool import Keys, Rows, hexadecimal, in_order

TEST_SHARE: Final = 0.20
TEST_BOUNDS: Final = (110, 1_000)
"""Fewer than 100 answered records decide nothing; a few calls may be lost, and whole groups may not fit."""
TEST_DIVISOR: Final = 3
"""The test takes at most a third."""
VALIDATION_SHARE: Final = 0.10
VALIDATION_BOUNDS: Final = (50, 500)
VALIDATION_DIVISOR: Final = 6
"""Validation takes at most a sixth."""
PROVEN_RECORDS: Final = 300
"""Below this a split of its own proves nothing, and a test file is asked for."""

_SPARED: Final = 3
"""Beyond its quota a label gives a third of its records at most."""
_BLOCK: Final = 4_096
_PARTS: Final = (TRAIN, VALIDATION, TEST)
_HELD_BACK: Final = (TEST, VALIDATION)
_Quotas: TypeAlias = Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """What has to be known of records to place them, by column."""

    keys: Keys
    """Name each record for good: digests of the contents, all different."""
    groups: Rows
    """Each record's group in this version, by any number: the user's, or the cluster of near-duplicates."""
    labels: Rows
    """The answer in a label task, as its number in the order of the labels; all 0 in other tasks."""
    lasting: Keys
    """Digests of the user's own group key, which means the same in every version; zero without one."""
    openings: Keys
    """Digests of what the records open with, which tie records of several versions in the same way."""
    given: Codes
    """The part whose file the user brought it in; NOWHERE for the training file, which may be split."""

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where the entries of this version stand."""

    places: Codes
    """Place of each entry, in their order."""
    assignment: Assignment
    """The old one with what is new."""
    proven: bool
    """False where fewer than 300 records were split without a test file: no run is promoted on that."""
    note: str
    """What to ask the user for, in words; may be empty."""


def drawn(keys: Keys, seed: int) -> Rows:
    """Draw lots: give each record's place in an order that its key and the seed alone decide."""
    salt = f"{seed}:".encode()
    lots = b"".join([hashlib.sha256(salt + key.encode()).digest() for key in hexadecimal(keys)])
    words = np.frombuffer(lots, dtype=">u8").astype(np.uint64).reshape(-1, 4)
    places = np.empty(len(keys), dtype=np.int64)
    places[np.lexsort(words.T[::-1])] = np.arange(len(keys))
    return places


def place_records(
    entries: Entries,
    lots: Rows,
    previous: Assignment | None = None,
    *,
    test_share: float | None = None,
    validation_share: float | None = None,
) -> Placement:
    """Place each entry in a part, by whole groups and the same for any order of the entries.

    `lots` are the entries' places in the draw, see `drawn`. Test: 20 %, 110 to 1,000 records, at most a
    third; validation: 10 %, 50 to 500, at most a sixth; a share that the user names is taken without these
    bounds. A part that the user brought a file for is not filled from the training file.
    """
    old = previous or Assignment()
    # The groups are numbered by their least keys, and each is drawn by that key.
    order = in_order(entries.keys)
    names, groups = np.unique(least_rows(entries.groups, order), return_inverse=True)
    before = old.records.find(entries.keys)
    bound = _bound(
        entries, groups, before, old.groups.find(entries.lasting), old.openings.find(entries.openings)
    )
    is_free = bound == NOWHERE
    shares = (test_share, validation_share)
    filled = _filled(entries, groups, bound, lots[names], _quotas(entries, *shares))
    places = np.where(is_free, filled[groups], bound).astype(np.int8)
    placed = np.flatnonzero(places != LEFT_OUT)
    opened = order[np.isin(places, _PARTS)[order]]
    in_part = opened[entries.lasting[opened].any(axis=1)]
    if in_part.size:
        # A group that has a name only now may stand in several parts: the first of its old records tells.
        rank, least = _inverse(order), _inverse(order)[names]
        keys = (rank, least[groups], is_free)
        in_part = in_part[np.lexsort(tuple(key[in_part] for key in keys))]
    proven = bool(np.any(entries.given == TEST)) or len(entries) >= PROVEN_RECORDS
    return Placement(
        places=places,
        assignment=Assignment(
            records=old.records.adding(entries.keys[placed], places[placed]),
            groups=old.groups.adding(entries.lasting[in_part], places[in_part]),
            openings=old.openings.adding(entries.openings[opened], places[opened]),
        ),
        proven=proven,
        note="" if proven else _unproven_note(len(entries)),
    )


def usual_test_size(count: int) -> int:
    """Tell how many of so many records become the blind test where nobody names a share or brings a file."""
    return _quota(count, None, TEST_SHARE, TEST_BOUNDS, TEST_DIVISOR)


def join_groups(*labelings: Rows) -> Rows:
    """Join what any labeling ties: give each record the lowest row of its group."""
    root = np.arange(len(labelings[0]), dtype=np.int64)
    tied = [found for labels in labelings if (found := _tied(labels)).size]
    while True:
        before = root.copy()
        for first, row in tied:
            # A root is hung below the lowest one that it is tied to, and every row below its root again.
            low, high = np.minimum(root[first], root[row]), np.maximum(root[first], root[row])
            np.minimum.at(root, high, low)
            while not np.array_equal(shorter := root[root], root):
                root = shorter
        if np.array_equal(before, root):
            return root


def least_rows(groups: Rows, order: Rows) -> Rows:
    """Give for each record the row of its group that comes first in an order."""
    names, numbers = np.unique(groups, return_inverse=True)
    least = np.empty(len(names), dtype=np.int64)
    backwards = order[::-1]
    least[numbers[backwards]] = backwards  # of a group's rows the last one written stays
    return least[numbers]


def _tied(labels: Rows) -> NDArray[np.int64]:
    """List the rows of each label but its first, below the row before it."""
    order = np.argsort(labels, kind="stable")
    same = np.flatnonzero(np.diff(labels[order]) == 0)
    return np.array([order[same], order[same + 1]])


def _inverse(order: Rows) -> Rows:
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks


def _bound(entries: Entries, groups: Rows, before: Codes, lasting: Codes, opened: Codes) -> Codes:
    """Place the groups that the past or the user's own files bind; NOWHERE for the records of free ones."""
    count = int(groups.max(initial=-1)) + 1
    given = entries.given
    brought = np.array([np.any(given == part) for part in _PARTS])

    def having(rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.bincount(groups[rows], minlength=count) > 0

    places = _staying(before, given, brought)
    # What the user gives elsewhere now says no more of where its group stands.
    stays = places != QUARANTINED
    is_fresh = before == NOWHERE
    parts = np.array(
        [
            having((lasting == part) | ((before == part) & stays) | ((opened == part) & is_fresh))
            for part in _PARTS
        ]
    )
    several, one = parts.sum(axis=0) > 1, parts.sum(axis=0) == 1
    has_old = having(~is_fresh)
    has_test, has_validation = (having(is_fresh & (given == part)) for part in _HELD_BACK)
    # The user's test is the last word, then the user's validation.
    kept = np.where(has_test, TEST, np.where(has_validation, VALIDATION, NOWHERE))[groups]
    fresh = np.select(
        [several[groups], one[groups], kept != NOWHERE, has_old[groups]],
        [
            np.int8(QUARANTINED),
            _following(given, parts.argmax(axis=0)[groups].astype(np.int8), brought),
            np.where(given == kept, kept, LEFT_OUT).astype(np.int8),
            np.int8(QUARANTINED),
        ],
        np.int8(NOWHERE),
    )
    return np.where(is_fresh, fresh, places).astype(np.int8)


def _staying(before: Codes, given: Codes, brought: NDArray[np.bool_]) -> Codes:
    """Place the records that stand in a part already; what is quarantined stays so."""
    # A part that the user brings now is his; what was drawn for it earlier still may not train.
    drawn_now = np.isin(before, np.flatnonzero(brought)) & (given == NOWHERE)
    moved = np.isin(before, _PARTS) & (given != NOWHERE) & (given != before)
    return np.select([drawn_now, moved], [np.int8(LEFT_OUT), np.int8(QUARANTINED)], before)


def _following(given: Codes, part: Codes, brought: NDArray[np.bool_]) -> Codes:
    """Place new records beside the old ones of their groups, which stand in these parts."""
    # What only resembles the user's own validation or test is no part of it.
    only_like = brought[part] & ((given == NOWHERE) | ((given == VALIDATION) & (part == TEST)))
    elsewhere = (given != NOWHERE) & (given != part)
    return np.select([only_like, elsewhere], [np.int8(LEFT_OUT), np.int8(QUARANTINED)], part)


def _quotas(entries: Entries, test_share: float | None, validation_share: float | None) -> _Quotas:
    given = entries.given
    count = int(np.count_nonzero(given == NOWHERE))
    test = _quota(count, test_share, TEST_SHARE, TEST_BOUNDS, TEST_DIVISOR)
    validation = _quota(count, validation_share, VALIDATION_SHARE, VALIDATION_BOUNDS, VALIDATION_DIVISOR)
    quotas = {TEST: test, VALIDATION: validation}
    return {part: 0 if np.any(given == part) else size for part, size in quotas.items()}


def _quota(count: int, named: float | None, share: float, bounds: tuple[int, int], divisor: int) -> int:
    if named is not None:
        return round(count * named)
    return min(max(round(count * share), bounds[0]), bounds[1], count // divisor)


def _filled(entries: Entries, groups: Rows, bound: Codes, lots: Rows, quotas: _Quotas) -> Codes:
    """Fill test, then validation, label by label; tell for each group, what no quota takes is for training.

    `lots` are those of the groups.
    """
    labels = np.unique(entries.labels, return_inverse=True)[1]
    totals = np.bincount(labels)
    sizes = np.bincount(groups, minlength=len(lots))
    label_of = _commonest_labels(groups, labels)
    order = np.argsort(lots)
    order = order[np.bincount(groups[bound == NOWHERE], minlength=len(lots))[order] > 0]
    parts = np.full(len(lots), TRAIN, dtype=np.int8)
    for part in _HELD_BACK:
        is_drawn = (bound == part) & (entries.given == NOWHERE)
        taken = np.bincount(labels[is_drawn], minlength=len(totals))
        room = quotas[part] - int(taken.sum())
        # To each label's quota first, then with what a label can spare.
        for most in (_label_quotas(totals, quotas[part]), totals // _SPARED):
            for start in range(0, len(order), _BLOCK):
                if room <= 0:
                    break
                block = order[start : start + _BLOCK]
                block = block[parts[block] == TRAIN]
                # Room only shrinks: what does not fit now will not later.
                fitting = (sizes[block] <= room) & (
                    taken[label_of[block]] + sizes[block] <= most[label_of[block]]
                )
                for group in block[fitting].tolist():
                    label, size = label_of[group], int(sizes[group])
                    if size <= room and taken[label] + size <= most[label]:
                        parts[group] = part
                        taken[label] += size
                        room -= size
    return parts


def _label_quotas(totals: Rows, size: int) -> Rows:
    """Share a quota out by largest remainders."""
    whole = max(int(totals.sum()), 1)
    quotas = size * totals // whole
    by_remainder = np.argsort(-(size * totals % whole), kind="stable")
    more = by_remainder[: max(size - int(quotas.sum()), 0)]
    quotas[more] += totals[more] > 1  # the only record of a label is of more use in training
    return quotas


def _commonest_labels(groups: Rows, labels: Rows) -> Rows:
    """Give each group's commonest label, of several the last in their order."""
    count = int(labels.max(initial=0)) + 1
    pairs, counts = np.unique(groups * count + labels, return_counts=True)
    order = np.lexsort((pairs % count, counts, pairs // count))
    last = np.flatnonzero(np.diff(pairs[order] // count, append=-1))
    commonest: Rows = pairs[order][last] % count
    return commonest


def _unproven_note(count: int) -> str:
    return (
        f"{count} records are too few to prove anything: give a test file of new records as data.test; "
        f"without one a run of fewer than {PROVEN_RECORDS} is not promoted by itself"
    )
