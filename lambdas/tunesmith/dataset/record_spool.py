"""Where do a million records wait? Their lines in a temporary file, what they are compared by in arrays.

A record takes some 90 bytes of memory, however long its line is.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.records import KEY_BYTES, Record

Keys = NDArray[np.uint64]
"""Digests, a row of two words each, the first the more significant."""
Rows = NDArray[np.int64]

_BUFFER: Final = 1 << 20
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
        self._flushed = True
        self.content_keys, self.prompt_keys = bytearray(), bytearray()
        self.opening_keys, self.groups = bytearray(), bytearray()
        self.prompt_tokens, self.answer_tokens = array("I"), array("I")
        self.numbers, self.offsets = array("I"), array("Q")

    def __len__(self) -> int:
        return len(self.numbers)

    def append(self, record: Record) -> None:
        """Add a record."""
        self.extend(
            [record.line],
            content_keys=record.content_key,
            prompt_keys=record.prompt_key,
            opening_keys=record.opening_key,
            groups=record.group,
            prompt_tokens=[record.prompt_tokens],
            answer_tokens=[record.answer_tokens],
            places=[record.place],
        )

    def extend(
        self,
        lines: Sequence[bytes],
        *,
        content_keys: bytes,
        prompt_keys: bytes,
        opening_keys: bytes,
        groups: bytes,
        prompt_tokens: Iterable[int],
        answer_tokens: Iterable[int],
        places: Iterable[tuple[int, int]],
    ) -> None:
        """Add records by column, each as `Record` says; no groups at all where there are none."""
        self._file.write(b"".join(lines))
        self._flushed = False
        self._ends.extend(islice(accumulate(map(len, lines), initial=self._ends[-1]), 1, None))
        self.content_keys += content_keys
        self.prompt_keys += prompt_keys
        self.opening_keys += opening_keys
        self.groups += groups or bytes(KEY_BYTES * len(lines))
        self.prompt_tokens.extend(prompt_tokens)
        self.answer_tokens.extend(answer_tokens)
        for number, offset in places:
            self.numbers.append(number)
            self.offsets.append(offset)

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
        for start in range(0, later._ends[-1], _BUFFER):
            self._file.write(later._read(start, min(start + _BUFFER, later._ends[-1])))
        self._flushed = False
        ends = np.frombuffer(later._ends, dtype=np.uint64)[1:] + np.uint64(shift)
        self._ends.frombytes(ends.tobytes())
        for name in _COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(later, name))

    def lengths(self) -> Rows:
        """Tell the bytes of each record's line."""
        ends: Rows = np.array(self._ends, dtype=np.int64)
        return ends[1:] - ends[:-1]

    def line(self, row: int) -> bytes:
        """Read a record's line."""
        start, end = self._ends[row], self._ends[row + 1]
        return self._read(start, end)

    def lines(self, rows: Iterable[int]) -> Iterator[bytes]:
        """Read the lines of rows, neighbours in one go."""
        run: list[int] = []
        for row in rows:
            if run and (row != run[-1] + 1 or self._ends[row] - self._ends[run[0]] > _BUFFER):
                yield from self._run(run)
                run.clear()
            run.append(row)
        yield from self._run(run)

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

    def _run(self, rows: Sequence[int]) -> Iterator[bytes]:
        if not rows:
            return
        start = self._ends[rows[0]]
        content = self._read(start, self._ends[rows[-1] + 1])
        for row in rows:
            yield content[self._ends[row] - start : self._ends[row + 1] - start]

    def _read(self, start: int, end: int) -> bytes:
        if not self._flushed:
            self._file.flush()
            self._flushed = True
        return os.pread(self._file.fileno(), end - start, start)


class Records(Sequence[Record]):
    """Some records of a spool, which is complete, in an order of their own."""

    def __init__(self, spool: RecordSpool, rows: Rows | None = None) -> None:
        self._spool = spool
        self.rows: Rows = np.arange(len(spool), dtype=np.int64) if rows is None else rows

    def __len__(self) -> int:
        return int(self.rows.size)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> Record | Records:
        if isinstance(index, slice):
            return Records(self._spool, self.rows[index])
        return self._spool.record(int(self.rows[index]))

    def __eq__(self, other: object) -> bool:
        """Tell whether the records are equal, one by one."""
        if not isinstance(other, Records):
            return NotImplemented
        return len(self) == len(other) and all(map(Record.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def take(self, indices: Sequence[int] | Rows) -> Records:
        """Choose records by index, in that order."""
        return Records(self._spool, self.rows[np.asarray(indices, dtype=np.int64)])

    def line(self, index: int) -> bytes:
        """Read one record's line."""
        return self._spool.line(int(self.rows[index]))

    def lines(self) -> Iterator[bytes]:
        """Read the records' lines."""
        return self._spool.lines(self.rows.tolist())

    def places(self) -> list[tuple[int, int]]:
        """Tell each record's line and byte offset."""
        numbers, offsets = self._spool.numbers, self._spool.offsets
        return [(numbers[row], offsets[row]) for row in self.rows.tolist()]

    @property
    def line_bytes(self) -> int:
        """Length of all the lines together."""
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
