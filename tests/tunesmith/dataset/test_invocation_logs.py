"""Entries of Bedrock's invocation log are records: what was asked, and what a model answered."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tunesmith.catalogue import find_model
from tunesmith.dataset import CheckedFile, check_file

MICRO, NOVA_2 = find_model("nova-micro"), find_model("nova-2-lite")
ASKED = {"messages": [{"role": "user", "content": [{"text": "Where?"}]}]}
ANSWERED = {"output": {"message": turn("assistant", "Here")}, "stopReason": "end_turn"}


def entry(asked: Any = ASKED, answered: Any = ANSWERED, **keys: Any) -> dict[str, Any]:
    """An entry as Bedrock writes it."""
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-11-28T02:00:00Z",
        "accountId": "111122223333",
        "region": "us-east-1",
        "requestId": "0f3c6c2e-0000-4000-8000-000000000000",
        "operation": "Converse",
        "modelId": "amazon.nova-pro-v1:0",
        "input": {"inputContentType": "application/json", "inputBodyJson": asked, "inputTokenCount": 4},
        "output": {"outputContentType": "application/json", "outputBodyJson": answered},
        **keys,
    }


def check(*values: Any, model: Any = MICRO, **options: Any) -> CheckedFile:
    return check_file([lines(*values)], model, file="logs.json.gz", **options)


def rules(checked: CheckedFile) -> list[str]:
    return [problem.rule for problem in checked.problems]


LLAMA = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWhere?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
CHAT = {"role": "user", "content": "Where?"}
KIND = pair("Where?", "Here", system="Be kind.")
PLAIN = pair("Where?", "Here")


@pytest.mark.parametrize(
    ("asked", "answered", "meant"),
    [
        # Converse, and Nova's own request
        ({**ASKED, "inferenceConfig": {"maxTokens": 9}, "toolConfig": {}}, ANSWERED, PLAIN),
        ({**ASKED, "system": [{"text": "Be kind."}], "schemaVersion": "messages-v1"}, ANSWERED, KIND),
        (
            ASKED,
            [
                {"messageStart": {"role": "assistant"}},
                {"contentBlockDelta": {"delta": {"text": "He"}, "contentBlockIndex": 0}},
                {"contentBlockDelta": {"delta": {"text": "re"}, "contentBlockIndex": 0}},
                {"messageStop": {"stopReason": "end_turn"}},
            ],
            PLAIN,
        ),
        # Anthropic
        (
            {"anthropic_version": "bedrock-2023-05-31", "system": "Be kind.", "messages": [CHAT]},
            {"type": "message", "content": [{"type": "text", "text": "Here"}], "stop_reason": "end_turn"},
            KIND,
        ),
        (
            {"system": [{"type": "text", "text": "Be kind."}], "messages": [CHAT]},
            [
                {"type": "message_start", "message": {"content": []}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Here"}},
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
                {"type": "message_stop"},
            ],
            KIND,
        ),
        # Meta, with its template and without
        ({"prompt": LLAMA, "max_gen_len": 9}, {"generation": "\n\nHere", "stop_reason": "stop"}, KIND),
        ({"prompt": "Where?"}, [{"generation": "He"}, {"generation": "re", "stop_reason": "stop"}], PLAIN),
        # Titan, Mistral
        ({"inputText": "Where?"}, {"results": [{"outputText": "Here", "completionReason": "FINISH"}]}, PLAIN),
        ({"inputText": "Where?"}, [{"outputText": " Here", "completionReason": "FINISH"}], PLAIN),
        ({"prompt": "Where?"}, {"outputs": [{"text": " Here", "stop_reason": "stop"}]}, PLAIN),
        # OpenAI
        (
            {"messages": [{"role": "developer", "content": "Be kind."}, CHAT]},
            {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Here"}}]},
            KIND,
        ),
        (
            {"messages": [{"role": "system", "content": "Be kind."}, CHAT]},
            [
                {"choices": [{"delta": {"role": "assistant"}, "finish_reason": None}]},
                {"choices": [{"delta": {"content": "Here"}, "finish_reason": None}]},
                {"choices": [{"delta": {}, "finish_reason": "stop"}]},
            ],
            KIND,
        ),
    ],
)
def test_an_entry_is_the_conversation_that_was_had(asked: Any, answered: Any, meant: Any) -> None:
    checked = check(entry(asked, answered))
    assert checked.problems == ()
    assert {*checked.records} == {*check(meant).records}
    assert checked.format == "converse"


def test_earlier_turns_stand_in_the_record() -> None:
    turns = [turn("user", "Who?"), turn("assistant", "Me"), turn("user", "Where?")]
    checked = check(entry({"messages": turns}))
    assert {*checked.records} == {*check(conversation(*turns, turn("assistant", "Here"))).records}


@pytest.mark.parametrize(
    "answered",
    [
        {
            "output": {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "eA=="}}},
                        {"text": "Here"},
                    ],
                }
            }
        },
        {
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "eA=="},
                {"type": "text", "text": "Here"},
            ]
        },
        [
            {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "Hm."}}}},
            {"contentBlockDelta": {"delta": {"text": "Here"}}},
        ],
        [
            {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Hm."}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Here"}},
        ],
    ],
)
def test_reasoning_is_kept_without_its_signature_for_models_that_learn_it(answered: Any) -> None:
    reasoned = [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Here"}]
    wanted = conversation(turn("user", "Where?"), {"role": "assistant", "content": reasoned})
    assert {*check(entry(answered=answered), model=NOVA_2).records} == {*check(wanted, model=NOVA_2).records}
    assert rules(check(entry(answered=answered))) == ["TS019"]


def test_the_group_key_may_be_what_the_caller_said_of_the_request() -> None:
    told = entry(requestMetadata={"customer": "acme"})
    checked = check(told, entry(), group_key="requestMetadata.customer")
    [record] = checked.records
    assert record.group
    assert [(problem.line, problem.rule) for problem in checked.problems] == [(2, "TS025")]


def test_lines_and_offsets_are_those_of_the_log() -> None:
    first = lines(entry())
    packed = gzip.compress(first + b"\n{broken\n" + lines(entry(errorCode="ThrottlingException")))
    checked = check_file([packed], MICRO, file="logs.json.gz")
    assert [(each.line, each.offset, each.rule) for each in checked.problems] == [
        (2, len(first), "TS001"),
        (3, len(first) + 1, "TS004"),
        (4, len(first) + 9, "TS045"),
    ]
    assert checked.valid == 1


# --- entries that are no records


def without(side: str, **keys: Any) -> dict[str, Any]:
    """An entry without the body of one side."""
    return {**entry(), side: keys}


@pytest.mark.parametrize(
    ("value", "rule", "said"),
    [
        (entry(errorCode="ThrottlingException"), "TS045", "The call failed (ThrottlingException)"),
        (without("output"), "TS045", "no outputBodyJson"),
        (without("input", inputBodyJson={}), "TS045", "no inputBodyJson"),
        (
            without("input", inputBodyS3Path="s3://logs/data/x_input.json.gz"),
            "TS045",
            "lies in s3://logs/data/x",
        ),
        ({**entry(), "output": "text"}, "TS045", "no outputBodyJson"),
        (entry(answered={**ANSWERED, "stopReason": "max_tokens"}), "TS046", "stopped for max_tokens"),
        (entry(answered={**ANSWERED, "stopReason": "guardrail_intervened"}), "TS046", "guardrail"),
        (entry(answered={"results": [{"outputText": "a", "completionReason": "LENGTH"}]}), "TS046", "LENGTH"),
        (
            entry(answered=[{"generation": "a"}, {"generation": "", "stop_reason": "length"}]),
            "TS046",
            "length",
        ),
        (entry({"texts": ["a"]}, {"embedding": [1]}), "TS047", "no messages, prompt or inputText but texts"),
        (entry(answered={"embedding": [1]}), "TS047", "of no known shape but embedding"),
        (entry(answered=[{"a": 1}, 2]), "TS047", "events of no known shape"),
        (entry({"prompt": 3}), "TS047", "no messages, prompt or inputText"),
    ],
)
def test_an_entry_without_a_whole_answer_is_rejected_with_its_reason(
    value: Any, rule: str, said: str
) -> None:
    checked = check(entry(), value)
    [problem] = checked.problems
    assert (problem.line, problem.rule) == (2, rule)
    assert said in problem.reason
    assert checked.valid == 1


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (entry({"messages": []}), "TS015"),
        (entry({"messages": [turn("user", "a"), turn("assistant", "Sure:")]}), "TS014"),
        (entry(answered={"output": {"message": turn("assistant")}}), "TS017"),
        (entry(answered={"content": [{"type": "tool_use", "name": "x", "input": {}}]}), "TS019"),
        (entry(answered={"content": ["text"]}), "TS019"),
        (pair("a", "b") | {"id": 1}, "TS008"),
    ],
)
def test_what_was_said_must_still_obey_the_rules_of_a_record(value: Any, rule: str) -> None:
    assert rule in rules(check(entry(), value))


def test_a_log_is_known_by_its_first_record() -> None:
    assert check(pair("a", "b"), entry()).valid == 1
    assert check(b"\xef\xbb\xbf" + lines(entry()).strip()).valid == 1
    assert check(b"", entry(), pair("a", "b")).valid == 2


def test_an_entry_nested_as_deep_as_can_be_read_ends_in_a_report() -> None:
    for depth in range(900, 1000, 3):
        asked = b'{"messages": [' + b"[" * depth + b"]" * depth + b"]}"
        line = lines(entry("X")).replace(b'"X"', asked).strip()
        checked = check(entry(), line)
        assert (checked.read, checked.valid) == (2, 1)


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "text", "type", "delta", "choices", "output", "message"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(JSON, JSON)
def test_bodies_of_any_shape_end_in_a_report(asked: Any, answered: Any) -> None:
    checked = check(entry(), entry(asked, answered), entry(ASKED, answered))
    assert checked.read == checked.valid + checked.rejected == 3
