"""Is the answer that a text arrives at the right one? A number, a choice by letter, a label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from tunesmith.evaluation.metrics import normalized

NUMBER_TOLERANCE: Final = Decimal("1e-6")
"""Relative: numbers nearer to each other than that are one."""

_DIGITS: Final = r"(?:\d{1,3}(?:,\d{3}(?!\d))++|\d++)(?:\.\d++)?|\.\d++"
_SIGNS: Final = "[-+\N{MINUS SIGN}]?[$€£¥]?\\s?"
_NUMBER: Final = re.compile(rf"(?<![\w.]){_SIGNS}(?:{_DIGITS})(?:[eE][-+]?\d{{1,3}}(?!\d))?")
_MARKED: Final = re.compile(r"####\s*(.*)")
_BOXED: Final = re.compile(r"\\boxed\{([^{}]*)\}")
_BARE_NUMBER: Final = re.compile(rf"\s*{_NUMBER.pattern}\s?%?\s*")
_NOT_NUMERIC: Final = re.compile(r"[^\d.eE+-]")

_ANNOUNCED: Final = re.compile(
    r"\b(?i:answer|choice|option)\b(?:\s+(?i:is)|\s*[:=])[\s*_:\"'(\[]*([A-J])(?![A-Za-z0-9'’])"
)
_LEADING: Final = re.compile(r"\s*[*_(\[\"']*([A-Ja-j])(?:[)\].:*_\",]|[ \t\r]*(?:\n|\Z))")
_BRACKETED_LETTER: Final = re.compile(r"[(\[]([A-Ja-j])[)\]]")


def numeric_answer(answer: str, reference: str) -> int:
    """Score 1 where both arrive at the same number, else 0; see `final_number`.

    Raises ValueError where the reference has no number.
    """
    expected = final_number(reference)
    if expected is None:
        raise ValueError(f"a numeric reference holds a number; this one does not: {reference[:80]!r}")
    answered = final_number(answer)
    if answered is None:
        return 0
    return int(abs(answered - expected) <= NUMBER_TOLERANCE * max(abs(answered), abs(expected)))


def multiple_choice(answer: str, reference: str) -> int:
    """Score 1 where both choose the same letter, else 0; see `chosen_letter`.

    Raises ValueError where the reference has no letter.
    """
    expected = chosen_letter(reference)
    if not expected:
        raise ValueError(f"a multiple-choice reference names a letter; this one does not: {reference[:80]!r}")
    return int(chosen_letter(answer) == expected)


def final_number(text: str) -> Decimal | None:
    """Read the number that a text arrives at: behind the last `####`, else in the last box, else its last.

    Signs of currency and commas between thousands do not count, and 25% is 25.
    """
    marked = _MARKED.findall(text) or _BOXED.findall(text)
    found = _NUMBER.findall(marked[-1]) if marked else _NUMBER.findall(text)
    if not found:
        return None
    number = (found[0] if marked else found[-1]).replace("\N{MINUS SIGN}", "-")
    try:
        return Decimal(_NOT_NUMERIC.sub("", number))
    except InvalidOperation:
        return None


def is_number(text: str) -> bool:
    """Tell whether a text is a number and nothing else, but for a sign of currency or per cent."""
    return _BARE_NUMBER.fullmatch(text) is not None


def marks_number(text: str) -> bool:
    """Tell whether a text says which number it arrives at, behind `####` or in a box."""
    return bool(_MARKED.search(text) or _BOXED.search(text)) and final_number(text) is not None


def chosen_letter(text: str) -> str:
    """Read the letter, A to J, that a text chooses, empty where it chooses none or several.

    In this order: behind the last "answer is" and the like, at the text's head, alone in brackets.
    """
    announced = _ANNOUNCED.findall(text)
    if announced:
        return str(announced[-1]).upper()
    leading = _LEADING.match(text)
    if leading:
        return leading[1].upper()
    bracketed = {letter.upper() for letter in _BRACKETED_LETTER.findall(text)}
    return bracketed.pop() if len(bracketed) == 1 else ""


@dataclass(frozen=True, kw_only=True)
class ClassFigures:
    """How one label fared, 0 to 1; precision is 0 where the label was never answered."""

    precision: float
    recall: float
    f1: float
    records: int


@dataclass(frozen=True, kw_only=True)
class LabelReport:
    """How labels fared: the share of right ones, and each label of the references for itself."""

    accuracy: float
    macro_f1: float
    """The mean of the labels' F1, each label counting the same."""
    classes: dict[str, ClassFigures]
    outside: int
    """Answers that are no label of the references at all."""


def label_report(answers: Sequence[str], references: Sequence[str]) -> LabelReport:
    """Compare labels, letter case, spacing and Unicode spelling folded; the classes are the references'.

    Raises ValueError where there is nothing to compare.
    """
    answered, expected = [normalized(text) for text in answers], [normalized(text) for text in references]
    if not expected:
        raise ValueError("no label to compare")
    right = Counter(mine for mine, theirs in zip(answered, expected, strict=True) if mine == theirs)
    given, wanted = Counter(answered), Counter(expected)
    classes = {
        label: ClassFigures(
            precision=right[label] / given[label] if given[label] else 0.0,
            recall=right[label] / records,
            f1=2 * right[label] / (given[label] + records),
            records=records,
        )
        for label, records in sorted(wanted.items())
    }
    return LabelReport(
        accuracy=right.total() / len(expected),
        macro_f1=sum(figures.f1 for figures in classes.values()) / len(classes),
        classes=classes,
        outside=sum(count for label, count in given.items() if label not in wanted),
    )
