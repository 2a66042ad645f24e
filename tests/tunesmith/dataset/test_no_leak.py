"""Whatever is uploaded, no held-back record has a neighbour in training, by brute force."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset import brute_force
from tests.tunesmith.dataset.converse import pair
from tests.tunesmith.dataset.prepared import prepared
from tunesmith.dataset.preparation import Prepared

VOCABULARY = [f"word{number}" for number in range(300)]


def drawn(chance: random.Random, count: int) -> list[Any]:
    """Give records about few stems, so that many are near each other, and each is like no other."""
    stems = [chance.choices(VOCABULARY, k=chance.choice([6, 15, 48, 55, 80])) for _ in range(count // 3)]
    records = []
    for number in range(count):
        found = list(chance.choice(stems))
        for _ in range(chance.randint(0, len(found) // 8)):
            found[chance.randrange(len(found))] = chance.choice(VOCABULARY)
        records.append(pair(" ".join(found), f"answer {number} {chance.choice(VOCABULARY)}"))
    return records


def texts(found: Prepared) -> dict[str, list[str]]:
    """Read what the turns of each part say."""

    def said(line: bytes) -> str:
        return "\n".join(turn["content"][0]["text"] for turn in json.loads(line)["messages"])

    split = found.split
    parts = {"test": split.test, "validation": split.validation, "train": split.train}
    return {part: [said(line) for line in records.lines()] for part, records in parts.items()}


def assert_nothing_straddles(found: Prepared) -> None:
    """Join each part with the next: nothing there is alike."""
    parts = texts(found)
    for held_back, other in [*pairwise(parts), ("test", "train")]:
        assert brute_force.neighbours(parts[held_back], parts[other]) == {}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_no_pair_at_the_threshold_straddles_a_split_of_our_own(seed: int) -> None:
    found = prepared({"train": drawn(random.Random(seed), 90)}, seed=seed)
    assert found.split.test
    assert_nothing_straddles(found)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([("test",), ("validation",), ("test", "validation")]))
def test_no_pair_straddles_the_user_s_own_files_and_what_leaks_leaves_train(
    seed: int, brought: tuple[str, ...]
) -> None:
    chance = random.Random(seed)
    records = drawn(chance, 120)
    sizes = {"train": 80, **dict.fromkeys(brought, 20)}
    files: dict[str, list[Any]] = {}
    named: dict[str, Any] = {part: f"{part}.jsonl" for part in brought}
    for part, size in sizes.items():
        files[part], records = records[:size], records[size:]
    found = prepared(files, **named)
    assert_nothing_straddles(found)
    # The last word is the test's: the user's own stays whole.
    assert len(getattr(found.split, brought[0])) == 20


def parts_of(found: Prepared) -> dict[str, str]:
    return {text: part for part, said in texts(found).items() for text in said}


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["group", "drop"]))
def test_records_that_are_added_in_any_order_move_no_earlier_one(seed: int, near_duplicates: str) -> None:
    chance = random.Random(seed)
    records = drawn(chance, 80)
    known: dict[str, str] = {}
    previous = None
    for count in (50, 51, 80):
        values = records[:count]
        chance.shuffle(values)
        found = prepared({"train": values}, previous=previous, near_duplicates=near_duplicates)
        parts = parts_of(found)
        assert {text: parts.get(text) for text in known} == known
        assert_nothing_straddles(found)
        known, previous = parts, found.assignment


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_training_record_beside_the_user_s_own_file_leaves(part: str) -> None:
    chance = random.Random(4)
    stem = chance.choices(VOCABULARY, k=60)
    near = [*stem[:59], "another"]
    others = [pair(" ".join(chance.choices(VOCABULARY, k=30)), "fine") for _ in range(40)]
    files = {"train": [pair(" ".join(near), "fine"), *others], part: [pair(" ".join(stem), "fine")]}
    named: dict[str, Any] = {part: f"{part}.jsonl"}
    found = texts(prepared(files, **named))
    assert any(text.startswith(" ".join(stem)) for text in found[part])
    assert not any("another" in text for each in found.values() for text in each)
