"""Which prompts have different answers, who is right by majority, and what does it cost at best?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MAJORITY: Final = Fraction(2, 3)
"""Share of a prompt's records that must agree, or all of them are quarantined."""
RECORDS_PER_LABEL: Final = 5
"""In a label task an answer stands in at least so many records on average."""
LABEL_CHARACTERS: Final = 100

_EXAMPLES: Final = 3
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
    prompts: Sequence[bytes], answers: Sequence[str], *, weights: Sequence[int] | None = None
) -> Conflicts:
    """Find prompts (given by any key) with different answers, in records without exact duplicates.

    `weights` says how many times each record stood in the file: one that stood there twice has two votes.
    """
    votes = [1] * len(prompts) if weights is None else list(weights)
    members: dict[bytes, list[int]] = defaultdict(list)
    for index, prompt in enumerate(prompts):
        members[prompt].append(index)
    labels = is_label_task(answers, votes)
    outvoted: list[int] = []
    quarantined: list[int] = []
    examples: list[tuple[bytes, list[str]]] = []
    reached = prompts_in_conflict = 0
    for prompt, indices in members.items():
        counts: Counter[str] = Counter()
        for index in indices:
            counts[answers[index]] += votes[index]
        leader, most = max(counts.items(), key=lambda item: (item[1], item[0]))
        reached += most
        if len(counts) == 1:
            continue
        prompts_in_conflict += 1
        examples.append((prompt, sorted(counts)))
        if labels and most >= MAJORITY * counts.total():
            outvoted.extend(index for index in indices if answers[index] != leader)
        elif labels:
            quarantined.extend(indices)
    ceiling = reached / sum(votes) if votes else 1.0
    return Conflicts(
        labels=labels,
        prompts=prompts_in_conflict,
        outvoted=tuple(sorted(outvoted)),
        quarantined=tuple(sorted(quarantined)),
        ceiling=ceiling,
        note=_note(labels, examples, len(outvoted), len(quarantined), ceiling),
    )


def is_label_task(answers: Sequence[str], weights: Sequence[int] | None = None) -> bool:
    """Tell whether answers are labels: short, more than one, and each in five records on average."""
    different = set(answers)
    total = sum(weights) if weights is not None else len(answers)
    return (
        len(different) > 1
        and RECORDS_PER_LABEL * len(different) <= total
        and all(len(answer) <= LABEL_CHARACTERS for answer in different)
    )


def large_cluster_warning(cluster: Sequence[int], texts: Sequence[str]) -> str:
    """Say in a sentence that a cluster of near-duplicates is large, with one text's start as the example."""
    if not cluster:
        return ""
    example = min(texts[index] for index in cluster)
    return (
        f"{len(cluster):,} of {len(texts):,} records ({len(cluster) / len(texts):.0%}) say nearly the same "
        f"and stay together in one part of the split, for example: {_quoted(example)}"
    )


def _note(
    labels: bool, examples: list[tuple[bytes, list[str]]], outvoted: int, quarantined: int, ceiling: float
) -> str:
    if not examples:
        return ""
    plural = "s have" if len(examples) > 1 else " has"
    quoted = "; ".join(
        " or ".join(_quoted(answer) for answer in different[:2])
        for _, different in sorted(examples)[:_EXAMPLES]
    )
    said = f"{len(examples):,} prompt{plural} different answers (such as {quoted})"
    if not labels:
        return f"{said}; for free text that may be meant, so all were kept"
    return (
        f"{said}: {outvoted:,} records were outvoted by two thirds, {quarantined:,} quarantined without "
        f"such a majority; as they stood, no model could exceed {ceiling:.1%} exact match"
    )


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line[:_QUOTED]}…"' if len(line) > _QUOTED else f'"{line}"'
