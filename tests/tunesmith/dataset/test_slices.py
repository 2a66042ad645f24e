"""A file that is checked slice by slice is found to be what it is when checked whole."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
from tunesmith.dataset.slices import (
    Joined,
    Opener,
    changed_format,
    check_slice,
    plan_slices,
    with_format_from,
)
from tunesmith.job_sections import DataFiles

MICRO = find_model("nova-micro")
FILLING = "x" * 370
SLICE = 20_000


def opener(content: bytes, piece: int = 70_000) -> Opener:
    def opened(start: int) -> Iterator[bytes]:
        for place in range(start, len(content), piece):
            yield content[place : place + piece]

    return opened


def chat(number: int, answer: str = "yes") -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": f"{number} {FILLING}"},
            {"role": "assistant", "content": answer},
        ]
    }


def openai(number: int) -> dict[str, Any]:
    return {"messages": [{"role": "system", "content": "Be brief."}, *chat(number)["messages"]]}


def content(count: int, seed: int = 1, **more: bytes) -> bytes:
    """Chats with every sort of bad line among them, some at the seams by chance."""
    drawn = random.Random(seed)
    bad = [b"", b"{", b"\xef\xbb\xbf{}", b'{"messages": []}', b"no record", b"\xff" * 900, b"   ", b"[1]"]
    lines = [
        drawn.choice(bad) if drawn.random() < 0.1 else json.dumps(chat(number)).encode()
        for number in range(count)
    ]
    return b"\n".join(lines)


def assert_same(body: bytes, *, file: str = "train.jsonl", whole: bool = False, **given: Any) -> None:
    data = DataFiles(train=file, **given)
    opened = opener(body)
    plan = plan_slices(
        len(body), opened, MICRO, record_format=data.format, group_key=data.group_key, slice_bytes=SLICE
    )
    assert (len(plan) == 1) is whole
    found = [check_slice(opened, each, MICRO, file=file, data=data) for each in plan]
    turned = changed_format(plan, [facts for facts, _ in found])
    if turned is not None:
        plan = with_format_from(plan, turned, found[turned][0].format)
        found = [check_slice(opened, each, MICRO, file=file, data=data) for each in plan]
    joined = Joined()
    places = set()
    for facts, checked in found:
        joined.add(facts)
        lines, offset = joined.starts[-1]
        places |= {(number + lines, at + offset) for number, at in checked.records.places()}
    at_once = check_file(
        [body],
        MICRO,
        file=file,
        record_format=data.format,
        group_key=data.group_key,
        columns=data.columns,
        sensitive=data.sensitive,
        mends=data.on_error == "fix",
    )
    assert tuple(joined.problems) == at_once.problems
    assert dict(sorted(joined.by_rule.items())) == at_once.by_rule
    assert (joined.read, joined.valid, joined.format) == (at_once.read, at_once.valid, at_once.format)
    assert dict(sorted(joined.changes.items())) == at_once.changes
    assert dict(sorted(joined.fixed.items())) == at_once.fixed
    assert places == set(at_once.records.places())


@pytest.mark.parametrize("seed", range(3))
def test_slices_find_what_the_whole_shows(seed: int) -> None:
    assert_same(content(160, seed))


def test_a_format_that_is_named_stays() -> None:
    assert_same(content(120), format="anthropic_messages")


@pytest.mark.parametrize("late", [60, 120])
def test_a_chat_that_turns_out_late_to_be_openais_is_openais_from_there_on(late: int) -> None:
    lines = [json.dumps(openai(number) if number == late else chat(number)) for number in range(180)]
    lines[170] = json.dumps({"system": "", **chat(170)})
    assert_same("\n".join(lines).encode())


def test_a_group_key_is_taken_from_every_slice() -> None:
    lines = [json.dumps({**chat(number), "meta": {"customer": number % 7}}) for number in range(120)]
    del lines[100]
    assert_same("\n".join([*lines, json.dumps(chat(1))]).encode(), group_key="meta.customer")


def test_a_line_longer_than_a_slice_belongs_to_the_slice_it_begins_in() -> None:
    lines = [json.dumps(chat(number)).encode() for number in range(100)]
    lines[50] = json.dumps(chat(50, "y" * (2 * SLICE))).encode()
    assert_same(b"\n".join(lines) + b"\n")


def test_what_can_only_be_read_from_its_beginning_stays_whole() -> None:
    rows = b"prompt,completion\n" + b"".join(
        b"what is %d %s,yes\n" % (n, FILLING.encode()) for n in range(500)
    )
    assert_same(rows, file="train.csv", whole=True)
    drawn = random.Random(1)
    letters = [chat(number, drawn.randbytes(200).hex()) for number in range(240)]
    packed = gzip.compress("\n".join(map(json.dumps, letters)).encode())
    assert len(packed) > SLICE
    assert_same(packed, whole=True)
    assert_same(b"no record\n" * 4_000, whole=True)
    assert_same(content(20), whole=True)
