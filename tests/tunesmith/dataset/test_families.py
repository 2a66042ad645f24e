"""Many near-copies of one text stay together; what only stands under one template or context does not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.tunesmith.dataset import brute_force
from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import prepared
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
from tunesmith.dataset.comparison import SpooledComparison
from tunesmith.dataset.leakage import find_leaks
from tunesmith.dataset.near_duplicates import find_near_duplicates
from tunesmith.dataset.words import ANSWER_MARK

VOCABULARY = [
    f"{letter}{number}" for number in range(400) for letter in ("ka", "lopi", "mero", "tisuna", "va")
]
RECORDS = 700


def phrase(count: int, chance: random.Random) -> str:
    return " ".join(chance.choices(VOCABULARY, k=count))


def edited(text: str, chance: random.Random) -> str:
    """Replace, insert or take out one word or two."""
    found = text.split()
    for _ in range(chance.randint(1, 2)):
        place = chance.randrange(len(found))
        how = chance.randrange(3)
        found[place : place + (how != 2)] = [] if how == 1 else [chance.choice(VOCABULARY)]
    return " ".join(found)


def family_and_others(
    share: float, words: int, answer: Callable[[int, random.Random], str], *, seed: int
) -> list[tuple[str, str]]:
    """Give questions with answers: a family of near-copies first, then others as are missing."""
    chance = random.Random(seed)
    text = phrase(words, chance)
    size = round(share * RECORDS)
    pairs = [(edited(text, chance), answer(number, chance)) for number in range(size)]
    pairs += [
        (phrase(words, chance), answer(number, chance) if number % 2 else phrase(6, chance))
        for number in range(size, RECORDS)
    ]
    return pairs


ANSWERS: dict[str, Callable[[int, random.Random], str]] = {
    "a label": lambda _, chance: chance.choice(["yes", "no", "perhaps"]),
    "an answer of its own": lambda number, chance: f"answer {number} {phrase(2, chance)}",
    "one answer": lambda *_: "please restart the device and try once more",
}


def largest_group(texts: list[str]) -> list[int]:
    """List the texts of the largest group that pairs at the threshold tie, by brute force."""
    root = list(range(len(texts)))
    for one, other in brute_force.neighbours(texts, texts):
        low, high = sorted((root[one], root[other]))
        root = [low if each == high else each for each in root] if low != high else root
    [(label, _)] = Counter(root).most_common(1)
    return [number for number, each in enumerate(root) if each == label]


def texts_of(pairs: list[tuple[str, str]]) -> list[str]:
    return [f"{question}{ANSWER_MARK}{answer}" for question, answer in pairs]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("words", [40, 120])
@pytest.mark.parametrize("share", [0.016, 0.02, 0.05, 0.3])
def test_a_family_of_near_copies_is_one_group(share: float, words: int, answer: str) -> None:
    texts = texts_of(family_and_others(share, words, ANSWERS[answer], seed=1))
    family = largest_group(texts[: round(share * RECORDS)])
    assert len(family) > 0.8 * share * RECORDS
    assert max(find_near_duplicates(texts).clusters(), key=len) == family


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_family_under_a_template_is_one_group_and_the_others_are_none(share: float) -> None:
    template = phrase(150, random.Random(2))
    pairs = family_and_others(share, 90, ANSWERS["an answer of its own"], seed=3)
    family = largest_group(texts_of(pairs[: round(share * RECORDS)]))
    assert len(family) > 0.8 * share * RECORDS
    texts = texts_of([(f"{template} {question}", answer) for question, answer in pairs])
    found = max(find_near_duplicates(texts).clusters(), key=len)
    # An edit beside the template parts a copy from the others: what is left of it tells less.
    assert max(found) < round(share * RECORDS)
    assert len(found) > 0.9 * len(family)


def test_a_family_of_which_one_word_differs_always_at_one_place_is_told_by_its_one_answer() -> None:
    chance = random.Random(4)
    before, after = phrase(60, chance), phrase(60, chance)
    answer = ANSWERS["one answer"](0, chance)
    texts = texts_of([(f"{before} {chance.randrange(10**9)} {after}", answer) for _ in range(60)])
    texts += texts_of([(phrase(120, chance), phrase(6, chance)) for _ in range(900)])
    assert find_near_duplicates(texts).clusters() == [list(range(60))]


@pytest.mark.parametrize("share", [0.02, 0.05, 0.3])
@pytest.mark.parametrize("system", ["", phrase(150, random.Random(5))])
def test_no_split_parts_a_family(share: float, system: str) -> None:
    pairs = family_and_others(share, 120, ANSWERS["a label"], seed=6)
    family = {question for question, _ in pairs[: round(share * RECORDS)]}
    told: dict[str, Any] = {"system": system} if system else {}
    found = prepared({"train": [pair(question, answer, **told) for question, answer in pairs]})
    parts = {
        part: sum(any(text in line.decode() for text in family) for line in records.lines())
        for part, records in found.split.parts().items()
    }
    assert sorted(parts.values())[:2] == [0, 0]
    figures = found.report.findings.near
    assert (figures.groups, figures.largest) == (1, sum(parts.values()))
    assert figures.largest >= len(family)
    assert bool(figures.warning) == (share > 0.05)


def test_a_family_brought_as_test_and_as_train_leaves_train() -> None:
    chance = random.Random(7)
    text = phrase(100, chance)
    train = texts_of([(edited(text, chance), f"a {number}") for number in range(300)])
    train += texts_of([(phrase(60, chance), f"b {number}") for number in range(700)])
    test = texts_of([(edited(text, chance), f"c {number}") for number in range(30)])
    expected = sorted({other for _, other in brute_force.neighbours(test, train)})
    assert len(expected) > 290
    assert find_leaks(test, train).leaking() == expected


SLOTS: dict[str, Callable[[int, random.Random], tuple[str, str]]] = {
    "a word, answered by a word": lambda number, chance: (f"x{number}", f"y{chance.randrange(10**6)}"),
    "a word, answered by a label": lambda number, chance: (f"x{number}", chance.choice(["yes", "no"])),
    "a word, answered nearly always alike": lambda number, _: (f"x{number}", "no" if number % 30 else "yes"),
    "a word, answered by a long label": lambda number, chance: (
        f"x{number}",
        f"this message is about {chance.choice(['cards', 'loans', 'fees'])}",
    ),
    "one of fifty words, answered by a text": lambda number, chance: (
        f"{VOCABULARY[number % 50]}",
        phrase(12, chance),
    ),
    "a question": lambda number, chance: (
        f"what is the {phrase(4, chance)} of {number}?",
        phrase(3, chance),
    ),
    "a question or another": lambda number, chance: (
        chance.choice(["what is the", "what was the", "how many", f"why did {number}"])
        + " "
        + phrase(5, chance),
        phrase(3, chance),
    ),
}


@pytest.mark.parametrize("share", [0.1, 1.0])
@pytest.mark.parametrize("slot", SLOTS)
def test_what_stands_under_one_template_is_no_family(slot: str, share: float) -> None:
    chance = random.Random(8)
    before, after = phrase(100, chance), phrase(20, chance)
    pairs = []
    for number in range(round(share * RECORDS)):
        filling, answer = SLOTS[slot](number, chance)
        pairs.append((f"{before} {filling} {after}" if number % 2 else f"{before} {filling}", answer))
    pairs += [(phrase(60, chance), phrase(6, chance)) for _ in range(len(pairs), RECORDS)]
    assert find_near_duplicates(texts_of(pairs)).clusters() == []


def test_a_form_whose_fields_mostly_have_their_usual_values_is_no_family() -> None:
    chance = random.Random(9)

    def field(name: str, usual: str) -> str:
        value = usual if chance.random() < 0.95 else phrase(1, chance)
        return f"{phrase(6, random.Random(name))} {name} {value}"

    texts = texts_of(
        [
            (
                " ".join(field(f"f{place}", f"usual{place}") for place in range(12))
                + f" {phrase(2, chance)} end",
                chance.choice(["yes", "no"]),
            )
            for number in range(RECORDS)
        ]
    )
    assert find_near_duplicates(texts).clusters() == []


def test_questions_about_a_few_large_contexts_are_no_family() -> None:
    chance = random.Random(10)
    contexts = [phrase(300, chance) for _ in range(5)]
    texts = texts_of(
        [
            (f"{contexts[number % 5]} {SLOTS['a question or another'](number, chance)[0]}", phrase(3, chance))
            for number in range(RECORDS)
        ]
    )
    assert find_near_duplicates(texts).clusters() == []


def test_the_answer_is_told_from_the_turns_before_it() -> None:
    pairs = family_and_others(0.05, 120, ANSWERS["an answer of its own"], seed=11)
    content = lines(*(pair(question, answer) for question, answer in pairs))
    records = check_file([content], find_model("nova-micro"), file="f").records
    clusters = Counter(SpooledComparison({"train": records}).clusters().tolist())
    assert clusters.most_common(1)[0][1] == len(largest_group(texts_of(pairs[: RECORDS // 20]))) > 30
