"""Which label does an answer name that says more than the label?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from tunesmith.evaluation.metrics import normalized


def label_named(answer: str, labels: Sequence[str]) -> str:
    """Find the one label that stands in an answer as whole words, letter case folded.

    Empty where there is none, or several. Of labels inside one another, such as "refund" in "refund status",
    the longest counts.
    """
    spellings, pattern = _finder(tuple(labels))
    found = {match[1] for match in pattern.finditer(normalized(answer))} if spellings else set()
    return spellings[found.pop()] if len(found) == 1 else ""


@lru_cache(maxsize=8)
def _finder(labels: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str]]:
    spellings = {normalized(label): label for label in labels}
    longest_first = sorted(spellings, key=len, reverse=True)
    choices = "|".join(re.escape(label) for label in longest_first)
    return spellings, re.compile(rf"(?<![\w])({choices})(?![\w])")
