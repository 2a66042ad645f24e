"""What is valid stays valid and says the same, in whatever shape it comes and whatever model takes it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import conversation, lines, turn
from tests.tunesmith.dataset.test_invocation_logs import entry
from tunesmith.catalogue import Model, load_catalogue
from tunesmith.dataset import CheckedFile, check_file, contents
from tunesmith.dataset.formats import conversations

MODELS = load_catalogue()
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0:<>[]"), min_size=1, max_size=40
).filter(lambda text: bool(text.strip()))
"""Without marks, no text holds a reserved word."""


@dataclass(frozen=True)
class Talk:
    """What a record says: a system text or none, and turns of the user's and the assistant's."""

    system: str
    turns: Sequence[str]


TURNS = st.integers(1, 3).flatmap(lambda n: st.lists(TEXTS, min_size=2 * n, max_size=2 * n))
TALKS = st.builds(Talk, st.just("") | TEXTS, TURNS)


def messages(talk: Talk, spell: Callable[[str, str], Any]) -> list[Any]:
    return [spell(("user", "assistant")[place & 1], text) for place, text in enumerate(talk.turns)]


def converse(talk: Talk, *first: Any) -> dict[str, Any]:
    found = messages(talk, turn)
    found[0]["content"] += first
    return conversation(*found, **({"system": [{"text": talk.system}]} if talk.system else {}))


def reasoned(talk: Talk) -> dict[str, Any]:
    value = converse(talk)
    block = {"reasoningContent": {"reasoningText": {"text": "Because of this."}}}
    value["messages"][-1]["content"].insert(0, block)
    return value


def showing(talk: Talk) -> dict[str, Any]:
    location = {"uri": "s3://bucket/p/1.png", "bucketOwner": "123456789012"}
    return converse(talk, {"image": {"format": "png", "source": {"s3Location": location}}})


def anthropic(talk: Talk) -> dict[str, Any]:
    found = messages(talk, lambda role, text: {"role": role, "content": text})
    return {**({"system": talk.system} if talk.system else {}), "messages": found}


def blocks(talk: Talk) -> dict[str, Any]:
    found = messages(talk, lambda role, text: {"role": role, "content": [{"type": "text", "text": text}]})
    return {**({"system": talk.system} if talk.system else {}), "messages": found}


def openai(talk: Talk) -> dict[str, Any]:
    found = messages(talk, lambda role, text: {"role": role, "content": text})
    return {"messages": [*([{"role": "system", "content": talk.system}] if talk.system else []), *found]}


def as_line(spell: Callable[[Talk], Any]) -> Callable[[Talk], tuple[str, bytes]]:
    return lambda talk: ("f.jsonl", lines(spell(talk)))


def prompt(talk: Talk) -> dict[str, str]:
    return {"prompt": talk.turns[-2], "completion": talk.turns[-1]}


def table(talk: Talk) -> tuple[str, bytes]:
    target = io.StringIO(newline="")
    row = {**prompt(talk), "system": talk.system}
    writer = csv.DictWriter(target, row, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(row)
    return "f.csv", target.getvalue().encode()


def logged(talk: Talk) -> tuple[str, bytes]:
    value = converse(talk)
    asked = {**value, "messages": value["messages"][:-1]}
    answered = {"output": {"message": value["messages"][-1]}, "stopReason": "end_turn"}
    return "logs.json.gz", gzip.compress(lines(entry(asked, answered)))


SHAPES: dict[str, Callable[[Talk], tuple[str, bytes]]] = {
    "converse": as_line(converse),
    "converse with reasoning": as_line(reasoned),
    "converse with an image": as_line(showing),
    "anthropic": as_line(anthropic),
    "anthropic in blocks": as_line(blocks),
    "openai": as_line(openai),
    "prompt and completion": as_line(prompt),
    "table": table,
    "invocation log": logged,
}
NEEDS: dict[str, Callable[[Model], bool]] = {
    "converse with reasoning": lambda model: model.reasoning,
    "converse with an image": lambda model: "image" in model.media,
}


def check(file: str, data: bytes, model: Model) -> CheckedFile:
    checked = check_file([data], model, file=file)
    assert [problem for problem in checked.problems if problem.rule != "TS043"] == []
    assert checked.valid == 1
    return checked


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(TALKS, st.data())
def test_a_valid_record_of_any_shape_is_valid_again_once_it_is_written(
    shape: str, talk: Talk, data: st.DataObject
) -> None:
    fitting = [model for model in MODELS if shape not in NEEDS or NEEDS[shape](model)]
    model = data.draw(st.sampled_from(fitting))
    once = check(*SHAPES[shape](talk), model)
    written = b"".join(contents(once.records, model.record_format))
    again = check("train.jsonl", written, model)
    assert again.changes == {}
    assert b"".join(contents(again.records, model.record_format)) == written
    # What a record opens with is told before it is made to fit.
    assert [replace(record, opening_key=b"") for record in again.records] == [
        replace(record, opening_key=b"") for record in once.records
    ]
    if not once.changes:
        assert again.records == once.records
    [meant] = [json.loads(line) for line in conversations(written).splitlines()]
    texts = [
        "".join(block.get("text", "") for block in each["content"]) for each in meant["messages"]
    ]  # fmt: skip
    if not once.changes and shape not in ("prompt and completion", "table"):
        assert texts == list(talk.turns)
    assert texts[-1] == talk.turns[-1]
