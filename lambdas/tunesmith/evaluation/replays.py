"""How does the verdict behave on these very scores? Replays in which the true gain is known.

A replay draws whole groups of records anew. Each group's differences keep or turn their sign by chance: then
neither model is better (A/A). On top of that a gain is planted, and the verdict's own interval judges.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tunesmith.evaluation.pairs import Pairs, Rule

TIMES: Final = 200
_MEANS_RESAMPLES: Final = 500
"""A replay's bootstrap takes fewer resamples than the verdict's: it is done two hundred times over."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the verdict said when the true gain was this many percentage points."""

    gain: float
    promoted: int
    times: int

    def to_json(self) -> dict[str, Any]:
        """Spell it as plain values."""
        return {"gain": self.gain, "promoted": self.promoted, "times": self.times}


def replay(
    pairs: Pairs, gains: Sequence[float], *, minimum: float, rule: Rule, times: int = TIMES
) -> list[Replay]:
    """Judge so many replays at each true gain against a minimum, both in percentage points.

    Nothing where a verdict on so few records decides nothing anyway.
    """
    if len(pairs.differences) < pairs.fewest:
        return []
    quick = rule if pairs.right_or_wrong else replace(rule, resamples=min(rule.resamples, _MEANS_RESAMPLES))
    groups = grouped(pairs)
    found = []
    for number, gain in enumerate(gains):
        # Every gain draws its own chance, so that leaving one out changes no other.
        chance = random.Random(f"{rule.seed} {number}")  # noqa: S311
        promoted = sum(
            100 * drawn_anew(pairs, groups, gain / 100, chance).interval(quick).low > minimum
            for _ in range(times)
        )
        found.append(Replay(gain=gain, promoted=promoted, times=times))
    return found


def grouped(pairs: Pairs) -> list[list[float]]:
    """List the differences of each group."""
    labels: Sequence[Hashable] = pairs.groups or range(len(pairs.differences))
    groups: defaultdict[Hashable, list[float]] = defaultdict(list)
    for label, difference in zip(labels, pairs.differences, strict=True):
        groups[label].append(difference)
    return list(groups.values())


def drawn_anew(pairs: Pairs, groups: Sequence[list[float]], gain: float, chance: random.Random) -> Pairs:
    """Draw groups anew, let each keep or turn its sign, and plant a gain, 0 to 1."""
    differences: list[float] = []
    labels: list[Hashable] = []
    for number in range(len(groups)):
        drawn = chance.choice(groups)
        sign = chance.choice((-1.0, 1.0))
        differences += [sign * one for one in drawn]
        labels += [number] * len(drawn)
    if pairs.right_or_wrong:
        # A record that the candidate does not win alone is turned in its favour by one.
        open_share = 1 - sum(abs(one) for one in pairs.differences) / 2 / len(pairs.differences)
        share = min(1.0, gain / open_share) if open_share else 0.0
        planted = [one + 1 if one < 1 and chance.random() < share else one for one in differences]
    else:
        planted = [one + gain for one in differences]
    return replace(pairs, differences=planted, groups=labels if pairs.groups else [])
