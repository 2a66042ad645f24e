"""By which pieces are two texts compared? Shingles of words or characters as 64-bit numbers, made in batches.

What many texts share (a template, a context) is left out first; of what remains, 50 words or more are
compared by runs of five words, fewer by runs of five characters. Texts of 50 to 71 words get both, so that
they can meet shorter ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tunesmith.dataset.common_text import Seen, among, is_covered
from tunesmith.dataset.words import (
    SHINGLE,
    SPACE,
    U64,
    Flags,
    Ints,
    Steps,
    Words,
    batches,
    ranges,
    runs_of_five,
    words_of,
)

LONG_WORDS: Final = 50
"""Texts of fewer words are compared by characters."""

_BOTH_WORDS: Final = 72
# Odd multipliers of SplitMix64 and its kin; any odd numbers with well-spread bits would do.
_CHARACTER_STEPS: Final[Steps] = (
    np.uint64(0xD1342543DE82EF95),
    np.uint64(0xE7037ED1A0B428DB),
    np.uint64(0x8EBC6AF09C88C6E3),
)


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
    for batch, indices in batches(texts, chosen):
        yield _shingled(words_of(batch), indices, common)


def _shingled(words: Words, indices: Ints, common: U64) -> ShingleBatch:
    values, kept = words.windows()
    counts, covered = words.counts, None
    if common.size:
        hits = among(values, common)
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


def _uncovered(words: Words, hits: Flags, kept: Flags) -> tuple[Flags, Ints, Flags]:
    """Tell which words common runs cover, how many of each text are left, and which runs count then."""
    covered = is_covered(hits, words.hashes.size)
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


def _characters(words: Words, lesser: Ints, covered: Flags | None) -> tuple[U64, Ints]:
    """Hash every five characters of the lesser texts' words, a space between words, with their places."""
    of_text = np.full(words.counts.size, -1, dtype=np.int64)
    of_text[lesser] = np.arange(lesser.size)
    of_word = np.repeat(of_text, words.counts)
    chosen = np.flatnonzero(of_word >= 0 if covered is None else (of_word >= 0) & ~covered)
    of_word, lengths = of_word[chosen], words.lengths[chosen] + 1
    body = words.data[ranges(words.starts[chosen], lengths)]
    body[np.cumsum(lengths) - 1] = SPACE
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
    runs = runs_of_five(padded, _CHARACTER_STEPS)[ranges(begins, numbers)]
    return runs, np.repeat(np.arange(lesser.size), numbers)
