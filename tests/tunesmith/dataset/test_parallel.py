"""A file checked by several processes gives what one gives, and none is left behind."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.tunesmith.dataset.converse import pair
from tunesmith.catalogue import find_model
from tunesmith.dataset.engine import CheckedFile, Pass, check_file
from tunesmith.dataset.parallel import check_path

MICRO = find_model("nova-micro")
BROKEN = [
    b'{"messages": [',
    b"",
    b"\xef\xbb\xbf" + json.dumps(pair("behind a mark", "a")).encode(),
    b"\xff\xfe",
    b'{"prompt": "a"}',
]


def written(path: Path, lines: list[bytes], *, end: bytes = b"\n") -> Path:
    path.write_bytes(b"\n".join(lines) + end)
    return path


def chat(number: int, *roles: str) -> bytes:
    turns = [{"role": role, "content": f"{role} {number}"} for role in roles]
    return json.dumps({"messages": turns}).encode()


def known(found: CheckedFile) -> tuple[Any, ...]:
    """Spell all that a check finds."""
    records = found.records
    problems = [
        (*each_place, each.rule, each.excerpt) for each in found.problems for each_place in [_at(each)]
    ]
    return (
        found.to_json(),
        problems,
        list(records.lines()),
        records.places(),
        records.content_keys.tolist(),
        records.groups.tolist(),
        found.duplicates,
    )


def _at(problem: Any) -> tuple[int, int]:
    return problem.line, problem.offset


def by_one(path: Path, **options: Any) -> CheckedFile:
    return check_file([path.read_bytes()], MICRO, file=str(path), **options)


def by_many(path: Path, processes: int, **options: Any) -> CheckedFile:
    return check_path(path, MICRO, processes=processes, least_bytes=0, **options)


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_many_processes_find_what_one_finds(tmp_path: Path, seed: int, processes: int) -> None:
    chance = random.Random(seed)
    lines = []
    for number in range(400):
        text = f"question {number % 350} " + "mail me at a.person@example.org " * (chance.random() < 0.1)
        record = {**pair(text, "é" * chance.randint(1, 400)), "tenant": number % 7}
        lines.append(chance.choice(BROKEN) if chance.random() < 0.1 else json.dumps(record).encode())
    lines[0] = json.dumps(pair("first", "a")).encode()
    path = written(tmp_path / "train.jsonl", lines, end=chance.choice([b"", b"\n", b"\r\n"]))
    options: dict[str, Any] = {"group_key": "tenant", "sensitive": chance.choice(["report", "refuse"])}
    options["mends"] = chance.random() < 0.5
    assert known(by_many(path, processes, **options)) == known(by_one(path, **options))


@pytest.mark.parametrize("place", [30, 120, 199])
def test_a_format_that_shows_late_is_the_same_for_all(tmp_path: Path, place: int) -> None:
    lines = [chat(number, "user", "assistant") for number in range(200)]
    lines[place] = chat(place, "system", "user", "assistant")
    path = written(tmp_path / "train.jsonl", [*lines, chat(200, "system", "user", "assistant")] * 2)
    for processes in (2, 3):
        assert known(by_many(path, processes)) == known(by_one(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"no newline",
        json.dumps(pair("only one", "a")).encode(),
        b"\xef\xbb\xbf" + json.dumps(pair("a mark", "a")).encode() + b"\n\n\n",
        b"prompt,completion\na,b\nc,d\n",
        b"\x1f\x8b broken",
    ],
)
def test_small_and_odd_files_are_checked_as_by_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(content)
    assert known(by_many(path, 4)) == known(by_one(path))


def test_a_process_that_dies_is_told_of_and_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "train.jsonl", [json.dumps(pair(str(n), "a")).encode() for n in range(300)])
    monkeypatch.setattr(Pass, "state", lambda _: os._exit(9))
    started: list[int] = []
    fork = os.fork

    def noted() -> int:
        started.append(fork())
        return started[-1]

    monkeypatch.setattr(os, "fork", noted)
    with pytest.raises(ChildProcessError, match=r"bytes [\d,]+ to [\d,]+ of .*train\.jsonl ended with 9"):
        by_many(path, 3)
    assert len(started) == 2
    for process in started:  # not any process of ours: other tests may have some that still run
        with pytest.raises(ChildProcessError):  # what waitpid says where there is no such child
            os.waitpid(process, os.WNOHANG)
