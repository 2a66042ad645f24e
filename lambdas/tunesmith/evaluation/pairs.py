"""How do two models differ on the same records, and which statistics fit their differences?"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tunesmith.evaluation.metrics_registry import JUDGE, is_right_or_wrong
from tunesmith.evaluation.power import (
    FEWEST_RECORDS,
    FEWEST_RECORDS_FOR_MEANS,
    POWER,
    Grouping,
    RightOrWrong,
    error_of,
    minimum_detectable_effect,
    records_to_prove,
)
from tunesmith.evaluation.preference import EqualLength, at_equal_length
from tunesmith.evaluation.scores import paired_scores
from tunesmith.evaluation.statistics import Bootstrap, Groups, Interval, paired_interval
from tunesmith.evaluation.watch import WATCHED

SETTLED_GAINS: Final = (5.0, 10.0)
"""Points of gain for which an open verdict says how many records would prove them."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What all comparisons of one decision have in common."""

    seed: int
    decision: int
    resamples: int

    @property
    def error(self) -> float:
        """What may lie beyond each bound."""
        return error_of(self.decision)


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What a test like this one can prove: the smallest gain, and the records that other gains take."""

    detectable: float | None
    needed: Mapping[float, int | None]

    def told(self) -> str:
        """Say how many records prove the gains that people hope for."""
        each = [
            f"{math.ceil(records / 10) * 10:,} prove a gain of {gain:g}"
            for gain, records in self.needed.items()
            if records is not None
        ]
        return f" Of blind records like these, about {' and '.join(each)} points." if each else ""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The paired differences to one comparator, and all that decides which statistics fit them."""

    comparator: str
    differences: list[float]
    right_or_wrong: bool
    groups: list[Hashable]
    preference: EqualLength | None = None
    """What a judge preferred; its differences are those of answers of equal length."""

    @classmethod
    def of(cls, scores: Mapping[str, Any], comparator: str) -> Pairs:
        """Pair the scores of candidate and comparator; averaged answers are no longer right or wrong."""
        metric = scores["metric"]
        mine, other = paired_scores(scores, comparator)
        if metric == JUDGE and mine:
            preference = at_equal_length(mine, scores["judge"]["longer"][comparator])
            return cls(
                comparator=comparator,
                differences=preference.differences,
                # Where length explains nothing, pairs are counted as records are that one model gets right.
                right_or_wrong=preference.is_known and set(preference.differences) <= {-1, 0, 1},
                groups=list(scores.get("groups", ())),
                preference=preference,
            )
        return cls(
            comparator=comparator,
            differences=[ours - its for ours, its in zip(mine, other, strict=True)],
            right_or_wrong=(metric in WATCHED or is_right_or_wrong(metric))
            and set(mine) | set(other) <= {0, 1},
            groups=list(scores.get("groups", ())),
        )

    @property
    def fewest(self) -> int:
        """Records below which nothing is decided."""
        return FEWEST_RECORDS if self.right_or_wrong else FEWEST_RECORDS_FOR_MEANS

    def with_lost(self, records: int, difference: float) -> Pairs:
        """Add records that were lost, each with the same difference and in a group of its own."""
        lost: list[Hashable] = [("lost", number) for number in range(records)]
        return replace(
            self,
            differences=[*self.differences, *([difference] * records)],
            groups=[*self.groups, *lost] if self.groups else [],
        )

    def interval(self, rule: Rule) -> Interval:
        """Take the interval of the mean difference."""
        return paired_interval(
            self.differences,
            right_or_wrong=self.right_or_wrong,
            seed=rule.seed,
            groups=self.groups,
            error=rule.error,
            resamples=rule.resamples,
        )

    def prospect(self, rule: Rule, minimum: float, counts: Groups) -> Prospect:
        """Work out which gain a test like this one proves, and how large a test other gains take."""
        n = len(self.differences)
        if self.right_or_wrong:
            lost = sum(one < 0 for one in self.differences)
            spread = RightOrWrong(lost=(lost + 0.5) / (n + 1))
            grouping = Grouping(size=counts.size, correlation=counts.correlation)
            return Prospect(
                detectable=minimum_detectable_effect(
                    n, minimum_gain=minimum, spread=spread, grouping=grouping, decision=rule.decision
                ),
                needed={
                    gain: records_to_prove(gain, minimum_gain=minimum, spread=spread, grouping=grouping)
                    for gain in SETTLED_GAINS
                },
            )
        drawn = Bootstrap.of(self.differences, seed=rule.seed, groups=self.groups, resamples=rule.resamples)
        now, fresh = drawn.reach(rule.error, POWER), drawn.reach(error_of(1), POWER)
        # The reach falls with the root of the number of records.
        return Prospect(
            detectable=minimum + 100 * now if now is not None and n >= self.fewest else None,
            needed={
                gain: max(self.fewest, math.ceil(n * (100 * fresh / (gain - minimum)) ** 2))
                if fresh is not None and gain > minimum
                else None
                for gain in SETTLED_GAINS
            },
        )
