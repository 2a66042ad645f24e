"""In which part does each record stand, now and in every later version? Whole groups, label by label.

An assignment is kept with the project: what it once placed never moves, and what joins an old group follows
it. A record that ties groups of two parts together is quarantined.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

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

Part: TypeAlias = Literal["train", "validation", "test"]
Place: TypeAlias = Literal["train", "validation", "test", "quarantined", "left_out"]
_SCHEMA: Final = 1
_SPARED: Final = 3
"""Beyond its quota a label gives a third of its records at most."""
_HELD_BACK: Final[tuple[Part, ...]] = ("test", "validation")


@dataclass(frozen=True, slots=True)
class Entry:
    """What has to be known of a record to place it."""

    key: str
    """Names the record for good: a digest of its content."""
    group: str
    """Its group in this version: the user's group key, or the cluster of near-duplicates."""
    label: str = ""
    """The answer in a label task, else empty."""
    lasting: str = ""
    """The user's own group key, which means the same in every version; empty without one."""
    given: Part | None = None
    """The part whose file the user brought it in; None for the training file, which may be split."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was placed so far; a project's first version starts with an empty one."""

    records: Mapping[str, Place] = field(default_factory=dict)
    groups: Mapping[str, Part] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Spell the assignment as a plain mapping."""
        return {
            "schema": _SCHEMA,
            "records": dict(sorted(self.records.items())),
            "groups": dict(sorted(self.groups.items())),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Assignment:
        """Read an assignment; ValueError if a later Tunesmith wrote it."""
        if value.get("schema") != _SCHEMA:
            raise ValueError(f"this assignment has schema {value.get('schema')}, not {_SCHEMA}")
        return cls(records=dict(value["records"]), groups=dict(value["groups"]))


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where the entries of this version stand."""

    places: tuple[Place, ...]
    """Place of each entry, in their order; `left_out` leaks from a file into a part that the user brought."""
    assignment: Assignment
    """The old one with what is new."""
    proven: bool
    """False where fewer than 300 records were split without a test file: no run is promoted on that."""
    note: str
    """What to ask the user for, in words; may be empty."""

    def indices(self, place: Place) -> list[int]:
        """List the entries of a place."""
        return [index for index, found in enumerate(self.places) if found == place]


def place_records(
    entries: Sequence[Entry],
    previous: Assignment | None = None,
    *,
    seed: int,
    test_share: float | None = None,
    validation_share: float | None = None,
) -> Placement:
    """Place each entry in a part, by whole groups and the same for any order of the entries.

    Test: 20 %, 110 to 1,000 records, at most a third; validation: 10 %, 50 to 500, at most a sixth; a share
    that the user names is taken without these bounds. A part that the user brought a file for is not filled
    from the training file. Entries with equal keys are one record.
    """
    old = previous or Assignment()
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(set(entries), key=_entry_order):
        groups[entry.group].append(entry)
    brought: set[Part] = {entry.given for entry in entries if entry.given}
    placed: dict[Entry, Place] = {}
    free: dict[str, list[Entry]] = {}
    for name, members in groups.items():
        found = _bound(members, old, brought)
        if found is None:
            free[name] = members
        else:
            placed.update(found)
    sizes = _quotas(entries, brought, test_share, validation_share)
    for name, part in _filled(free, placed, sizes, seed).items():
        placed.update(dict.fromkeys(free[name], part))
    records = dict(old.records)
    lasting = dict(old.groups)
    for entry, place in placed.items():
        if place != "left_out":
            records.setdefault(entry.key, place)
        if entry.lasting and place in ("train", "validation", "test"):
            lasting.setdefault(entry.lasting, place)
    proven = "test" in brought or len({entry.key for entry in entries}) >= PROVEN_RECORDS
    return Placement(
        places=tuple(placed[entry] for entry in entries),
        assignment=Assignment(records=records, groups=lasting),
        proven=proven,
        note="" if proven else _unproven_note(len({entry.key for entry in entries})),
    )


def join_groups(*labelings: Sequence[Hashable | None]) -> list[int]:
    """Join what any labeling ties (None ties nothing): give each record the lowest index of its group."""
    parent = list(range(len(labelings[0]))) if labelings else []

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for labels in labelings:
        first: dict[Hashable, int] = {}
        for index, label in enumerate(labels):
            if label is not None:
                one, other = find(first.setdefault(label, index)), find(index)
                parent[max(one, other)] = min(one, other)
    return [find(index) for index in range(len(parent))]


def group_names(labels: Sequence[int], keys: Sequence[str]) -> list[str]:
    """Name each group after its least key, so that the name does not depend on the order of the records."""
    least: dict[int, str] = {}
    for label, key in zip(labels, keys, strict=True):
        least[label] = min(least.get(label, key), key)
    return [least[label] for label in labels]


def _entry_order(entry: Entry) -> tuple[str, str, str, str, str]:
    return entry.key, entry.group, entry.given or "", entry.label, entry.lasting


def _bound(members: Sequence[Entry], old: Assignment, brought: Set[Part]) -> dict[Entry, Place] | None:
    """Place a group that the past or the user's own files bind; None if it is free."""
    placed: dict[Entry, Place] = {}
    parts: set[Part] = {old.groups[entry.lasting] for entry in members if entry.lasting in old.groups}
    for entry in members:
        before = old.records.get(entry.key)
        if before == "train" or before == "validation" or before == "test":
            placed[entry] = _stays(entry, before, brought)
            if placed[entry] != "quarantined":
                parts.add(before)
        elif before is not None:
            placed[entry] = before
    fresh = [entry for entry in members if entry not in placed]
    given = {entry.given for entry in fresh if entry.given}
    if len(parts) > 1:
        return placed | dict.fromkeys(fresh, "quarantined")
    if parts:
        return placed | {entry: _follows(entry, parts.copy().pop(), brought) for entry in fresh}
    if given:
        # The user's test is the last word, then the user's validation.
        kept = next(part for part in (*_HELD_BACK, "train") if part in given)
        return placed | {entry: kept if entry.given == kept else "left_out" for entry in fresh}
    return placed | dict.fromkeys(fresh, "quarantined") if placed else None


def _stays(entry: Entry, before: Part, brought: Set[Part]) -> Place:
    """Place a record that stands in a part already."""
    if entry.given is None:
        # A part that the user brings now is his; what was drawn for it earlier still may not train.
        return "left_out" if before in brought else before
    return before if entry.given == before else "quarantined"


def _follows(entry: Entry, part: Part, brought: Set[Part]) -> Place:
    """Place a new record beside the old ones of its group."""
    if entry.given == part:
        return part
    if part in brought and (entry.given is None or (entry.given, part) == ("validation", "test")):
        return "left_out"  # what only resembles the user's own validation or test is no part of it
    return part if entry.given is None else "quarantined"


def _quotas(
    entries: Iterable[Entry], brought: Set[Part], test_share: float | None, validation_share: float | None
) -> dict[Part, int]:
    count = len({entry.key for entry in entries if entry.given is None})
    test = _quota(count, test_share, TEST_SHARE, TEST_BOUNDS, TEST_DIVISOR)
    validation = _quota(count, validation_share, VALIDATION_SHARE, VALIDATION_BOUNDS, VALIDATION_DIVISOR)
    return {
        "test": 0 if "test" in brought else test,
        "validation": 0 if "validation" in brought else validation,
    }


def _quota(count: int, named: float | None, share: float, bounds: tuple[int, int], divisor: int) -> int:
    if named is not None:
        return round(count * named)
    return min(max(round(count * share), bounds[0]), bounds[1], count // divisor)


def _filled(
    free: Mapping[str, Sequence[Entry]], placed: Mapping[Entry, Place], sizes: Mapping[Part, int], seed: int
) -> dict[str, Part]:
    """Fill test, then validation, label by label; what no quota takes is for training."""
    labels = {name: _label(members) for name, members in free.items()}
    order = sorted(free, key=lambda name: _drawn(seed, free[name]))
    totals = Counter(entry.label for entry in placed) + Counter(
        entry.label for members in free.values() for entry in members
    )
    parts: dict[str, Part] = {}
    for part in _HELD_BACK:
        taken = Counter(entry.label for entry, place in placed.items() if place == part and not entry.given)
        quotas = _label_quotas(totals, sizes[part])
        room = sizes[part] - taken.total()
        for exact in (True, False):  # to each label's quota first, then with what a label can spare
            for name in order:
                size = len(free[name])
                label = labels[name]
                most = quotas[label] if exact else totals[label] // _SPARED
                fits = size <= room and taken[label] + size <= most
                if name not in parts and fits:
                    parts[name] = part
                    taken[label] += size
                    room -= size
    return {name: parts.get(name, "train") for name in free}


def _label_quotas(totals: Mapping[str, int], size: int) -> dict[str, int]:
    """Share a quota out by largest remainders."""
    whole = max(sum(totals.values()), 1)
    quotas = {label: size * count // whole for label, count in totals.items()}
    by_remainder = sorted(totals, key=lambda label: (-(size * totals[label] % whole), label))
    for label in by_remainder[: max(size - sum(quotas.values()), 0)]:
        quotas[label] += totals[label] > 1  # the only record of a label is of more use in training
    return quotas


def _label(members: Sequence[Entry]) -> str:
    counts = Counter(entry.label for entry in members)
    return max(counts, key=lambda label: (counts[label], label))


def _drawn(seed: int, members: Sequence[Entry]) -> bytes:
    return hashlib.sha256(f"{seed}:{min(entry.key for entry in members)}".encode()).digest()


def _unproven_note(count: int) -> str:
    return (
        f"{count} records are too few to prove anything: give a test file of new records as data.test; "
        f"without one a run of fewer than {PROVEN_RECORDS} is not promoted by itself"
    )
