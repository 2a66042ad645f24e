"""How often does a model answer the same question otherwise? Measured on few records, averaged out on all.

Temperature 0 makes no model repeat itself for certain. What wavers by itself is no gain: a model whose
score flips on more than 2 % of the records that it answers twice is asked everything three times.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

MOST_FLIPS: Final = 0.02
"""Share of records with two scores above which answers are averaged."""
TIMES: Final = 3
"""Answers that are averaged for each record."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What one model's second answers showed."""

    records: int
    """Records with two answers; 0 where nothing was measured."""
    flips: int
    """Of these, the records whose two answers have different scores."""
    answers: int
    """How many answers each record's score is the mean of."""

    @property
    def share(self) -> float:
        """Share of flips, 0 where nothing was measured."""
        return self.flips / self.records if self.records else 0.0

    @property
    def wavers(self) -> bool:
        """Whether there are more flips than a single answer can be trusted with."""
        return self.share > MOST_FLIPS

    def to_json(self) -> dict[str, Any]:
        """Spell the figures as plain values."""
        return {**asdict(self), "share": self.share}


def asked_twice(records: Sequence[str], wanted: int) -> list[str]:
    """Choose which of a test's records are answered twice: as many as wanted, spread evenly over the test."""
    count = min(wanted, len(records))
    return [records[number * len(records) // count] for number in range(count)]


def times_asked(record: str, *, twice: Collection[str], averaged: bool) -> int:
    """Tell how many answers to a record one model gives."""
    if averaged:
        return TIMES
    return 2 if record in twice else 1


def measure(
    first: Mapping[str, float], second: Mapping[str, float], twice: Collection[str], *, answers: int
) -> Noise:
    """Count the records, of those asked twice, whose two scores (by record) are not the same."""
    both = [record for record in twice if record in first and record in second]
    return Noise(
        records=len(both), flips=sum(first[record] != second[record] for record in both), answers=answers
    )


def told(noise: Mapping[str, Mapping[str, Any]]) -> str:
    """Say which models' answers are averaged, and why; empty where none are."""
    averaged = [
        f"{label} on {figures['flips']:,} of {figures['records']:,} ({100 * figures['share']:.1f}%)"
        for label, figures in noise.items()
        if figures["answers"] > 1
    ]
    if not averaged:
        return ""
    return (
        f" Asked twice, these scored otherwise than the first time: {', '.join(averaged)};"
        f" so each of their scores is the mean of {TIMES} answers."
    )
