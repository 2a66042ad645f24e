"""ROUGE-L, BLEU and chrF are what rouge-score 0.1.2 and sacrebleu 2.6.0 say they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluation.metrics_text import bleu, chrf, corpus_bleu, corpus_chrf, rouge_l

SCORED_BY_THE_LIBRARIES = [
    ("the cat sat on the mat", "the cat lay on the mat", 0.833333, 0.379918, 0.610887),
    ("Refund issued: 12.50 EUR on 3 May.", "We issued a refund of 12.50 EUR.", 0.5, 0.113396, 0.487137),
    ("", "something", 0, 0.0, 0.0),
    ("a b c d e f", "f e d c b a", 0.166667, 0.127033, 0.166667),
    ("Die Größe beträgt fünf Meter", "Die Größe ist 5 Meter", 0.571429, 0.236435, 0.494701),
    ("the the the the", "the cat", 0.333333, 0.159736, 0.178689),
    (
        "Please restart the router, then wait two minutes; the light turns green.",
        "Restart your router and wait for two minutes until the light is green.",
        0.64,
        0.097824,
        0.487075,
    ),
    ("北京是中国的首都", "北京 是 中国 首都", 0, 0.0, 0.524258),
    (
        "it's well-known that U.S. sales rose 3.5%",
        "It's well known: US sales rose by 3.5%.",
        0.761905,
        0.112085,
        0.508381,
    ),
]
"""Answer and reference; F of rougeL, sentence BLEU and sentence chrF2, each divided by what is full."""

TEXTS = st.text(alphabet="abcC -.5ü\n", max_size=40)


@pytest.mark.parametrize(("answer", "reference", "rouge", "_bleu", "_chrf"), SCORED_BY_THE_LIBRARIES)
def test_rouge_l_is_that_of_rouge_score(
    answer: str, reference: str, rouge: float, _bleu: float, _chrf: float
) -> None:
    assert rouge_l(answer, reference) == pytest.approx(rouge, abs=1e-6)


@pytest.mark.parametrize(("answer", "reference", "_rouge", "wanted", "_chrf"), SCORED_BY_THE_LIBRARIES)
def test_bleu_is_that_of_sacrebleu(
    answer: str, reference: str, _rouge: float, wanted: float, _chrf: float
) -> None:
    assert bleu(answer, reference) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("answer", "reference", "_rouge", "_bleu", "wanted"), SCORED_BY_THE_LIBRARIES)
def test_chrf_is_that_of_sacrebleu(
    answer: str, reference: str, _rouge: float, _bleu: float, wanted: float
) -> None:
    assert chrf(answer, reference) == pytest.approx(wanted, abs=1e-6)


def test_over_a_corpus_bleu_and_chrf_are_no_means() -> None:
    answers, references = zip(*(case[:2] for case in SCORED_BY_THE_LIBRARIES), strict=True)
    assert 100 * corpus_bleu(answers, references) == pytest.approx(7.901015759559393)
    assert 100 * corpus_chrf(answers, references) == pytest.approx(47.26629513901716)


@given(TEXTS, TEXTS)
def test_rouge_l_measures_the_longest_common_subsequence(answer: str, reference: str) -> None:
    mine, theirs = (
        "".join(c if c in "abc5" else " " for c in text.lower()).split() for text in (answer, reference)
    )
    lengths = [[0] * (len(theirs) + 1) for _ in range(len(mine) + 1)]
    for i, left in enumerate(mine):
        for j, right in enumerate(theirs):
            lengths[i + 1][j + 1] = (
                lengths[i][j] + 1 if left == right else max(lengths[i][j + 1], lengths[i + 1][j])
            )
    expected = 2 * lengths[-1][-1] / (len(mine) + len(theirs)) if mine and theirs else 0.0
    assert rouge_l(answer, reference) == pytest.approx(expected)


@given(TEXTS, TEXTS)
def test_rouge_l_is_that_of_rouge_score_where_it_is_installed(answer: str, reference: str) -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="rouge-score is not installed")
    found = scorer.RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure
    assert rouge_l(answer, reference) == pytest.approx(found)


def test_an_answer_of_100_kb_takes_no_time_to_speak_of() -> None:
    assert rouge_l("one two three " * 7_000, "three two one " * 20) > 0
