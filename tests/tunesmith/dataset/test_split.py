"""Whole groups, sizes inside their bounds, nothing lost, and the same split for any line order."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import lines, pair
from tunesmith.catalogue import find_model
from tunesmith.dataset import Split, check_file, split_records
from tunesmith.dataset.records import Record


def records(pairs: Sequence[tuple[object, object]]) -> tuple[Record, ...]:
    data = lines(*(pair(f"prompt {prompt}", f"answer {answer}") for prompt, answer in pairs))
    return check_file([data], find_model("nova-micro"), file="f").records


def numbered(count: int, start: int = 0) -> tuple[Record, ...]:
    return records([(number, 0) for number in range(start, start + count)])


def split(train: Sequence[Record], seed: int = 1) -> Split:
    return split_records(train, validation=None, test=None, seed=seed)


def prompts(part: Sequence[Record]) -> set[bytes]:
    return {record.prompt_key for record in part}


@pytest.mark.parametrize(
    ("count", "test", "validation"),
    [
        (0, 0, 0),
        (2, 0, 0),
        (3, 1, 0),
        (8, 2, 1),
        (90, 30, 15),
        (300, 100, 50),
        (700, 140, 70),
        (6000, 1000, 500),
    ],
)
def test_sizes_follow_the_shares_inside_their_bounds(count: int, test: int, validation: int) -> None:
    found = split(numbered(count))
    assert [len(part) for part in found.parts().values()] == [count - test - validation, validation, test]


def test_records_of_one_prompt_stay_together() -> None:
    found = split(records([(number % 60, number) for number in range(300)]))
    assert not prompts(found.test) & prompts(found.train)
    assert not prompts(found.test) & prompts(found.validation)
    assert not prompts(found.validation) & prompts(found.train)
    assert (len(found.test), len(found.validation)) == (100, 50)


def test_a_longer_conversation_stays_with_the_shorter_one_whose_answer_it_holds() -> None:
    short = [conversation(f"question {n}", f"answer {n}") for n in range(200)]
    longer = [conversation(f"question {n}", f"answer {n}", "and then?", f"more {n}") for n in range(200)]

    parts = split(check_file([b"\n".join([*short, *longer])], find_model("nova-micro"), file="f").records)

    def openings(part: Sequence[Record]) -> set[bytes]:
        return {record.opening_key for record in part}

    assert not openings(parts.test) & openings(parts.train)
    assert not openings(parts.validation) & openings(parts.train)
    assert len(parts.test) >= 100


def conversation(*turns: str) -> bytes:
    """A line of Converse whose turns alternate, the user's first."""
    roles = itertools.cycle(["user", "assistant"])
    messages = [{"role": role, "content": [{"text": text}]} for role, text in zip(roles, turns, strict=False)]
    return json.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": messages}).encode()


def test_a_group_that_is_too_big_for_a_part_trains() -> None:
    found = split(records([("same", number) for number in range(50)]))
    assert (len(found.train), len(found.validation), len(found.test)) == (50, 0, 0)


def test_the_seed_decides_and_nothing_else_does() -> None:
    everything = numbered(300)
    shuffled = list(everything)
    random.Random(3).shuffle(shuffled)
    assert split(shuffled) == split(everything)
    assert prompts(split(everything, seed=2).test) != prompts(split(everything, seed=1).test)


def test_a_test_of_the_user_s_own_is_taken_and_its_prompts_leave_the_rest() -> None:
    train, test = numbered(100), records([(number, 1) for number in range(90, 130)])
    found = split_records(train, validation=None, test=test, seed=1)
    assert prompts(found.test) == prompts(test)
    assert (found.left_train, found.left_validation) == (10, 0)
    assert (len(found.train), len(found.validation)) == (74, 16)
    assert not prompts(found.test) & prompts([*found.train, *found.validation])


def test_a_validation_of_the_user_s_own_leaves_the_test_alone() -> None:
    train, validation = numbered(100), records([(number, 1) for number in range(80, 130)])
    found = split_records(train, validation=validation, test=None, seed=1)
    shared = prompts(found.test) & prompts(validation)
    assert len(found.test) == 33
    assert found.left_validation == len(shared) > 0
    assert len(found.validation) == 50 - len(shared)
    assert len(found.train) + found.left_train == 67
    assert not prompts(found.validation) & prompts([*found.train, *found.test])


def test_files_of_the_user_s_own_for_all_parts_are_cleared_of_each_other() -> None:
    found = split_records(numbered(30), validation=numbered(20, 25), test=numbered(20, 40), seed=1)
    assert (found.left_train, found.left_validation) == (5, 5)
    assert [len(part) for part in found.parts().values()] == [25, 15, 20]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=120),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_nothing_is_lost_and_no_line_order_matters(
    pairs: list[tuple[int, int]], seed: int, order: random.Random
) -> None:
    everything = records(pairs)
    found = split(everything, seed)
    parts = [record for part in found.parts().values() for record in part]
    assert sorted(record.line for record in parts) == sorted(record.line for record in everything)
    assert len(found.test) <= len(everything) / 3
    assert len(found.validation) <= len(everything) / 6
    shuffled = list(pairs)
    order.shuffle(shuffled)
    assert split(records(shuffled), seed) == found
    for one, other in (("test", "train"), ("test", "validation"), ("train", "validation")):
        assert not prompts(found.parts()[one]) & prompts(found.parts()[other])


def of_customers(rows: Sequence[tuple[int, object]]) -> tuple[Record, ...]:
    """Records with a prompt each and a customer as group key."""
    data = lines(*({**pair(f"prompt {prompt}", "a"), "customer": customer} for prompt, customer in rows))
    checked = check_file([data], find_model("nova-micro"), file="f", group_key="customer")
    assert checked.rejected == 0
    return checked.records


def groups(part: Sequence[Record]) -> set[bytes]:
    return {record.group for record in part}


def test_records_of_one_group_key_stay_together() -> None:
    found = split(of_customers([(number, number % 60) for number in range(300)]))
    assert not groups(found.test) & groups(found.train)
    assert not groups(found.test) & groups(found.validation)
    assert not groups(found.validation) & groups(found.train)
    assert (len(found.test), len(found.validation)) == (100, 50)


def test_groups_that_share_a_prompt_are_one_group() -> None:
    rows = of_customers([(number, "a") for number in range(5)]) + of_customers(
        [(number, "b") for number in range(4, 10)]
    )
    others = of_customers([(number, f"c{number}") for number in range(20, 60)])
    for seed in range(10):
        found = split([*rows, *others], seed=seed)
        for part in found.parts().values():
            assert len([record for record in part if record in rows]) in (0, len(rows))


def test_a_group_of_the_user_s_own_test_leaves_training() -> None:
    found = split_records(
        of_customers([(number, number % 10) for number in range(100)]),
        validation=None,
        test=of_customers([(200, 3)]),
        seed=1,
    )
    assert found.left_train == 10
    assert not groups(found.test) & groups(found.train)


def test_without_a_group_key_each_prompt_is_a_group_of_its_own() -> None:
    assert len(split(numbered(30)).test) == 10


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.5), (0.25, 0.25), (0.01, 0.01)])
def test_shares_that_are_named_are_taken_without_bounds(validation: float, test: float) -> None:
    found = split_records(
        numbered(400), validation=None, test=None, seed=1, validation_share=validation, test_share=test
    )
    assert (len(found.validation), len(found.test)) == (400 * validation, 400 * test)
    assert len(found.train) + len(found.validation) + len(found.test) == 400
