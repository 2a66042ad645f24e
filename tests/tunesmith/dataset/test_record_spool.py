"""Records wait outside of memory and come back as they were, in any order."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.dataset import record_spool
from tunesmith.dataset.record_spool import Records, RecordSpool, in_order, numbered
from tunesmith.dataset.records import Record, digest

KEYS = st.binary(min_size=16, max_size=16)
RECORDS = st.builds(
    Record,
    line=st.binary(max_size=30).filter(lambda line: b"\n" not in line),
    content_key=KEYS,
    prompt_key=KEYS,
    opening_key=KEYS,
    prompt_tokens=st.integers(0, 2**32 - 1),
    answer_tokens=st.integers(0, 9),
    group=st.just(b"") | KEYS.filter(any),
    place=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**63)),
)


def spooled(records: list[Record]) -> Records:
    spool = RecordSpool()
    for record in records:
        spool.append(record)
    return Records(spool)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(RECORDS, max_size=12), st.data())
def test_records_come_back_as_they_were_in_the_order_that_is_asked_for(
    records: list[Record], data: st.DataObject
) -> None:
    found = spooled(records)
    assert [(each, each.place) for each in found] == [(each, each.place) for each in records]
    chosen = data.draw(st.lists(st.sampled_from(range(len(records))), max_size=20)) if records else []
    taken = found.take(chosen)
    assert list(taken) == [records[index] for index in chosen]
    assert list(taken.lines()) == [records[index].line for index in chosen]
    assert taken.tokens.tolist() == [records[index].tokens for index in chosen]
    assert list(taken[1:3]) == list(taken)[1:3]
    assert found == spooled(records)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(KEYS | st.sampled_from([bytes(16), bytes(15) + b"\1", b"\1" + bytes(15)]), max_size=12))
def test_keys_are_numbered_in_the_order_of_their_bytes(keys: list[bytes]) -> None:
    words = np.frombuffer(b"".join(keys), dtype=">u8").astype(np.uint64).reshape(-1, 2)
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    first, second = numbered(words, words[:2])
    assert first.tolist() == [places[key] for key in keys]
    assert second.tolist() == [places[key] for key in keys[:2]]
    assert [keys[row] for row in in_order(words).tolist()] == sorted(keys)


def test_a_record_takes_some_90_bytes_of_memory_however_long_it_is() -> None:
    count = 20_000
    record = Record(b"x" * 1_500, digest(b"a"), digest(b"b"), digest(b"c"), 1, 2)
    tracemalloc.start()
    spool = RecordSpool()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(count):
        spool.append(record)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / count < 115
    assert len(Records(spool)) == count


def resident_file_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("RssFile:")[2].split()[0]) << 10


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell what is mapped")
@pytest.mark.parametrize("one_by_one", [False, True])
def test_lines_in_any_order_are_read_without_the_file_in_memory(
    monkeypatch: pytest.MonkeyPatch, one_by_one: bool
) -> None:
    monkeypatch.setattr(record_spool, "_HELD", 4 << 20)
    monkeypatch.setattr(record_spool, "_ROWS", 16)
    spool = RecordSpool()
    line, key = b"x" * 8_000, bytes(16)
    for _ in range(8_000):
        spool.append(Record(line, key, key, key, prompt_tokens=1, answer_tokens=1, place=(1, 0)))
    rows = np.random.default_rng(1).permutation(len(spool))
    before = most = resident_file_bytes()
    lines = map(spool.line, rows.tolist()) if one_by_one else spool.lines(rows)
    for number, found in enumerate(lines):
        assert found == line
        if number % 100 == 0:
            most = max(most, resident_file_bytes())
    assert most - before < 30 << 20
