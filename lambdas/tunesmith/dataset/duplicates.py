"""Which records say the same, and which contradict each other?"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tunesmith.dataset.record_spool import Records, Rows, first_of_each, in_order, numbered


@dataclass(frozen=True, slots=True)
class Duplicates:
    """How many records were dropped as exact duplicates, and how many prompts have different answers.

    To a grader that is told something else the same answer counts as another.
    """

    exact: int
    conflicts: int
    copies: array[int]
    """How often each kept record stood in the file, in the order of the records."""


def drop_duplicates(records: Records) -> tuple[Records, Duplicates]:
    """Keep one record of each content, the same one for any order of the lines, and count the rest.

    The result is sorted by content.
    """
    keys = records.content_keys
    order = in_order(keys)
    starts = np.flatnonzero(first_of_each(keys[order]))
    copies = np.diff(starts, append=len(records))
    kept = _least(records, order, starts, copies)
    different = records.take(kept)
    [prompts] = numbered(different.prompt_keys)
    return different, Duplicates(
        exact=len(records) - len(different),
        conflicts=int(np.count_nonzero(np.bincount(prompts) > 1)),
        copies=array("I", copies.astype(np.uint32).tobytes()),
    )


def _least(records: Records, order: Rows, starts: Rows, copies: Rows) -> Rows:
    """Choose of each content's records the one with the least line; of equal lines the first in the file."""
    chosen = order[starts]
    numbers = records.numbers
    groups = np.flatnonzero(copies > 1)
    rows = [order[start : start + size] for start, size in zip(starts[groups], copies[groups], strict=True)]
    if rows:
        lines = records.take(np.concatenate(rows)).lines()
        for group, same in zip(groups.tolist(), rows, strict=True):
            found = zip(islice(lines, len(same)), numbers[same].tolist(), same.tolist(), strict=True)
            chosen[group] = min(found)[2]
    return chosen
