"""By which pieces are two texts compared? Shingles of words or characters as 64-bit numbers, made in batches.

A text's words are its runs of letters, digits and underscores, in lower case. What many texts share (a
template, a context) is left out first; of what remains, 50 words or more are compared by runs of five words,
fewer by runs of five characters. Texts of 50 to 71 words get both, so that they can meet shorter ones.
"""

from __future__ import annotations

import hashlib
import zlib
from array import array
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
COMMON_SAMPLE: Final = 2_000
"""Of more texts, a sample of this size tells what is common; content chooses it, so order is no matter."""

_BOTH_WORDS: Final = 72
_BATCH_CHARACTERS: Final = 1 << 18
_BATCH_TEXTS: Final = 4_096
_CHOOSING_STEP: Final = 16
_SAMPLE_CHARACTERS: Final = 1 << 25
_SAMPLE_LEAST: Final = 500
_ROUGH_BITS: Final = 17
_FILTER_BITS: Final = 16
_LONG_WORD_BYTES: Final = 64
_SPACE: Final = 0x20
_UNDERSCORE: Final = ord("_")
# Odd multipliers of SplitMix64 and its kin; any odd numbers with well-spread bits would do.
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_LONG_WORD_STEP: Final = np.uint64(0x9FB21C651E98DF25)
_Steps: TypeAlias = tuple[np.uint64, np.uint64, np.uint64]
_WORD_STEPS: Final = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xD6E8FEB86659FD93),
    np.uint64(0xA0761D6478BD642F),
)
_CHARACTER_STEPS: Final = (
    np.uint64(0xD1342543DE82EF95),
    np.uint64(0xE7037ED1A0B428DB),
    np.uint64(0x8EBC6AF09C88C6E3),
)
_BYTE_MASKS: Final = np.array([(1 << (8 * length)) - 1 for length in range(9)], dtype=np.uint64)
"""By a word's length; longer ones have the last."""


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


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch, in lower case where they stand in `data`."""

    data: NDArray[np.uint8]
    starts: Ints
    lengths: Ints
    counts: Ints
    """Words of each text."""
    hashes: U64

    def windows(self) -> tuple[U64, Flags]:
        """Hash each five words in a row, and tell which five stand in one text."""
        values = _runs_of_five(self.hashes, _WORD_STEPS)
        valid = np.ones(self.hashes.size, dtype=np.bool_)
        # The last four words of a text begin no run; a text of fewer takes that from the one before, too.
        ends = np.cumsum(self.counts)[self.counts > 0]
        for place in range(1, SHINGLE):
            valid[np.maximum(ends - place, 0)] = False
        return values, valid[: values.size]

    def texts(self) -> Ints:
        """Give the text of each word."""
        return np.repeat(np.arange(self.counts.size), self.counts)


Seen: TypeAlias = tuple[Words, Ints]
"""The words of some texts, and the texts' indices."""


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


def shingle_batches(
    texts: Sequence[str], common: U64, chosen: Ints | None = None, seen: Sequence[Seen] = ()
) -> Iterator[ShingleBatch]:
    """Shingle all texts, or the chosen ones, in batches of about a quarter of a megabyte.

    What `common_shingles` has seen of all texts comes first and is not read again.
    """
    if seen:
        rest = np.ones(len(texts), dtype=np.bool_)
        for words, indices in seen:
            rest[indices] = False
            yield _shingled(words, indices, common)
        chosen = np.flatnonzero(rest)
    for batch, indices in _batches(texts, chosen):
        yield _shingled(_words(batch), indices, common)


def _batches(texts: Sequence[str], chosen: Ints | None) -> Iterator[tuple[list[str], Ints]]:
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


def common_shingles(texts: Sequence[str], sample: Ints | None = None, seen: list[Seen] | None = None) -> U64:
    """Find the runs of five words that stand in more than 1 % of the texts, sorted.

    Only the sample's texts are read where `choose_sample` has chosen it already. Their words are added to
    `seen`, for whoever shingles the same texts next: some 8 KB for a text of 250 words.
    """
    sample = _sample(texts) if sample is None else sample
    limit = max(COMMON_SHARE * sample.size, COMMON_LEAST * sample.size / max(len(texts), 1))
    found, bounds = [np.zeros(0, dtype=np.uint64)], [np.zeros(1, dtype=np.int64)]
    for batch, indices in _batches(texts, sample):
        words = _words(batch)
        if seen is not None:
            seen.append((words, indices))
        values, valid = words.windows()
        found.append(values[valid] >> np.uint64(16))
        bounds.append(np.maximum(words.counts - (SHINGLE - 1), 0))
    values, ends = np.concatenate(found), np.cumsum(np.concatenate(bounds))
    # A rough count first, one that may only be too high, leaves so few that each can be counted by text.
    rough = (values >> np.uint64(48 - _ROUGH_BITS)).astype(np.int64)
    frequent = np.bincount(rough, minlength=1 << _ROUGH_BITS) > limit
    kept = np.flatnonzero(frequent.take(rough))
    owner, values = np.searchsorted(ends, kept, side="right"), values[kept]
    order = np.lexsort((owner, values))
    owner, values = owner[order], values[order]
    changed = np.ones(values.size, dtype=np.bool_)
    changed[1:] = (values[1:] != values[:-1]) | (owner[1:] != owner[:-1])
    values, counts = np.unique(values[changed], return_counts=True)
    return values[counts > limit]


def sample_sum(text: str) -> int:
    """Sum up a text's content: the sample is chosen by these sums."""
    return zlib.crc32(text[::_CHOOSING_STEP].encode("utf-8", "surrogatepass"))


def choose_sample(sums: NDArray[np.uint32], sizes: NDArray[np.uint32]) -> Ints:
    """Choose texts by their sums and their sizes in characters: 2,000, fewer where they are long."""
    order = np.argsort(sums, kind="stable")
    whole = int(np.searchsorted(np.cumsum(sizes[order], dtype=np.int64), _SAMPLE_CHARACTERS, side="right"))
    wanted = min(max(whole, _SAMPLE_LEAST), COMMON_SAMPLE, sums.size)
    # All texts of the last sum come along: which of equal sums is first would depend on the order.
    return np.flatnonzero(sums <= sums[order[wanted - 1]]) if wanted else order


def _sample(texts: Sequence[str]) -> Ints:
    sums, sizes = array("I"), array("I")
    for text in texts:
        sums.append(sample_sum(text))
        sizes.append(len(text))
    return choose_sample(np.frombuffer(sums, dtype=np.uint32), np.frombuffer(sizes, dtype=np.uint32))


def _shingled(words: Words, indices: Ints, common: U64) -> ShingleBatch:
    values, kept = words.windows()
    counts, covered = words.counts, None
    if common.size:
        hits = _among(values, common)
        hits &= kept
        covered, counts, kept = _uncovered(words, hits, kept)
    long = counts >= LONG_WORDS
    if not long.all():
        kept &= np.repeat(long, words.counts)[: kept.size]
    # Rows: the texts by words first, then the texts by characters.
    row_of = np.cumsum(long) - 1
    row_values, rows = values[kept], np.repeat(row_of, words.counts)[: kept.size][kept]
    long_texts, lesser_texts = np.flatnonzero(long), np.flatnonzero((counts > 0) & (counts < _BOTH_WORDS))
    if lesser_texts.size:
        character_values, character_rows = _characters(words, lesser_texts, covered)
        row_values = np.concatenate((row_values, character_values))
        rows = np.concatenate((rows, character_rows + long_texts.size))
    texts = np.concatenate((long_texts, lesser_texts))
    return ShingleBatch(
        values=row_values,
        rows=rows,
        texts=indices[texts],
        by_words=np.arange(texts.size) < long_texts.size,
        short=counts[texts] < LONG_WORDS,
    )


def _among(values: U64, common: U64) -> Flags:
    """Tell which values are common: a table that fits the cache holds nearly all others back."""
    bits = max(_FILTER_BITS, int(common.size).bit_length() + 3)
    many = np.bincount((common >> np.uint64(48 - bits)).astype(np.int64), minlength=1 << bits)
    begins = np.cumsum(many) - many
    head = (values >> np.uint64(64 - bits)).view(np.int64)
    found: Flags = (many > 0).take(head)
    places = np.flatnonzero(found)
    first, short = begins.take(head.take(places)), values.take(places) >> np.uint64(16)
    alike = np.zeros(places.size, dtype=np.bool_)
    for later in range(int(many.max())):
        alike |= common.take(first + later, mode="clip") == short
    found[places] = alike
    return found


def _uncovered(words: Words, hits: Flags, kept: Flags) -> tuple[Flags, Ints, Flags]:
    """Tell which words common runs cover, how many of each text are left, and which runs count then."""
    covered = np.zeros(words.hashes.size, dtype=np.bool_)
    for place in range(SHINGLE if hits.size else 0):
        covered[place : place + hits.size] |= hits
    before = np.concatenate(([0], np.cumsum(covered)))
    ends = np.cumsum(words.counts)
    left = words.counts - (before[ends] - before[ends - words.counts])
    whole = (left == 0) & (words.counts > 0)
    if whole.any():  # nothing but common runs: such texts are compared as they are
        spared = np.repeat(whole, words.counts)
        covered &= ~spared
        hits &= ~spared[: hits.size]
        left = np.where(whole, words.counts, left)
    return covered, left, kept & ~hits


def _words(batch: Sequence[str]) -> Words:
    body, sizes = _encoded(batch)
    # The first space makes the first edge a start; the last ones let eight bytes be read at any word.
    raw = np.frombuffer(b"".join((b" ", body, b" " * 9)), dtype=np.uint8)
    data = raw | np.uint8(
        _SPACE
    )  # lower case; digits have that bit, and it leaves the underscore alone there
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
    counts = np.diff(np.searchsorted(starts, np.cumsum(sizes + 1)), prepend=0)
    hashes = _word_hashes(data, starts, lengths)
    return Words(data=data, starts=starts, lengths=lengths, counts=counts, hashes=hashes)


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


def _runs_of_five(values: U64, steps: _Steps) -> U64:
    """Hash each five neighbours, by way of pairs and of fours."""
    if values.size < SHINGLE:
        return np.zeros(0, dtype=np.uint64)
    one, two, three = steps
    pairs = values[:-1] * one
    pairs += values[1:]
    fours = pairs[:-2] * two
    fours += pairs[2:]
    fives = fours[:-1] * three
    fives += values[4:]
    return mix(fives)


def _characters(words: Words, lesser: Ints, covered: Flags | None) -> tuple[U64, Ints]:
    """Hash every five characters of the lesser texts' words, a space between words, with their places."""
    of_text = np.full(words.counts.size, -1, dtype=np.int64)
    of_text[lesser] = np.arange(lesser.size)
    of_word = np.repeat(of_text, words.counts)
    chosen = np.flatnonzero(of_word >= 0 if covered is None else (of_word >= 0) & ~covered)
    of_word, lengths = of_word[chosen], words.lengths[chosen] + 1
    body = words.data[ranges(words.starts[chosen], lengths)]
    body[np.cumsum(lengths) - 1] = _SPACE
    if (body >= 0x80).any():
        heads = np.cumsum((body & 0xC0) != 0x80)
        codes = np.frombuffer(body.tobytes().decode().encode("utf-32-le"), dtype="<u4").astype(np.uint64)
        lengths = np.diff(heads[np.cumsum(lengths) - 1], prepend=0)
    else:
        codes = body.astype(np.uint64)
    # Every lesser text has words that are not covered.
    totals = np.bincount(of_word, weights=lengths, minlength=lesser.size).astype(np.int64)
    # Each text is followed by zeros, so that a text of fewer than five characters is one shingle of its own.
    padded = np.zeros(codes.size + SHINGLE * lesser.size, dtype=np.uint64)
    begins = np.cumsum(totals + SHINGLE) - (totals + SHINGLE)
    padded[ranges(begins, totals)] = codes
    padded[begins + totals - 1] = 0  # the space after the last word
    numbers = np.maximum(totals - SHINGLE, 1)
    runs = _runs_of_five(padded, _CHARACTER_STEPS)[ranges(begins, numbers)]
    return runs, np.repeat(np.arange(lesser.size), numbers)


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
        return _SPACE
    lower = character.lower()
    return ord(lower) if len(lower) == 1 else code
