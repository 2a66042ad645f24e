"""A guardrail holds only where the whole interval says so, and too few records say nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.evaluation.guardrails import GuardrailFinding, check
from tunesmith.evaluation.pairs import Rule
from tunesmith.evaluation.power import FEWEST_GUARDED, error_of
from tunesmith.evaluation.verdict import decide

RULE = Rule(seed=1, decision=1, resamples=1_000)
ALPHA = error_of(1)


def guardrail(candidate: list[float], base: list[float], **changes: Any) -> dict[str, Any]:
    metric = "exact_match" if set(candidate) | set(base) <= {0, 1} else "token_f1"
    return {
        "name": "general",
        "metric": metric,
        "margin": 5.0,
        "over": "general.jsonl",
        "n": len(candidate),
        "lost": 0,
        "models": {"candidate": {metric: candidate}, "base": {metric: base}},
        "groups": [],
        **changes,
    }


def found(candidate: list[float], base: list[float], **changes: Any) -> GuardrailFinding:
    (finding,) = check([guardrail(candidate, base, **changes)], RULE)
    return finding


def rights(right: int, records: int) -> list[float]:
    return [float(number < right) for number in range(records)]


def test_equal_models_hold_and_the_interval_says_by_how_much() -> None:
    finding = found(rights(360, 400), rights(360, 400))
    assert finding.outcome == "held"
    assert finding.low is not None
    assert -5 < finding.low < 0
    assert finding.reason.startswith(
        "Guardrail general (exact match on general.jsonl) held: to the base model"
    )


def test_a_clear_loss_fails_and_the_words_say_which_by_how_much_and_what_to_do() -> None:
    finding = found(rights(280, 400), rights(360, 400))
    assert (finding.outcome, finding.value) == ("failed", -20.0)
    assert "the candidate is -20.0 points (" in finding.reason
    assert "all of it below the -5 that are allowed" in finding.reason
    assert "Add training records" in finding.reason


def test_an_interval_that_holds_the_margin_is_open() -> None:
    finding = found(rights(345, 400), rights(360, 400))
    assert finding.outcome == "open"
    assert "does not lie above -5 whole" in finding.reason


@pytest.mark.parametrize("right", [0, 299])
def test_too_few_records_are_not_checked_whatever_they_show(right: int) -> None:
    records = FEWEST_GUARDED - 1
    finding = found(rights(right, records), rights(records, records))
    assert (finding.outcome, finding.low) == ("not checked", None)
    assert "299 records are fewer than 300" in finding.reason
    assert found([*rights(right, records), 1.0], rights(300, 300)).outcome != "not checked"


def test_means_that_never_differ_tell_nothing() -> None:
    assert found([0.5] * 400, [0.5] * 400).outcome == "not checked"


def test_lost_records_must_not_be_able_to_break_a_guardrail() -> None:
    assert found(rights(360, 400), rights(360, 400), lost=2).outcome == "held"
    assert found(rights(360, 400), rights(360, 400), lost=40).outcome == "open"


def test_the_champion_is_a_comparator_too() -> None:
    models = {
        "candidate": {"exact_match": rights(360, 400)},
        "base": {"exact_match": rights(200, 400)},
        "champion": {"exact_match": rights(400, 400)},
    }
    outcomes = {
        finding.comparator: finding.outcome
        for finding in check([guardrail([1.0], [1.0], n=400, models=models)], RULE)
    }
    assert outcomes == {"base": "held", "champion": "failed"}


def test_records_of_one_group_tell_less() -> None:
    candidate, base = rights(392, 400), rights(400, 400)
    alone = found(candidate, base)
    grouped = found(candidate, base, groups=[number // 8 for number in range(400)])
    assert alone.low is not None
    assert grouped.low is not None
    assert grouped.low < alone.low


@settings(max_examples=25, deadline=None)
@given(
    right=st.integers(0, 400), other=st.integers(0, 400), margin=st.floats(0.5, 40), more=st.floats(0.1, 40)
)
def test_a_wider_margin_never_turns_held_into_anything_else(
    right: int, other: int, margin: float, more: float
) -> None:
    narrow = found(rights(right, 400), rights(other, 400), margin=margin)
    wide = found(rights(right, 400), rights(other, 400), margin=margin + more)
    order = ["failed", "open", "held"]
    assert order.index(wide.outcome) >= order.index(narrow.outcome)


def worlds(count: int, seed: int, loss: float, *, means: bool, group: int) -> list[GuardrailFinding]:
    """Findings of so many tests of 300 records whose true difference is the loss, grouped or not."""
    random = np.random.default_rng(seed)
    findings: list[GuardrailFinding] = []
    groups = [number // group for number in range(300)] if group > 1 else []
    for _ in range(count):
        if means:  # skewed: most records change little, few lose much
            base = random.beta(4, 2, 300)
            shared = np.repeat(random.exponential(1.0, 300 // group), group)
            candidate = np.clip(base + 0.05 * (1 - shared) - loss, -1, 2)
            entry = guardrail(candidate.tolist(), base.tolist(), groups=groups)
        else:
            draw = np.repeat(random.random(300 // group), group)
            gained, lost = draw < 0.08, (draw >= 0.08) & (draw < 0.16 + loss)
            entry = guardrail((0.0 + ~lost).tolist(), (0.0 + ~gained).tolist(), groups=groups)
        findings += check([entry], replace(RULE, seed=int(random.integers(2**31))))
    return findings


@pytest.mark.parametrize("group", [1, 6])
@pytest.mark.parametrize("means", [False, True])
def test_a_true_loss_of_the_whole_margin_passes_no_oftener_than_the_error_allows(
    *, means: bool, group: int
) -> None:
    tests = 250
    findings = worlds(tests, 20261128, 0.05, means=means, group=group)
    passed = sum(finding.outcome == "held" for finding in findings)
    # Three standard errors above what may pass of so many.
    assert passed <= tests * ALPHA + 3 * (tests * ALPHA * (1 - ALPHA)) ** 0.5


@pytest.mark.parametrize("means", [False, True])
def test_no_loss_is_mostly_found_and_twice_the_margin_never_passes(*, means: bool) -> None:
    equal = worlds(60, 7, 0.0, means=means, group=1)
    worse = worlds(60, 8, 0.10, means=means, group=1)
    assert sum(finding.outcome == "failed" for finding in equal) == 0
    assert sum(finding.outcome == "held" for finding in worse) == 0
    if means:
        assert sum(finding.outcome == "held" for finding in equal) > 50


def scores(**changes: Any) -> dict[str, Any]:
    return {
        "metric": "exact_match",
        "n": 400,
        "asked": 400,
        "lost": 0,
        "errors": {},
        "groups": [],
        "models": {"candidate": {"exact_match": rights(360, 400)}, "base": {"exact_match": rights(200, 400)}},
        **changes,
    }


@pytest.mark.parametrize(
    ("right", "outcome", "words"),
    [
        (280, "rejected", "Guardrail general (exact match on general.jsonl) failed"),
        (345, "inconclusive", "is open"),
        (360, "better", "held"),
    ],
)
def test_a_candidate_that_wins_is_held_back_by_a_guardrail(right: int, outcome: str, words: str) -> None:
    verdict = decide(
        scores(guardrails=[guardrail(rights(right, 400), rights(360, 400))]), minimum_gain=2, seed=1
    )
    assert verdict.outcome == outcome
    assert words in verdict.reason
    assert verdict.reason.startswith("The gain over base")
    assert verdict.guardrails[0].name == "general"


def test_a_guardrail_that_was_not_checked_changes_nothing_and_is_told() -> None:
    small = guardrail(rights(0, 20), rights(20, 20))
    verdict = decide(scores(guardrails=[small]), minimum_gain=2, seed=1)
    assert verdict.outcome == "better"
    assert "was not checked: 20 records are fewer than 300" in verdict.reason


def test_a_guardrail_that_holds_makes_no_candidate_better() -> None:
    models = {label: {"exact_match": rights(200, 400)} for label in ("candidate", "base")}
    held = guardrail(rights(400, 400), rights(360, 400))
    assert decide(scores(models=models, guardrails=[held]), minimum_gain=2, seed=1).outcome != "better"
