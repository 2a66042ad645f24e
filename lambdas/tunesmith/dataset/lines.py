"""Where does each line of a file begin and end? A stream cut at its newlines, some lines at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from tunesmith.dataset.compression import UnreadableFileError
from tunesmith.dataset.rules import MAX_LINE_BYTES, Finding

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
BATCH_BYTES: Final = 1 << 16
"""What numpy makes of so many bytes stays in a processor's cache."""
_TOO_LONG: Final = Finding(
    "TS007", f"The line is longer than {MAX_LINE_BYTES:,} bytes, more than any record can have."
)


class Line(NamedTuple):
    """A line, or what stands for one in a table: number from 1, byte offset in the plain file from 0."""

    number: int
    offset: int
    body: bytes
    fault: Finding | None
    """Why it is no record, where that shows already."""


class Batch(NamedTuple):
    """Lines one after another, without their newlines."""

    numbers: Sequence[int]
    """From 1."""
    offsets: Sequence[int]
    """Of each line's first byte in the file, from 0."""
    bodies: list[bytes]
    fault: Finding | None = None
    """Why the last line cannot be read, where it cannot."""

    def lines(self) -> Iterator[Line]:
        """Give the lines one by one."""
        last = len(self.bodies) - 1
        for place, body in enumerate(self.bodies):
            fault = self.fault if place == last else None
            yield Line(self.numbers[place], self.offsets[place], body, fault)

    def behind(self, count: int) -> Batch:
        """Leave out the first lines."""
        return Batch(self.numbers[count:], self.offsets[count:], self.bodies[count:], self.fault)


def cut_batches(chunks: Iterable[bytes], *, number: int = 1, offset: int = 0) -> Iterator[Batch]:
    """Cut a stream at its newlines; of a line that is too long only the start is kept.

    `number` and `offset` are those of the first line, where the stream is a later part of a file.

    Where the stream breaks off, the last line says why, and what it held is left out.
    """
    length = 0
    pieces: list[bytes] = []
    try:
        for chunk in chunks:
            start = 0
            while start < len(chunk):
                stop = min(start + BATCH_BYTES, len(chunk))
                if length > MAX_LINE_BYTES - BATCH_BYTES:  # a line has grown too long, or may do so
                    first = chunk.find(b"\n", start, stop)
                    if first >= 0 and length + first - start > MAX_LINE_BYTES:
                        yield Batch([number], [offset], [_start_of(pieces, chunk[start:first])], _TOO_LONG)
                        number, offset = number + 1, offset + length + first - start + 1
                        pieces, length, start = [], 0, first + 1
                end = chunk.rfind(b"\n", start, stop)
                if end >= 0:
                    content = chunk[start:end]
                    bodies = (b"".join([*pieces, content]) if pieces else content).split(b"\n")
                    offsets = list(accumulate([len(body) + 1 for body in bodies], initial=offset))
                    yield Batch(range(number, number + len(bodies)), offsets[:-1], bodies)
                    number, offset = number + len(bodies), offsets[-1]
                    pieces, length, start = [], 0, end + 1
                if length <= MAX_LINE_BYTES and start < stop:
                    pieces.append(chunk[start:stop])
                length += stop - start
                start = stop
    except UnreadableFileError as error:
        yield Batch([number], [offset], [b""], Finding(error.rule, error.reason))
        return
    if length:
        fault = _TOO_LONG if length > MAX_LINE_BYTES else None
        yield Batch([number], [offset], [_start_of(pieces)], fault)


def in_batches(lines: Iterable[Line]) -> Iterator[Batch]:
    """Put lines together that are looked at together."""
    numbers: list[int] = []
    offsets: list[int] = []
    bodies: list[bytes] = []
    size = 0
    for line in lines:
        numbers.append(line.number)
        offsets.append(line.offset)
        bodies.append(line.body)
        size += len(line.body)
        if line.fault is not None or size >= BATCH_BYTES:
            yield Batch(numbers, offsets, bodies, line.fault)
            numbers, offsets, bodies, size = [], [], [], 0
    if bodies:
        yield Batch(numbers, offsets, bodies)


def _start_of(pieces: Sequence[bytes], last: bytes = b"") -> bytes:
    return b"".join([*pieces, last])[:MAX_LINE_BYTES]
