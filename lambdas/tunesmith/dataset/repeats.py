"""Which texts repeat one that is kept? For those who want near-duplicates dropped, and no more than these.

A cluster is tied pair by pair, and its ends need not be alike. So a text goes only if it is itself as like as
that to one that stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunesmith.dataset.leakage import find_leaks
from tunesmith.dataset.near_duplicates import LEADERS, THRESHOLD
from tunesmith.dataset.similarity import text_similarities
from tunesmith.dataset.text_spool import ChosenTexts
from tunesmith.dataset.words import U64, Flags, Ints


def repeated_texts(texts: Sequence[str], common: U64, groups: Ints, stays: Flags) -> Flags:
    """Tell which texts go: each that is alike at the threshold to one of its group that is kept before it.

    A text that `stays` is kept whatever it repeats. Large groups are held against 64 of their kept texts one
    after another, which takes most copies out; what is left is joined exactly.
    """
    goes = np.zeros(len(texts), dtype=np.bool_)
    waiting = np.argsort(groups, kind="stable")
    for _ in range(LEADERS):
        if not waiting.size:
            return goes
        heads = np.flatnonzero(np.diff(groups[waiting], prepend=groups[waiting[0]] - 1))
        leaders = np.repeat(waiting[heads], np.diff(heads, append=waiting.size))
        held = np.flatnonzero((leaders != waiting) & ~stays[waiting])
        alike = text_similarities(texts, common, leaders[held], waiting[held]) >= THRESHOLD
        goes[waiting[held[alike]]] = True
        waiting = waiting[~goes[waiting] & (leaders != waiting)]
    rest = ChosenTexts(texts, waiting.tolist())
    pairs = find_leaks(rest, rest, common=common)
    earlier, later = waiting[pairs.held_back], waiting[pairs.train]
    wanted = (earlier < later) & (groups[earlier] == groups[later]) & ~stays[later]
    # By the later of the two, so that whether the earlier one goes is known.
    order = np.lexsort((earlier[wanted], later[wanted]))
    for one, other in zip(earlier[wanted][order].tolist(), later[wanted][order].tolist(), strict=True):
        goes[other] |= not goes[one]
    return goes
