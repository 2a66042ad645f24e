"""How does text become numbers? Hashed words, word pairs and runs of 3 to 5 letters, in any process alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

MAX_CHARACTERS: Final = 2_000
"""Longer turns are cut here: the stand-in reads no documents."""

_SEPARATORS = re.compile(r"[^0-9a-z]+")
_GRAM_SIZES: Final = (3, 4, 5)
_MULTIPLIER: Final = np.uint64(1_099_511_628_211)
_SALTS: Final = {size: np.uint64(0x9E3779B97F4A7C15 * size & 0xFFFFFFFFFFFFFFFF) for size in _GRAM_SIZES}
_SHIFT: Final = np.uint64(33)


def find_boilerplate(texts: Sequence[str], share: float = 0.5) -> frozenset[str]:
    """Return the lines that more than this share of the texts contain: instructions, not content.

    Needs at least three texts, since in fewer every line is common.
    """
    if len(texts) < 3:
        return frozenset()
    counts: Counter[str] = Counter()
    for text, times in Counter(texts).items():
        for line in set(text.splitlines()):
            counts[line] += times
    return frozenset(line for line, times in counts.items() if times > share * len(texts))


def without_boilerplate(text: str, boilerplate: frozenset[str]) -> str:
    """Return the text's lines that are not common ones."""
    if not boilerplate:
        return text
    return "\n".join(line for line in text.splitlines() if line not in boilerplate)


def hash_text(text: str, buckets: int, namespace: str = "", with_grams: bool = True) -> Indices:
    """Return the distinct feature numbers of a text, ascending, each below `buckets`.

    Without grams: words and word pairs only.
    """
    words = _SEPARATORS.sub(" ", text[:MAX_CHARACTERS].lower()).split()
    if not words:
        return np.empty(0, dtype=np.int64)
    seed = crc32(namespace.encode())
    hashes = [_hash_word(word) for word in words]
    hashes += [(first * 31 + second) & 0xFFFFFFFF for first, second in pairwise(hashes)]
    grams = [np.array(hashes, dtype=np.uint64)]
    if with_grams:
        padded = np.frombuffer(f" {' '.join(words)} ".encode(), dtype=np.uint8).astype(np.uint64)
        grams += [_hash_grams(padded, size) for size in _GRAM_SIZES if len(padded) >= size]
    mixed = (np.concatenate(grams) ^ np.uint64(seed)) * _MULTIPLIER
    return np.unique((mixed >> _SHIFT) % np.uint64(buckets)).astype(np.int64)


@lru_cache(maxsize=65_536)
def _hash_word(word: str) -> int:
    return crc32(word.encode())


def _hash_grams(padded: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    count = len(padded) - size + 1
    value = np.full(count, _SALTS[size], dtype=np.uint64)
    for offset in range(size):
        value = (value ^ padded[offset : offset + count]) * _MULTIPLIER
    return value
