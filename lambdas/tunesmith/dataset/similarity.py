"""How alike are two texts, exactly? Jaccard similarity of shingle sets, for many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.shingles import ShingleBatch, shingle_batches
from tunesmith.dataset.words import U64, Ints, ranges

_PAIRS_AT_ONCE: Final = 4_096
_NO_ROW: Final = -1
_HASH_BITS: Final = np.uint64(48)
_HASH_MASK: Final = np.uint64((1 << 48) - 1)


@dataclass(frozen=True, slots=True)
class ShingleSets:
    """Sets of shingles, one after another; each ascending, as the upper 48 bits of their hashes."""

    values: U64
    begins: Ints
    sizes: Ints


def shingle_sets(batch: ShingleBatch) -> ShingleSets:
    """Give each row's shingles without repetition; a batch has fewer than 65,536 rows."""
    keys = (batch.rows.astype(np.uint64) << _HASH_BITS) | (batch.values >> np.uint64(16))
    keys.sort()
    first = np.ones(keys.size, dtype=np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    keys = keys[first]
    sizes = np.bincount((keys >> _HASH_BITS).astype(np.int64), minlength=batch.texts.size)
    return ShingleSets(values=keys & _HASH_MASK, begins=np.cumsum(sizes) - sizes, sizes=sizes)


def set_similarities(
    one: ShingleSets, one_rows: Ints, other: ShingleSets, other_rows: Ints
) -> NDArray[np.float64]:
    """Compute the similarity of each pair of rows, from 0 to 1."""
    found = np.zeros(one_rows.size)
    for start in range(0, one_rows.size, _PAIRS_AT_ONCE):
        left, right = one_rows[start : start + _PAIRS_AT_ONCE], other_rows[start : start + _PAIRS_AT_ONCE]
        pairs = np.arange(left.size, dtype=np.uint64) << _HASH_BITS
        keys = np.concatenate([_tagged(one, left, pairs), _tagged(other, right, pairs)])
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]] >> _HASH_BITS
        shared = np.bincount(twice.astype(np.int64), minlength=left.size)
        union = one.sizes[left] + other.sizes[right] - shared
        found[start : start + left.size] = shared / np.maximum(union, 1)
    return found


def text_similarities(texts: Sequence[str], common: U64, left: Ints, right: Ints) -> NDArray[np.float64]:
    """Compute the similarity of pairs of texts, given by index: by words where both have enough of them."""
    found = np.zeros(left.size)
    for start in range(0, left.size, _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        found[part] = _part_similarities(texts, common, left[part], right[part])
    return found


def _part_similarities(texts: Sequence[str], common: U64, left: Ints, right: Ints) -> NDArray[np.float64]:
    involved, places = np.unique(np.concatenate((left, right)), return_inverse=True)
    rows = np.full((2, involved.size), _NO_ROW)
    values, sizes = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    before = 0
    for batch in shingle_batches(texts, common, involved):
        sets = shingle_sets(batch)
        values.append(sets.values)
        sizes.append(sets.sizes)
        numbers = before + np.arange(sets.sizes.size)
        rows[batch.by_words.astype(np.int64), np.searchsorted(involved, batch.texts)] = numbers
        before += sets.sizes.size
    counts = np.concatenate(sizes)
    together = ShingleSets(values=np.concatenate(values), begins=np.cumsum(counts) - counts, sizes=counts)
    places, others = places[: left.size], places[left.size :]
    kinds = ((rows[1, places] != _NO_ROW) & (rows[1, others] != _NO_ROW)).astype(np.int64)
    one, other = rows[kinds, places], rows[kinds, others]
    # A long text and a short one have no kind of shingles in common.
    comparable = np.flatnonzero((one != _NO_ROW) & (other != _NO_ROW))
    found = np.zeros(left.size)
    found[comparable] = set_similarities(together, one[comparable], together, other[comparable])
    return found


def _tagged(sets: ShingleSets, rows: Ints, pairs: U64) -> U64:
    sizes = sets.sizes[rows]
    return sets.values[ranges(sets.begins[rows], sizes)] | np.repeat(pairs, sizes)
