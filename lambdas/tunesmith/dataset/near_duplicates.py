"""Which texts say nearly the same? Clusters tied by pairs whose true Jaccard similarity reaches a threshold.

Candidates come from MinHash sketches cut into bands, made by fast similarity sketching (Dahlgaard, Knudsen,
Thorup: arXiv 1704.04370); a pair counts only after the shingles of both texts were compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.common_text import Seen, common_shingles
from tunesmith.dataset.shingles import ShingleBatch, shingle_batches
from tunesmith.dataset.similarity import text_similarities
from tunesmith.dataset.words import U64, Flags, Ints, mix, ranges

THRESHOLD: Final = 0.7
LARGE_CLUSTER_SHARE: Final = 0.05
"""A cluster of more than this share of the texts is worth a warning."""

_FEW: Final = 20_000
_BANDS: Final = 20
_BAND_ROWS: Final = 5
"""20 bands of 5: at similarity 0.75 a pair is missed once in 220, at 0.3 five in a hundred are looked at."""
_BINS: Final = _BANDS * _BAND_ROWS
_FILLING: Final = 1.3
_ROUND_BITS: Final = 5
_MOST_ROUNDS: Final = 1 << _ROUND_BITS
_EMPTY: Final = np.uint32(0xFFFFFFFF)
SMALL_BUCKET: Final = 16
"""Texts in a bucket of which all pairs are compared."""
LEADERS: Final = 64
"""Texts in a larger one with which all others are compared, one after another."""
_ROUND_STEP: Final = 0x9E3779B97F4A7C15
_WALKS: Final = np.array(
    [np.random.default_rng(number).permutation(_BINS) for number in range(_BINS)]
).T.copy()
"""For each bin the order in which it looks at the others, down its column."""
_BAND_PLACES: Final = np.array(
    [pow(0x2545F4914F6CDD1D, k + 1, 1 << 64) for k in range(_BAND_ROWS)], dtype=np.uint64
)


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Texts grouped by near-duplication; the same groups for any order of the texts."""

    labels: Ints
    """For each text the lowest index in its cluster; its own where it stands alone."""
    compared: int
    """Pairs whose true similarity was computed."""

    def clusters(self) -> list[list[int]]:
        """List the clusters of two texts and more by their indices, each ascending."""
        order = np.argsort(self.labels, kind="stable")
        cuts = np.flatnonzero(np.diff(self.labels[order])) + 1
        return [[int(i) for i in part] for part in np.split(order, cuts) if part.size > 1]

    def largest(self) -> list[int]:
        """Give the largest cluster, if it is above 5 % of the texts: worth a warning with an example."""
        found: list[int] = max(self.clusters(), key=len, default=[])
        return found if len(found) > LARGE_CLUSTER_SHARE * self.labels.size else []


def find_near_duplicates(texts: Sequence[str], *, threshold: float = THRESHOLD) -> NearDuplicates:
    """Group texts whose shingles' Jaccard similarity reaches the threshold, directly or through others.

    The texts come without the system turn, Unicode already normalised. They are read by index, most once and
    candidates again, so a sequence that reads from a file keeps memory at some 250 bytes a text.
    """
    # Of a few texts the sample is a large part, whose words are not looked for twice.
    seen: list[Seen] | None = [] if len(texts) <= _FEW else None
    common = common_shingles(texts, seen=seen)
    index = index_texts(texts, common, seen or ())
    del seen
    clusters = _Clusters(texts, common, index, threshold)
    rows, representatives = index.firsts()
    clusters.tie_equals(representatives)
    for band in range(_BANDS):
        clusters.tie(index.band(band, rows))
    return NearDuplicates(labels=clusters.labels(), compared=clusters.compared)


@dataclass(frozen=True, slots=True)
class TextIndex:
    """Band keys of every row: 80 bytes a row, and the row's text and kind."""

    batches: list[NDArray[np.uint32]]
    prints: U64
    """Sum of each row's shingles: rows of one sum are equal, which no band has to find out."""
    texts: Ints
    by_words: Flags
    short: Flags

    def band(self, number: int, rows: U64) -> U64:
        """Give a band's keys with their rows in the lower half, sorted, for some of the rows."""
        keys = np.concatenate([batch[number] for batch in self.batches]) if self.batches else np.zeros(0)
        entries = keys.astype(np.uint64)[rows] << np.uint64(32)
        entries |= rows
        entries.sort()
        return entries

    def firsts(self) -> tuple[U64, Ints]:
        """Give one row of each set of equal ones, and for each row its representative."""
        order = np.argsort(self.prints, kind="stable")
        ordered = self.prints[order]
        first = np.ones(order.size, dtype=np.bool_)
        first[1:] = ordered[1:] != ordered[:-1]
        of_row = np.empty_like(order)
        of_row[order] = order[first][np.cumsum(first) - 1]
        return np.sort(order[first]).astype(np.uint64), of_row


def index_texts(texts: Sequence[str], common: U64, seen: Sequence[Seen] = ()) -> TextIndex:
    """Sketch texts, each by itself: what a text's rows hold depends on no other text."""
    keys, prints, rows, kinds, shorts = [], [np.zeros(0, dtype=np.uint64)], [], [], []
    for batch in shingle_batches(texts, common, seen=seen):
        keys.append(_band_keys(_sketches(batch)))
        starts = np.searchsorted(batch.rows, np.arange(batch.texts.size))  # no row is empty
        prints.append(np.add.reduceat(batch.values, starts) if starts.size else prints[0])
        rows.append(batch.texts.astype(np.int32))
        kinds.append(batch.by_words)
        shorts.append(batch.short)
    none = np.zeros(0, dtype=np.bool_)
    return TextIndex(
        batches=keys,
        prints=np.concatenate(prints),
        texts=np.concatenate(rows).astype(np.int64) if rows else np.zeros(0, dtype=np.int64),
        by_words=np.concatenate(kinds) if kinds else none,
        short=np.concatenate(shorts) if shorts else none,
    )


def _sketches(batch: ShingleBatch) -> NDArray[np.uint32]:
    """Sketch each row by 100 minima: every round throws all its shingles into the bins.

    The round stands in the upper bits, so that a bin keeps what the first round brought that reached it.
    """
    count = batch.texts.size
    sketch = np.full(count * _BINS, _EMPTY, dtype=np.uint32)
    sizes = np.bincount(batch.rows, minlength=count)
    # The number of rounds depends on the row alone, or its neighbours in the batch would change its sketch.
    rounds = np.clip(np.ceil(_FILLING * _BINS / np.maximum(sizes, 1)), 1, _MOST_ROUNDS).astype(np.int64)
    values, rows, fewest = batch.values, batch.rows, 1
    for number in range(int(rounds.max(initial=0))):
        if fewest <= number:
            keep = np.flatnonzero((rounds > number).take(rows))
            values, rows = values.take(keep), rows.take(keep)
            fewest = int(rounds[rounds > number].min())
        hashes = mix(values + np.uint64(_ROUND_STEP * number % (1 << 64))) if number else values
        bins = hashes >> np.uint64(32)
        bins *= np.uint64(_BINS)
        bins >>= np.uint64(32)
        bins += (rows * _BINS).view(np.uint64)
        minima = hashes.astype(np.uint32)
        minima >>= np.uint32(_ROUND_BITS)
        minima |= np.uint32(number << (32 - _ROUND_BITS))
        np.minimum.at(sketch, bins.view(np.int64), minima)
    return _filled(sketch).reshape(count, _BINS)


def _filled(sketch: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Fill what bins are still empty from others of their row, by a fixed walk for each bin."""
    empty = np.flatnonzero(sketch == _EMPTY)
    bins = empty % _BINS
    heads = empty - bins
    filled = sketch.copy()
    for walk in _WALKS:
        if not empty.size:
            break
        found = sketch.take(heads + walk.take(bins))
        got = found != _EMPTY
        # Told apart by the bin that they fill, or a bin's value would count twice.
        filled[empty[got]] = found[got] ^ (bins[got] + 1).astype(np.uint32)
        left = np.flatnonzero(~got)
        empty, bins, heads = empty.take(left), bins.take(left), heads.take(left)
    return filled


def _band_keys(sketches: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Hash each five minima to a key; bands stand first, so that one band is read in one piece."""
    keys = np.zeros((sketches.shape[0], _BANDS), dtype=np.uint64)
    for place in range(_BAND_ROWS):
        keys += sketches[:, place::_BAND_ROWS] * _BAND_PLACES[place]
    return np.ascontiguousarray((mix(keys) >> np.uint64(32)).astype(np.uint32).T)


class _Clusters:
    """Ties texts band by band; a pair once tied or once refused is not compared again."""

    def __init__(self, texts: Sequence[str], common: U64, index: TextIndex, threshold: float) -> None:
        self.compared = 0
        self._texts = texts
        self._common = common
        self._index = index
        self._threshold = threshold
        self._root = np.arange(len(texts), dtype=np.int64)
        self._refused = np.zeros(0, dtype=np.uint64)

    def labels(self) -> Ints:
        """Give each text the lowest index of its cluster."""
        return self._root

    def tie_equals(self, representatives: Ints) -> None:
        """Tie the texts of rows that hold the same shingles as often."""
        rows = np.flatnonzero(representatives != np.arange(representatives.size))
        one, other = self._index.texts[rows], self._index.texts[representatives[rows]]
        self._unite(np.minimum(one, other), np.maximum(one, other))

    def tie(self, entries: U64) -> None:
        """Compare what shares a key in one band."""
        keys = entries >> np.uint64(32)
        same = (
            np.concatenate(([False], keys[1:] == keys[:-1], [False])) if keys.size else np.zeros(1, np.bool_)
        )
        inside = np.flatnonzero(same[1:] | same[:-1])
        if not inside.size:
            return
        rows = (entries[inside] & np.uint64(0xFFFFFFFF)).astype(np.int64)
        starts = np.flatnonzero(~same[:-1][inside])
        lengths = np.diff(np.append(starts, inside.size))
        small = lengths <= SMALL_BUCKET
        for left, right in _all_pairs(rows, starts[small], lengths[small]):
            self._compare(left, right)
        self._compare_with_leaders(rows, starts[~small], lengths[~small])

    def _compare_with_leaders(self, rows: Ints, starts: Ints, lengths: Ints) -> None:
        """Compare large buckets with one text after another, so that time stays linear in their size."""
        buckets = np.repeat(np.arange(starts.size), lengths)
        members = rows[ranges(starts, lengths)]
        for _ in range(LEADERS):
            if not members.size:
                return
            heads = np.flatnonzero(np.diff(buckets, prepend=-1))
            leaders = np.repeat(members[heads], np.diff(np.append(heads, buckets.size)))
            self._compare(leaders, members)
            texts = self._index.texts
            apart = self._root[texts[leaders]] != self._root[texts[members]]
            members, buckets = members[apart], buckets[apart]

    def _compare(self, left: Ints, right: Ints) -> None:
        index = self._index
        first, second = index.texts[left], index.texts[right]
        wanted = (
            (self._root[first] != self._root[second])
            & (index.by_words[left] == index.by_words[right])
            & (index.by_words[left] | index.short[left] | index.short[right])
        )
        first, second = first[wanted], second[wanted]
        low, high = np.minimum(first, second), np.maximum(first, second)
        names = (low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64)
        names, once = np.unique(names, return_index=True)
        fresh = ~np.isin(names, self._refused, assume_unique=True)
        once = once[fresh]
        if not once.size:
            return
        similar = text_similarities(self._texts, self._common, low[once], high[once])
        self.compared += once.size
        alike = similar >= self._threshold
        # Fresh names are in neither: sorting is all that a union would do, without looking at each again.
        self._refused = np.sort(np.concatenate((self._refused, names[fresh][~alike])), kind="stable")
        self._unite(low[once][alike], high[once][alike])

    def _unite(self, low: Ints, high: Ints) -> None:
        root = self._root
        for one, other in zip(low.tolist(), high.tolist(), strict=True):
            while root[one] != one:
                one = root[one]  # noqa: PLW2901
            while root[other] != other:
                other = root[other]  # noqa: PLW2901
            root[max(one, other)] = min(one, other)
        if low.size:
            while (shorter := root[root]).tobytes() != root.tobytes():
                root = shorter
            self._root = root


def _all_pairs(rows: Ints, starts: Ints, lengths: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Give all pairs of each bucket: neighbours first, since what is tied by them need not be compared."""
    for distance in range(1, int(lengths.max(initial=0))):
        wide = lengths > distance
        left = ranges(starts[wide], lengths[wide] - distance)
        yield rows[left], rows[left + distance]
