"""Is a record of a reinforcement read in each way that it may be written, and sent as Bedrock wants it?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tunesmith.catalogue import find_model
from tunesmith.dataset import CheckedFile, check_file
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


REWARDED = find_model("nova-2-lite").as_tuned_by("reinforcement")
SENDABLE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def checked(*lines: bytes) -> CheckedFile:
    return check_file([b"\n".join(lines)], REWARDED, file="train.jsonl")


def line(reference: str, **more: str) -> bytes:
    """A prompt's line; values are JSON as it stands."""
    fields = "".join(f', "{key}": {text}' for key, text in {"reference_answer": reference, **more}.items())
    return f'{{"messages": {json.dumps(ASKED)}{fields}}}'.encode()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ('"\\ud800"', "'reference_answer' holds half a character"),
        ('{"\\ud800": 1}', "holds half a character"),
        ("1e400", "more digits than JSON's readers keep"),
        ("[9007199254740993000]", "write it as text"),
        ("[" * 40 + "]" * 40, "is nested more than 32 levels deep"),
        ("[" * 900 + "]" * 900, "is nested more than 32 levels deep"),
    ],
)
def test_what_a_grader_could_not_be_told_is_named_with_its_field(reference: str, words: str) -> None:
    for found in (checked(line(reference)), checked(line('"4"', level=reference))):
        [problem] = found.problems
        assert (problem.rule, words.replace("'reference_answer' ", "") in problem.reason) == ("TS029", True)
    assert words in checked(line(reference)).problems[0].reason


def test_other_kinds_know_no_references() -> None:
    found = check_file([line('"4"')], find_model("nova-2-lite"), file="train.jsonl")
    assert set(found.by_rule) == {"TS008", "TS016"}


@settings(max_examples=60)
@given(reference=SENDABLE, level=SENDABLE)
@example(reference=100000000.078125, level=0.12345678901234567)
def test_what_is_uploaded_is_what_the_grader_is_told(reference: Any, level: Any) -> None:
    uploaded = {"messages": ASKED, "reference_answer": reference, "level": level}
    found = checked(json.dumps(uploaded).encode())
    if reference is None or not reference_text(reference).strip() or "\0" in reference_text(reference):
        assert not found.valid
        return
    [spelled] = found.records.lines()
    written = json.loads(write_prompt(json.loads(spelled), "numeric"))
    assert written == {**uploaded, "grader": "numeric"}
    [asked] = [json.loads(one) for one in conversations(json.dumps(written).encode()).splitlines()]
    # 4.0 is told as 4, which JSON holds to be the same.
    assert asked["messages"][-1]["content"] == [{"text": reference_text(written["reference_answer"])}]


def test_records_that_tell_the_grader_something_else_are_no_duplicates() -> None:
    told = ['{"tests": [1], "more": 2}', '{"tests": [2]}', '{"more": 2, "tests": [1.0]}']
    found = checked(*(line(reference, right_answer='"It is 4."') for reference in told))
    assert (found.valid, len(found.records), found.duplicates.exact) == (3, 2, 1)
    assert len({record.prompt_key for record in found.records}) == 1


def test_a_reference_that_is_the_answer_is_no_other_content_than_the_answer() -> None:
    answered = json.dumps({"messages": [*ASKED, {"role": "assistant", "content": "4"}]}).encode()
    assert checked(answered, line('"4"'), line('" 4"')).duplicates.exact == 2
    assert checked(answered, line("4")).duplicates.exact == 0
