"""Which training records are most like a question? Found by their words and put before it.

Retrieval is BM25 (Robertson and Zaragoza, 2009). Groups never straddle the split, so no example comes from
the group of the record that is asked.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from statistics import fmean
from typing import Any, Final

import numpy as np

from tunesmith.evaluation.answers import Question, text_of

MOST_CHARACTERS: Final = 24_000
"""Of all examples of a prompt; the longest are left out first come, so that every model can read them."""
VOTERS: Final = 10
"""Records that answer a question together."""

_WORD: Final = re.compile(r"\w+")
_K1: Final = 1.2
_B: Final = 0.75
"""BM25's usual weights of a word's frequency and of a text's length."""
_COMMON_SHARE: Final = 0.5
"""A word that stands in more than this share of the records tells none of them apart."""


class Examples:
    """Training records, found by the words of their questions."""

    def __init__(self, records: Sequence[Question]) -> None:
        self._records = records
        words = [Counter(_words(record)) for record in records]
        lengths = [counted.total() for counted in words]
        mean = fmean(lengths) if lengths else 1.0
        rows: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
        weights: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        for row, counted in enumerate(words):
            damping = _K1 * (1 - _B + _B * lengths[row] / (mean or 1.0))
            for word, count in counted.items():
                rows[word].append(row)
                weights[word].append(count * (_K1 + 1) / (count + damping))
        self._postings = {
            word: (np.frombuffer(found, dtype=np.int64), np.frombuffer(weights[word]))
            for word, found in rows.items()
        }

    def shown(self, question: Question, number: int) -> Question:
        """Put the records that are most like a question before it, the likest one last.

        Ties go to the record that stands first. Where too few are like it the first ones fill up: they still
        show how an answer looks. A prompt that has turns of its own keeps them.
        """
        turns: list[list[dict[str, Any]]] = []
        left = MOST_CHARACTERS
        for row, _ in self._likest(question, 2 * number):
            record = self._records[row]
            length = len(_asked(record)) + len(record.reference)
            if len(turns) < number and length <= left:
                left -= length
                turns.append([record.messages[-1], _answered(record.reference)])
        return replace(question, messages=[*chain.from_iterable(reversed(turns)), *question.messages])

    def answered(self, question: Question) -> str:
        """Answer as the likest records do, each with as many votes as it is like the question.

        Where no two of them answer alike, that is the likest one's answer; empty where none is like it.
        """
        votes: defaultdict[str, float] = defaultdict(float)
        for row, likeness in self._likest(question, VOTERS):
            if likeness > 0:
                votes[self._records[row].reference] += likeness
        return max(votes, key=votes.__getitem__) if votes else ""

    def _likest(self, question: Question, number: int) -> list[tuple[int, float]]:
        total = len(self._records)
        scores = np.zeros(total)
        for word in sorted(set(_words(question))):
            if word not in self._postings:
                continue
            rows, weights = self._postings[word]
            if total > 20 and len(rows) > _COMMON_SHARE * total:
                continue
            scores[rows] += math.log1p((total - len(rows) + 0.5) / (len(rows) + 0.5)) * weights
        if number < total:
            least = np.partition(scores, total - number)[total - number]
            candidates = np.flatnonzero(scores >= least)
        else:
            candidates = np.arange(total)
        found = candidates[np.argsort(-scores[candidates], kind="stable")][:number]
        return [(int(row), float(scores[row])) for row in found]


def _words(question: Question) -> list[str]:
    return _WORD.findall(_asked(question).casefold())


def _asked(question: Question) -> str:
    return text_of(question.messages[-1]["content"])


def _answered(reference: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"text": reference}]}
