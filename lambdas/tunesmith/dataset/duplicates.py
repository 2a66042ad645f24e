"""Which records say the same, and which contradict each other?"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from tunesmith.dataset.record_spool import Records, first_of_each, in_order, numbered


@dataclass(frozen=True, slots=True)
class Duplicates:
    """How many records were dropped as exact duplicates, and how many prompts have different answers."""

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
    kept = order[starts]
    for group in np.flatnonzero(copies > 1).tolist():
        # In the order of the file, so that of equal lines the first is kept.
        same = np.sort(order[starts[group] : starts[group] + copies[group]])
        lines = list(records.take(same).lines())
        kept[group] = same[lines.index(min(lines))]
    different = records.take(kept)
    [prompts] = numbered(different.prompt_keys)
    return different, Duplicates(
        exact=len(records) - len(different),
        conflicts=int(np.count_nonzero(np.bincount(prompts) > 1)),
        copies=array("I", copies.astype(np.uint32).tobytes()),
    )
