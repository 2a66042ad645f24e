"""Where do a million records wait? Their lines in a temporary file, what they are compared by in arrays.

A record takes some 90 bytes of memory, however long its line is.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.records import KEY_BYTES, Record

Keys = NDArray[np.uint64]
"""Digests, a row of two words each, the first the more significant."""
Rows = NDArray[np.int64]

_BUFFER: Final = 1 << 20
_ROWS: Final = 1 << 8
_HELD: Final = 64 << 20
"""Bytes read after which the file's pages are given back: they would count as this process's memory."""
_AROUND: Final = 256 << 10
"""Bytes that the system maps with a line, of what it has at hand, at most: by its kind of file system."""
_NEWLINE: Final = ord("\n")
_NO_GROUP: Final = bytes(KEY_BYTES)
_COLUMNS: Final = (
    "content_keys",
    "prompt_keys",
    "opening_keys",
    "groups",
    "prompt_tokens",
    "answer_tokens",
    "numbers",
    "offsets",
)


class RecordSpool:
    """Records that are only added; the file vanishes with the spool."""

    def __init__(self, *, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(buffering=_BUFFER, dir=folder)  # noqa: SIM115 (closed at the end)
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])
        self._map: mmap.mmap | None = None
        self._read = 0
        self.content_keys, self.prompt_keys = bytearray(), bytearray()
        self.opening_keys, self.groups = bytearray(), bytearray()
        self.prompt_tokens, self.answer_tokens = array("I"), array("I")
        self.numbers, self.offsets = array("I"), array("Q")

    def __len__(self) -> int:
        return len(self.numbers)

    def append(self, record: Record) -> None:
        """Add a record."""
        self.extend(
            record.line + b"\n",
            content_keys=record.content_key,
            prompt_keys=record.prompt_key,
            opening_keys=record.opening_key,
            groups=record.group,
            prompt_tokens=[record.prompt_tokens],
            answer_tokens=[record.answer_tokens],
            numbers=[record.place[0]],
            offsets=[record.place[1]],
        )

    def extend(
        self,
        lines: bytes,
        *,
        content_keys: bytes,
        prompt_keys: bytes,
        opening_keys: bytes,
        groups: bytes,
        prompt_tokens: Iterable[int],
        answer_tokens: Iterable[int],
        numbers: Iterable[int],
        offsets: Iterable[int],
    ) -> None:
        """Add records by column, each as `Record` says; lines end in newlines, and groups may be none."""
        self._file.write(lines)
        ends = np.flatnonzero(np.frombuffer(lines, dtype=np.uint8) == _NEWLINE).astype(np.uint64)
        self._ends.frombytes((ends + np.uint64(self._ends[-1] + 1)).tobytes())
        self.content_keys += content_keys
        self.prompt_keys += prompt_keys
        self.opening_keys += opening_keys
        self.groups += groups or bytes(KEY_BYTES * len(ends))
        self.prompt_tokens.extend(prompt_tokens)
        self.answer_tokens.extend(answer_tokens)
        self.numbers.extend(numbers)
        self.offsets.extend(offsets)

    def columns(self) -> tuple[Any, ...]:
        """Give all but the lines, which are in the file by then, for `restore` in another process."""
        self._file.flush()
        return (self._ends, *(getattr(self, name) for name in _COLUMNS))

    def restore(self, columns: tuple[Any, ...]) -> None:
        """Take over the columns of this very spool, which a forked process has filled."""
        self._ends, *others = columns
        for name, column in zip(_COLUMNS, others, strict=True):
            setattr(self, name, column)

    def join(self, later: RecordSpool) -> None:
        """Add another spool's records."""
        shift = self._ends[-1]
        later._file.flush()
        for start in range(0, later._ends[-1], _BUFFER):
            self._file.write(os.pread(later._file.fileno(), _BUFFER, start))
        ends = np.frombuffer(later._ends, dtype=np.uint64)[1:] + np.uint64(shift)
        self._ends.frombytes(ends.tobytes())
        for name in _COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(later, name))

    def lengths(self) -> Rows:
        """Tell the bytes of each record's line."""
        ends: Rows = np.array(self._ends, dtype=np.int64)
        return ends[1:] - ends[:-1]

    def line(self, row: int) -> bytes:
        """Read a record's line, without its newline."""
        line = self._mapped()[self._ends[row] : self._ends[row + 1] - 1]
        self._count_read(_AROUND)
        return line

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """Read the lines of rows, without their newlines."""
        for block in self._cut(rows):
            yield from [line[:-1] for line in block]

    def content(self, rows: Rows) -> Iterator[bytes]:
        """Read the lines of rows with their newlines, many in one piece."""
        for block in self._cut(rows):
            yield b"".join(block)

    def record(self, row: int) -> Record:
        """Give a record with its line."""
        key = slice(row * KEY_BYTES, (row + 1) * KEY_BYTES)
        group = bytes(self.groups[key])
        return Record(
            line=self.line(row),
            content_key=bytes(self.content_keys[key]),
            prompt_key=bytes(self.prompt_keys[key]),
            opening_key=bytes(self.opening_keys[key]),
            prompt_tokens=self.prompt_tokens[row],
            answer_tokens=self.answer_tokens[row],
            group=b"" if group == _NO_GROUP else group,
            place=(self.numbers[row], self.offsets[row]),
        )

    def _cut(self, rows: Rows) -> Iterator[list[bytes]]:
        """Cut the lines of rows out of the file, with their newlines, some at a time."""
        for first in range(0, len(rows), _ROWS):
            block = rows[first : first + _ROWS]
            ends = np.frombuffer(self._ends, dtype=np.uint64)
            starts, stops = ends[block], ends[block + 1]
            del ends  # or nothing could be added
            sizes = np.cumsum(stops - starts)
            cuts = np.flatnonzero(np.diff(sizes // np.uint64(_BUFFER))) + 1
            for some, others in zip(np.split(starts, cuts), np.split(stops, cuts), strict=True):
                mapped = self._mapped()
                yield [mapped[one:other] for one, other in zip(some.tolist(), others.tolist(), strict=True)]
            self._count_read(_AROUND * np.unique(starts // np.uint64(_AROUND)).size)

    def _count_read(self, size: int) -> None:
        """Count what was mapped for lines: what is around them, too, of lines in any order most of it."""
        self._read += size
        if self._read >= _HELD:
            self._read = 0
            self._mapped().madvise(mmap.MADV_DONTNEED)

    def _mapped(self) -> mmap.mmap:
        """Map the file as far as it was written."""
        if self._map is None or len(self._map) < self._ends[-1]:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), self._ends[-1], access=mmap.ACCESS_READ)
        return self._map


class Records(Sequence[Record]):
    """Some records of a spool, which is complete, in an order of their own."""

    def __init__(
        self, spool: RecordSpool, rows: Rows | None = None, spell: Callable[[bytes], bytes] | None = None
    ) -> None:
        self._spool = spool
        self._spell = spell
        self.rows: Rows = np.arange(len(spool), dtype=np.int64) if rows is None else rows

    def __len__(self) -> int:
        return int(self.rows.size)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> Record | Records:
        if isinstance(index, slice):
            return Records(self._spool, self.rows[index], self._spell)
        record = self._spool.record(int(self.rows[index]))
        return record if self._spell is None else replace(record, line=self._spell(record.line))

    def __eq__(self, other: object) -> bool:
        """Tell whether the records are equal, one by one."""
        if not isinstance(other, Records):
            return NotImplemented
        return len(self) == len(other) and all(map(Record.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def take(self, indices: Sequence[int] | Rows) -> Records:
        """Choose records by index, in that order."""
        return Records(self._spool, self.rows[np.asarray(indices, dtype=np.int64)], self._spell)

    def as_taken_in(self) -> Records:
        """Give the same records, each line of which is spelled as it came."""
        return Records(self._spool, self.rows)

    def spelled(self, spell: Callable[[bytes], bytes]) -> Records:
        """Give the same records, each line of which is spelled anew when it is read."""
        return Records(self._spool, self.rows, spell)

    def line(self, index: int) -> bytes:
        """Read one record's line."""
        line = self._spool.line(int(self.rows[index]))
        return line if self._spell is None else self._spell(line)

    def lines(self) -> Iterator[bytes]:
        """Read the records' lines."""
        lines = self._spool.lines(self.rows)
        return lines if self._spell is None else map(self._spell, lines)

    def content(self) -> Iterator[bytes]:
        """Read the records as a JSONL file, many lines in one piece."""
        if self._spell is None:
            return self._spool.content(self.rows)
        return (line + b"\n" for line in self.lines())

    @property
    def numbers(self) -> Rows:
        """Number of each record's line."""
        return np.array(self._spool.numbers, dtype=np.int64)[self.rows]

    def places(self) -> list[tuple[int, int]]:
        """Tell each record's line and byte offset."""
        numbers, offsets = self._spool.numbers, self._spool.offsets
        return [(numbers[row], offsets[row]) for row in self.rows.tolist()]

    @property
    def line_bytes(self) -> int:
        """Length of all the lines together, as they were taken in."""
        return int(self._spool.lengths()[self.rows].sum())

    @property
    def content_keys(self) -> Keys:
        """Digests of the contents."""
        return self._keys(self._spool.content_keys)

    @property
    def prompt_keys(self) -> Keys:
        """Digests of what is asked."""
        return self._keys(self._spool.prompt_keys)

    @property
    def opening_keys(self) -> Keys:
        """Digests of the first turns."""
        return self._keys(self._spool.opening_keys)

    @property
    def groups(self) -> Keys:
        """Digests of the user's own group keys, zero without one."""
        return self._keys(self._spool.groups)

    @property
    def prompt_tokens(self) -> NDArray[np.int64]:
        """Estimated tokens of the prompts."""
        return np.array(self._spool.prompt_tokens, dtype=np.int64)[self.rows]

    @property
    def answer_tokens(self) -> NDArray[np.int64]:
        """Estimated tokens of the answers."""
        return np.array(self._spool.answer_tokens, dtype=np.int64)[self.rows]

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Estimated tokens of prompt and answer together."""
        return self.prompt_tokens + self.answer_tokens

    def _keys(self, column: bytearray) -> Keys:
        return np.frombuffer(column, dtype=">u8").astype(np.uint64).reshape(-1, 2)[self.rows]


def in_order(keys: Keys) -> Rows:
    """Order digests by their bytes; equal ones stay in the order of their rows."""
    return np.lexsort((keys[:, 1], keys[:, 0]))


def numbered(*columns: Keys) -> tuple[Rows, ...]:
    """Number different digests in the order of their bytes, over all columns alike."""
    keys = np.concatenate(columns)
    order = in_order(keys)
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.cumsum(first_of_each(keys[order])) - 1
    return tuple(np.split(numbers, np.cumsum([len(column) for column in columns])[:-1]))


def first_of_each(ordered: Keys) -> NDArray[np.bool_]:
    """Mark where another digest begins in digests that stand in order."""
    begins = np.ones(len(ordered), dtype=np.bool_)
    begins[1:] = np.any(ordered[1:] != ordered[:-1], axis=1)
    return begins


def hexadecimal(keys: Keys) -> list[str]:
    """Spell digests, each by 32 digits."""
    digits = keys.astype(">u8").tobytes().hex()
    return [digits[place : place + 2 * KEY_BYTES] for place in range(0, len(digits), 2 * KEY_BYTES)]


def from_hexadecimal(spelled: Iterable[str]) -> Keys:
    """Read what `hexadecimal` has spelled."""
    return np.frombuffer(bytes.fromhex("".join(spelled)), dtype=">u8").astype(np.uint64).reshape(-1, 2)
