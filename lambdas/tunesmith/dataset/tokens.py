"""How many tokens is a text? An estimate from its characters, since most families publish no tokenizer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

CLASSES: Final = ("spaces", "letters", "digits", "punctuation", "two-byte", "three-byte")
"""Classes of characters: ASCII's four, then those of two bytes in UTF-8 (Latin with marks, Greek, Cyrillic,
Arabic, Hebrew), then those of three and four (Chinese, Japanese, Korean, the scripts of India, emoji)."""

FEWEST_PAIRS: Final = 20
"""Below so many counted texts a calibration would follow their chance."""
BINS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """Tokens as a weighted sum of the counts of characters by class."""

    weights: tuple[float, ...]
    """Tokens per character of each of CLASSES."""
    error: str
    """What is known of its error, in words; it travels with every figure."""
    scale: float = 1.0
    """What calibration multiplies by."""

    def estimate(self, text: str) -> int:
        """Estimate a text's tokens, rounded up; what a chat template adds is not in it."""
        counts = character_counts(text)
        tokens = sum(weight * count for weight, count in zip(self.weights, counts, strict=True))
        return math.ceil(self.scale * tokens)


_FITTED: Final[Mapping[str, Estimator]] = {}


def estimator_for(family: str) -> Estimator:
    """Choose the estimator of a model family, as the catalogue names it."""
    return next((found for start, found in _FITTED.items() if family.startswith(start)), _FITTED["nova"])


def character_counts(text: str) -> tuple[int, ...]:
    """Count a text's characters by class, in the order of CLASSES; two spaces in a row count as one."""
    classes = text.encode("utf-8", "surrogatepass").translate(_CLASS_OF_BYTE)
    spaces, *others = (classes.count(number) for number in range(len(CLASSES)))
    return (spaces - text.count("  "), *others)


def calibrated(estimator: Estimator, pairs: Iterable[tuple[str, int]]) -> Estimator:
    """Scale an estimator so that it meets the counts of a sample, as the CountTokens call gives them.

    The pairs are a text and its tokens; the scale is the median of the ratios, so that no odd text moves it.
    Raises ValueError where there are fewer than FEWEST_PAIRS with any token.
    """
    unscaled = replace(estimator, scale=1.0)
    ratios = sorted(counted / unscaled.estimate(text) for text, counted in pairs if counted and text)
    if len(ratios) < FEWEST_PAIRS:
        raise ValueError(
            f"{len(ratios)} counted texts are too few to calibrate with: {FEWEST_PAIRS} at least"
        )
    scale = median(ratios)
    error = median(abs(scale / ratio - 1) for ratio in ratios)
    return replace(
        estimator,
        scale=scale,
        error=f"calibrated by CountTokens on {len(ratios):,} records: off by {100 * error:.0f} % in the median",
    )


def token_summary(tokens: Sequence[int], *, epochs: int | None = None) -> dict[str, Any]:
    """Sum up records' tokens: total of one epoch and of all, percentiles, and a histogram for a picture.

    The histogram's bins are `[from, to, records]`, `to` excluded but for the last.
    """
    ordered = sorted(tokens)
    return {
        "records": len(ordered),
        "per_epoch": sum(ordered),
        "all_epochs": None if epochs is None else epochs * sum(ordered),
        "median": percentile(ordered, 0.5),
        "p95": percentile(ordered, 0.95),
        "max": ordered[-1] if ordered else 0,
        "histogram": histogram(ordered),
    }


def percentile(ordered: Sequence[int], share: float) -> int:
    """Read the nearest-rank percentile of figures in order, 0 where there is none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def histogram(ordered: Sequence[int], bins: int = BINS) -> list[tuple[int, int, int]]:
    """Count figures in order into bins of one width; the last bin also takes what lies far beyond the rest.

    Beyond the 99th percentile figures share the last bin, or a single long record would flatten the picture.
    """
    if not ordered:
        return []
    top = max(percentile(ordered, 0.99), ordered[0] + 1)
    width = max(1, math.ceil((top - ordered[0] + 1) / bins))
    start = ordered[0] // width * width
    count = max(1, math.ceil((top - start + 1) / width))
    filled = [0] * count
    for figure in ordered:
        filled[min(count - 1, (figure - start) // width)] += 1
    ends = [start + width * (number + 1) for number in range(count)]
    ends[-1] = max(ends[-1], ordered[-1] + 1)
    return [(start + width * number, ends[number], filled[number]) for number in range(count)]


def _class_of(byte: int) -> int:
    if byte >= 0x80:
        return (
            5 if byte >= 0xE0 else 4 if byte >= 0xC0 else len(CLASSES)
        )  # a byte that goes on is no character
    character = chr(byte)
    if character.isspace():
        return 0
    return 1 if character.isalpha() else 2 if character.isdigit() else 3


_CLASS_OF_BYTE: Final = bytes(map(_class_of, range(256)))
