"""How is one file cut to be checked in many places at once, with the result of checking it in one?

A slice holds the lines that begin in it, and is checked with the format that the lines before have shown.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.engine import MOST_PROBLEMS, CheckedFile, Pass, Problem, shown_format
from tunesmith.dataset.lines import cut_batches
from tunesmith.dataset.sources import read_source
from tunesmith.job_sections import DataFiles

SLICE_BYTES: Final = 32 << 20
HEAD_BYTES: Final = 1 << 20
"""What is read of a file, at most a slice, to see what it is."""

Opener = Callable[[int], Iterable[bytes]]
"""Gives a file's content from a byte on, in pieces."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A part of a file, `end` excluded; a file that is only read from its beginning has one, without end."""

    start: int = 0
    end: int | None = None
    format: UploadFormat | None = None
    """What the lines before have shown; None at a file's start."""


@dataclass(frozen=True, kw_only=True)
class SliceFacts:
    """What a slice's check found beside the records; lines and offsets count as the check saw them."""

    lines: int
    lines_before: int
    """To be added, with the lines of the slices before, to the number of a line."""
    bytes_before: int
    """To be added to a line's offset."""
    read: int
    valid: int
    by_rule: Mapping[str, int]
    problems: tuple[Problem, ...]
    format: UploadFormat
    changes: Mapping[str, int]
    fixed: Mapping[str, int]
    showing: Mapping[str, int]
    sensitive: Mapping[str, int]
    sensitive_records: int
    stopped: str

    def to_json(self) -> str:
        """Spell the facts as text."""
        return json.dumps(asdict(self))

    def without_problems(self) -> SliceFacts:
        """Leave the long part out."""
        return replace(self, problems=())

    @classmethod
    def from_json(cls, text: str) -> SliceFacts:
        """Read them again."""
        values = json.loads(text)
        problems = tuple(Problem(**each) for each in values["problems"])
        return cls(**{**values, "problems": problems})


def plan_slices(
    size: int,
    opened: Opener,
    model: Model,
    *,
    record_format: UploadFormat | None = None,
    group_key: str | None = None,
    slice_bytes: int = SLICE_BYTES,
) -> list[Slice]:
    """Cut a file of JSON lines; a table, a log or a compressed file stays whole, as does a short one."""
    known = None
    if size > slice_bytes:
        known = shown_format(_head(opened, min(slice_bytes, HEAD_BYTES)), model, record_format, group_key)
    if known is None:
        return [Slice()]
    return [
        Slice(start=at, end=min(at + slice_bytes, size), format=known if at else None)
        for at in range(0, size, slice_bytes)
    ]


def line_start(opened: Opener, at: int) -> int:
    """Find where the first line begins that does so at a byte or behind it; the file's end if none does."""
    if at == 0:
        return 0
    position = at - 1
    for piece in opened(position):
        found = piece.find(b"\n") + 1
        if found:
            return position + found
        position += len(piece)
    return position


def read_range(opened: Opener, start: int, end: int | None) -> Iterator[bytes]:
    """Read a range of a file in pieces."""
    if start == end:  # which may be the file's end, where nothing can be opened
        return
    for piece in opened(start):
        if end is None:
            yield piece
            continue
        yield piece[: end - start]
        start += len(piece)
        if start >= end:
            return


def with_format_from(slices: Sequence[Slice], number: int, record_format: UploadFormat) -> list[Slice]:
    """Say that the slices behind a number begin in another format: their check is to be made anew."""
    return [
        replace(each, format=record_format) if place > number else each for place, each in enumerate(slices)
    ]


def changed_format(slices: Sequence[Slice], facts: Sequence[SliceFacts]) -> int | None:
    """Find the first slice whose lines show another format than the next one was checked with."""
    for number, (each, following) in enumerate(zip(facts, slices[1:], strict=False)):
        if each.format != following.format:
            return number
    return None


def check_slice(
    opened: Opener, part: Slice, model: Model, *, file: str, data: DataFiles
) -> tuple[SliceFacts, CheckedFile]:
    """Check the lines that begin in a slice; the places of its records count as those of its facts."""
    first = line_start(opened, part.start)
    end = part.end and line_start(opened, part.end)
    newlines = 0

    def content() -> Iterator[bytes]:
        nonlocal newlines
        for piece in read_range(opened, first, end):
            newlines += piece.count(b"\n")
            yield piece

    found = Pass(
        model, data.format, data.group_key, data.sensitive, mends=data.on_error == "fix", known=part.format
    )
    if part.start:
        # Numbered from 2: only a file's own first line may begin with a byte order mark.
        found.run(cut_batches(content(), number=2))
    else:
        found.run(read_source(content(), file=file, columns=data.columns, group_key=data.group_key))
    checked = found.checked(file)
    facts = SliceFacts(
        lines=newlines,
        lines_before=-1 if part.start else 0,
        bytes_before=first,
        read=checked.read,
        valid=checked.valid,
        by_rule=dict(checked.by_rule),
        problems=checked.problems,
        format=checked.format,
        changes=dict(checked.changes),
        fixed=dict(checked.fixed),
        showing=dict(checked.showing),
        sensitive=dict(checked.sensitive),
        sensitive_records=checked.sensitive_records,
        stopped=checked.stopped,
    )
    return facts, checked


@dataclass(kw_only=True)
class Joined:
    """A file's slices put together, one after another."""

    starts: list[tuple[int, int]] = field(default_factory=list)
    """Of each slice, what is to be added to the lines and offsets of its records."""
    lines: int = 0
    read: int = 0
    valid: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    fixed: Counter[str] = field(default_factory=Counter)
    showing: Counter[str] = field(default_factory=Counter)
    sensitive: Counter[str] = field(default_factory=Counter)
    sensitive_records: int = 0
    format: UploadFormat | None = None
    stopped: str = ""

    def add(self, facts: SliceFacts) -> None:
        """Add the next slice."""
        before = (self.lines + facts.lines_before, facts.bytes_before)
        self.starts.append(before)
        room = MOST_PROBLEMS - len(self.problems)
        self.problems += [
            replace(each, line=each.line + before[0], offset=each.offset + before[1])
            for each in facts.problems[:room]
        ]
        self.lines += facts.lines
        self.read += facts.read
        self.valid += facts.valid
        for total, more in (
            (self.by_rule, facts.by_rule),
            (self.changes, facts.changes),
            (self.fixed, facts.fixed),
            (self.showing, facts.showing),
            (self.sensitive, facts.sensitive),
        ):
            total.update(more)
        self.sensitive_records += facts.sensitive_records
        self.format = facts.format
        self.stopped = facts.stopped


def _head(opened: Opener, size: int) -> bytes:
    head = b""
    for chunk in opened(0):
        head += chunk
        if len(head) >= size:
            break
    return head[:size]
