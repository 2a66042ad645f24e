"""TAT-QA's metric gives the figures that its authors' scorer gives, which the expected values come from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.recipes.recipe import default_data
from tunesmith.evaluation.metrics_tatqa import tatqa, tatqa_f1
from tunesmith.evaluation.scoring import read_predictions, read_references, score

needs_data = pytest.mark.skipif(
    not (default_data() / "tatqa_dev.json").is_file(),
    reason=f"no TAT-QA at {default_data()}; set TUNESMITH_DATA",
)

SCORED_BY_THE_AUTHORS: list[tuple[Any, str, str, Any, str, tuple[float, float, float]]] = [
    (["$1,496.5"], "span", "million", ["$1,496.5"], "million", (1.0, 1.0, 1.0)),
    (["$1,496.5"], "span", "million", ["1496.5"], "million", (1.0, 1.0, 1.0)),
    (["$1,496.5"], "span", "million", ["1,496.5 million"], "", (1.0, 1.0, 0.0)),
    (["$1,496.5"], "span", "million", ["1496.5"], "thousand", (0.0, 0.0, 0.0)),
    (["$1,496.5"], "span", "million", "1496500000", "", (1.0, 1.0, 0.0)),
    (22.12, "arithmetic", "percent", [22.12], "percent", (1.0, 1.0, 1.0)),
    (22.12, "arithmetic", "percent", ["22.12%"], "", (1.0, 1.0, 0.0)),
    (22.12, "arithmetic", "percent", ["0.2212"], "", (1.0, 1.0, 0.0)),
    (22.12, "arithmetic", "percent", ["22.12"], "", (0.0, 0.0, 0.0)),
    (22.12, "arithmetic", "percent", [22.1], "percent", (0.0, 0.0, 1.0)),
    (-134, "arithmetic", "thousand", ["(134)"], "thousand", (1.0, 1.0, 1.0)),
    (-134, "arithmetic", "thousand", ["-134"], "thousand", (1.0, 1.0, 1.0)),
    (-134, "arithmetic", "thousand", ["134"], "thousand", (0.0, 0.0, 1.0)),
    (3, "count", "", ["3"], "", (1.0, 1.0, 1.0)),
    (3, "count", "", [3.0], "", (1.0, 1.0, 1.0)),
    (3, "count", "", ["three"], "", (0.0, 0.0, 1.0)),
    (
        ["the net revenue", "operating costs"],
        "multi-span",
        "",
        ["Operating costs.", "net revenue"],
        "",
        (1.0, 1.0, 1.0),
    ),
    (["the net revenue", "operating costs"], "multi-span", "", ["net revenue"], "", (0.0, 0.67, 1.0)),
    (
        ["the net revenue", "operating costs"],
        "multi-span",
        "",
        ["net revenue and costs"],
        "",
        (0.0, 0.75, 1.0),
    ),
    (
        ["modified retrospective method"],
        "span",
        "",
        ["a Modified, retrospective method!"],
        "",
        (1.0, 1.0, 1.0),
    ),
    (["modified retrospective method"], "span", "", ["full retrospective method"], "", (0.0, 0.67, 1.0)),
    (["modified retrospective method"], "span", "", [], "", (0.0, 0.0, 0.0)),
    (["modified retrospective method"], "span", "", "", "", (0.0, 0.0, 0.0)),
    (["modified retrospective method"], "span", "", ["the"], "", (0.0, 0.0, 1.0)),
    (["2019"], "span", "", ["2019.0"], "", (1.0, 1.0, 1.0)),
    (["2019"], "span", "", ["2019 "], "", (1.0, 1.0, 1.0)),
    (["12%"], "span", "percent", ["12"], "percent", (1.0, 1.0, 1.0)),
    (["12%"], "span", "", ["0.12"], "", (1.0, 1.0, 1.0)),
]
"""Annotated answer, its type and scale; an answer and its scale; exact match, F1 and scale."""

SCALES = st.sampled_from(["", "thousand", "million", "billion", "percent"])
WORDS = st.text(alphabet="0123456789.,%$()-+e aAbnthe millionpercent\t\n€", max_size=12)
QUESTIONS = st.one_of(
    st.fixed_dictionaries({"answer": st.lists(WORDS), "answer_type": st.just("multi-span"), "scale": SCALES}),
    st.fixed_dictionaries(
        {
            "answer": st.floats(-1e9, 1e9).map(lambda value: round(value, 2)),
            "answer_type": st.just("arithmetic"),
            "scale": SCALES,
        }
    ),
)
ANSWERS = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(), st.lists)


def gold_predictions(references: dict[str, Any]) -> dict[str, Any]:
    """The annotated answers as predictions; a number in a list, since the authors' scorer skips a bare 0."""
    spans = {
        key: q["answer"] if isinstance(q["answer"], list) else [q["answer"]] for key, q in references.items()
    }
    return {key: [spans[key], question["scale"]] for key, question in references.items()}


@pytest.mark.parametrize(("gold", "kind", "gold_scale", "answer", "scale", "figures"), SCORED_BY_THE_AUTHORS)
def test_answers_score_as_the_authors_scorer_scores_them(
    gold: Any, kind: str, gold_scale: str, answer: Any, scale: str, figures: tuple[float, float, float]
) -> None:
    question = {"answer": gold, "answer_type": kind, "scale": gold_scale}
    assert tatqa(question, answer, scale) == figures


@needs_data
def test_the_published_predictions_score_what_the_authors_publish() -> None:
    references = read_references((default_data() / "tatqa_dev.json").read_bytes())
    predictions = read_predictions((default_data() / "tatqa_sample_prediction.json").read_bytes())
    found = score("tatqa", references, predictions)
    assert found.records == 1668
    assert (found.missing, found.unknown) == (0, 0)
    assert {title: f"{figure:.2f}" for title, figure in found.figures.items()} == {
        "exact match": "45.92",
        "F1": "58.88",
        "scale": "90.95",
    }


@needs_data
@pytest.mark.parametrize("file", ["tatqa_dev.json", "tatqa_test_gold.json"])
def test_the_gold_answers_score_everything(file: str) -> None:
    references = read_references((default_data() / file).read_bytes())
    gold = gold_predictions(references)
    found = score("tatqa", references, gold)
    assert set(found.figures.values()) == {100.0}


@needs_data
def test_missing_answers_and_wrong_scales_cost_what_they_should() -> None:
    references = read_references((default_data() / "tatqa_test_gold.json").read_bytes())
    gold = gold_predictions(references)
    half = dict(list(gold.items())[: len(gold) // 2])
    found = score("tatqa", references, half)
    assert found.missing == len(gold) - len(half)
    assert found.figures["exact match"] == pytest.approx(100 * len(half) / len(gold))
    numbers = {key: q for key, q in references.items() if q["answer_type"] == "arithmetic"}
    wrong = {key: [q["answer"], "billion" if q["scale"] != "billion" else ""] for key, q in numbers.items()}
    assert score("tatqa", numbers, wrong).figures["scale"] == 0.0
    # A percentage may be told as a share, and 0 is 0 at any scale: nothing else survives a wrong scale.
    right = {key for key, q in numbers.items() if tatqa(q, *wrong[key]).exact_match}
    assert all(round(float(numbers[key]["answer"]), 2) == 0 for key in right)


@needs_data
def test_restyled_numbers_and_spans_score_the_same() -> None:
    references = read_references((default_data() / "tatqa_test_gold.json").read_bytes())
    for question in references.values():
        answer, scale = question["answer"], question["scale"]
        if question["answer_type"] == "arithmetic":
            restyled: list[Any] = [f"{round(float(answer), 2):,.2f}"]
        elif question["answer_type"] == "span" and not any(map(str.isdigit, answer[0])):
            restyled = [f"The {answer[0].upper()}!"]
        elif question["answer_type"] == "multi-span":
            restyled = answer[::-1]
        else:
            continue
        assert tatqa(question, restyled, scale).exact_match == 1.0, question


@given(QUESTIONS, ANSWERS, SCALES | st.none())
def test_any_answer_is_scored_between_0_and_1(
    question: dict[str, Any], answer: Any, scale: str | None
) -> None:
    found = tatqa(question, answer, scale)
    assert all(0 <= figure <= 1 for figure in found)
    assert found.f1 >= found.exact_match


@given(QUESTIONS.filter(lambda question: question["answer"] != []))
def test_the_gold_answer_is_always_right(question: dict[str, Any]) -> None:
    answer = question["answer"]
    found = tatqa(question, answer if isinstance(answer, list) else [answer], question["scale"])
    assert found == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("answer", "f1"),
    [
        ('{"answer": ["12.5"], "scale": "million"}', 1.0),
        ('["12.5", "million"]', 1.0),
        ("12.5 million", 1.0),
        ("12.5", 0.0),
        ('{"answer": ', 0.0),
        ("[" * 100_000, 0.0),
    ],
)
def test_a_models_text_is_read_as_json_or_as_one_span(answer: str, f1: float) -> None:
    question = {"answer": ["$12.5"], "answer_type": "span", "scale": "million"}
    assert tatqa_f1(answer, json.dumps(question)) == f1


def test_a_bare_0_is_no_answer_as_for_the_authors() -> None:
    question = {"answer": 0, "answer_type": "arithmetic", "scale": ""}
    assert tatqa(question, 0, "") == (0.0, 0.0, 0.0)
    assert tatqa(question, [0], "") == (1.0, 1.0, 1.0)


def test_digits_beyond_all_bounds_are_no_number() -> None:
    question = {"answer": ["5"], "answer_type": "span", "scale": "million"}
    assert tatqa(question, ["9" * 10_000], "million").exact_match == 0.0
