"""What is safe to mend is mended and judged again; what says something to a model is left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tests.tunesmith.dataset.prepared import MICRO, pairs, prepared, prepared_from
from tests.tunesmith.dataset.test_engine import JSON_VALUES
from tunesmith.catalogue import UploadFormat, find_model
from tunesmith.dataset import CheckedFile, check_file
from tunesmith.dataset.fixes import FIXES, mended

GOOD = pair("a", "b")
BROKEN: dict[str, Any] = {
    "TS008": GOOD | {"id": 7, "metadata": {"by": "me"}},
    "TS009": GOOD | {"schemaVersion": 1},
    "TS010": GOOD | {"system": None},
    "TS013": conversation({"role": "Human", "content": [{"text": "a"}]}, turn("Assistant", "b")),
    "TS014": conversation(turn("user", "a"), turn("user", "c"), turn("assistant", "b")),
    "TS017": conversation({"role": "user", "content": "a"}, turn("assistant", "b")),
    "TS018": conversation(turn("user", "a", " "), turn("assistant", "b")),
    "TS022": pair("a\0", "b"),
}
LEFT_ALONE = [
    GOOD | {"tools": []},
    GOOD | {"system": 7},
    conversation(turn("user", "a"), {**turn("assistant", "b"), "weight": 0}),
    conversation(turn("user", "a"), turn("assistant", "b"), turn("assistant", "c")),
    conversation(turn("user", "a"), turn("tool", "b")),
    conversation(turn("assistant", "a"), turn("user", "b"), turn("assistant", "c")),
    conversation(turn("user", "a"), turn("assistant", "b"), turn("user", "c")),
    pair("User: a", "b"),
    pair(" ", "b"),
    {},
]


def check(*values: Any, mends: bool = True) -> CheckedFile:
    return check_file([lines(*values)], MICRO, file="f", record_format="converse", mends=mends)


@pytest.mark.parametrize(
    ("record", "rules", "text"),
    [
        ({"input": "a\0b", "id": 7}, {"TS008": 1, "TS022": 1}, "ab"),
        ({"input": "a\ud800"}, {"TS022": 1}, "a\ufffd"),
        ({"input": "a", "source": "wiki"}, {"TS008": 1}, "a"),
        ({"input": "a\0", "weights": [1]}, {}, ""),
        ({"input": "\0 \0"}, {}, ""),
        ({"input": 7, "id": 7}, {}, ""),
    ],
)
def test_a_text_to_go_on_reading_is_mended_in_its_own_format(
    record: Any, rules: dict[str, int], text: str
) -> None:
    model = find_model("titan-text-express").as_tuned_by("continued-pre-training")
    assert check_file([lines(record)], model, file="f").valid == 0
    checked = check_file([lines(record)], model, file="f", mends=True)
    assert checked.fixed == rules
    assert checked.valid == bool(rules)
    said = [json.loads(line)["messages"][0]["content"] for line in checked.records.lines()]
    assert said == ([[{"text": text}]] if rules else [])


def test_every_fix_is_tested() -> None:
    assert set(BROKEN) == set(FIXES)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_record_that_breaks_a_rule_with_a_fix_is_mended_on_demand_only(rule: str) -> None:
    assert check(BROKEN[rule], mends=False).by_rule == {rule: 1}
    checked = check(BROKEN[rule])
    assert (checked.problems, checked.fixed, checked.valid) == ((), {rule: 1}, 1)
    texts = {"TS014": ["a", "c", "b"]}.get(rule, ["a", "b"])
    found = json.loads(checked.records[0].line)
    assert [block["text"] for each in found["messages"] for block in each["content"]] == texts
    assert check(checked.records[0].line, mends=False).valid == 1


@pytest.mark.parametrize("value", LEFT_ALONE)
def test_what_says_something_to_a_model_is_not_mended(value: Any) -> None:
    checked = check(value)
    assert (checked.valid, checked.fixed) == (0, {})
    assert checked.by_rule == check(value, mends=False).by_rule


def told_as(record_format: UploadFormat, **keys: Any) -> CheckedFile:
    return check_file([lines(keys)], MICRO, file="f", record_format=record_format, mends=True)


def test_a_system_beside_prompt_and_completion_becomes_the_system() -> None:
    asked = {"prompt": "q", "completion": "a", "id": 7}
    checked = told_as("prompt_completion", **asked, system="Answer only in French.")
    assert checked.fixed == {"TS008": 1}
    [record] = checked.records
    assert json.loads(record.line) == pair("q", "a", system="Answer only in French.")


@pytest.mark.parametrize("keys", [{"weight": 0}, {"system": 7}, {"messages": []}, {"input": "b"}])
def test_what_else_stands_beside_prompt_and_completion_is_never_lost(keys: dict[str, Any]) -> None:
    checked = told_as("prompt_completion", prompt="q", completion="a", **keys)
    assert (checked.valid, checked.fixed, checked.by_rule) == (0, {}, {"TS008": 1})


def test_a_system_beside_a_chat_with_a_system_turn_is_not_lost() -> None:
    chat = [{"role": "system", "content": "B"}, {"role": "user", "content": "q"}]
    chat.append({"role": "assistant", "content": "a"})
    [record] = told_as("openai_chat", system=[{"text": "A"}], messages=chat).records
    assert json.loads(record.line)["system"] == [{"text": "A"}, {"text": "B"}]


def test_a_system_turn_at_the_head_and_half_a_character_are_mended() -> None:
    [record] = check(conversation(turn("system", "S"), *pair("a\ud800b", "c")["messages"])).records
    assert json.loads(record.line) == pair("a\ufffdb", "c", system="S")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(JSON_VALUES, JSON_VALUES)
def test_mending_crashes_on_nothing_and_mends_all_at_once(system: object, messages: object) -> None:
    once = mended({"system": system, "messages": messages})
    assert mended(once) == once


def test_a_run_takes_what_its_job_file_bears() -> None:
    data = {"train": [*pairs(300), *[BROKEN["TS017"]] * 100]}
    assert prepared(data).report.reason.startswith("100 of 400 records of train.jsonl (25.0%) were rejected")
    assert prepared(data, max_rejected_share=0.25).report.outcome == "valid"
    files = {"train": check(*data["train"])}
    fixed = prepared_from(files, on_error="fix").report
    assert (fixed.outcome, fixed.figures()["rejected"]) == ("valid", 0)
    assert "100 mended of TS017" in fixed.summary()
