"""How many tokens is a text? An estimate from its characters, since most families publish no tokenizer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

CLASSES: Final = ("spaces", "letters", "digits", "punctuation", "two-byte", "three-byte")
"""Classes of characters: ASCII's four, then those of two bytes in UTF-8 (Latin with marks, Greek, Cyrillic,
Arabic, Hebrew), then those of three and four (Chinese, Japanese, Korean, the scripts of India, emoji)."""

FEWEST_PAIRS: Final = 20
"""Below so many counted texts a calibration would follow their chance."""
MOST_OFF: Final = 0.9
"""No sample widens a cost's bounds further; a count may be odd by any factor."""
BINS: Final = 20
HEAVIEST: Final = 2
"""No character is estimated at more tokens, unless calibrated: a short text need not be counted."""


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """Tokens as a weighted sum of the counts of characters by class."""

    weights: tuple[float, ...]
    """Tokens per character of each of CLASSES."""
    error: str
    """What is known of its error, in words; it travels with every figure."""
    off: float
    """The largest share of the real tokens that the words tell; bounds of a cost follow from it."""
    scale: float = 1.0
    """What calibration multiplies by."""

    def estimate(self, text: str) -> int:
        """Estimate a text's tokens, rounded up; what a chat template adds is not in it."""
        tokens = 0.0
        # Step by step: `sum` rounds otherwise, and differently from one Python to the next.
        for weight, count in zip(self.weights, character_counts(text), strict=True):
            tokens += weight * count
        return math.ceil(self.scale * tokens)


_CL100K: Final = Estimator(
    weights=(0.340, 0.190, 0.673, 0.398, 0.683, 1.277),
    error=(
        "fitted to the public cl100k_base, since this family publishes no tokenizer: off from that one by"
        " 6 % in the median on English and code, by 27 % (mostly too low) in other languages"
    ),
    off=0.27,
)
_CLAUDE: Final = Estimator(
    weights=(0.260, 0.220, 0.376, 0.519, 0.797, 1.494),
    error=(
        "fitted to Claude 2's tokenizer, the last one published: off from that one by 9 % in the median"
        " on English and code, by 28 % (mostly too low) in other languages"
    ),
    off=0.28,
)
_LLAMA: Final = Estimator(
    weights=(0.353, 0.189, 0.674, 0.393, 0.372, 0.699),
    error=(
        "fitted to Llama 3's tokenizer: off from it by 6 % in the median on English and code, by 29 %"
        " (mostly too low) in other languages"
    ),
    off=0.29,
)
"""Weights and errors by bench/fit_tokens.py, on texts that were not fitted."""


def estimator_for(family: str) -> Estimator:
    """Choose the estimator of a model family, as the catalogue names it."""
    if family.startswith("claude"):
        return _CLAUDE
    return _LLAMA if family.startswith("llama") else _CL100K


def character_counts(text: str) -> tuple[int, ...]:
    """Count a text's characters by class, in the order of CLASSES; two spaces in a row count as one."""
    rest = text.encode("utf-8", "surrogatepass")
    counts = dict.fromkeys(CLASSES, 0)
    for name, members in _COMMONEST_FIRST:
        if not rest:
            break
        # Each class is deleted from what the ones before have left: far faster than counting byte by byte.
        left = rest.translate(None, members)
        counts[name] = len(rest) - len(left)
        rest = left
    counts["spaces"] -= text.count("  ")
    return tuple(counts.values())


def calibrated(estimator: Estimator, pairs: Iterable[tuple[str, int]]) -> Estimator:
    """Scale an estimator so that it meets the counts of a sample, as the CountTokens call gives them.

    The pairs are a text and its tokens; the scale is the median of the ratios, so that no odd text moves it.
    Raises ValueError where there are fewer than FEWEST_PAIRS with any token.
    """
    unscaled = replace(estimator, scale=1.0)
    ratios = sorted(counted / unscaled.estimate(text) for text, counted in pairs if counted > 0 and text)
    if len(ratios) < FEWEST_PAIRS:
        raise ValueError(
            f"{len(ratios)} counted texts are too few to calibrate with: {FEWEST_PAIRS} at least"
        )
    scale = median(ratios)
    errors = sorted(abs(scale / ratio - 1) for ratio in ratios)
    off = min(errors[math.ceil(0.95 * len(errors)) - 1], MOST_OFF)
    return replace(
        estimator,
        scale=scale,
        error=(
            f"scaled to CountTokens of {len(ratios):,} records: off by {100 * median(errors):.0f} % in their"
            f" median, by {100 * off:.0f} % at most in 95 % of them"
        ),
        off=off,
    )


def token_summary(tokens: Sequence[int], *, epochs: int | None = None, repeats: int = 1) -> dict[str, Any]:
    """Sum up records' tokens: total of one epoch and of all, percentiles, and a histogram for a picture.

    Each record stands `repeats` times in an epoch, and once in percentiles and histogram.

    The histogram's bins are `[from, to, records]`, `to` excluded but for the last.
    """
    ordered = sorted(tokens)
    return {
        "records": len(ordered),
        "per_epoch": repeats * sum(ordered),
        "all_epochs": None if epochs is None else epochs * repeats * sum(ordered),
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
    top = percentile(ordered, 0.99)
    width = max(1, math.ceil((top - ordered[0] + 1) / bins))
    start = ordered[0] // width * width
    count = max(1, math.ceil((top - start + 1) / width))
    filled = [0] * count
    for figure in ordered:
        filled[min(count - 1, (figure - start) // width)] += 1
    ends = [start + width * (number + 1) for number in range(count)]
    ends[-1] = max(ends[-1], ordered[-1] + 1)
    return [(start + width * number, ends[number], filled[number]) for number in range(count)]


def class_of(byte: int) -> str:
    if byte >= 0x80:
        # A byte that goes on is no character of its own.
        return "three-byte" if byte >= 0xE0 else "two-byte" if byte >= 0xC0 else ""
    if not byte:
        return ""  # stands between two turns
    character = chr(byte)
    if character.isspace():
        return "spaces"
    return "letters" if character.isalpha() else "digits" if character.isdigit() else "punctuation"


_COMMONEST_FIRST: Final = tuple(
    (name, bytes(byte for byte in range(256) if class_of(byte) == name))
    for name in ("letters", "spaces", "punctuation", "digits", "two-byte", "three-byte")
)
