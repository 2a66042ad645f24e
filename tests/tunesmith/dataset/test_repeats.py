"""Where near-duplicates are dropped, each goes for one that is kept and as like as that; the others stay."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset import brute_force
from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import MICRO, pairs, prepared
from tunesmith.dataset import check_file
from tunesmith.dataset.preparation import look_closer
from tunesmith.dataset.repeats import repeated_texts

NOTHING = np.zeros(0, dtype=np.uint64)


def windows(count: int, *, of: int, step: int, seed: int) -> list[str]:
    """Cut windows of so many words from one long text: each is like the next, and not like the last."""
    chance = random.Random(seed)
    text = [f"w{chance.randrange(10**6)}" for _ in range(of + step * count)]
    return [" ".join(text[start : start + of]) for start in range(0, step * count, step)]


def going(texts: Sequence[str], groups: Sequence[int], stays: Sequence[bool]) -> list[int]:
    """Find what goes text by text, by brute force."""
    alike = brute_force.neighbours(texts, texts)
    kept: list[int] = []
    for number in range(len(texts)):
        repeats = any((other, number) in alike and groups[other] == groups[number] for other in kept)
        if stays[number] or not repeats:
            kept.append(number)
    return [number for number in range(len(texts)) if number not in kept]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 50))
def test_what_goes_is_what_brute_force_finds_text_by_text(chance: random.Random, count: int) -> None:
    texts = [*windows(30, of=30, step=2, seed=1), *windows(30, of=90, step=4, seed=2)]
    texts = chance.sample(texts, min(count, len(texts)))
    groups = [chance.randrange(2) for _ in texts]
    stays = [chance.random() < 0.2 for _ in texts]
    found = repeated_texts(texts, NOTHING, np.array(groups, dtype=np.int64), np.array(stays, dtype=np.bool_))
    assert np.flatnonzero(found).tolist() == going(texts, groups, stays)


def test_a_chain_of_more_kept_texts_than_are_taken_one_by_one_is_joined() -> None:
    texts = windows(200, of=60, step=9, seed=3)
    groups, stays = np.zeros(200, dtype=np.int64), np.zeros(200, dtype=np.bool_)
    found = np.flatnonzero(repeated_texts(texts, NOTHING, groups, stays)).tolist()
    assert found == going(texts, groups.tolist(), stays.tolist())
    assert len(found) < 136  # 64 kept ones were not enough


@pytest.mark.parametrize("answer", ["the same for all", "label"])
def test_the_ends_of_a_chain_are_both_kept(answer: str) -> None:
    texts = windows(3, of=90, step=9, seed=4)
    alike = brute_force.neighbours(texts, texts)
    assert (0, 1) in alike
    assert (1, 2) in alike
    assert (0, 2) not in alike
    found = prepared(
        {"train": [*pairs(310), *(pair(text, answer) for text in texts)]}, near_duplicates="drop"
    )
    assert found.report.findings.near.largest == 3
    said = [
        json.loads(line)["messages"][0]["content"][0]["text"]
        for records in found.split.parts().values()
        for line in records.lines()
    ]
    kept = [text for text in texts if text in said]
    assert len(said) == 310 + len(kept)
    assert found.report.findings.near.dropped == 3 - len(kept)
    # What goes has a neighbour among what is kept, and of what is kept none is like another.
    assert brute_force.neighbours(kept, kept).keys() == {(number, number) for number in range(len(kept))}
    gone = [text for text in texts if text not in kept]
    assert gone
    assert {one for one, _ in brute_force.neighbours(gone, kept)} == set(range(len(gone)))


def test_the_command_drops_what_a_run_drops() -> None:
    texts = windows(40, of=90, step=9, seed=5)
    values = [*pairs(310), *(pair(text, "the same for all") for text in texts)]
    checked = look_closer(check_file([lines(*values)], MICRO, file="f"), drops_near=True)
    found = prepared({"train": values}, near_duplicates="drop")
    dropped = found.report.findings.near.dropped
    assert checked.near is not None
    assert (checked.near.dropped, len(checked.records)) == (dropped, len(values) - dropped)
    assert 0 < dropped < 39
