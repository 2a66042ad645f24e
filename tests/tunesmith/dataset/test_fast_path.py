"""The fast path takes no line that the rules refuse, and makes the records that they would make."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tunesmith.catalogue import Model, UploadFormat, find_model, load_catalogue
from tunesmith.dataset.engine import check_file
from tunesmith.dataset.fast_path import FastPath
from tunesmith.dataset.intake import Intake
from tunesmith.dataset.lines import Batch, cut_batches
from tunesmith.dataset.record_spool import Records
from tunesmith.dataset.validation import Validation

MICRO, LITE_2, HAIKU, LLAMA = (
    find_model(name) for name in ("nova-micro", "nova-2-lite", "claude-3-haiku", "llama-3.1-8b")
)
SPECIAL = [
    *(word for model in load_catalogue() for word in model.reserved_words),
    "u\u017fer:", "uSER:", " ", "  ", "\n", "\t", "\u2028", "\u00a0", '"', "\\", '\\"', "{", ":", "é", "ﬁ",
    "漢字", "😀", "\0", "a@b.de", "4111 1111 1111 1111", "+49 30 901820", "AKIAIOSFODNN7EXAMPLE", "x" * 20,
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(SPECIAL) | st.text(max_size=4), max_size=5).map("".join)
ROLES = st.sampled_from(["user", "assistant"])


def converse(model: Model) -> st.SearchStrategy[Any]:
    blocks = st.builds(lambda text: {"text": text}, TEXTS)
    reasoning = st.builds(lambda text: {"reasoningContent": {"reasoningText": {"text": text}}}, TEXTS)
    contents = st.lists(blocks | reasoning if model.reasoning else blocks, max_size=2)
    asked = st.builds(lambda content: {"role": "user", "content": content}, st.lists(blocks, max_size=2))
    answered = st.builds(lambda content: {"role": "assistant", "content": content}, contents)
    exchange = st.tuples(asked, answered)
    return st.fixed_dictionaries(
        {
            "messages": st.lists(exchange, max_size=2).map(
                lambda pairs: [each for two in pairs for each in two]
            )
        },
        optional={"schemaVersion": TEXTS, "system": st.lists(blocks, max_size=2)},
    )


def messages(system_turns: bool) -> st.SearchStrategy[Any]:
    turns = st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(
        lambda pairs: [
            {"role": role, "content": text}
            for two in pairs
            for role, text in zip(("user", "assistant"), two, strict=True)
        ]
    )
    if not system_turns:
        return st.fixed_dictionaries({"messages": turns}, optional={"system": TEXTS})
    system: st.SearchStrategy[list[Any]] = st.builds(
        lambda text: [{"role": "system", "content": text}], TEXTS
    ) | st.just([])
    return st.builds(lambda first, others: {"messages": first + others}, system, turns)


TITAN = find_model("titan-text-express").as_tuned_by("continued-pre-training")
STUDENT = LLAMA.as_tuned_by("distillation")
PAIRS = st.fixed_dictionaries({"prompt": TEXTS, "completion": TEXTS})
SHAPES: list[tuple[Model, UploadFormat, st.SearchStrategy[Any]]] = [
    (MICRO, "converse", converse(MICRO)),
    (LITE_2, "converse", converse(LITE_2)),
    (LLAMA, "converse", converse(LLAMA)),
    (HAIKU, "anthropic_messages", messages(False)),
    (MICRO, "anthropic_messages", messages(False)),
    (MICRO, "openai_chat", messages(True)),
    (LLAMA, "prompt_completion", PAIRS),
    (MICRO, "prompt_completion", PAIRS),
    (STUDENT, "converse", converse(STUDENT)),
    (STUDENT, "openai_chat", messages(True)),
    (TITAN, "text", st.fixed_dictionaries({"input": TEXTS})),
    (TITAN, "prompt_completion", PAIRS),
    (MICRO, "text", st.fixed_dictionaries({"input": TEXTS})),
]


@st.composite
def spelled(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> bytes:
    """A record as JSON, with or without escapes and spaces, sometimes with something done to it."""
    value = draw(values)
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    line = json.dumps(value, ensure_ascii=draw(st.booleans()), separators=separators).encode(
        "utf-8", "replace"
    )
    how = draw(st.sampled_from(["", "", "", "cut", "put", "twice", "escape"]))
    place = draw(st.integers(0, len(line)))
    if how == "cut":
        return line[:place] + line[place + draw(st.integers(1, 3)) :]
    if how == "put":
        piece = draw(st.sampled_from([b'"', b"\\", b" ", b"\0", b"\xff", b",", b"{", b"\\u0022", b"\\u003a"]))
        return line[:place] + piece + line[place:]
    if how == "twice":
        # A key that stands twice: msgspec takes the last and says nothing.
        key = draw(
            st.sampled_from(
                [b'"text"', b'"role"', b'"content"', b'"messages"', b'"prompt"', b'"system"', b'"input"']
            )
        )
        return line.replace(key + separators[1].encode(), key + b':"",' + key + b":", 1)
    return line.replace(b":", b"\\u003a") if how == "escape" and draw(st.booleans()) else line


@pytest.mark.parametrize(("model", "record_format", "values"), SHAPES)
@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data())
def test_lines_get_the_verdict_of_the_rules_and_make_the_same_records(
    data: st.DataObject, model: Model, record_format: UploadFormat, values: st.SearchStrategy[Any]
) -> None:
    bodies = [
        line.replace(b"\n", b" ") for line in data.draw(st.lists(spelled(values), min_size=1, max_size=4))
    ]
    validation = Validation(model, record_format)
    by_rules = Intake(model, "report")
    refused = []
    for number, body in enumerate(bodies, start=1):
        judged = by_rules.take(validation.judge_line(number, 0, body))
        refused += [number] if any(each.rule != "TS002" for each in judged.findings) else []
    checked = check_file([b"\n".join(bodies)], model, file="f", record_format=record_format)
    assert sorted({problem.line for problem in checked.problems if problem.rule != "TS002"}) == refused
    found = sorted(Records(by_rules.spool), key=lambda record: (record.content_key, record.line))
    wanted = list({record.content_key: record for record in reversed(found)}.values())
    assert list(checked.records) == wanted[::-1]
    assert (checked.changes, checked.sensitive) == (by_rules.changes, by_rules.sensitive)


@pytest.mark.parametrize(("model", "record_format", "values"), SHAPES[:-2])
def test_plainly_valid_lines_take_the_fast_path(
    model: Model, record_format: UploadFormat, values: st.SearchStrategy[Any]
) -> None:
    by_format = {
        "converse": pair('A "quoted"\n: é\u2028', "b \\", system="S"),
        "anthropic_messages": {"system": "S", "messages": CHAT},
        "openai_chat": {"messages": [{"role": "system", "content": "S"}, *CHAT]},
        "prompt_completion": {"prompt": "a", "completion": "b"},
        "text": {"input": 'A "quoted"\n: é\u2028'},
    }
    path = FastPath(record_format, model, "", lambda field: field)
    for escaped in (True, False):
        line = json.dumps(by_format[record_format], ensure_ascii=escaped).encode()
        assert path.read([line, b"{", line])[1] == [1]


CHAT = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize(
    "line",
    [
        b'{"messages":[],"messages":%s}',
        b'{"system":[{"text":"a","text":"b"}],"messages":%s}',
        b'{"schemaVersion":"","schemaVersion":"","messages":%s}',
        b'{"system":[{"text":"\\u0022\\u0022"}],"system":[{"text":"b"}],"messages":%s}',
        b'{"system":[{"text":"\\\\\\""}],"system":[{"text":"\\\\\\""}],"messages":%s}',
    ],
)
def test_a_key_that_stands_twice_is_found_whatever_the_quotes(line: bytes) -> None:
    body = line % json.dumps(conversation(turn("user", "a"), turn("assistant", "b"))["messages"]).encode()
    good = lines(pair("a", "b"))
    [problem] = check_file([good + body + b"\n" + good], MICRO, file="f").problems
    assert (problem.line, problem.rule) == (2, "TS006")


def test_the_group_s_field_is_taken_on_the_fast_path() -> None:
    path = FastPath("converse", MICRO, "meta", lambda field: field if b"x" in field else None)
    grouped = [json.dumps(pair("a", "b") | {"meta": {"customer": name}}).encode() for name in ("x", "y")]
    valid, left = path.read([*grouped, grouped[0].replace(b'"x"', b'"x", "customer": "z"')])
    assert (valid.places, valid.groups, left) == (
        [0, 2],
        [b'{"customer": "x"}', b'{"customer": "x", "customer": "z"}'],
        [1],
    )
    values = [json.dumps(pair(f"{name} says", "b") | {"meta": {"customer": name}}).encode() for name in "xyx"]
    twice = values[0].replace(b'"customer": "x"', b'"customer": "x", "customer": "z"')
    checked = check_file([b"\n".join([*values, twice])], MICRO, file="f", group_key="meta.customer")
    assert [(problem.line, problem.rule) for problem in checked.problems] == [(4, "TS006")]
    assert len({record.group for record in checked.records}) == 2


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=6) | st.sampled_from([b"\n", b"\r\n", b"abc\n"]), max_size=12))
def test_batches_hold_every_line_with_its_number_and_offset(chunks: list[bytes]) -> None:
    content = b"".join(chunks)
    found = [line for batch in cut_batches(chunks) for line in batch.lines()]
    bodies = content.split(b"\n") if content else []
    assert [line.body for line in found] == (bodies if bodies and bodies[-1] else bodies[:-1])
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    for line in found:
        assert content[line.offset :].startswith(line.body)
        assert content[: line.offset].count(b"\n") == line.number - 1
    assert Batch([1, 2], [0, 1], [b"", b""]).behind(1) == Batch([2], [1], [b""])
