"""Where are the words of a text, and what numbers stand for them and for five of them in a row? In batches.

A text's words are its runs of letters, digits and underscores, in lower case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

U64: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Steps: TypeAlias = tuple[np.uint64, np.uint64, np.uint64]

SHINGLE: Final = 5
"""Words, or characters, of a shingle."""
SPACE: Final = 0x20
ANSWER_MARK: Final = "\x1e"
"""Stands in a text before the answer, if it has one; no word holds it."""

_MARK: Final = ord(ANSWER_MARK)
_BATCH_CHARACTERS: Final = 1 << 18
_BATCH_TEXTS: Final = 4_096
_LONG_WORD_BYTES: Final = 64
_UNDERSCORE: Final = ord("_")
# Odd multipliers of SplitMix64 and its kin; any odd numbers with well-spread bits would do.
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_LONG_WORD_STEP: Final = np.uint64(0x9FB21C651E98DF25)
WORD_STEPS: Final = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xD6E8FEB86659FD93),
    np.uint64(0xA0761D6478BD642F),
)
_BYTE_MASKS: Final = np.array([(1 << (8 * length)) - 1 for length in range(9)], dtype=np.uint64)
"""By a word's length; longer ones have the last."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch, in lower case where they stand in `data`."""

    data: NDArray[np.uint8]
    starts: Ints
    lengths: Ints
    counts: Ints
    """Words of each text."""
    hashes: U64
    prompts: Ints
    """Words of each text before its answer."""

    def windows(self) -> tuple[U64, Flags]:
        """Hash each five words in a row, and tell which five stand in one text."""
        values = runs_of_five(self.hashes)
        return values, begins_run(self.counts)[: values.size]


def words_of(batch: Sequence[str]) -> Words:
    """Find the words of some texts."""
    body, sizes = _encoded(batch)
    # The first space makes the first edge a start; the last ones let eight bytes be read at any word.
    raw = np.frombuffer(b"".join((b" ", body, b" " * 9)), dtype=np.uint8)
    # Lower case; digits have that bit, and what it makes of an underscore is the same everywhere.
    data = raw | np.uint8(SPACE)
    inside = data - np.uint8(ord("a")) < 26
    inside |= raw - np.uint8(ord("0")) < 10
    inside |= raw == _UNDERSCORE
    if not body.isascii():
        outside = raw >= 0x80
        inside |= outside
        np.copyto(data, raw, where=outside)
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    edges += 1
    starts = edges[0::2]
    lengths = edges[1::2] - starts
    ends: Ints = np.searchsorted(starts, np.cumsum(sizes + 1))
    counts = np.diff(ends, prepend=0)
    prompts = counts.copy()
    marks = np.flatnonzero(raw == _MARK)
    marked = np.searchsorted(np.cumsum(sizes + 1), marks, side="left")
    prompts[marked] = np.searchsorted(starts, marks) - (ends - counts)[marked]
    hashes = _word_hashes(data, starts, lengths)
    return Words(data=data, starts=starts, lengths=lengths, counts=counts, hashes=hashes, prompts=prompts)


def runs_of_five(values: U64, steps: Steps = WORD_STEPS) -> U64:
    """Hash each five neighbours, by way of pairs and of fours."""
    if values.size < SHINGLE:
        return np.zeros(0, dtype=np.uint64)
    fours = runs_of_four(values, steps)
    fives = fours[:-1] * steps[2]
    fives += values[4:]
    return mix(fives)


def runs_of_four(values: U64, steps: Steps = WORD_STEPS) -> U64:
    """Number each four neighbours, of which there are four or more, by way of pairs."""
    pairs = values[:-1] * steps[0]
    pairs += values[1:]
    fours: U64 = pairs[:-2] * steps[1]
    fours += pairs[2:]
    return fours


def begins_run(counts: Ints) -> Flags:
    """Tell of each word of texts of so many words whether five in a row begin there."""
    valid = np.ones(int(counts.sum()), dtype=np.bool_)
    # The last four words of a text begin no run; a text of fewer takes that from the one before, too.
    ends = np.cumsum(counts)[counts > 0]
    for place in range(1, SHINGLE):
        valid[np.maximum(ends - place, 0)] = False
    return valid


def mix(values: U64) -> U64:
    """Spread every bit of each number over all 64."""
    scratch = values >> np.uint64(32)
    mixed: U64 = values ^ scratch
    mixed *= _MIX
    np.right_shift(mixed, np.uint64(29), out=scratch)
    mixed ^= scratch
    return mixed


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """Concatenate the ranges that begin at `starts`."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    found: Ints = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
    return found


def batches(texts: Sequence[str], chosen: Ints | None = None) -> Iterator[tuple[list[str], Ints]]:
    """Give all texts, or the chosen ones, and their indices, a quarter of a megabyte at a time."""
    batch: list[str] = []
    characters = done = 0
    indices = np.arange(len(texts), dtype=np.int64) if chosen is None else chosen
    for text in texts if chosen is None else map(texts.__getitem__, chosen.tolist()):
        batch.append(text)
        characters += len(text)
        if characters >= _BATCH_CHARACTERS or len(batch) == _BATCH_TEXTS:
            yield batch, indices[done : done + len(batch)]
            done += len(batch)
            batch, characters = [], 0
    if batch:
        yield batch, indices[done:]


def _word_hashes(data: NDArray[np.uint8], starts: Ints, lengths: Ints) -> U64:
    """Hash words eight bytes at a time: nearly all have one or two such pieces."""
    # Eight bytes from every place on: what is not aligned numpy copies byte by byte, on any processor.
    eight = np.ndarray((data.size - 7,), "<u8", data.data, strides=(1,))
    pieces = eight[starts].astype(np.uint64, copy=False)
    pieces &= _BYTE_MASKS.take(lengths, mode="clip")
    hashes = mix(pieces)
    longer = np.flatnonzero(lengths > 8)
    done = 8
    while longer.size and done < _LONG_WORD_BYTES:
        piece = eight[starts[longer] + done]
        piece &= _BYTE_MASKS.take(lengths[longer] - done, mode="clip")
        hashes[longer] = mix(hashes[longer] * _LONG_WORD_STEP + piece)
        done += 8
        longer = longer[lengths[longer] > done]
    for word in longer:
        body = data[starts[word] : starts[word] + lengths[word]].tobytes()
        hashes[word] = int.from_bytes(hashlib.blake2b(body, digest_size=8).digest(), "little")
    return hashes


def _encoded(batch: Sequence[str]) -> tuple[bytes, Ints]:
    """Encode texts, a space between them, so that every byte outside ASCII belongs to a word in lower case.

    Gives each text's bytes, too.
    """
    joined = " ".join(batch)
    if joined.isascii():
        return joined.encode(), _sizes(batch)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").copy()
    outside = np.flatnonzero(codes > 0x7F)
    kinds, which = np.unique(codes[outside], return_inverse=True)
    codes[outside] = np.array([_folded_code(int(kind)) for kind in kinds], dtype=np.uint32)[which]
    # Character by character, so that each text keeps its place; its bytes are counted from the codes.
    wide = (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF)
    before = np.concatenate(([0], np.cumsum(wide)))
    ends = np.cumsum(_sizes(batch) + 1) - 1
    starts = np.concatenate(([0], ends[:-1] + 1))
    return codes.tobytes().decode("utf-32-le").encode(), ends - starts + before[ends] - before[starts]


def _sizes(batch: Sequence[str]) -> Ints:
    return np.fromiter(map(len, batch), dtype=np.int64, count=len(batch))


def _folded_code(code: int) -> int:
    character = chr(code)
    if not character.isalnum():
        return SPACE
    lower = character.lower()
    return ord(lower) if len(lower) == 1 else code
