"""Where does each line of a file begin and end? A stream cut at its newlines, none too long to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tunesmith.dataset.compression import UnreadableFileError
from tunesmith.dataset.rules import MAX_LINE_BYTES, Finding

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
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


def cut_lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    """Cut a stream at its newlines; of a line that is too long only the start is kept.

    Where the stream breaks off, the last line says why, and what it held is left out.
    """
    number, offset, length = 1, 0, 0
    pieces: list[bytes] = []

    def finished() -> Line:
        body = b"".join(pieces)
        return Line(number, offset, body[:MAX_LINE_BYTES], _TOO_LONG if length > MAX_LINE_BYTES else None)

    try:
        for chunk in chunks:
            start = 0
            while (end := chunk.find(b"\n", start)) >= 0:
                pieces.append(chunk[start:end])
                length += end - start
                yield finished()
                number, offset, length = number + 1, offset + length + 1, 0
                pieces.clear()
                start = end + 1
            if start < len(chunk):
                if length <= MAX_LINE_BYTES:
                    pieces.append(chunk[start:])
                length += len(chunk) - start
    except UnreadableFileError as error:
        yield Line(number, offset, b"", Finding(error.rule, error.reason))
        return
    if length:
        yield finished()
