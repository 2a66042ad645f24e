"""What does a base model say when it is shown two answers? The one that shares more words with the reference.

A prompt is one of a judge's where it shows a reference and two answers between tags. An account's
`judge_bias` is added to the share of the answer that stands first: a judge that favours a place.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

CLOSE: Final = 0.02
"""Shares that differ by no more are a tie."""
_PART: Final = re.compile(r"<(reference|answer-[AB]) (\w+)>\n(.*?)\n</\1 \2>", re.DOTALL)
_WORD: Final = re.compile(r"\w+")


def judge(user: str, bias: float) -> str | None:
    """Answer a judge's prompt in a word; None where it is no such prompt."""
    parts = {match[1]: match[3] for match in _PART.finditer(user)}
    if len(parts) < 3:
        return None
    first, second = (_share(parts[name], parts["reference"]) for name in ("answer-A", "answer-B"))
    difference = first + bias - second
    if abs(difference) <= CLOSE:
        return "TIE"
    return "A" if difference > 0 else "B"


def _share(answer: str, reference: str) -> float:
    """Share of words in common, 0 to 1: twice the common ones over all of both."""
    mine, theirs = Counter(_WORD.findall(answer.lower())), Counter(_WORD.findall(reference.lower()))
    both = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / both if both else 1.0
