"""Is a record of a reinforcement read in each way that it may be written, and sent as Bedrock wants it?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tunesmith.dataset.formats import (
    BESIDE,
    as_conversation,
    conversations,
    reference_text,
    split_prompt,
    write_prompt,
)

ASKED = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "2 + 2?"}]


def sent(uploaded: dict[str, Any], grader: str = "") -> dict[str, Any]:
    record, beside = split_prompt(uploaded)
    conversation = as_conversation(record, "openai_chat")
    written: dict[str, Any] = json.loads(write_prompt({**conversation, BESIDE: beside}, grader))
    return written


def test_a_prompt_is_sent_as_it_was_uploaded() -> None:
    uploaded = {"messages": ASKED, "reference_answer": {"value": 4.0, "unit": None}, "level": "easy"}
    assert sent(uploaded) == {**uploaded, "reference_answer": {"value": 4, "unit": None}}


def test_our_own_grader_is_named_in_the_record() -> None:
    assert sent({"messages": ASKED, "reference_answer": "4"}, "numeric")["grader"] == "numeric"


@pytest.mark.parametrize(
    ("reference", "text"),
    [("4", "4"), (4.0, "4"), (4.5, "4.5"), ({"a": [1.0, "é"]}, '{"a":[1,"é"]}'), (False, "false")],
)
def test_a_reference_stands_as_the_right_answer_where_the_record_has_none(reference: Any, text: str) -> None:
    record, beside = split_prompt({"messages": ASKED, "reference_answer": reference})
    assert record["messages"] == [*ASKED, {"role": "assistant", "content": text}]
    assert reference_text(beside["reference_answer"]) == text


def test_a_record_may_name_its_right_answer_beside_a_reference_that_is_none() -> None:
    uploaded = {"messages": ASKED, "reference_answer": {"value": 4}, "right_answer": "It is 4."}
    record, beside = split_prompt(uploaded)
    assert record["messages"][-1] == {"role": "assistant", "content": "It is 4."}
    assert beside == {"reference_answer": {"value": 4}}
    assert sent(uploaded) == uploaded


def test_a_right_answer_of_its_own_is_judged_by_and_the_reference_goes_to_the_grader() -> None:
    answered = [*ASKED, {"role": "assistant", "content": "It is 4."}]
    record, _ = split_prompt({"messages": answered, "reference_answer": {"value": 4}})
    assert record["messages"] == answered
    written = sent({"messages": answered, "reference_answer": {"value": 4}})
    assert written == {"messages": ASKED, "reference_answer": {"value": 4}, "right_answer": "It is 4."}
    assert json.loads(conversations(json.dumps(written).encode()))["messages"][-1] == {
        "role": "assistant",
        "content": [{"text": "It is 4."}],
    }


def test_a_record_without_reference_is_graded_by_its_answer() -> None:
    answered = [*ASKED, {"role": "assistant", "content": "4"}]
    assert sent({"messages": answered}) == {"messages": ASKED, "reference_answer": "4"}


def test_blocks_get_the_reference_as_a_block() -> None:
    asked = [{"role": "user", "content": [{"text": "2 + 2?"}]}]
    record, _ = split_prompt({"messages": asked, "reference_answer": "4"})
    assert record["messages"][-1] == {"role": "assistant", "content": [{"text": "4"}]}


@pytest.mark.parametrize("messages", [None, "x", [], [3], [{"role": "system", "content": "x"}]])
def test_what_is_malformed_stays_so_for_the_rules_to_name(messages: Any) -> None:
    record, _ = split_prompt({"messages": messages, "reference_answer": "4"})
    assert record == {"messages": messages}
    assert split_prompt({"reference_answer": "4"})[0] == {}
