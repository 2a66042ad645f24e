"""Groups stay whole, quotas are met label by label, and nothing that was placed ever moves."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.dataset.assignment import (
    Assignment,
    Entry,
    Place,
    Placement,
    group_names,
    join_groups,
    place_records,
)
from tunesmith.dataset.leakage import find_leaks
from tunesmith.dataset.near_duplicates import find_near_duplicates
from tunesmith.dataset.shingles import common_shingles


def entries(count: int, *, per_group: int = 1, labels: int = 1) -> list[Entry]:
    return [
        Entry(key=f"k{number:05}", group=f"g{number // per_group}", label=f"l{number // per_group % labels}")
        for number in range(count)
    ]


def by_key(entries: Sequence[Entry], placement: Placement) -> dict[str, Place]:
    return {entry.key: place for entry, place in zip(entries, placement.places, strict=True)}


drawn = st.lists(
    st.builds(
        Entry,
        key=st.integers(0, 60).map("k{}".format),
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
    placed = Counter(place_records(entries(count), seed=1).places)
    assert (placed["test"], placed["validation"]) == (test, validation)


def test_a_named_share_is_taken_without_bounds() -> None:
    placed = Counter(place_records(entries(400), seed=1, test_share=0.5, validation_share=0.0).places)
    assert placed == {"test": 200, "train": 200}


def test_labels_are_filled_in_proportion() -> None:
    found = [
        Entry(key=f"k{n}", group=f"g{n}", label="rare" if n % 10 == 0 else "often") for n in range(1_000)
    ]
    placed = Counter(zip((e.label for e in found), place_records(found, seed=3).places, strict=True))
    assert (placed["rare", "test"], placed["often", "test"]) == (20, 180)
    assert (placed["rare", "validation"], placed["often", "validation"]) == (10, 90)


def test_the_only_record_of_a_label_stays_in_training() -> None:
    found = [*entries(600), Entry(key="one", group="one", label="single")]
    assert by_key(found, place_records(found, seed=1))["one"] == "train"


@pytest.mark.parametrize(("count", "proven"), [(299, False), (300, True)])
def test_few_records_ask_for_a_test_file(count: int, proven: bool) -> None:
    placed = place_records(entries(count), seed=1)
    assert placed.proven is proven
    assert ("data.test" in placed.note) is not proven


def test_a_test_file_proves_and_what_resembles_it_leaves_train() -> None:
    given_test = [Entry(key=f"t{n}", group=f"g{n}", given="test") for n in range(5)]
    found = [*entries(50), *given_test]
    placed = place_records(found, seed=1)
    assert placed.proven
    assert by_key(found, placed)["t0"] == "test"
    assert [found[index].key for index in placed.indices("left_out")] == [f"k{n:05}" for n in range(5)]
    assert Counter(placed.places)["test"] == 5
    later = place_records([*found, Entry(key="new", group="g0")], placed.assignment, seed=1)
    assert later.places[-1] == "left_out"


def test_a_test_record_that_was_trained_on_is_quarantined() -> None:
    first = entries(30)
    placed = place_records(first, seed=1)
    trained = first[placed.indices("train")[0]]
    again = [*first, Entry(key="t", group=trained.group, given="test")]
    assert place_records(again, placed.assignment, seed=1).places[-1] == "quarantined"


def test_what_is_left_out_is_left_out_again_and_not_remembered() -> None:
    found = [
        *entries(40),
        *(Entry(key=f"v{n}", group=f"g{n}", given="validation") for n in range(9)),
        *(Entry(key=f"t{n}", group=f"g{n}", given="test") for n in range(5)),
    ]
    placed = place_records(found, seed=1)
    assert Counter(placed.places) == {"left_out": 14, "validation": 4, "test": 5, "train": 31}
    again = place_records(found, placed.assignment, seed=1)
    assert again.places == placed.places
    assert again.assignment == placed.assignment


def test_what_was_drawn_for_a_part_that_the_user_brings_later_does_not_train() -> None:
    first = entries(60)
    placed = place_records(first, seed=1)
    later = place_records([*first, Entry(key="t", group="t", given="test")], placed.assignment, seed=1)
    assert later.indices("left_out") == placed.indices("test")
    assert later.indices("train") == placed.indices("train")
    assert later.assignment.records.items() >= placed.assignment.records.items()


def test_a_new_record_ties_two_lasting_groups_of_other_parts_and_is_quarantined() -> None:
    first = [Entry(key=f"k{n}", group=f"g{n}", lasting=f"customer {n}") for n in range(30)]
    placed = place_records(first, seed=1)
    train, test = placed.indices("train")[0], placed.indices("test")[0]
    tied = [Entry(key=f"new {n}", group="tied", lasting=f"customer {n}") for n in (train, test)]
    assert place_records(tied, placed.assignment, seed=1).places == ("quarantined", "quarantined")


def test_a_record_that_bridges_two_parts_is_quarantined_and_stays_so() -> None:
    first = entries(30)
    placed = place_records(first, seed=1)
    trained, blind = first[placed.indices("train")[0]], first[placed.indices("test")[0]]
    tied = [Entry(key=e.key, group="tied") if e in (trained, blind) else e for e in first] + [
        Entry(key="bridge", group="tied")
    ]
    later = place_records(tied, placed.assignment, seed=1)
    assert [tied[index].key for index in later.indices("quarantined")] == ["bridge"]
    assert by_key(first, placed).items() <= by_key(tied, later).items()
    alone = place_records([Entry(key="bridge", group="x")], later.assignment, seed=1)
    assert alone.places == ("quarantined",)


def test_a_lasting_group_keeps_its_part_when_its_records_are_gone() -> None:
    first = [Entry(key=f"k{n}", group=f"customer {n}", lasting=f"customer {n}") for n in range(30)]
    placed = place_records(first, seed=1)
    later = [Entry(key=f"new {n}", group=f"customer {n}", lasting=f"customer {n}") for n in range(30)]
    assert place_records(later, placed.assignment, seed=9).places == placed.places


@settings(max_examples=150, deadline=None)
@given(drawn, st.integers(0, 3), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_split_of_whole_groups(
    found: list[Entry], seed: int, chance: random.Random
) -> None:
    placed = by_key(found, place_records(found, seed=seed))
    other = chance.sample(found, len(found))
    assert by_key(other, place_records(other, seed=seed)) == placed
    for group in {entry.group for entry in found}:
        assert len({placed[entry.key] for entry in found if entry.group == group}) == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(drawn, min_size=2, max_size=4), st.integers(0, 3))
def test_later_versions_move_no_earlier_record(versions: list[list[Entry]], seed: int) -> None:
    kept = Assignment()
    known: dict[str, Place] = {}
    for version in versions:
        placed = place_records(version, kept, seed=seed)
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
    keys = texts
    names = group_names(find_near_duplicates(texts).labels.tolist(), keys)
    found = [Entry(key=key, group=name) for key, name in zip(keys, names, strict=True)]
    placed = place_records(found, seed=1)
    held = [*placed.indices("test"), *placed.indices("validation")]
    train = placed.indices("train")
    common = common_shingles(texts)
    leaks = find_leaks([texts[n] for n in held], [texts[n] for n in train], common=common)
    left = [n for place, n in enumerate(train) if place not in set(leaks.leaking())]
    assert not find_leaks([texts[n] for n in held], [texts[n] for n in left], common=common).leaking()
    assert len(leaks.leaking()) <= 0.05 * len(texts)


def test_groups_that_share_a_record_are_one() -> None:
    assert join_groups(["a", "a", None, None], [1, 2, 2, None]) == [0, 0, 0, 3]
    assert join_groups() == []
    assert group_names([0, 0, 2], ["z", "b", "a"]) == ["b", "b", "a"]


def test_an_assignment_of_a_later_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 2"):
        Assignment.from_json({"schema": 2})
