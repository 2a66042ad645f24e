"""How good is an answer to a question over a financial table? The three figures of TAT-QA's authors.

The rules are those of the authors' scorer (github.com/NExTplusplus/TAT-QA, tatqa_metric.py at 870accc; Zhu et
al., ACL 2021), odd ones included, so that figures compare with published ones.
"""

from __future__ import annotations

import json
import math
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

SCALES: Final = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
PERCENT: Final = 0.01
COMPUTED: Final = ("arithmetic", "count")
"""Types of answers that are right or wrong: their F1 is their exact match."""

_SIGNS: Final = str.maketrans("", "", "'\"\\$€£¥%(),[]")
_PUNCTUATION: Final = str.maketrans("", "", string.punctuation)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?|([+-]?\.\d+)")
_BRACKETED: Final = re.compile(r"\([\d.\s]+\)")
_PERCENTAGE: Final = re.compile(r"[\d.\s]%")
_WORD_BEHIND: Final = re.compile(r"[\d.]\s?[a-zA-Z]+")
_ARTICLES: Final = re.compile(r"\b(?:a|an|the)\b")


class TatqaScore(NamedTuple):
    """One answer's figures, 0 to 1; F1 has two decimals, as the authors round it."""

    exact_match: float
    f1: float
    scale: float


NOTHING_RIGHT: Final = TatqaScore(0.0, 0.0, 0.0)


def tatqa(question: Mapping[str, Any], answer: Any, scale: Any) -> TatqaScore:
    """Score an answer, a text or a list of spans, with its scale against an annotated question.

    The question has `answer`, `answer_type` and `scale` as in the published files; no answer scores nothing,
    and the scale counts only beside an answer. An answer may spell its scale in digits: 22.12 percent, 22.12%
    and 0.2212 are one number. Raises KeyError where the question lacks one of the three.
    """
    gold = _gold_spans(question)
    if not answer or not gold:
        return NOTHING_RIGHT
    told = scale if isinstance(scale, str) else ""
    spans = answer if isinstance(answer, list) else [answer]
    expected = _normalized(_spelled(gold, question["scale"]))
    readings = [_spelled(spans, told)]
    if len(spans) == 1 and not told and "%" not in str(spans[0]):
        number = _number(str(spans[0])) if _is_number(str(spans[0])) else None
        if number is not None:
            readings.append(f"{number:.4f}")
    exact, f1 = max(_compare(_normalized(reading), expected) for reading in readings)
    if question["answer_type"] in COMPUTED:
        f1 = exact
    return TatqaScore(exact, f1, float(scale == question["scale"]))


def tatqa_f1(answer: str, reference: str) -> float:
    """Score a model's answer, 0 to 1, against a question's annotation in JSON.

    An answer in JSON, `{"answer": …, "scale": …}` or `[answer, scale]`, is read as such; any other is one
    span without a scale. Raises ValueError where the reference is no annotation.
    """
    question = json.loads(reference)
    if not isinstance(question, dict) or not {"answer", "answer_type", "scale"} <= question.keys():
        raise ValueError("a TAT-QA reference is an object with answer, answer_type and scale")
    return tatqa(question, *_parts(answer)).f1


def _parts(text: str) -> tuple[Any, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text, ""
    if isinstance(value, dict) and "answer" in value:
        return value["answer"], value.get("scale", "")
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        return value[0], value[1]
    return text, ""


def _gold_spans(question: Mapping[str, Any]) -> list[Any]:
    answer, kind = question["answer"], question["answer_type"]
    if kind in ("span", "multi-span"):
        return answer if isinstance(answer, list) else [answer]
    return [str(int(answer)) if kind == "count" else str(answer)]


def _spelled(spans: Sequence[Any], scale: str) -> str:
    """Join the sorted spans to one text, numbers in full with the scale multiplied in."""
    try:
        ordered = sorted(spans)
    except TypeError:
        ordered = sorted(spans, key=str)
    return " ".join(_spelled_span(str(span), scale) for span in ordered)


def _spelled_span(span: str, scale: str) -> str:
    number = _number(span) if _is_number(span) else None
    if number is None:
        return f"{span} {scale}" if scale else span
    if "%" in span:  # it says its scale itself
        return f"{number:.4f}"
    try:
        return f"{round(number, 2) * _factor(scale):.4f}"
    except OverflowError:
        return span


def _normalized(text: str) -> str:
    """Fold case, punctuation outside numbers, articles, spaces and the spelling of numbers, word by word."""
    return " ".join(filter(None, (_normalized_word(word) for word in text.split(" "))))


def _normalized_word(word: str) -> str:
    word = word.lower()
    if not _is_number(word):
        word = word.translate(_PUNCTUATION)
    if _is_number(word):
        word = str(_number(word))
    return " ".join(_ARTICLES.sub(" ", word).split())


def _compare(answered: str, expected: str) -> tuple[float, float]:
    """Give exact match and F1 over sets of words, rounded half to even as numpy does."""
    exact = float(answered == expected)
    mine, theirs = set(answered.split()), set(expected.split())
    shared = len(mine & theirs)
    precision = shared / len(mine) if mine else 1.0
    recall = shared / len(theirs) if theirs else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return exact, round(f1 * 100) / 100


def _is_number(text: str) -> bool:
    """Tell whether a text is a number, perhaps with a sign of its kind and a word for its scale."""
    words = " ".join(word.translate(_SIGNS) for word in text.split()).split()
    if not words:
        return False
    try:
        value = float(words[0])
    except ValueError:
        return False
    return not math.isnan(value) and (len(words) == 1 or _factor(words[1]) != 1)


def _number(text: str) -> float | None:
    """Read the first number of a text, None where there is none; (12) is negative, 12% is 0.12."""
    found = _NUMBER.search(text.translate(_SIGNS))
    if found is None or found[1]:  # the authors read no number that begins with its point
        return None
    behind = _WORD_BEHIND.search(text)
    try:
        value = float(found[0]) if "." in found[0] else int(found[0])
        value = value * (_factor(behind[0]) if behind else 1)
        value = value * (-1 if _BRACKETED.search(text) else 1)
        return round(value * (PERCENT if _PERCENTAGE.search(text.strip()) else 1), 4)
    except (ValueError, OverflowError):  # more digits than Python reads or a float holds
        return None


def _factor(scale: str) -> float:
    """Give what a word for a scale multiplies by; 1 for every other word."""
    scale = scale.lower()
    for word, factor in SCALES.items():
        if word in scale:
            return factor
    return PERCENT if "percent" in scale else 1
