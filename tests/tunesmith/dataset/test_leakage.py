"""The join misses no pair and invents none; its figures on real data are those of brute force."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset import brute_force
from tunesmith.dataset.leakage import find_leaks

short_texts = st.lists(st.text(alphabet="ab c", max_size=14), max_size=25)


@settings(max_examples=150, deadline=None)
@given(short_texts, short_texts, st.sampled_from([0.3, 0.5, 0.7, 0.75, 0.9, 1.0]))
def test_the_join_of_short_texts_is_that_of_brute_force(
    held_back: list[str], train: list[str], threshold: float
) -> None:
    nothing = np.zeros(0, dtype=np.uint64)
    found = find_leaks(held_back, train, threshold=threshold, common=nothing)
    pairs = list(zip(found.held_back.tolist(), found.train.tolist(), strict=True))
    truth = brute_force.pairs_at(held_back, train, threshold)
    assert pairs == sorted(truth)
    assert found.similarity.tolist() == pytest.approx([truth[pair] for pair in pairs])


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_join_of_long_texts_is_that_of_brute_force(chance: random.Random) -> None:
    vocabulary = [f"w{number}" for number in range(40)]
    stems = [chance.choices(vocabulary, k=chance.randint(80, 120)) for _ in range(3)]

    def some(count: int) -> list[str]:
        texts = []
        for _ in range(count):
            found = list(chance.choice(stems))
            for _ in range(chance.randint(0, 6)):
                found[chance.randrange(len(found))] = chance.choice(vocabulary)
            texts.append(" ".join(found))
        return texts

    held_back, train = some(chance.randint(0, 8)), some(chance.randint(0, 20))
    found = find_leaks(held_back, train, common=np.zeros(0, dtype=np.uint64))
    pairs = list(zip(found.held_back.tolist(), found.train.tolist(), strict=True))
    assert pairs == sorted(brute_force.pairs_at(held_back, train, 0.7, brute_force.by_words))


def test_banking77_shares_7_texts_and_378_test_rows_have_a_train_neighbour() -> None:
    train, test = brute_force.banking77("train"), brute_force.banking77("test")
    folded = {brute_force.folded(text) for text in train}
    assert sum(brute_force.folded(text) in folded for text in test) == 7
    found = find_leaks(test, train)
    assert len(found.leaked()) == 378
    sample = range(0, len(test), 8)
    truth = brute_force.pairs_at([test[number] for number in sample], train, 0.7)
    mine = {
        (one // 8, other)
        for one, other in zip(found.held_back.tolist(), found.train.tolist(), strict=True)
        if one % 8 == 0
    }
    assert mine == set(truth)


def test_gsm8k_agrees_with_brute_force() -> None:
    import json

    train, test = (
        [
            json.loads(line)["question"]
            for line in brute_force.data_file(f"gsm8k_{part}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for part in ("train", "test")
    )
    short_train = [text for text in train if len(brute_force.words(text)) < 50][:2_000]
    short_test = [text for text in test if len(brute_force.words(text)) < 50][:200]
    found = find_leaks(short_test, short_train, threshold=0.5, common=np.zeros(0, dtype=np.uint64))
    pairs = set(zip(found.held_back.tolist(), found.train.tolist(), strict=True))
    assert pairs == set(brute_force.pairs_at(short_test, short_train, 0.5))
