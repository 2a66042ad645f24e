"""The data's variety is told in figures, and what a person should look at in words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.dataset.diversity import OPENING_WORDS, diversity_report
from tunesmith.dataset.languages import UNKNOWN, guess_language, language_mix

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spelled(number: int) -> str:
    return " ".join(NUMBERS[int(digit)] for digit in f"{number:04d}")


PROMPTS = [
    f"What is the price of item {spelled(number)}, and when can you send it to me?" for number in range(1000)
]
VARIED = [
    f"{spelled(7 * number)} {spelled(number)} euros in {number} days, I think." for number in range(1000)
]


def test_a_shared_opening_is_told_with_how_many_answers_and_words() -> None:
    opening = " ".join(f"word{number}" for number in range(30))
    answers = [f"{opening} {text}" if number % 20 < 3 else text for number, text in enumerate(VARIED)]
    found = diversity_report(PROMPTS, answers)
    assert found.openings[0].words == OPENING_WORDS[0]
    assert found.openings[0].count == 150
    (advice,) = found.advice
    start = "word0 word1 word2 word3 word4 word5 word6 word7 word8…"
    assert advice.startswith(f"150 of 1,000 answers start with the same 30 words (“{start}”): a model learns")


def test_varied_data_gets_no_advice() -> None:
    found = diversity_report(PROMPTS, VARIED, near_duplicate_share=0.02)
    assert found.advice == []
    assert found.labels == {}
    assert found.languages == {"English": 1000}
    assert (found.records, found.prompts.shortest, found.prompts.longest) == (1000, 18, 18)
    assert found.vocabulary < found.words
    json.dumps(found.to_json())


def test_labels_are_balanced_or_are_told_to_be_lopsided_and_rare() -> None:
    balanced = diversity_report(PROMPTS, [f"label_{number % 4}" for number in range(1000)])
    assert balanced.labels == {f"label_{number}": 250 for number in range(4)}
    assert balanced.advice == []
    assert balanced.openings == []
    lopsided = diversity_report(
        PROMPTS, ["refund" if number % 10 else f"rare{number % 7}" for number in range(1000)]
    )
    assert any("900 of 1,000 answers are “refund”" in advice for advice in lopsided.advice)
    rare = diversity_report(PROMPTS, ["b" if number < 3 else f"a{number % 3}" for number in range(1000)])
    assert rare.advice == ["1 of 4 labels has fewer than 10 records (“b”): too few to learn or to test."]
    same = diversity_report(PROMPTS, ["yes"] * 1000)
    assert same.advice == ["All 1,000 answers are the same: there is nothing to learn from them."]


def test_odd_lengths_languages_and_near_duplicates_are_told() -> None:
    prompts = ["Wann kommt mein Paket und was kostet die Lieferung von heute?"] * 5 + PROMPTS[5:]
    answers = [*VARIED[:-1], "word " * 5_000]
    advice = diversity_report(prompts, answers, near_duplicate_share=0.31).advice
    assert [sentence.split()[0] for sentence in advice] == ["The", "Beside", "31"]
    assert "5 German" in advice[1]
    short = diversity_report(["Hi"] * 10, VARIED[:10])
    assert short.advice[-1] == "Half of the prompts have at most 1 words: do they hold the question?"


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), min_size=1, max_size=30))
def test_any_texts_can_be_described(pairs: list[tuple[str, str]]) -> None:
    prompts, answers = zip(*pairs, strict=True)
    found = diversity_report(prompts, answers)
    assert sum(found.languages.values()) == len(pairs)
    assert sum(count for _, _, count in found.answers.histogram) == len(pairs)
    assert not found.labels or sum(found.labels.values()) == len(pairs)
    assert all(opening.count > 1 for opening in found.openings)


def test_nothing_cannot_be_described() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        diversity_report([], [])
    with pytest.raises(ValueError, match="no pairs"):
        diversity_report(["a"], [])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where can I see what you have sent to me, and when was it?", "English"),
        ("Wo kann ich sehen, was mir geschickt wurde, und wann ist das gewesen?", "German"),
        ("Où est mon colis et pourquoi est-ce que je ne peux pas le suivre avec vous ?", "French"),
        ("¿Dónde está mi paquete y por qué no lo puedo ver en la página?", "Spanish"),
        ("Waar is mijn pakket en hoe kan ik het volgen op de site?", "Dutch"),
        ("Đơn hàng của tôi ở đâu và khi nào tôi có thể nhận được?", "Vietnamese"),
        ("私の荷物はどこですか", "Japanese"),
        ("我的包裹在哪里", "Chinese"),
        ("내 소포는 어디에 있나요", "Korean"),
        ("Де моя посилка і коли її доставлять?", "Ukrainian"),
        ("Где моя посылка и когда она придёт?", "Russian or another in Cyrillic"),
        ("Refund", UNKNOWN),
        ("", UNKNOWN),
        ("card_arrival 42 1234", UNKNOWN),
    ],
)
def test_languages_are_told_by_script_and_common_words(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_a_mix_is_counted_with_the_commonest_first() -> None:
    assert language_mix(["我的包裹在哪里", *PROMPTS[:2]]) == {"English": 2, "Chinese": 1}
