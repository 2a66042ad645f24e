"""How many examples is the untuned model shown? The number that does best on validation records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final

NUMBERS_TRIED: Final = (2, 4, 8)
"""Of how many examples the best number is chosen, on validation records."""
DEFAULT_NUMBER: Final = 4
FEWEST_TO_CHOOSE: Final = 20
"""Of fewer validation records nothing is learned about the number of examples."""
MOST_TO_CHOOSE: Final = 100


def best_number(scores: Mapping[int, Sequence[float]]) -> int:
    """Choose the number of examples with the best mean score on validation records; a tie goes to fewer."""
    return min(scores, key=lambda number: (-fmean(scores[number]), number))
