"""What does a base model answer, and which labels does it find in a prompt?"""

from __future__ import annotations

import csv

import pytest

from local.bedrock.base_answers import answer_as_base, find_labels
from tests.local.bedrock.test_learner import DATA

MICRO = "amazon.nova-micro-v1:0"
LABELS = ("card_arrival", "lost_card", "exchange_rate")


@pytest.mark.parametrize(
    "prompt",
    [
        "Sort the message. Answer with one label only.\n- card_arrival\n- lost_card\n- exchange_rate",
        "Answer with one label from this list and nothing else:\ncard_arrival\nlost_card\nexchange_rate",
        "Answer only with one of these labels: card_arrival, lost_card, exchange_rate.",
        'Answer only with one of these labels: "card_arrival" | "lost_card" | "exchange_rate"',
        "Answer with just a label.\n1. card_arrival\n2. lost_card\n3. exchange_rate",
    ],
    ids=["bullets", "lines", "commas", "quoted", "numbered"],
)
def test_labels_are_found_however_the_prompt_lists_them(prompt: str) -> None:
    assert find_labels(prompt) == LABELS
    assert answer_as_base(MICRO, prompt, "What are your exchange rates?") == "exchange_rate"


def test_a_base_model_talks_unless_the_prompt_asks_for_the_label_alone() -> None:
    answer = answer_as_base(MICRO, "Which label fits?\n- lost_card\n- exchange_rate", "I lost my card")
    assert "lost_card" in answer
    assert answer != "lost_card"


def test_labels_in_the_users_turn_count_where_the_system_lists_none() -> None:
    user = "Answer with one word only: positive, negative\nA negative surprise."
    assert answer_as_base(MICRO, "", user) == "negative"


def test_without_labels_it_answers_with_the_nearest_sentence_of_the_prompt() -> None:
    user = "The office opens at nine. Parking is free on Sundays. Question: when does the office open?"
    assert answer_as_base(MICRO, "", user) == "The office opens at nine."


@pytest.mark.skipif(not (DATA / "banking77_test.csv").exists(), reason=f"no Banking77 in {DATA}")
def test_base_models_know_about_half_of_banking77_and_larger_ones_slightly_more() -> None:
    with (DATA / "banking77_test.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    system = "Answer with exactly one label and nothing else:\n" + "\n".join(
        sorted({row["category"] for row in rows})
    )
    right = [
        sum(
            answer_as_base(f"amazon.nova-{size}-v1:0", system, row["text"]) == row["category"] for row in rows
        )
        / len(rows)
        for size in ("micro", "lite", "pro")
    ]
    assert 0.44 < right[0] < right[1] < right[2] < 0.52
