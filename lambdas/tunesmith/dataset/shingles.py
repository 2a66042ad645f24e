"""By which pieces are two texts compared? Shingles of words or characters as 64-bit numbers, made in batches.

A text's words are its runs of letters, digits and underscores, in lower case. What many texts share (a
template, a context) is left out first; of what remains, 50 words or more are compared by runs of five words,
fewer by runs of five characters. Texts of 50 to 71 words get both, so that they can meet shorter ones.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

U64: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

SHINGLE: Final = 5
"""Words, or characters, of a shingle."""
LONG_WORDS: Final = 50
"""Texts of fewer words are compared by characters."""
COMMON_SHARE: Final = 0.01
COMMON_LEAST: Final = 10
"""A run of five words is common if it stands in more than 1 % of the texts and in more than ten."""
COMMON_SAMPLE: Final = 5_000
"""Of more texts, a sample of this size tells what is common; content chooses it, so order is no matter."""

_BOTH_WORDS: Final = 72
_BATCH_CHARACTERS: Final = 1 << 19
_BATCH_TEXTS: Final = 4_096
_CHOOSING_STEP: Final = 16
_SAMPLED_AT_ONCE: Final = 256
_ROUGH_BITS: Final = 20
_LONG_WORD_BYTES: Final = 64
_SPACE: Final = 0x20
_FOLD: Final = bytes(
    byte if byte >= 0x80 or chr(byte).isalnum() or byte == ord("_") else _SPACE
    for byte in (ord(chr(byte).lower()) if byte < 0x80 else byte for byte in range(256))
)
# Odd multipliers of SplitMix64 and its kin; any odd numbers with well-spread bits would do.
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_GOLDEN: Final = 0x9E3779B97F4A7C15
_WORD_STEP: Final = np.uint64(0x9FB21C651E98DF25)
_PLACES: Final = np.array([pow(_GOLDEN, k + 1, 1 << 64) for k in range(SHINGLE)], dtype=np.uint64)
_CHARACTER_PLACES: Final = np.array(
    [pow(0xD1342543DE82EF95, k + 1, 1 << 64) for k in range(SHINGLE)], dtype=np.uint64
)
_BYTE_MASKS: Final = np.array([(1 << (8 * length)) - 1 for length in range(9)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class ShingleBatch:
    """The shingles of some texts; a text has up to two rows, one by words, one by characters."""

    values: U64
    """The shingles, with repetitions; one of words and one of characters coincide by chance of 2^-64."""
    rows: Ints
    """Row of each shingle, ascending."""
    texts: Ints
    """Index of each row's text."""
    by_words: Flags
    """Whether a row holds words."""
    short: Flags
    """Whether a row's text is below 50 words, without what is common."""


def mix(values: U64) -> U64:
    """Spread every bit of each number over all 64."""
    values = values ^ (values >> np.uint64(32))
    values *= _MIX
    values ^= values >> np.uint64(29)
    return values


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """Concatenate the ranges that begin at `starts`."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    found: Ints = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
    return found


def shingle_batches(
    texts: Sequence[str], common: U64, chosen: Sequence[int] | Ints | None = None
) -> Iterator[ShingleBatch]:
    """Shingle all texts, or the chosen ones, in batches of about half a megabyte."""
    batch: list[str] = []
    indices: list[int] = []
    characters = 0
    for index in range(len(texts)) if chosen is None else map(int, chosen):
        text = texts[index]
        batch.append(text)
        indices.append(index)
        characters += len(text)
        if characters >= _BATCH_CHARACTERS or len(batch) == _BATCH_TEXTS:
            yield _shingled(batch, np.array(indices, dtype=np.int64), common)
            batch, indices, characters = [], [], 0
    if batch:
        yield _shingled(batch, np.array(indices, dtype=np.int64), common)


def common_shingles(texts: Sequence[str]) -> U64:
    """Find the runs of five words that stand in more than 1 % of the texts, sorted."""
    sample = _sample(texts)
    limit = max(COMMON_SHARE * sample.size, COMMON_LEAST * sample.size / max(len(texts), 1))
    found, owners = [], []
    for start in range(0, sample.size, _SAMPLED_AT_ONCE):
        words = _words([texts[index] for index in sample[start : start + _SAMPLED_AT_ONCE]])
        values, valid = words.windows()
        found.append(values[valid] >> np.uint64(16))
        owners.append((words.text[: values.size][valid] + start).astype(np.int32))
    if not found:
        return np.zeros(0, dtype=np.uint64)
    values, owner = np.concatenate(found), np.concatenate(owners)
    # A rough count first, one that may only be too high, leaves so few that each can be counted by text.
    low = (values & np.uint64((1 << _ROUGH_BITS) - 1)).astype(np.int64)
    frequent = np.bincount(low, minlength=1 << _ROUGH_BITS) > limit
    kept = np.flatnonzero(frequent[low])
    kept = kept[np.lexsort((owner[kept], values[kept]))]
    values, owner = values[kept], owner[kept]
    changed = np.ones(values.size, dtype=np.bool_)
    changed[1:] = (values[1:] != values[:-1]) | (owner[1:] != owner[:-1])
    values, counts = np.unique(values[changed], return_counts=True)
    return values[counts > limit]


def _sample(texts: Sequence[str]) -> Ints:
    if len(texts) <= COMMON_SAMPLE:
        return np.arange(len(texts), dtype=np.int64)
    sums = np.fromiter(
        (zlib.crc32(text[::_CHOOSING_STEP].encode("utf-8", "surrogatepass")) for text in texts),
        dtype=np.uint32,
        count=len(texts),
    )
    # All texts of the last sum come along: which of equal sums is first would depend on the order.
    return np.flatnonzero(sums <= np.partition(sums, COMMON_SAMPLE - 1)[COMMON_SAMPLE - 1]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a batch; a space follows each in `data`."""

    data: NDArray[np.uint8]
    starts: Ints
    lengths: Ints
    text: Ints
    counts: Ints
    hashes: U64

    def windows(self) -> tuple[U64, Flags]:
        """Hash each five words in a row, and tell which five stand in one text."""
        size = max(self.hashes.size - SHINGLE + 1, 0)
        values = np.zeros(size, dtype=np.uint64)
        for place in range(SHINGLE if size else 0):
            values += self.hashes[place : place + size] * _PLACES[place]
        valid = self.text[:size] == self.text[SHINGLE - 1 :][:size]
        return mix(values), valid


def _shingled(batch: list[str], indices: Ints, common: U64) -> ShingleBatch:
    words = _words(batch)
    values, kept = words.windows()
    counts = words.counts
    covered: Flags | None = None
    if common.size:
        hits = np.flatnonzero(_among(values, common) & kept)
        if hits.size:
            covered = np.zeros(words.text.size, dtype=np.bool_)
            for place in range(SHINGLE):
                covered[hits + place] = True
            left = counts - np.bincount(words.text[covered], minlength=counts.size)
            whole = left == 0  # nothing but common runs: such texts are compared as they are
            covered &= ~whole[words.text]
            kept[hits] = whole[words.text[hits]]
            counts = np.where(whole, counts, left)
    long = counts >= LONG_WORDS
    kept &= long[words.text[: kept.size]]
    word_values, word_texts = values[kept], words.text[: kept.size][kept]
    lesser = (counts > 0) & (counts < _BOTH_WORDS)
    character_values, character_texts = _characters(words, lesser, covered)
    # Rows: the texts by words first, then the texts by characters.
    long_texts, lesser_texts = np.flatnonzero(long), np.flatnonzero(lesser)
    row_of = np.cumsum(long) - 1
    character_row_of = np.cumsum(lesser) - 1 + long_texts.size
    texts = np.concatenate((long_texts, lesser_texts))
    return ShingleBatch(
        values=np.concatenate((word_values, character_values)),
        rows=np.concatenate((row_of[word_texts], character_row_of[character_texts])),
        texts=indices[texts],
        by_words=np.arange(texts.size) < long_texts.size,
        short=counts[texts] < LONG_WORDS,
    )


def _among(values: U64, common: U64) -> Flags:
    """Tell which values are common, by tables: a search in `common` would cost more than the hashing."""
    short = values >> np.uint64(16)
    found: Flags = np.zeros(values.size, dtype=np.bool_)
    size = np.uint64(max(1 << 16, 1 << int(common.size * 16).bit_length()))
    left, shift = common, np.uint64(0)
    while left.size:  # those that another one displaced go into a table of their own
        table = np.zeros(int(size), dtype=np.uint64)
        table[(left >> shift) & (size - np.uint64(1))] = left
        found |= table[(short >> shift) & (size - np.uint64(1))] == short
        left = left[table[(left >> shift) & (size - np.uint64(1))] != left]
        shift += np.uint64(7)
    return found


def _words(batch: Sequence[str]) -> _Words:
    body, sizes = _folded(batch)
    # The first space makes the first edge a start; the last ones let eight bytes be read at any word.
    joined = b" ".join((b"", body, b" " * 16)).translate(_FOLD)
    data = np.frombuffer(joined + b" " * (-len(joined) % 8), dtype=np.uint8)
    inside = data != _SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    edges += 1
    starts, ends = edges[0::2], edges[1::2]
    lengths = ends - starts
    bounds = np.cumsum(sizes + 1)
    counts = np.diff(np.searchsorted(starts, bounds), prepend=0)
    return _Words(
        data=data,
        starts=starts,
        lengths=lengths,
        text=np.repeat(np.arange(sizes.size), counts),
        counts=counts,
        hashes=_word_hashes(data, starts, lengths),
    )


def _word_hashes(data: NDArray[np.uint8], starts: Ints, lengths: Ints) -> U64:
    """Hash words eight bytes at a time: nearly all have one or two such pieces."""
    blocks = data.view("<u8").astype(np.uint64, copy=False)
    hashes: U64 = mix(_eight_bytes(blocks, starts) & _BYTE_MASKS[np.minimum(lengths, 8)])
    longer = np.flatnonzero(lengths > 8)
    done = 8
    while longer.size and done < _LONG_WORD_BYTES:
        piece = _eight_bytes(blocks, starts[longer] + done)
        piece &= _BYTE_MASKS[np.minimum(lengths[longer] - done, 8)]
        hashes[longer] = mix(hashes[longer] * _WORD_STEP + piece)
        done += 8
        longer = longer[lengths[longer] > done]
    for word in longer:
        body = data[starts[word] : starts[word] + lengths[word]].tobytes()
        hashes[word] = int.from_bytes(hashlib.blake2b(body, digest_size=8).digest(), "little")
    return hashes


def _eight_bytes(blocks: U64, starts: Ints) -> U64:
    """Read eight bytes from any place of the data: numpy's own unaligned reads are slow."""
    block = starts >> 3
    shift = ((starts & 7) << 3).astype(np.uint64)
    low: U64 = blocks[block] >> shift
    high: U64 = (blocks[block + 1] << np.uint64(1)) << (np.uint64(63) - shift)
    low |= high
    return low


def _characters(words: _Words, lesser: Flags, covered: Flags | None) -> tuple[U64, Ints]:
    """Hash every five characters of the lesser texts' words, with one space between words."""
    chosen = np.zeros(0, dtype=np.int64)
    if lesser.any():
        chosen = np.flatnonzero(lesser[words.text] if covered is None else lesser[words.text] & ~covered)
    if not chosen.size:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    lengths = words.lengths[chosen] + 1
    body = words.data[ranges(words.starts[chosen], lengths)]
    of_word = words.text[chosen]
    if (body >= 0x80).any():
        heads = np.cumsum((body & 0xC0) != 0x80)
        codes = np.frombuffer(body.tobytes().decode().encode("utf-32-le"), dtype="<u4").astype(np.uint64)
        lengths = np.diff(heads[np.cumsum(lengths) - 1], prepend=0)
    else:
        codes = body.astype(np.uint64)
    present, first = np.unique(of_word, return_index=True)
    totals = np.add.reduceat(lengths, first)
    # Each text is followed by zeros, so that a text of fewer than five characters is one shingle of its own.
    padded = np.zeros(codes.size + SHINGLE * present.size, dtype=np.uint64)
    begins = np.cumsum(totals + SHINGLE) - (totals + SHINGLE)
    padded[ranges(begins, totals)] = codes
    padded[begins + totals - 1] = 0  # the space after the last word
    size = padded.size - SHINGLE + 1
    values = np.full(size, _GOLDEN, dtype=np.uint64)
    for place in range(SHINGLE):
        values += padded[place : place + size] * _CHARACTER_PLACES[place]
    numbers = np.maximum(totals - SHINGLE, 1)
    return mix(values[ranges(begins, numbers)]), np.repeat(present, numbers)


def _folded(batch: Sequence[str]) -> tuple[bytes, Ints]:
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
        return _SPACE
    lower = character.lower()
    return ord(lower) if len(lower) == 1 else code
