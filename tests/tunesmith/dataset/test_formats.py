"""Four formats are read, and each base model gets the one it takes; what changes has a name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tunesmith.catalogue import UploadFormat, find_model, load_catalogue
from tunesmith.dataset import CHANGES, CheckedFile, check_file, contents, conversations
from tunesmith.dataset.formats import NEUTRAL_SYSTEM_TEXT, detect_format
from tunesmith.evaluation.answers import read_questions

PAIR = {"prompt": "Where is my card?", "completion": "card_arrival"}
CHAT: dict[str, Any] = {
    "system": "Answer with one label.",
    "messages": [
        {"role": "user", "content": "Where is my card?"},
        {"role": "assistant", "content": [{"type": "text", "text": "card_arrival"}]},
    ],
}
OPENAI = {"messages": [{"role": "system", "content": "Answer with one label."}, *CHAT["messages"]]}
CONVERSE = pair("Where is my card?", "card_arrival", system="Answer with one label.")
TALK = conversation(
    turn("user", "Hello"),
    turn("assistant", "Hi"),
    turn("user", "Where is", "my card?"),
    turn("assistant", "card_arrival"),
    system=[{"text": "Be brief."}, {"text": "Be kind."}],
)


def check(value: Any, model: str, record_format: UploadFormat | None = None) -> CheckedFile:
    checked = check_file([lines(value)], find_model(model), file="f", record_format=record_format)
    assert checked.problems == ()
    return checked


def written(value: Any, model: str) -> tuple[Any, dict[str, int]]:
    """A record as it is written for a model, and what was changed for that."""
    checked = check(value, model)
    [line] = b"".join(contents(checked.records, find_model(model).record_format)).splitlines()
    return json.loads(line), dict(checked.changes)


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (PAIR, "prompt_completion"),
        ({"prompt": "a"}, "prompt_completion"),
        (CHAT, "anthropic_messages"),
        ({"messages": [{"role": "user", "content": "a"}]}, "anthropic_messages"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}, "anthropic_messages"),
        (CONVERSE, "converse"),
        ({"messages": [turn("user", "a")]}, "converse"),
        ({"system": [{"text": "a"}]}, "converse"),
        ({"schemaVersion": "x", "messages": [{"role": "user", "content": "a"}]}, "converse"),
        (OPENAI, "openai_chat"),
        ({"messages": [{"role": "developer", "content": "a"}]}, "openai_chat"),
        ({}, None),
        ({"messages": []}, None),
        ({"messages": [5, {"content": 5}, {"content": [5]}]}, None),
    ],
)
def test_a_record_shows_its_format(value: dict[str, Any], seen: str | None) -> None:
    assert detect_format(value) == seen


def test_the_first_record_that_shows_a_format_decides_for_the_file() -> None:
    mixed = lines(b"{", {}, PAIR, CHAT, PAIR)
    checked = check_file([mixed], find_model("llama-3.1-8b"), file="f")
    assert checked.format == "prompt_completion"
    assert [(each.line, each.rule) for each in checked.problems[-1:]] == [(4, "TS023")]
    assert checked.valid == 2


def test_a_format_that_is_named_is_not_guessed() -> None:
    assert check(PAIR, "nova-micro", "prompt_completion").format == "prompt_completion"
    checked = check_file([lines(PAIR)], find_model("nova-micro"), file="f", record_format="converse")
    assert [problem.rule for problem in checked.problems] == ["TS023"]


def test_a_chat_without_system_text_is_read_alike_before_and_after_one_with_it() -> None:
    bare = {"messages": CHAT["messages"]}
    for order in ([bare, OPENAI], [OPENAI, bare]):
        checked = check_file([lines(*order)], find_model("nova-micro"), file="f")
        assert (checked.format, checked.valid, checked.problems) == ("openai_chat", 2, ())
        assert {len(json.loads(each.line).get("system", [])) for each in checked.records} == {0, 1}


def test_several_system_turns_at_the_head_are_all_kept() -> None:
    value = {"messages": [{"role": "developer", "content": "Be brief."}, *OPENAI["messages"]]}
    assert written(value, "nova-micro")[0]["system"] == [
        {"text": "Be brief."},
        {"text": "Answer with one label."},
    ]


CALL = {"id": "1", "type": "function", "function": {"name": "track", "arguments": "{}"}}
CALLED: list[Any] = [
    {"role": "system", "content": "b"},
    {"role": "user", "content": "Where is my parcel?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
]
SEEN = {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}
HEARD = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}


def test_tools_beside_a_chat_are_named_and_never_dropped() -> None:
    value = {**OPENAI, "tools": [{"type": "function", "function": {"name": "track"}}]}
    checked = check_file([lines(value)], find_model("nova-micro"), file="f", mends=True)
    assert [problem.rule for problem in checked.problems] == ["TS008"]
    assert "'tools'" in checked.problems[0].reason


def test_an_image_in_anthropics_form_is_told_how_to_be_given() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "QUJD"}
    block = {"type": "image", "source": source}
    value = {"messages": [{"role": "user", "content": [block]}, {"role": "assistant", "content": "a cat"}]}
    checked = check_file([lines(value)], find_model("nova-lite"), file="f")
    assert [problem.rule for problem in checked.problems] == ["TS030"]
    assert "s3Location" in checked.problems[0].reason


@pytest.mark.parametrize(
    ("turns", "rule"),
    [
        ([{"role": "user", "content": "a"}, {"role": "system", "content": "b"}], "TS013"),
        ([{"role": "system", "content": None}, {"role": "user", "content": "a"}], "TS010"),
        ([{"role": "system", "content": "b"}, {"role": "tool", "content": "a"}], "TS013"),
        ([{"role": "system", "content": "b"}, {"role": "user", "content": "a", "name": "n"}], "TS008"),
        ([*CALLED, {"role": "tool", "tool_call_id": "1", "content": "7 days"}], "TS008"),
        ([*CALLED, {"role": "tool", "content": "7 days"}], "TS013"),
        (CALLED, "TS017"),
        ([{"role": "system", "content": "b"}, {"role": "user", "content": [SEEN]}], "TS019"),
        ([{"role": "system", "content": "b"}, {"role": "user", "content": [HEARD]}], "TS019"),
    ],
)
def test_what_converse_cannot_hold_of_openais_chat_is_named(turns: list[Any], rule: str) -> None:
    value = {"messages": [*turns, {"role": "assistant", "content": "c"}]}
    checked = check_file([lines(value)], find_model("nova-micro"), file="f")
    assert rule in {problem.rule for problem in checked.problems}
    assert checked.valid == 0


def test_a_system_text_beside_the_messages_is_not_openais() -> None:
    checked = check_file([lines(OPENAI, CHAT)], find_model("nova-micro"), file="f")
    assert [(each.line, each.rule) for each in checked.problems] == [(2, "TS023")]


# --- what is written


@pytest.mark.parametrize(
    "value", [CHAT, CONVERSE, OPENAI], ids=["anthropic_messages", "converse", "openai_chat"]
)
def test_one_record_is_written_in_the_format_of_each_family(value: Any) -> None:
    assert written(value, "nova-micro") == (CONVERSE, {})
    assert written(value, "llama-3.3-70b") == (CONVERSE, {})
    assert written(value, "claude-3-haiku") == (
        {
            "system": "Answer with one label.",
            "messages": [
                {"role": "user", "content": "Where is my card?"},
                {"role": "assistant", "content": "card_arrival"},
            ],
        },
        {},
    )
    prompt = "Answer with one label.\n\nWhere is my card?"
    assert written(value, "llama-3.1-8b") == ({"prompt": prompt, "completion": "card_arrival"}, {"TC001": 1})


def test_pairs_lose_nothing_in_any_family() -> None:
    bare = pair("Where is my card?", "card_arrival")
    assert written(PAIR, "llama-3.1-8b") == (PAIR, {})
    assert written(PAIR, "nova-micro") == (bare, {})
    assert written(PAIR, "claude-3-haiku")[0]["messages"][0] == {
        "role": "user",
        "content": "Where is my card?",
    }


def test_a_llama_conversation_has_exactly_one_system_text() -> None:
    assert written(PAIR, "llama-3.2-1b") == (
        pair("Where is my card?", "card_arrival", system=NEUTRAL_SYSTEM_TEXT),
        {"TC005": 1},
    )
    line, changes = written(TALK, "llama-3.2-1b")
    assert (line["system"], changes) == ([{"text": "Be brief.\n\nBe kind."}], {"TC004": 1})
    assert line["messages"] == TALK["messages"]


def test_a_conversation_that_a_pair_cannot_hold_is_folded_by_named_rules() -> None:
    line, changes = written(TALK, "llama-3.1-70b")
    assert line == {
        "prompt": "Be brief.\n\nBe kind.\n\nUser: Hello\n\nAssistant: Hi\n\nUser: Where is\nmy card?",
        "completion": "card_arrival",
    }
    assert changes == {"TC001": 1, "TC002": 1, "TC003": 1, "TC004": 1}
    assert set(changes) | {"TC005"} == set(CHANGES)


def test_claude_keeps_the_turns_and_joins_the_texts_of_each() -> None:
    line, changes = written(TALK, "claude-3-haiku")
    assert [message["content"] for message in line["messages"]] == [
        "Hello",
        "Hi",
        "Where is\nmy card?",
        "card_arrival",
    ]
    assert changes == {"TC003": 1, "TC004": 1}


@pytest.mark.parametrize("value", [PAIR, CHAT, CONVERSE, TALK], ids=["pair", "chat", "converse", "talk"])
@pytest.mark.parametrize("model", load_catalogue(), ids=lambda model: model.name)
def test_what_is_asked_in_the_blind_test_is_what_was_trained(value: Any, model: Any) -> None:
    records = check(value, model.name).records
    blind = read_questions(b"".join(contents(records)))
    trained = read_questions(conversations(b"".join(contents(records, model.record_format))))
    assert [(q.system, q.messages, q.reference) for q in trained] == [
        (q.system, q.messages, q.reference) for q in blind
    ]


@pytest.mark.parametrize("model", load_catalogue(), ids=lambda model: model.name)
def test_what_is_written_is_read_again_without_a_change(model: Any) -> None:
    content = b"".join(contents(check(TALK, model.name).records, model.record_format))
    again = check_file([content], model, file="f")
    assert (again.format, again.valid, again.changes, again.problems) == (model.record_format, 1, {}, ())
    assert b"".join(contents(again.records, model.record_format)) == content


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["system", "messages", "role", "content", "type", "text", "prompt", "completion"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_record_or_a_problem_and_never_a_crash(value: Any) -> None:
    for model in ("nova-2-lite", "llama-3.1-8b", "claude-3-haiku"):
        checked = check_file([lines(value)], find_model(model), file="f")
        assert checked.valid + checked.rejected == 1


def test_a_student_of_llama_is_taught_one_question_a_record_and_one_of_nova_a_conversation() -> None:
    long = conversation(
        turn("user", "a", "b"), turn("assistant", "c"), turn("user", "d"), turn("assistant", "e"),
        system=[{"text": "S"}, {"text": "T"}],
    )  # fmt: skip
    told = {}
    for name in ("llama-3.1-8b", "nova-micro"):
        student = find_model(name).as_tuned_by("distillation")
        checked = check_file([lines(long)], student, file="f")
        [line] = b"".join(contents(checked.records, student.record_format)).splitlines()
        told[name] = (json.loads(line), dict(checked.changes))
    record, changes = told["llama-3.1-8b"]
    assert record["system"] == [{"text": "S\n\nT"}]
    asked, answered = (each["content"] for each in record["messages"])
    assert asked == [{"text": "User: a\nb\n\nAssistant: c\n\nUser: d"}]
    assert answered == [{"text": "e"}]
    assert changes == {"TC002": 1, "TC003": 1, "TC004": 1}
    record, changes = told["nova-micro"]
    assert [each["content"] for each in record["messages"]] == [
        [{"text": text}] for text in ("a\nb", "c", "d", "e")
    ]
    assert changes == {"TC003": 1, "TC004": 1}
