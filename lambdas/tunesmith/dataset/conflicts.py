"""Which prompts have different answers, who is right by majority, and what does it cost at best?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.labels import is_label_task
from tunesmith.dataset.sensitive import masked_excerpt

Ints = NDArray[np.int64]

MAJORITY: Final = Fraction(2, 3)
"""Share of a prompt's records that must agree, or all of them are quarantined."""

_EXAMPLES: Final = 3
_DIFFERENT: Final = 2
_QUOTED: Final = 60


@dataclass(frozen=True, kw_only=True)
class Conflicts:
    """What contradicts itself, by index of the record; indices ascend."""

    labels: bool
    """Whether the answers are labels: only then is anything outvoted or quarantined."""
    prompts: int
    """Prompts with more than one answer."""
    outvoted: tuple[int, ...]
    """Records that two thirds of their prompt's records contradict: to be dropped."""
    quarantined: tuple[int, ...]
    """Records of prompts without such a majority."""
    ceiling: float
    """Highest exact match that one answer to each prompt can reach on these records, from 0 to 1."""
    note: str
    """The same in words; empty without a conflict."""


def find_conflicts(
    prompts: Ints, answers: Sequence[str], *, weights: Sequence[int] | None = None
) -> Conflicts:
    """Find prompts (given by any number) with different answers, in records without exact duplicates.

    `weights` says how many times each record stood in the file: one that stood there twice has two votes.
    Answers are read by index: those of a label task all, else only where a prompt stands in several records.
    """
    votes = [1] * len(prompts) if weights is None else weights
    labels = is_label_task(answers, votes)
    outvoted: list[int] = []
    quarantined: list[int] = []
    examples: list[list[str]] = []
    total = reached = sum(votes)
    for indices in _shared_prompts(prompts):
        counts: Counter[str] = Counter()
        said = [answers[index] for index in indices]
        for index, answer in zip(indices, said, strict=True):
            counts[answer] += votes[index]
        leader, most = max(counts.items(), key=lambda item: (item[1], item[0]))
        if len(counts) == 1:
            continue
        reached -= counts.total() - most
        examples.append(sorted(counts)[:_DIFFERENT])
        if labels and most >= MAJORITY * counts.total():
            outvoted.extend(index for index, answer in zip(indices, said, strict=True) if answer != leader)
        elif labels:
            quarantined.extend(indices)
    ceiling = reached / total if total else 1.0
    return Conflicts(
        labels=labels,
        prompts=len(examples),
        outvoted=tuple(sorted(outvoted)),
        quarantined=tuple(sorted(quarantined)),
        ceiling=ceiling,
        note=_note(labels, examples, len(outvoted), len(quarantined), ceiling),
    )


def _shared_prompts(prompts: Ints) -> Iterator[list[int]]:
    """Give the indices of each prompt that stands in several records, in the order of the prompts."""
    order = np.argsort(prompts, kind="stable")
    starts = np.flatnonzero(np.diff(prompts[order], prepend=-1))
    sizes = np.diff(starts, append=len(prompts))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        yield order[start : start + size].tolist()


def large_cluster_warning(size: int, records: int, example: str) -> str:
    """Say in a sentence that a cluster of near-duplicates is large, with one text's start as the example."""
    return (
        f"{size:,} of {records:,} records ({size / records:.0%}) say nearly the same "
        f"and stay together in one part of the split, for example: {_quoted(example)}"
    )


def _note(labels: bool, examples: list[list[str]], outvoted: int, quarantined: int, ceiling: float) -> str:
    if not examples:
        return ""
    plural = "s have" if len(examples) > 1 else " has"
    quoted = "; ".join(
        " or ".join(_quoted(answer) for answer in different) for different in examples[:_EXAMPLES]
    )
    said = f"{len(examples):,} prompt{plural} different answers (such as {quoted})"
    if not labels:
        return f"{said}; for free text that may be meant, so all were kept"
    return (
        f"{said}: {outvoted:,} records were outvoted by two thirds, {quarantined:,} quarantined without "
        f"such a majority; as they stood, no model could exceed {ceiling:.1%} exact match"
    )


def _quoted(text: str) -> str:
    """Quote the start of a text, everything sensitive masked."""
    line = " ".join(masked_excerpt(text, _QUOTED).split())
    return f'"{line}…"' if len(text) > _QUOTED else f'"{line}"'
