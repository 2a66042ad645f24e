"""How often did the judge prefer the candidate's answers? Counts and win rates, for people to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunesmith.evaluation.pairs import Pairs, Rule
from tunesmith.evaluation.statistics import Interval, bootstrap_interval

_EVENLY_LONGER: Final = (
    " One model's answers are longer by so even an amount that nothing shows what the judge would prefer at"
    " equal length."
)


@dataclass(frozen=True, kw_only=True)
class WinRate:
    """Share of pairs that the candidate wins, ties counted half, and its interval, in per cent."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Preferred:
    """What a judge's words come to over one comparator."""

    wins: int
    ties: int
    losses: int
    win_rate: WinRate
    at_equal_length: WinRate | None
    """What the verdict goes by; None where that cannot be known."""

    def sentence(self, comparator: str) -> str:
        """Say it in words."""
        told = (
            f" The judge prefers the candidate on {self.wins:,} records and {comparator} on {self.losses:,},"
            f" and {self.ties:,} are ties: a win rate of {_told(self.win_rate)}"
        )
        if self.at_equal_length is None:
            return f"{told}.{_EVENLY_LONGER}"
        return f"{told}, at equal length {_told(self.at_equal_length)}."


def preferred(pairs: Pairs, interval: Interval, rule: Rule) -> Preferred:
    """Count what a judge preferred; `interval` is that of the pairs' differences.

    Raises ValueError where no judge compared anything.
    """
    found = pairs.preference
    if found is None:
        raise ValueError(f"no judge compared the candidate with {pairs.comparator}")
    counted = bootstrap_interval(
        [2 * one - 1 for one in found.outcomes],
        seed=rule.seed,
        groups=pairs.groups,
        error=rule.error,
        resamples=rule.resamples,
    )
    return Preferred(
        wins=sum(one > 0.5 for one in found.outcomes),
        ties=sum(one == 0.5 for one in found.outcomes),
        losses=sum(one < 0.5 for one in found.outcomes),
        win_rate=_win_rate(counted),
        at_equal_length=_win_rate(interval) if found.is_known else None,
    )


def _win_rate(difference: Interval) -> WinRate:
    """Turn the share won less the share lost into a win rate."""
    value, low, high = (round(50 + 50 * one, 10) for one in difference)
    return WinRate(value=value, low=low, high=high)


def _told(rate: WinRate) -> str:
    return f"{rate.value:.1f}% ({rate.low:.1f} to {rate.high:.1f})"
