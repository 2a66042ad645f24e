"""Which training records are so like a held-back one that they give it away? An exact join of two sets.

No pair at the threshold is missed: the join looks at the rarest shingles of each text, so many that two texts
as similar as that must share one (prefix filter: Chaudhuri, Ganti, Kaushik 2006), and compares all it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.common_text import common_shingles
from tunesmith.dataset.near_duplicates import THRESHOLD
from tunesmith.dataset.shingles import shingle_batches
from tunesmith.dataset.similarity import ShingleSets, set_similarities, shingle_sets
from tunesmith.dataset.text_spool import Texts
from tunesmith.dataset.words import U64, Flags, Ints, ranges

_ROUNDING: Final = 1e-9
_KNOWN_BITS: Final = np.uint64((1 << 22) - 1)


@dataclass(frozen=True, slots=True)
class Leaks:
    """Pairs of a held-back and a training text at or above the threshold, sorted; indices from 0."""

    held_back: Ints
    train: Ints
    similarity: NDArray[np.float64]

    def leaking(self) -> list[int]:
        """List the training texts that have to leave."""
        return [int(index) for index in np.unique(self.train)]

    def leaked(self) -> list[int]:
        """List the held-back texts that have a training neighbour."""
        return [int(index) for index in np.unique(self.held_back)]


def find_leaks(
    held_back: Sequence[str],
    train: Sequence[str],
    *,
    threshold: float = THRESHOLD,
    common: U64 | None = None,
) -> Leaks:
    """Find every pair of a held-back and a training text whose similarity reaches the threshold.

    `common` are the shingles to leave out; without them those of both sets together. Memory holds the
    shingles of the smaller set, about eight bytes a word.
    """
    if common is None:
        common = common_shingles(_Chained(held_back, train))
    swapped = len(train) < len(held_back)
    known, probed = (train, held_back) if swapped else (held_back, train)
    index = _PrefixIndex.of(known, common, threshold)
    ours, theirs, similarity = index.neighbours(probed, common, threshold)
    if swapped:
        ours, theirs = theirs, ours
    # A pair may meet by words only or by characters only, never by both.
    order = np.lexsort((theirs, ours))
    return Leaks(held_back=ours[order], train=theirs[order], similarity=similarity[order])


class _Chained(Texts):
    def __init__(self, first: Sequence[str], second: Sequence[str]) -> None:
        self._first, self._second = first, second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def _at(self, index: int) -> str:
        return self._first[index] if index < len(self._first) else self._second[index - len(self._first)]


@dataclass(frozen=True, slots=True)
class _PrefixIndex:
    """Texts by the rarest of their shingles."""

    sets: ShingleSets
    texts: Ints
    by_words: Flags
    short: Flags
    vocabulary: U64
    """All shingles, ascending."""
    known: Flags
    """Bitmap of the vocabulary's low bits: most shingles of other texts fail here."""
    ranks: Ints
    """Place of each in the order from rare to frequent."""
    postings: Ints
    """Rows, by the rank of the shingle in whose prefix they stand."""
    posting_begins: Ints

    @classmethod
    def of(cls, texts: Sequence[str], common: U64, threshold: float) -> _PrefixIndex:
        """Index texts for a threshold."""
        sets, numbers, by_words, short = _all_sets(texts, common)
        vocabulary, places, counts = np.unique(sets.values, return_inverse=True, return_counts=True)
        ranks = np.empty(vocabulary.size, dtype=np.int64)
        ranks[np.lexsort((vocabulary, counts))] = np.arange(vocabulary.size)
        rows = np.repeat(np.arange(sets.sizes.size), sets.sizes)
        rank, row = _prefixes(ranks[places], rows, sets.sizes, np.zeros_like(sets.sizes), threshold)
        order = np.argsort(rank, kind="stable")
        known = np.zeros(int(_KNOWN_BITS) + 1, dtype=np.bool_)
        known[vocabulary & _KNOWN_BITS] = True
        return cls(
            sets=sets,
            texts=numbers,
            by_words=by_words,
            short=short,
            vocabulary=vocabulary,
            known=known,
            ranks=ranks,
            postings=row[order],
            posting_begins=np.searchsorted(rank[order], np.arange(vocabulary.size + 1)),
        )

    def neighbours(
        self, texts: Sequence[str], common: U64, threshold: float
    ) -> tuple[Ints, Ints, NDArray[np.float64]]:
        """Give the pairs of an indexed and another text at the threshold, and their similarity."""
        ours, theirs, similarities = [_none()], [_none()], [np.zeros(0)]
        for batch in shingle_batches(texts, common):
            if not batch.texts.size or not self.vocabulary.size:
                continue
            sets = shingle_sets(batch)
            mine, other = self._candidates(sets, threshold)
            wanted = self.by_words[mine] | self.short[mine] | batch.short[other]
            mine, other = mine[wanted], other[wanted]
            similarity = set_similarities(self.sets, mine, sets, other)
            alike = similarity >= threshold
            ours.append(self.texts[mine[alike]])
            theirs.append(batch.texts[other[alike]])
            similarities.append(similarity[alike])
        return np.concatenate(ours), np.concatenate(theirs), np.concatenate(similarities)

    def _candidates(self, sets: ShingleSets, threshold: float) -> tuple[Ints, Ints]:
        rows = np.repeat(np.arange(sets.sizes.size), sets.sizes)
        maybe = np.flatnonzero(self.known[sets.values & _KNOWN_BITS])
        places = np.minimum(np.searchsorted(self.vocabulary, sets.values[maybe]), self.vocabulary.size - 1)
        found = self.vocabulary[places] == sets.values[maybe]
        places, rows = places[found], rows[maybe[found]]
        # What the index does not know is rarest of all and stands first in the order.
        unknown = sets.sizes - np.bincount(rows, minlength=sets.sizes.size)
        rank, row = _prefixes(self.ranks[places], rows, sets.sizes, unknown, threshold)
        begins = self.posting_begins[rank]
        lengths = self.posting_begins[rank + 1] - begins
        mine, other = self.postings[ranges(begins, lengths)], np.repeat(row, lengths)
        sizes, others = self.sets.sizes[mine], sets.sizes[other]
        fits = np.minimum(sizes, others) >= threshold * np.maximum(sizes, others) - _ROUNDING
        pairs = np.unique(other[fits] * self.sets.sizes.size + mine[fits])
        return pairs % max(self.sets.sizes.size, 1), pairs // max(self.sets.sizes.size, 1)


def _prefixes(ranks: Ints, rows: Ints, sizes: Ints, before: Ints, threshold: float) -> tuple[Ints, Ints]:
    """Keep of each row the rarest shingles, `before` of which are known to stand in front."""
    order = np.lexsort((ranks, rows))
    ranks, rows = ranks[order], rows[order]
    counts = np.bincount(rows, minlength=sizes.size)
    place = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts) + before[rows]
    length = sizes - np.ceil(threshold * sizes - _ROUNDING).astype(np.int64) + 1
    kept = place < length[rows]
    return ranks[kept], rows[kept]


def _all_sets(texts: Sequence[str], common: U64) -> tuple[ShingleSets, Ints, Flags, Flags]:
    values, sizes = [np.zeros(0, dtype=np.uint64)], [_none()]
    numbers, by_words, short = [_none()], [_none().astype(np.bool_)], [_none().astype(np.bool_)]
    for batch in shingle_batches(texts, common):
        sets = shingle_sets(batch)
        values.append(sets.values)
        sizes.append(sets.sizes)
        numbers.append(batch.texts)
        by_words.append(batch.by_words)
        short.append(batch.short)
    counts = np.concatenate(sizes)
    together = ShingleSets(np.concatenate(values), np.cumsum(counts) - counts, counts)
    return together, np.concatenate(numbers), np.concatenate(by_words), np.concatenate(short)


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)
