"""How near is a free text to its reference? ROUGE-L of our own, BLEU and chrF by sacrebleu."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

_NO_WORD: Final = re.compile(r"[^a-z0-9]+")


def rouge_l(answer: str, reference: str) -> float:
    """Score the longest common subsequence of words, 0 to 1: the harmonic mean of precision and recall.

    As rouge-score 0.1.2 without stemming (Lin, 2004): words are runs of the letters a to z and digits, so a
    text in another script scores 0.
    """
    answered, expected = _words(answer), _words(reference)
    if not answered or not expected:
        return 0.0
    shared = _common_subsequence(answered, expected)
    return 2 * shared / (len(answered) + len(expected))


def bleu(answer: str, reference: str) -> float:
    """Score a sentence's BLEU, 0 to 1, with sacrebleu's defaults (Post, 2018) and effective order."""
    return float(_bleu(effective_order=True).sentence_score(answer, [reference]).score) / 100


def chrf(answer: str, reference: str) -> float:
    """Score a sentence's chrF2, 0 to 1, with sacrebleu's defaults (Popović, 2015)."""
    return float(_chrf().sentence_score(answer, [reference]).score) / 100


def corpus_bleu(answers: Sequence[str], references: Sequence[str]) -> float:
    """Score BLEU over all answers together, 0 to 1, the figure that papers quote."""
    return float(_bleu(effective_order=False).corpus_score(answers, [references]).score) / 100


def corpus_chrf(answers: Sequence[str], references: Sequence[str]) -> float:
    """Score chrF2 over all answers together, 0 to 1."""
    return float(_chrf().corpus_score(answers, [references]).score) / 100


def _words(text: str) -> list[str]:
    return _NO_WORD.sub(" ", text.lower()).split()


def _common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Measure the longest common subsequence by whole rows of bits (Hyyrö, 2004): fast also for 100 KB."""
    places: dict[str, int] = {}
    for place, word in enumerate(left):
        places[word] = places.get(word, 0) | 1 << place
    everything = (1 << len(left)) - 1
    row = everything
    for word in right:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & everything
    return len(left) - row.bit_count()


def _bleu(*, effective_order: bool) -> Metric:
    from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415 - 0.1 s and packages that only this metric needs

    return BLEU(effective_order=effective_order)


def _chrf() -> Metric:
    from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415 - as above

    return CHRF()
