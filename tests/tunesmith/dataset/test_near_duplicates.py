"""Pairs at the threshold are found, nothing below it is tied, and order does not matter."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset import brute_force
from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.plain_placement import Entry, key, place, places
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
from tunesmith.dataset.common_text import common_shingles
from tunesmith.dataset.comparison import SpooledComparison, record_text
from tunesmith.dataset.near_duplicates import find_near_duplicates
from tunesmith.dataset.shingles import shingle_batches
from tunesmith.dataset.similarity import shingle_sets
from tunesmith.dataset.text_spool import TextSpool
from tunesmith.dataset.words import ANSWER_MARK

VOCABULARY = [f"w{number:04}x"[: 3 + number % 5] + str(number) for number in range(3_000)]


def sentence(count: int, chance: random.Random) -> str:
    return " ".join(chance.choices(VOCABULARY, k=count))


def edited(text: str, edits: int, chance: random.Random) -> str:
    found = text.split()
    for _ in range(edits):
        found[chance.randrange(len(found))] = chance.choice(VOCABULARY)
    return " ".join(found)


def partition(texts: Sequence[str]) -> set[frozenset[str]]:
    return {frozenset(texts[i] for i in cluster) for cluster in find_near_duplicates(texts).clusters()}


def planted(
    lengths: tuple[int, int], pairs: int, seed: int, low: float, *, words: bool
) -> list[tuple[str, str]]:
    """Make pairs whose true similarity lies between `low` and `low` + 0.1."""
    chance = random.Random(seed)
    measure = brute_force.by_words if words else brute_force.by_characters
    found: list[tuple[str, str]] = []
    while len(found) < pairs:
        text = sentence(chance.randint(*lengths), chance)
        other = edited(text, chance.randint(1, max(1, len(text.split()) // 12)), chance)
        if low <= brute_force.jaccard(set(measure(text)), set(measure(other))) < low + 0.1:
            found.append((text, other))
    return found


def recall(pairs: Sequence[tuple[str, str]], around: str = "") -> float:
    texts = [f"{around} {text}" for pair in pairs for text in pair]
    labels = find_near_duplicates(texts).labels
    return float(np.mean(labels[0::2] == labels[1::2]))


@pytest.mark.parametrize("lengths", [(5, 20), (20, 49), (60, 120), (150, 300)])
def test_pairs_just_above_the_threshold_are_found(lengths: tuple[int, int]) -> None:
    assert recall(planted(lengths, 400, 1, 0.75, words=lengths[0] >= 50)) >= 0.95


@pytest.mark.parametrize("lengths", [(5, 20), (60, 120)])
def test_pairs_under_a_shared_context_of_150_words_are_found(lengths: tuple[int, int]) -> None:
    context = sentence(150, random.Random(7))
    assert recall(planted(lengths, 300, 2, 0.75, words=lengths[0] >= 50), context) >= 0.95


@pytest.mark.parametrize("lengths", [(5, 20), (60, 120)])
def test_records_that_share_a_system_prompt_of_150_words_are_found_by_their_turns(
    lengths: tuple[int, int],
) -> None:
    system = sentence(150, random.Random(8))
    texts = [text for pair_ in planted(lengths, 200, 9, 0.75, words=lengths[0] >= 50) for text in pair_]
    content = lines(*(pair(text, "ok", system=system) for text in texts))
    records = check_file([content], find_model("nova-micro"), file="f").records
    said = [record_text(line) for line in records.lines()]
    clusters = dict(zip(said, SpooledComparison({"train": records}).clusters().tolist(), strict=True))
    found = [
        clusters[f"{one}{ANSWER_MARK}ok"] == clusters[f"{other}{ANSWER_MARK}ok"]
        for one, other in zip(texts[::2], texts[1::2], strict=True)
    ]
    assert len(found) == 200
    assert float(np.mean(found)) >= 0.95


def test_records_under_one_template_are_no_duplicates() -> None:
    chance = random.Random(3)
    template = sentence(120, chance)
    texts = [f"{template} {sentence(8, chance)}" for _ in range(500)]
    assert find_near_duplicates(texts).clusters() == []


def test_no_pair_below_the_threshold_is_tied() -> None:
    pairs = planted((5, 20), 150, 4, 0.6, words=False) + planted((60, 120), 150, 5, 0.6, words=True)
    texts = [text for pair in pairs for text in pair]
    truth = brute_force.pairs_at(texts, texts, 0.7, brute_force.by_characters)
    truth |= brute_force.pairs_at(texts, texts, 0.7, brute_force.by_words)
    for cluster in find_near_duplicates(texts).clusters():
        for one in cluster:
            assert any((one, other) in truth for other in cluster if other != one)


def test_texts_of_nothing_but_common_words_are_compared_as_they_are() -> None:
    chance = random.Random(5)
    texts = ["Thank you very much for your help today"] * 40 + [sentence(30, chance) for _ in range(400)]
    found = find_near_duplicates(texts)
    assert found.clusters() == [list(range(40))]
    assert found.largest() == list(range(40))


def test_case_punctuation_and_white_space_do_not_tell_texts_apart() -> None:
    assert partition(["Où est MA carte — s'il vous plaît?", "où  est ma carte: s'il vous plaît"]) != set()


def test_a_text_about_the_border_of_50_words_meets_a_shorter_one() -> None:
    text = sentence(52, random.Random(6))
    assert len(partition([text, " ".join(text.split()[:48])])) == 1


def test_a_cluster_too_large_to_compare_pair_by_pair_is_found_whole() -> None:
    chance = random.Random(8)
    text = sentence(40, chance)
    alike = [edited(text, 1, chance) for _ in range(40)]
    texts = alike + [sentence(40, chance) for _ in range(6_000)]
    assert find_near_duplicates(texts).clusters() == [list(range(40))]


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["", "?!", " "], ["a", "a"], ["\ud800 lone", "\x00"], ["é" * 300_000], ["深度学习" * 40] * 2],
)
def test_odd_texts_are_grouped_without_a_crash(texts: list[str]) -> None:
    assert find_near_duplicates(texts).labels.size == len(texts)


def test_the_shingles_are_those_of_the_definition() -> None:
    chance = random.Random(9)
    letters = "abc Éß漢字 ж,.-_9’\n"
    texts = ["".join(chance.choices(letters, k=chance.randint(1, 60))) for _ in range(300)]
    texts += [sentence(chance.randint(72, 120), chance) for _ in range(50)]
    sizes: dict[int, int] = {}
    for batch in shingle_batches(texts, common_shingles([])):
        sizes |= dict(zip(batch.texts.tolist(), shingle_sets(batch).sizes.tolist(), strict=True))
    for number, text in enumerate(texts):
        long = len(brute_force.words(text)) >= 50
        expected = brute_force.by_words(text) if long else brute_force.by_characters(text)
        assert sizes.get(number, 0) == len(expected)


def test_what_is_common_is_counted_by_text() -> None:
    chance = random.Random(10)
    shared = "one two three four five"
    texts = [f"{shared} {sentence(10, chance)} {shared}" for _ in range(11)]
    texts += [sentence(20, chance) for _ in range(989)]
    assert common_shingles(texts).size == 1
    assert common_shingles(texts[1:]).size == 0


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 40))
def test_any_order_gives_the_same_clusters(chance: random.Random, count: int) -> None:
    stems = [sentence(chance.choice([3, 12, 49, 60, 90]), chance) for _ in range(6)]
    texts = [edited(chance.choice(stems), chance.randint(0, 3), chance) for _ in range(count)]
    other = chance.sample(texts, len(texts))
    assert partition(texts) == partition(other)


def test_a_sample_of_many_texts_is_chosen_by_content() -> None:
    chance = random.Random(11)
    texts = [
        f"{'one two three four five six' * (number % 50 == 0)} {sentence(8, chance)}"
        for number in range(9_000)
    ]
    found = common_shingles(texts)
    assert found.size
    assert (found == common_shingles(chance.sample(texts, len(texts)))).all()


def test_texts_in_a_file_are_read_as_those_in_memory() -> None:
    texts = ["one", "", "zwei \ud800", "три"]
    with TextSpool(texts) as spool:
        assert list(spool) == texts
        assert spool[-1] == "три"
        assert spool[1:3] == texts[1:3]
        spool.append("four")
        assert spool[4] == "four"


def test_tatqa_keeps_every_question_that_is_no_exact_duplicate() -> None:
    texts = list(dict.fromkeys(brute_force.tatqa()))
    found = find_near_duplicates(texts)
    entries = [
        Entry(key=key(text), group=str(label))
        for text, label in zip(texts, found.labels.tolist(), strict=True)
    ]
    placed = Counter(places(place(entries, seed=1)))
    assert placed.total() == len(texts)
    assert placed.keys() == {"train", "validation", "test"}
    # Questions about one table stand together: no test question has a table that was trained on.
    truth = brute_force.pairs_at(texts[:300], texts[:300], 0.7, brute_force.by_words)
    tied = sum(found.labels[one] == found.labels[other] for one, other in truth)
    assert tied >= 0.95 * len(truth)
