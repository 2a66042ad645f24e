"""Whether to tune: which rule answers what, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tunesmith.evaluation.advice import Evidence, Price, advise

PRICE = Price(
    each_1000={"base": 0.05, "few_shot": 0.15, "nova-pro": 1.0}, tuned_1000=0.05, tuning=6.0, month=1.5
)


def share(right: int, of: int = 400) -> list[float]:
    """Scores of which so many are right, spread evenly: alike where they can be."""
    return [float(number * right % of < right) for number in range(of)]


def evidence(**changes: Any) -> Evidence:
    """A base model that knows half, of a task whose records say nothing by likeness."""
    known: dict[str, Any] = {
        "title": "exact match",
        "right_or_wrong": True,
        "labels": True,
        "base": share(200),
        "few_shot": share(200),
        "neighbours": share(80),
        "fewer_neighbours": share(80),
        "guess": share(80),
        "minimum_gain": 2.0,
        "seed": 1,
        "price": PRICE,
    }
    return Evidence(**{**known, **changes})


@pytest.mark.parametrize(
    ("changes", "answer", "because"),
    [
        ({"base": share(392), "few_shot": share(390)}, "do_not", "good_enough"),
        ({"few_shot": share(392)}, "do_not", "good_enough"),
        ({"base": share(380)}, "do_not", "nothing_learned"),
        ({"ceiling": 0.5}, "do_not", "good_enough"),
        ({"neighbours": share(300)}, "tune", "learnable"),
        ({"neighbours": share(210)}, "cannot_say", "open"),
        (
            {"few_shot": share(280), "neighbours": share(285), "fewer_neighbours": share(220)},
            "tune",
            "taught",
        ),
        # Each of what the records have to show for it: examples that help, growth, likeness that is no worse.
        ({"neighbours": share(200), "fewer_neighbours": share(160)}, "cannot_say", "open"),
        (
            {"few_shot": share(280), "neighbours": share(285), "fewer_neighbours": share(285)},
            "cannot_say",
            "open",
        ),
        (
            {"few_shot": share(280), "neighbours": share(260), "fewer_neighbours": share(220)},
            "cannot_say",
            "open",
        ),
        ({}, "do_not", "nothing_learned"),
        ({"labels": False}, "cannot_say", "open"),
        ({"neighbours": [], "fewer_neighbours": [], "guess": []}, "cannot_say", "open"),
        ({"unproven": "the answers are free text"}, "cannot_say", "unproven"),
    ],
)  # fmt: skip
def test_the_first_rule_that_holds_answers(changes: dict[str, Any], answer: str, because: str) -> None:
    found = advise(evidence(**changes))
    assert (found.answer, found.because) == (answer, because), found.reason
    assert bool(found.settles) == (answer == "cannot_say")


def test_too_few_records_say_nothing_however_clear_they_look() -> None:
    few = evidence(
        **{name: share(90, 99) for name in ("base", "few_shot", "neighbours", "fewer_neighbours", "guess")}
    )
    found = advise(few)
    assert (found.answer, found.because) == ("cannot_say", "too_few")
    assert found.reason.startswith("99 blind records are too few: it takes 100")
    assert "prove a gain of 5 points" in found.settles[0]


def test_many_records_of_few_groups_say_nothing() -> None:
    found = advise(evidence(neighbours=share(300), groups=[number % 19 for number in range(400)]))
    assert found.because == "too_few"
    assert "400 blind records in 19 groups are too few" in found.reason
    assert advise(evidence(neighbours=share(300), groups=[n % 40 for n in range(400)])).n == 400


def test_no_record_at_all_is_told_as_such() -> None:
    found = advise(evidence(base=[], few_shot=[], neighbours=[], fewer_neighbours=[], guess=[]))
    assert (found.answer, found.n, found.figures) == ("cannot_say", 0, {})


def larger(score: int, **changes: Any) -> Evidence:
    return evidence(larger={"nova-pro": share(score)}, labels=False, **changes)


def test_a_larger_model_is_as_good_as_tuning_and_costs_less_at_a_small_volume() -> None:
    seldom = replace(PRICE, answers_per_month=1_000)
    found = advise(larger(360, price=seldom))
    assert (found.answer, found.because) == ("do_not", "larger_model")
    # 1,000 answers a month cost $1.00; a tuned one $0.05, $1.50 for storage and a twelfth of $6.00.
    assert "costs $1.00 a month at 1,000 answers; a tuned model would cost $2.05" in found.reason
    assert any("nova-pro costs less than a tuned model" in note for note in found.notes)


@pytest.mark.parametrize(
    ("score", "volume", "neighbours"),
    [(360, 1_000_000, 80), (260, 1_000, 80), (360, None, 80), (320, 1_000, 360)],
    ids=["too dear", "too weak", "no volume stated", "surpassed by likeness"],
)
def test_a_larger_model_is_no_reason_not_to_tune(score: int, volume: int | None, neighbours: int) -> None:
    price = replace(PRICE, answers_per_month=volume)
    found = advise(larger(score, price=price, neighbours=share(neighbours)))
    assert found.because != "larger_model"


def test_examples_that_suffice_have_their_price_told() -> None:
    found = advise(evidence(few_shot=share(392)))
    # $2.00 a month, of which each 1,000 answers without examples save $0.10.
    assert any("from 20,000 answers a month on" in note for note in found.notes)


def test_means_take_twice_the_records_and_the_bootstrap() -> None:
    part = [0.5 + 0.4 * (number % 2) for number in range(150)]
    scores = dict.fromkeys(("base", "few_shot", "neighbours", "fewer_neighbours", "guess"), part)
    assert advise(evidence(right_or_wrong=False, **scores)).because == "too_few"
    better = {**scores, **{name: values + values for name, values in scores.items()}}
    better["neighbours"] = [1.0 - 0.01 * (number % 3) for number in range(300)]
    assert advise(evidence(right_or_wrong=False, **better)).because == "learnable"


def test_the_answer_the_reason_and_what_would_settle_it_make_a_sentence() -> None:
    told = advise(evidence(labels=False)).sentence()
    assert told.startswith(
        "Cannot say: the base model reaches 50.0% in exact match, which leaves +50.0 points"
    )
    assert "What would settle it: More blind records: about" in told
    assert "A second person's labels for 100 blind records" in told
    assert told.endswith("A run that tunes, for about $6.00.")
