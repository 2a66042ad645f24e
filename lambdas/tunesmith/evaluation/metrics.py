"""How good is one answer against its reference?"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from typing import Final

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION: Final = str.maketrans("", "", string.punctuation)


def exact_match(answer: str, reference: str) -> int:
    """Score 1 where both are the same text, but for letter case, spacing and Unicode spelling; else 0."""
    return int(normalized(answer) == normalized(reference))


def token_f1(answer: str, reference: str) -> float:
    """Score the overlap of words, 0 to 1: the harmonic mean of precision and recall over bags of words.

    Punctuation and English articles do not count, as in SQuAD's metric (Rajpurkar et al., 2016).
    """
    answered, expected = _words(answer), _words(reference)
    if not answered or not expected:
        return float(answered == expected)
    shared = (Counter(answered) & Counter(expected)).total()
    return 2 * shared / (len(answered) + len(expected))


def normalized(text: str) -> str:
    """Fold letter case, runs of white space and Unicode compatibility forms."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", normalized(text).translate(_PUNCTUATION)).split()
