"""Which training records does a job get that is given a share of them?"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator

Lines = Callable[[], Iterable[bytes]]
"""Reads a file's lines from the start, at each call."""


def records_of(records: int, share: float) -> int:
    """Count the records of a share: what is trained is at least as much as was said."""
    return min(records, math.ceil(round(records * share, 6)))


def share_of(lines: Lines, share: float) -> Iterator[bytes]:
    """Pick a share of a file's lines, in their order.

    They are drawn by digest, so that no order of the file comes through; what a share holds, every larger one
    holds too. The file is read twice, and eight bytes of a line are held meanwhile.
    """
    ranks = [_rank(number, line) for number, line in enumerate(lines())]
    count = records_of(len(ranks), share)
    picked = set(sorted(range(len(ranks)), key=lambda number: (ranks[number], number))[:count])
    return (line for number, line in enumerate(lines()) if number in picked)


def _rank(number: int, line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=8, key=str(number).encode()).digest()
