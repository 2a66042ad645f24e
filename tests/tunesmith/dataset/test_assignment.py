"""Groups stay whole, quotas are met label by label, and nothing that was placed ever moves."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset import plain_placement
from tests.tunesmith.dataset.plain_placement import Entry, Plain, indices, key, place, places
from tunesmith.dataset.assignment import NOWHERE, Assignment, Place, Places
from tunesmith.dataset.common_text import common_shingles
from tunesmith.dataset.leakage import find_leaks
from tunesmith.dataset.near_duplicates import find_near_duplicates
from tunesmith.dataset.placement import Placement, drawn, join_groups, least_rows
from tunesmith.dataset.record_spool import from_hexadecimal


def entries(count: int, *, per_group: int = 1, labels: int = 1) -> list[Entry]:
    return [
        Entry(key=key(number), group=f"g{number // per_group}", label=f"l{number // per_group % labels}")
        for number in range(count)
    ]


def by_key(entries: Sequence[Entry], placement: Placement) -> dict[str, Place]:
    return {entry.key: place for entry, place in zip(entries, places(placement), strict=True)}


found_once = st.lists(
    st.builds(
        Entry,
        key=st.integers(0, 60).map(key),
        group=st.integers(0, 25).map("g{}".format),
        label=st.sampled_from(["", "a", "b"]),
    ),
    unique_by=lambda entry: entry.key,
    max_size=60,
)


@pytest.mark.parametrize(
    ("count", "test", "validation"),
    [(0, 0, 0), (2, 0, 0), (3, 1, 0), (90, 30, 15), (300, 100, 50), (700, 140, 70), (6_000, 1_000, 500)],
)
def test_sizes_follow_the_shares_inside_their_bounds(count: int, test: int, validation: int) -> None:
    placed = Counter(places(place(entries(count), seed=1)))
    assert (placed["test"], placed["validation"]) == (test, validation)


def test_a_named_share_is_taken_without_bounds() -> None:
    placed = Counter(places(place(entries(400), seed=1, test_share=0.5, validation_share=0.0)))
    assert placed == {"test": 200, "train": 200}


def test_labels_are_filled_in_proportion() -> None:
    found = [
        Entry(key=key(f"k{n}"), group=f"g{n}", label="rare" if n % 10 == 0 else "often") for n in range(1_000)
    ]
    placed = Counter(zip((e.label for e in found), places(place(found, seed=3)), strict=True))
    assert (placed["rare", "test"], placed["often", "test"]) == (20, 180)
    assert (placed["rare", "validation"], placed["often", "validation"]) == (10, 90)


def test_the_only_record_of_a_label_stays_in_training() -> None:
    found = [*entries(600), Entry(key=key("one"), group="one", label="single")]
    assert by_key(found, place(found, seed=1))[key("one")] == "train"


@pytest.mark.parametrize(("count", "proven"), [(299, False), (300, True)])
def test_few_records_ask_for_a_test_file(count: int, proven: bool) -> None:
    placed = place(entries(count), seed=1)
    assert placed.proven is proven
    assert ("data.test" in placed.note) is not proven


def test_a_test_file_proves_and_what_resembles_it_leaves_train() -> None:
    given_test = [Entry(key=key(f"t{n}"), group=f"g{n}", given="test") for n in range(5)]
    found = [*entries(50), *given_test]
    placed = place(found, seed=1)
    assert placed.proven
    assert by_key(found, placed)[key("t0")] == "test"
    assert [found[index].key for index in indices(placed, "left_out")] == [key(n) for n in range(5)]
    assert Counter(places(placed))["test"] == 5
    later = place([*found, Entry(key=key("new"), group="g0")], placed.assignment, seed=1)
    assert places(later)[-1] == "left_out"


def test_a_test_record_that_was_trained_on_is_quarantined() -> None:
    first = entries(30)
    placed = place(first, seed=1)
    trained = first[indices(placed, "train")[0]]
    again = [*first, Entry(key=key("t"), group=trained.group, given="test")]
    assert places(place(again, placed.assignment, seed=1))[-1] == "quarantined"


def test_what_is_left_out_is_left_out_again_and_not_remembered() -> None:
    found = [
        *entries(40),
        *(Entry(key=key(f"v{n}"), group=f"g{n}", given="validation") for n in range(9)),
        *(Entry(key=key(f"t{n}"), group=f"g{n}", given="test") for n in range(5)),
    ]
    placed = place(found, seed=1)
    assert Counter(places(placed)) == {"left_out": 14, "validation": 4, "test": 5, "train": 31}
    again = place(found, placed.assignment, seed=1)
    assert places(again) == places(placed)
    assert again.assignment == placed.assignment


def test_what_was_drawn_for_a_part_that_the_user_brings_later_does_not_train() -> None:
    first = entries(60)
    placed = place(first, seed=1)
    later = place([*first, Entry(key=key("t"), group="t", given="test")], placed.assignment, seed=1)
    assert indices(later, "left_out") == indices(placed, "test")
    assert indices(later, "train") == indices(placed, "train")
    assert later.assignment.records.items() >= placed.assignment.records.items()


def test_a_new_record_ties_two_lasting_groups_of_other_parts_and_is_quarantined() -> None:
    first = [Entry(key=key(f"k{n}"), group=f"g{n}", lasting=key(f"customer {n}")) for n in range(30)]
    placed = place(first, seed=1)
    train, test = indices(placed, "train")[0], indices(placed, "test")[0]
    tied = [Entry(key=key(f"new {n}"), group="tied", lasting=key(f"customer {n}")) for n in (train, test)]
    assert places(place(tied, placed.assignment, seed=1)) == ["quarantined", "quarantined"]


def test_a_record_that_bridges_two_parts_is_quarantined_and_stays_so() -> None:
    first = entries(30)
    placed = place(first, seed=1)
    trained, blind = first[indices(placed, "train")[0]], first[indices(placed, "test")[0]]
    tied = [Entry(key=e.key, group="tied") if e in (trained, blind) else e for e in first] + [
        Entry(key=key("bridge"), group="tied")
    ]
    later = place(tied, placed.assignment, seed=1)
    assert [tied[index].key for index in indices(later, "quarantined")] == [key("bridge")]
    assert by_key(first, placed).items() <= by_key(tied, later).items()
    alone = place([Entry(key=key("bridge"), group="x")], later.assignment, seed=1)
    assert places(alone) == ["quarantined"]


def test_a_lasting_group_keeps_its_part_when_its_records_are_gone() -> None:
    first = [Entry(key=key(f"k{n}"), group=f"customer {n}", lasting=key(f"customer {n}")) for n in range(30)]
    placed = place(first, seed=1)
    later = [
        Entry(key=key(f"new {n}"), group=f"customer {n}", lasting=key(f"customer {n}")) for n in range(30)
    ]
    assert places(place(later, placed.assignment, seed=9)) == places(placed)


@settings(max_examples=150, deadline=None)
@given(found_once, st.integers(0, 3), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_split_of_whole_groups(
    found: list[Entry], seed: int, chance: random.Random
) -> None:
    placed = by_key(found, place(found, seed=seed))
    other = chance.sample(found, len(found))
    assert by_key(other, place(other, seed=seed)) == placed
    for group in {entry.group for entry in found}:
        assert len({placed[entry.key] for entry in found if entry.group == group}) == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(found_once, min_size=2, max_size=4), st.integers(0, 3))
def test_later_versions_move_no_earlier_record(versions: list[list[Entry]], seed: int) -> None:
    kept = Assignment()
    known: dict[str, Place] = {}
    for version in versions:
        placed = place(version, kept, seed=seed)
        found = by_key(version, placed)
        assert all(found[key] == place for key, place in known.items() if key in found)
        parts: dict[str, set[Place]] = {}
        for entry in version:
            if entry.key not in known and found[entry.key] != "quarantined":
                parts.setdefault(entry.group, set()).add(found[entry.key])
        assert all(len(places) == 1 for places in parts.values())
        known |= found
        kept = Assignment.from_json(json.loads(json.dumps(placed.assignment.to_json())))


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_pair_at_the_threshold_straddles_the_split(chance: random.Random) -> None:
    vocabulary = [f"word{number}" for number in range(60)]
    stems = [" ".join(chance.choices(vocabulary, k=chance.choice([6, 15, 60]))) for _ in range(12)]
    texts = sorted({f"{chance.choice(stems)} {chance.choice(vocabulary)}" for _ in range(60)})
    labels = find_near_duplicates(texts).labels.tolist()
    found = [Entry(key=key(text), group=str(label)) for text, label in zip(texts, labels, strict=True)]
    placed = place(found, seed=1)
    held = [*indices(placed, "test"), *indices(placed, "validation")]
    train = indices(placed, "train")
    common = common_shingles(texts)
    leaks = find_leaks([texts[n] for n in held], [texts[n] for n in train], common=common)
    left = [n for place, n in enumerate(train) if place not in set(leaks.leaking())]
    assert not find_leaks([texts[n] for n in held], [texts[n] for n in left], common=common).leaking()
    assert len(leaks.leaking()) <= 0.05 * len(texts)


labelings = st.integers(0, 40).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, 50), min_size=size, max_size=size), min_size=1, max_size=3)
)


@settings(max_examples=150, deadline=None)
@given(labelings)
def test_groups_that_share_a_record_are_one(labelings: list[list[int]]) -> None:
    joined = join_groups(*(np.array(labels, dtype=np.int64) for labels in labelings))
    assert joined.tolist() == plain_placement.join_groups(*labelings)


def test_a_long_chain_of_groups_is_one() -> None:
    links = np.random.default_rng(1).permutation(3_001)
    pairs, others = np.empty_like(links), np.empty_like(links)
    pairs[links], others[links] = np.arange(3_001) // 2, (np.arange(3_001) + 1) // 2
    assert not join_groups(pairs, others).any()


def test_a_group_is_named_by_the_first_of_its_rows_in_the_order_that_counts() -> None:
    assert least_rows(np.array([5, 5, 2, 5]), np.array([3, 2, 1, 0])).tolist() == [3, 3, 2, 3]


def version(chance: random.Random) -> list[Entry]:
    """Draw records that may have been there before, in groups of their own or of the user's."""
    customers, given = chance.random() < 0.5, chance.choice([0.0, 0.1, 0.4])
    found = []
    for name in chance.sample(range(90), chance.randint(0, 80)):
        group = chance.randrange(30)
        found.append(
            Entry(
                key=key(name),
                group=f"g{group}",
                label=chance.choice("aabc"),
                lasting=key(f"customer {group // 2}") if customers and chance.random() < 0.9 else "",
                opening=key(f"opening {name // 3}") if chance.random() < 0.5 else "",
                given=chance.choice(["validation", "test"]) if chance.random() < given else None,
            )
        )
    return found


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_columns_give_what_record_by_record_gives(chance: random.Random) -> None:
    kept: Assignment | None = None
    plain: Plain | None = None
    for _ in range(3):
        found, seed = version(chance), chance.randrange(4)
        test_share, validation_share = (chance.choice([None, 0.0, 0.3, 0.6]) for _ in range(2))
        sizes = {"test_share": test_share, "validation_share": validation_share}
        placed = place(found, kept, seed=seed, **sizes)
        plain = plain_placement.place_records(found, plain, seed=seed, **sizes)
        assert tuple(places(placed)) == plain.places
        assert dict(placed.assignment.records) == plain.records
        assert dict(placed.assignment.groups) == plain.groups
        assert dict(placed.assignment.openings) == plain.openings
        kept = placed.assignment


def test_lots_are_drawn_by_key_and_seed_alone() -> None:
    keys = from_hexadecimal(map(key, range(500)))
    lots = drawn(keys, 7)
    by_hash = sorted(range(500), key=lambda n: hashlib.sha256(f"7:{key(n)}".encode()).digest())
    assert np.argsort(lots).tolist() == by_hash
    assert drawn(keys[::-1], 7).tolist() == lots[::-1].tolist()


def test_places_are_looked_up_and_never_overwritten() -> None:
    keys = from_hexadecimal(map(key, "abca"))
    places = Places().adding(keys, np.array([0, 1, 2, 1], dtype=np.int8))
    later = places.adding(keys[:1], np.array([2], dtype=np.int8))
    assert later == places
    assert later[key("a")] == "train"
    assert later.get(key("d")) is None
    assert later.find(from_hexadecimal(map(key, "dcb"))).tolist() == [NOWHERE, 2, 1]
    assert Places.from_json(later.to_json()) == places
    assert list(later) == sorted(map(key, "abc"))
    assert places != places.adding(from_hexadecimal([key("d")]), np.array([0], dtype=np.int8))


def test_an_assignment_of_a_later_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 2"):
        Assignment.from_json({"schema": 2})
