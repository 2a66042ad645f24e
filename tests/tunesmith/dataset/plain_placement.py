"""Where does each record stand? Found record by record: what the columns are held against."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from tunesmith.dataset import placement
from tunesmith.dataset.assignment import NOWHERE, PLACES, Assignment, Place
from tunesmith.dataset.placement import (
    TEST_BOUNDS,
    TEST_DIVISOR,
    TEST_SHARE,
    VALIDATION_BOUNDS,
    VALIDATION_DIVISOR,
    VALIDATION_SHARE,
    Entries,
    Placement,
)
from tunesmith.dataset.record_spool import from_hexadecimal
from tunesmith.dataset.records import digest

Part: TypeAlias = Literal["train", "validation", "test"]
_SPARED: Final = 3
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
    opening: str = ""
    """Digest of what it opens with; empty where no other record opens so."""
    given: Part | None = None
    """The part whose file the user brought it in; None for the training file, which may be split."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Places of entries, and what is kept of them."""

    places: tuple[Place, ...]
    records: Mapping[str, Place]
    groups: Mapping[str, Part]
    openings: Mapping[str, Part]


def key(name: object) -> str:
    """Digest a name, as contents are digested."""
    return digest(str(name).encode()).hex()


def columns(entries: Sequence[Entry]) -> Entries:
    """Put entries into columns."""

    def numbers(names: Sequence[str]) -> list[int]:
        places = {name: place for place, name in enumerate(sorted(set(names)))}
        return [places[name] for name in names]

    return Entries(
        keys=from_hexadecimal(entry.key for entry in entries),
        groups=np.array(numbers([entry.group for entry in entries]), dtype=np.int64),
        labels=np.array(numbers([entry.label for entry in entries]), dtype=np.int64),
        lasting=from_hexadecimal(entry.lasting or "0" * 32 for entry in entries),
        openings=from_hexadecimal(entry.opening or entry.key for entry in entries),
        given=np.array(
            [PLACES.index(entry.given) if entry.given else NOWHERE for entry in entries], dtype=np.int8
        ),
    )


def place(
    entries: Sequence[Entry], previous: Assignment | None = None, *, seed: int, **shares: float | None
) -> Placement:
    """Place entries by their columns."""
    found = columns(entries)
    return placement.place_records(found, placement.drawn(found.keys, seed), previous, **shares)


def places(placed: Placement) -> list[Place]:
    """Name the places."""
    return [PLACES[code] for code in placed.places.tolist()]


def indices(placed: Placement, wanted: Place) -> list[int]:
    """List the entries of a place."""
    return [index for index, found in enumerate(places(placed)) if found == wanted]


def place_records(
    entries: Sequence[Entry],
    previous: Plain | None = None,
    *,
    seed: int,
    test_share: float | None = None,
    validation_share: float | None = None,
) -> Plain:
    """Place entries as `tunesmith.dataset.placement` says it does."""
    old = previous or Plain((), {}, {}, {})
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
    openings = dict(old.openings)
    for entry in sorted(placed, key=_entry_order):
        place = placed[entry]
        if place in ("train", "validation", "test"):
            openings.setdefault(entry.opening or entry.key, place)
    return Plain(tuple(placed[entry] for entry in entries), records, lasting, openings)


def join_groups(*labelings: Sequence[Hashable]) -> list[int]:
    """Join what any labeling ties: give each record the lowest index of its group."""
    parent = list(range(len(labelings[0]))) if labelings else []

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for labels in labelings:
        first: dict[Hashable, int] = {}
        for index, label in enumerate(labels):
            one, other = find(first.setdefault(label, index)), find(index)
            parent[max(one, other)] = min(one, other)
    return [find(index) for index in range(len(parent))]


def _entry_order(entry: Entry) -> tuple[str, str, str, str, str]:
    return entry.key, entry.group, entry.given or "", entry.label, entry.lasting


def _bound(members: Sequence[Entry], old: Plain, brought: Set[Part]) -> dict[Entry, Place] | None:
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
    opened = (entry.opening or entry.key for entry in fresh)
    parts |= {old.openings[opening] for opening in opened if opening in old.openings}
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
