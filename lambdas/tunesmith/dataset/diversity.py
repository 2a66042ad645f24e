"""Is the data varied enough to learn from? Lengths, openings, labels, languages, and advice in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from tunesmith.dataset.languages import UNKNOWN, language_mix
from tunesmith.dataset.tokens import histogram, percentile

OPENING_WORDS: Final = (30, 15, 8, 4)
"""Lengths of openings that are looked for, the longest first: the longest shared one says most."""
SHOWN: Final = 8
MOST_LABELS: Final = 200
"""More distinct answers than that are no set of labels."""
MOST_LABEL_CHARACTERS: Final = 80
SAME_OPENING_SHARE: Final = 0.05
NEAR_DUPLICATE_SHARE: Final = 0.10
RARE_LABEL: Final = 10
LOPSIDED: Final = 0.5
SECOND_LANGUAGE_SHARE: Final = 0.02
LONG_TAIL: Final = 10
EMPTY_WORDS: Final = 2

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Texts' lengths in words; the histogram's bins are `[from, to, texts]`, `to` excluded."""

    shortest: int
    median: float
    p95: int
    longest: int
    histogram: list[tuple[int, int, int]]


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Words, case folded, that several texts begin with."""

    text: str
    words: int
    count: int


@dataclass(frozen=True, kw_only=True)
class DiversityReport:
    """How varied prompts and answers are; shares are 0 to 1."""

    records: int
    prompts: Lengths
    answers: Lengths
    vocabulary: int
    """Distinct words of prompts and answers, case folded."""
    words: int
    openings: list[Opening]
    """Of answers, the commonest of each length, no shorter one where a longer one covers as many."""
    labels: dict[str, int]
    """Answer to records, the commonest first; empty where the answers are no labels."""
    languages: dict[str, int]
    """Language of the prompts to records."""
    near_duplicate_share: float | None
    """None where near-duplicates were not looked for."""
    advice: list[str]

    def to_json(self) -> dict[str, Any]:
        """Spell the report as the run's document holds it."""
        return asdict(self)


def diversity_report(
    prompts: Sequence[str], answers: Sequence[str], *, near_duplicate_share: float | None = None
) -> DiversityReport:
    """Describe pairs of prompt and answer, and say what a person should look at.

    Raises ValueError where there is no pair, or the two are not of one length.
    """
    if not prompts or len(prompts) != len(answers):
        raise ValueError(f"{len(prompts)} prompts and {len(answers)} answers are no pairs")
    vocabulary: Counter[str] = Counter()
    split_prompts, split_answers = ([_words(text) for text in texts] for texts in (prompts, answers))
    for words in (*split_prompts, *split_answers):
        vocabulary.update(words)
    labels = _labels(answers)
    found: dict[str, Any] = {
        "records": len(prompts),
        "prompts": _lengths(split_prompts),
        "answers": _lengths(split_answers),
        "vocabulary": len(vocabulary),
        "words": vocabulary.total(),
        "openings": [] if labels else _openings(split_answers),
        "labels": labels,
        "languages": language_mix(prompts),
        "near_duplicate_share": near_duplicate_share,
    }
    report = DiversityReport(**found, advice=[])
    return DiversityReport(**found, advice=_advice(report))


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _lengths(texts: Sequence[Sequence[str]]) -> Lengths:
    ordered = sorted(map(len, texts))
    return Lengths(
        shortest=ordered[0],
        median=median(ordered),
        p95=percentile(ordered, 0.95),
        longest=ordered[-1],
        histogram=histogram(ordered),
    )


def _openings(texts: Sequence[Sequence[str]]) -> list[Opening]:
    found: list[Opening] = []
    for length in OPENING_WORDS:
        begun = Counter(tuple(words[:length]) for words in texts if len(words) >= length)
        for words, count in begun.most_common(SHOWN):
            text = " ".join(words)
            covered = any(other.text.startswith(text) and other.count >= 0.8 * count for other in found)
            if count > 1 and not covered:
                found.append(Opening(text=text, words=length, count=count))
    return sorted(found, key=lambda opening: (-opening.count, -opening.words, opening.text))[:SHOWN]


def _labels(answers: Sequence[str]) -> dict[str, int]:
    """Count answers as labels, where they are few, short and come again."""
    counted = Counter(" ".join(answer.split()) for answer in answers)
    few = len(counted) <= min(MOST_LABELS, len(answers) / 5)
    if not few or any(len(label) > MOST_LABEL_CHARACTERS for label in counted):
        return {}
    return dict(sorted(counted.items(), key=lambda label: (-label[1], label[0])))


def _advice(report: DiversityReport) -> list[str]:
    return [
        *_about_openings(report),
        *_about_labels(report),
        *_about_lengths(report),
        *_about_languages(report),
        *_about_near_duplicates(report),
    ]


def _about_openings(report: DiversityReport) -> list[str]:
    common = [o for o in report.openings if o.count >= max(2, SAME_OPENING_SHARE * report.records)]
    if not common:
        return []
    # A long opening says more than the short one that it begins with.
    told = max(common, key=lambda opening: opening.words * opening.count)
    advice = (
        f"{told.count:,} of {report.records:,} answers start with the same {told.words} words"
        f" (“{_start(told.text)}”): a model learns to say them. Vary or remove them, unless it should."
    )
    return [advice]


def _about_labels(report: DiversityReport) -> list[str]:
    if len(report.labels) < 2:
        one = f"All {report.records:,} answers are the same: there is nothing to learn from them."
        return [one] if report.labels else []
    advice = []
    label, most = next(iter(report.labels.items()))
    if most > LOPSIDED * report.records and most > 2 * report.records / len(report.labels):
        advice.append(
            f"{most:,} of {report.records:,} answers are “{_start(label)}”: always answering that is right in"
            f" {100 * most / report.records:.0f} % of them. Add records of the other"
            f" {len(report.labels) - 1:,} labels."
        )
    rare = [label for label, count in report.labels.items() if count < RARE_LABEL]
    if rare:
        have, others = ("have", " and others") if len(rare) > 1 else ("has", "")
        advice.append(
            f"{len(rare):,} of {len(report.labels):,} labels {have} fewer than {RARE_LABEL} records"
            f" (“{_start(rare[0])}”{others}): too few to learn or to test."
        )
    return advice


def _about_lengths(report: DiversityReport) -> list[str]:
    advice = []
    for name, lengths in (("prompt", report.prompts), ("answer", report.answers)):
        if lengths.longest > LONG_TAIL * max(lengths.p95, LONG_TAIL):
            advice.append(
                f"The longest {name} has {lengths.longest:,} words, while 95 % have at most {lengths.p95:,}:"
                " look whether it belongs there."
            )
    if report.prompts.median <= EMPTY_WORDS:
        advice.append(
            f"Half of the prompts have at most {report.prompts.median:g} words: do they hold the question?"
        )
    return advice


def _about_languages(report: DiversityReport) -> list[str]:
    told = {name: count for name, count in report.languages.items() if name != UNKNOWN}
    if len(told) < 2:
        return []
    main, *others = told.items()
    few = [
        (name, count)
        for name, count in others
        if count < SECOND_LANGUAGE_SHARE * report.records and count > 1
    ]
    if not few:
        return []
    listed = ", ".join(f"{count:,} {name}" for name, count in few[:3])
    advice = (
        f"Beside {main[1]:,} prompts in {main[0]} there seem to be {listed}: too few to learn from. Add more"
        " of them or leave them out."
    )
    return [advice]


def _about_near_duplicates(report: DiversityReport) -> list[str]:
    share = report.near_duplicate_share
    if share is None or share < NEAR_DUPLICATE_SHARE:
        return []
    advice = (
        f"{100 * share:.0f} % of the records are near-duplicates of another: they cost as much as new ones"
        " and teach less."
    )
    return [advice]


def _start(text: str) -> str:
    """Quote a text's start, whole words as long as its first is short enough."""
    if len(text) <= 60:
        return text
    start = text[:57].rpartition(" ")[0]
    return (start or text[:57]) + "…"
