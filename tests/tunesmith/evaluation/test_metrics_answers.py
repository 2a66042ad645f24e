"""Numbers, letters and labels are found in the texts that models write."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.recipes.recipe import default_data
from tunesmith.evaluation.metrics_answers import (
    chosen_letter,
    final_number,
    label_report,
    multiple_choice,
    numeric_answer,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The answer is 72.", "72"),
        ("5 + 3 = 8\n#### 8", "8"),
        ("#### 1,234.50 dollars\nIs that 7?", "1234.50"),
        (r"so \boxed{-3.5} of 9", "-3.5"),
        ("between 5-3", "3"),
        ("It costs $ 12 each", "12"),
        ("down by −7%", "-7"),
        ("1e3", "1000"),
        ("1,234,567", "1234567"),
        (".5", "0.5"),
        ("12kg", "12"),
    ],
)
def test_a_text_arrives_at_its_last_number_or_at_the_marked_one(text: str, number: str) -> None:
    assert final_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "none at all", "x2", "#### unknown, not 5 apples but none"[:13]])
def test_a_text_without_a_number_arrives_at_none(text: str) -> None:
    assert final_number(text) is None


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ("72.0", "#### 72", 1),
        ("$72", "72", 1),
        ("0.3333333", "0.33333333", 1),
        ("0.333", "0.33333333", 0),
        ("-72", "72", 0),
        ("I do not know", "72", 0),
        ("0", "-0.0", 1),
    ],
)
def test_numbers_are_right_by_value(answer: str, reference: str, right: int) -> None:
    assert numeric_answer(answer, reference) == right


@given(st.decimals(-(10**9), 10**9, places=3), st.text(alphabet="abc ,.:\n", max_size=20))
def test_any_number_is_found_behind_any_words(number: Decimal, words: str) -> None:
    assert final_number(f"{words} {number:,}") == number
    assert numeric_answer(f"{words} {number}", f"#### {number:,}") == 1


@given(st.text())
def test_any_text_has_a_number_or_none(text: str) -> None:
    number = final_number(text)
    assert number is None or number.is_finite()


@pytest.mark.skipif(
    not (default_data() / "gsm8k_test.jsonl").is_file(), reason=f"no GSM8K at {default_data()}"
)
def test_final_answers_of_gsm8k_are_those_that_its_authors_extract() -> None:
    lines = (default_data() / "gsm8k_test.jsonl").read_text().splitlines()
    answers = [json.loads(line)["answer"] for line in lines]
    marked = [re.search(r"#### (-?[0-9.,]+)", answer) for answer in answers]
    assert [final_number(answer) for answer in answers] == [
        Decimal(found[1].replace(",", "")) for found in marked if found
    ]
    assert len(answers) == 1319


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("b) a dog", "B"),
        ("(C) a cat", "C"),
        ("The answer is **C**.", "C"),
        ("A is tempting. Still, the correct option is (E)", "E"),
        ("First I thought answer: A. Now the answer is D because of it.", "D"),
        ("B\nsince the rest is wrong", "B"),
        ("I think it is (C).", "C"),
        ("either (A) or (B)", ""),
        ("I'd say so", ""),
        ("A cat sat", ""),
        ("The answer is a dog", ""),
        ("", ""),
    ],
)
def test_a_text_chooses_a_letter_or_none(text: str, letter: str) -> None:
    assert chosen_letter(text) == letter
    assert multiple_choice(text, "C") == int(letter == "C")


def test_references_that_hold_no_answer_are_refused() -> None:
    with pytest.raises(ValueError, match="holds a number"):
        numeric_answer("5", "five")
    with pytest.raises(ValueError, match="names a letter"):
        multiple_choice("A", "the first")
    with pytest.raises(ValueError, match="no label"):
        label_report([], [])


def test_labels_are_counted_per_class() -> None:
    # worked out by hand
    references = ["a", "a", "a", "b", "b", "c", "c", "c", "c", "d"]
    answers = ["a", "A ", "b", "b", "c", "c", "c", "e", "a", "c"]
    found = label_report(answers, references)
    assert found.accuracy == pytest.approx(0.5)
    assert found.outside == 1
    assert {
        name: (each.precision, each.recall, each.f1, each.records) for name, each in found.classes.items()
    } == {
        "a": pytest.approx((2 / 3, 2 / 3, 2 / 3, 3)),
        "b": pytest.approx((0.5, 0.5, 0.5, 2)),
        "c": pytest.approx((0.5, 0.5, 0.5, 4)),
        "d": pytest.approx((0.0, 0.0, 0.0, 1)),
    }
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5 + 0.5) / 4)


@given(st.lists(st.tuples(st.sampled_from("abcx"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_per_class_figures_follow_from_the_counts(pairs: list[tuple[str, str]]) -> None:
    answers, references = zip(*pairs, strict=True)
    found = label_report(answers, references)
    for label, figures in found.classes.items():
        hits = pairs.count((label, label))
        false = sum(a == label != r for a, r in pairs)
        lost = sum(a != label == r for a, r in pairs)
        assert figures.f1 == pytest.approx(2 * hits / (2 * hits + false + lost))
        assert figures.recall == pytest.approx(hits / (hits + lost))
    assert found.accuracy == pytest.approx(sum(a == r for a, r in pairs) / len(pairs))
