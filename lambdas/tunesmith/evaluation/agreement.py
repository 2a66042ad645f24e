"""Do two who sorted the same things agree beyond chance? Cohen's kappa, and how sure it is.

Cohen 1960; the standard error is that of Fleiss, Cohen and Everitt, "Large sample standard errors of kappa
and weighted kappa" (1969), which holds where the true kappa is not nought.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

_Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Kappa with its 95 % interval, and the share on which both agree; kappa is 1 where they always do."""

    things: int
    agreed: float
    kappa: float
    low: float
    high: float


def cohens_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> Agreement:
    """Measure how far two sortings agree.

    Where both put everything into one and the same class, chance alone would agree as well: kappa is 0.
    Raises ValueError where the sortings are not of the same things, or of none.
    """
    count = len(first)
    if not count or count != len(second):
        raise ValueError(f"{count} and {len(second)} are not sortings of the same things")
    classes = list(dict.fromkeys([*first, *second]))
    mine, theirs = Counter(first), Counter(second)
    both = Counter(zip(first, second, strict=True))
    rows = {one: mine[one] / count for one in classes}
    columns = {one: theirs[one] / count for one in classes}
    agreed = sum(both[one, one] for one in classes) / count
    chance = sum(rows[one] * columns[one] for one in classes)
    if chance >= 1:
        return Agreement(things=count, agreed=agreed, kappa=0.0, low=-1.0, high=1.0)
    kappa = (agreed - chance) / (1 - chance)
    on = sum(both[one, one] / count * (1 - (rows[one] + columns[one]) * (1 - kappa)) ** 2 for one in classes)
    off = (1 - kappa) ** 2 * sum(
        pairs / count * (columns[one] + rows[other]) ** 2
        for (one, other), pairs in both.items()
        if one != other
    )
    rest = (kappa - chance * (1 - kappa)) ** 2
    error = math.sqrt(max(0.0, on + off - rest) / count) / (1 - chance)
    return Agreement(
        things=count,
        agreed=agreed,
        kappa=kappa,
        low=max(-1.0, kappa - _Z * error),
        high=min(1.0, kappa + _Z * error),
    )
