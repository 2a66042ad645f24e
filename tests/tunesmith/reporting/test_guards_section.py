"""Guardrails, watched answers, slices and repeated answers are shown as they were found, and as text."""

from __future__ import annotations

from typing import Any

from tunesmith.reporting.guards_section import guardrails, slices, steadiness

FINDING: dict[str, Any] = {
    "name": "general",
    "comparator": "base",
    "outcome": "failed",
    "reason": "Guardrail general failed: to the base model the candidate is -20.0 points.",
    "margin": 5.0,
    "n": 300,
    "value": -20.0,
    "low": -25.0,
    "high": -15.0,
}
COUNTS = {"refusals": 3, "format": 0, "memorised": 1}


def evaluation(**changes: Any) -> dict[str, Any]:
    watched = {"records": 400, "models": {"candidate": COUNTS, "base": {**COUNTS, "refusals": 1_000}}}
    return {"guardrails": [FINDING], "watched": watched, "slices": [], "noise": {}, **changes}


def test_a_guardrail_that_failed_stands_with_its_figures_and_its_words() -> None:
    shown = guardrails(evaluation())
    assert "\u221220.0 (\u221225.0 to \u221215.0)" in shown
    assert "✕ failed" in shown
    assert FINDING["reason"] in shown


def test_what_was_not_checked_has_no_figures() -> None:
    unknown = {**FINDING, "outcome": "not checked", "value": None, "low": None, "high": None}
    shown = guardrails(evaluation(guardrails=[unknown]))
    assert "not known" in shown
    assert "– not checked" in shown


def test_what_is_watched_is_counted_for_each_model_and_said_to_block_nothing() -> None:
    shown = guardrails(evaluation(guardrails=[]))
    assert "The job file declares none." in shown
    assert '<th>Refused</th><td class="n">3</td><td class="n">1,000</td>' in shown
    assert "block nothing unless a guardrail names them" in shown


def test_a_run_of_before_has_none_of_it() -> None:
    old: dict[str, Any] = {"models": []}
    assert guardrails(None) == guardrails(old) == slices(None) == slices(old) == steadiness(old) == ""


def test_slices_are_told_by_what_they_slice_and_their_names_are_text() -> None:
    large = {
        "by": "label",
        "value": "<b>",
        "n": 50,
        "observed": 4.0,
        "shrunken": 2.5,
        "low": -1.0,
        "high": 6.0,
    }
    small = {**large, "value": "rare", "n": 3, "observed": None, "shrunken": None}
    other = {**large, "by": "meta.language", "value": "de"}
    shown = slices(evaluation(slices=[large, small, other]))
    assert shown.count("<details>") == 2
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
    assert "not checked" in shown
    assert "+2.5" in shown


def test_flips_are_shown_with_the_answers_behind_each_score() -> None:
    noise = {"candidate": {"records": 100, "flips": 5, "share": 0.05, "answers": 3}}
    shown = steadiness(evaluation(noise=noise))
    assert '<td class="n">5 of 100</td><td class="n">5.0%</td><td class="n">3</td>' in shown
