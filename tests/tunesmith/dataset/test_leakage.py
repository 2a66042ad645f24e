"""The join misses no pair and invents none; its figures on real data are those of brute force."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset import brute_force
from tests.tunesmith.dataset.converse import lines, pair
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
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


@settings(max_examples=60, deadline=None)
@given(short_texts, short_texts, st.sampled_from([0.3, 0.7, 0.9, 1.0]))
def test_brute_force_misses_no_pair(held_back: list[str], train: list[str], threshold: float) -> None:
    everything = {
        (one, other): brute_force.jaccard(brute_force.by_characters(mine), brute_force.by_characters(theirs))
        for one, mine in enumerate(held_back)
        for other, theirs in enumerate(train)
    }
    expected = {pair: value for pair, value in everything.items() if value >= threshold}
    assert brute_force.pairs_at(held_back, train, threshold) == expected


def joined(test: list[str], train: list[str]) -> dict[tuple[int, int], float]:
    found = find_leaks(test, train, common=np.zeros(0, dtype=np.uint64))
    pairs = zip(found.held_back.tolist(), found.train.tolist(), strict=True)
    return dict(zip(pairs, found.similarity.tolist(), strict=True))


def every(step: int, pairs: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """Keep the pairs of every so many held-back texts, numbered anew: plain Python takes its time."""
    return {(one // step, other): value for (one, other), value in pairs.items() if one % step == 0}


def test_banking77_shares_7_texts_and_378_test_rows_have_a_train_neighbour() -> None:
    train, test = brute_force.banking77("train"), brute_force.banking77("test")
    found = joined(test, train)
    assert every(4, found) == pytest.approx(brute_force.neighbours(test[::4], train))
    assert len({one for one, _ in found}) == len(find_leaks(test, train).leaked()) == 378
    folded = brute_force.folded
    assert len({one for one, other in found if folded(test[one]) == folded(train[other])}) == 7


def test_one_gsm8k_test_question_has_a_train_neighbour() -> None:
    train, test = brute_force.gsm8k("train"), brute_force.gsm8k("test")
    found = joined(test, train)
    assert len({one for one, _ in found}) == len(find_leaks(test, train).leaked()) == 1
    (one, other), _ = next(iter(found.items()))
    some = [*test[::40], test[one]]
    assert brute_force.neighbours(some, train) == pytest.approx({(len(some) - 1, other): found[one, other]})


def test_no_tatqa_test_question_has_a_train_neighbour() -> None:
    train, test = brute_force.tatqa(), brute_force.tatqa("tatqa_test_gold.json")
    assert joined(test, train) == brute_force.neighbours(test[::8], train) == {}
    # Questions about one table are neighbours: the join of the set with itself is not empty.
    some = train[:60]
    assert joined(some, some) == pytest.approx(brute_force.neighbours(some, some))
    assert len(joined(some, some)) > 2 * len(some)


@pytest.mark.parametrize(
    "read", [lambda: brute_force.banking77("train"), lambda: brute_force.gsm8k("train"), brute_force.tatqa]
)
def test_a_check_finds_the_exact_duplicates_that_brute_force_finds(read: Callable[[], list[str]]) -> None:
    texts = read()
    texts = [*texts, *(f"  {text}\n" for text in texts[::50])]
    different = {" ".join(text.split()) for text in texts}
    checked = check_file([lines(*(pair(text, "a") for text in texts))], find_model("llama-3.2-1b"), file="f")
    assert (checked.valid, checked.duplicates.exact) == (len(texts), len(texts) - len(different))
    assert len(checked.records) == len(different)
