"""How is one file checked in many places at once, with the result of checking it in one?

A slice holds the lines that begin in it. They are checked behind a first line of our own: it is no record, it
shows the format that the lines before have shown, and it keeps the slice from being taken for the
start of a table, a log or a compressed file. What is found of it is taken out again.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.compression import UnreadableFileError, plain
from tunesmith.dataset.engine import MOST_PROBLEMS, CheckedFile, Problem, check_file
from tunesmith.dataset.formats import detect_format
from tunesmith.dataset.invocation_logs import is_log
from tunesmith.dataset.lines import BYTE_ORDER_MARK, cut_batches
from tunesmith.dataset.rules import UnreadableLineError, read_object
from tunesmith.job import DataFiles

SLICE_BYTES: Final = 32 << 20
HEAD_BYTES: Final = 1 << 20
"""What is read of a file, at most a slice, to see what it is."""
_LEAD: Final = b'{"system":"","messages":[]}'.ljust(600) + b"\n"

Opener = Callable[[int], Iterable[bytes]]
"""Gives a file's content from a byte on, in pieces."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A part of a file, `end` excluded; a file that is only read from its beginning has one, without end."""

    start: int = 0
    end: int | None = None
    format: UploadFormat | None = None
    """What is known of the format where the slice begins; None at a file's start, if the job does not say."""


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


def plan_slices(size: int, opened: Opener, data: DataFiles, *, slice_bytes: int = SLICE_BYTES) -> list[Slice]:
    """Cut a file of JSON lines; a table, a log or a compressed file stays whole, as does a short one."""
    whole = [Slice(format=data.format)]
    if size <= slice_bytes:
        return whole
    shown = _shown_format(_head(opened, min(slice_bytes, HEAD_BYTES)), data.group_key)
    if shown is None:
        return whole
    starts = range(0, size, slice_bytes)
    known = data.format or shown
    first, *others = [Slice(start=start, end=start + starts.step, format=known) for start in starts]
    return [replace(first, format=data.format), *others]


def with_format_from(slices: Sequence[Slice], number: int, record_format: UploadFormat) -> list[Slice]:
    """Say that the slices behind a number begin in another format: their check is to be made anew."""
    return [
        replace(each, format=record_format) if place > number else each for place, each in enumerate(slices)
    ]


def changed_format(slices: Sequence[Slice], facts: Sequence[SliceFacts], data: DataFiles) -> int | None:
    """Find the first slice within which a chat turned out to be OpenAI's, where the next do not know it."""
    if data.format is not None:
        return None
    for number, (each, following) in enumerate(zip(facts, slices[1:], strict=False)):
        if each.format == "openai_chat" and following.format == "anthropic_messages":
            return number
    return None


def check_slice(
    opened: Opener, part: Slice, model: Model, *, file: str, data: DataFiles
) -> tuple[SliceFacts, CheckedFile]:
    """Check the lines that begin in a slice; the places of its records count as those of its facts."""
    lead = (1, len(_LEAD)) if part.start > 0 else (0, 0)
    content = _Content(opened, part)
    # An Anthropic chat may still turn out to be OpenAI's, unless the job says what it is: the lead shows it.
    is_open = data.format is None and part.format == "anthropic_messages"
    checked = check_file(
        content,
        model,
        file=file,
        record_format=None if is_open else part.format,
        group_key=data.group_key,
        columns=data.columns,
        sensitive=data.sensitive,
    )
    problems = [each for each in checked.problems if each.line > lead[0]]
    by_rule = Counter(checked.by_rule)
    by_rule.subtract(each.rule for each in checked.problems[: len(checked.problems) - len(problems)])
    facts = SliceFacts(
        lines=content.newlines,
        lines_before=-lead[0],
        bytes_before=content.first - lead[1],
        read=checked.read - lead[0],
        valid=checked.valid,
        by_rule=dict(+by_rule),
        problems=tuple(problems),
        format=checked.format,
        changes=dict(checked.changes),
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
            (self.sensitive, facts.sensitive),
        ):
            total.update(more)
        self.sensitive_records += facts.sensitive_records
        self.format = facts.format
        self.stopped = facts.stopped


def _head(opened: Opener, size: int) -> bytes:
    """Read a file's first whole lines, up to a size; nothing where it is no plain text."""
    head = b""
    for chunk in opened(0):
        head += chunk
        if len(head) >= size:
            break
    head = head[:size]
    try:
        content = b"".join(plain([head]))
    except UnreadableFileError:
        return b""
    return head[: head.rfind(b"\n") + 1] if content == head else b""


def _shown_format(head: bytes, group_key: str | None) -> UploadFormat | None:
    """Tell the format that the first line with one shows; None where none does, or the first is no record."""
    is_first = True
    for line in (line for batch in cut_batches([head]) for line in batch.lines()):
        body = line.body.removeprefix(BYTE_ORDER_MARK) if line.number == 1 else line.body
        if not body.strip():
            continue
        if is_first and not body.lstrip().startswith(b"{"):
            return None
        try:
            value = read_object(body)
        except UnreadableLineError:
            is_first = False
            continue
        if is_first and is_log(value):
            return None
        is_first = False
        if group_key:
            value.pop(group_key.split(".")[0], None)
        if (shown := detect_format(value)) is not None:
            return shown
    return None


class _Content:
    """The lines that begin in a slice, in pieces; how many they are and where, once they were read."""

    def __init__(self, opened: Opener, part: Slice) -> None:
        self._opened, self._part = opened, part
        self.newlines = 0
        self.first = part.start

    def __iter__(self) -> Iterator[bytes]:
        if self._part.start > 0:
            yield _LEAD
        for piece in self._pieces():
            self.newlines += piece.count(b"\n")
            yield piece

    def _pieces(self) -> Iterator[bytes]:
        # What stands before the slice's first line, to the newline that ends it, is the slice's before.
        position = max(self._part.start - 1, 0)
        end = math.inf if self._part.end is None else self._part.end
        is_inside = self._part.start == 0
        for piece in self._opened(position):
            chunk = piece
            if not is_inside:
                found = chunk.find(b"\n") + 1
                position += found or len(chunk)
                if position >= end:
                    return
                if not found:
                    continue
                is_inside, self.first, chunk = True, position, chunk[found:]
            if position + len(chunk) >= end:
                last = chunk.find(b"\n", max(int(end) - 1 - position, 0)) + 1
                if last:
                    yield chunk[:last]
                    return
            position += len(chunk)
            yield chunk
