"""Does the candidate stay good enough elsewhere? Non-inferiority to base model and champion, by a margin.

A guardrail holds where the whole interval of the difference lies above minus the margin, and fails where it
lies below whole. Too small a set is "not checked", which neither blocks nor proves anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tunesmith.evaluation.answers import BASE, CHAMPION
from tunesmith.evaluation.pairs import Pairs, Rule
from tunesmith.evaluation.power import FEWEST_GUARDED
from tunesmith.evaluation.watch import title_of

_CALLED: Final = {BASE: "the base model", CHAMPION: "the champion"}

Outcome = Literal["held", "failed", "open", "not checked"]


@dataclass(frozen=True, kw_only=True)
class GuardrailFinding:
    """What was found of one guardrail against one model; figures are percentage points."""

    name: str
    metric: str
    over: str
    """On which records, in words."""
    comparator: str
    outcome: Outcome
    reason: str
    margin: float
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    """The interval's confidence in per cent."""


def check(guardrails: list[dict[str, Any]], rule: Rule) -> tuple[GuardrailFinding, ...]:
    """Check every guardrail that was scored, against each model that the candidate must equal."""
    return tuple(
        _check(guardrail, comparator, rule)
        for guardrail in guardrails
        for comparator in (BASE, CHAMPION)
        if comparator in guardrail["models"]
    )


def worst(findings: tuple[GuardrailFinding, ...]) -> Outcome | None:
    """Give the outcome that the verdict has to heed, failed before open; None where there is none such."""
    order: tuple[Outcome, ...] = ("failed", "open")
    outcomes = {finding.outcome for finding in findings}
    return next((outcome for outcome in order if outcome in outcomes), None)


def told(findings: tuple[GuardrailFinding, ...]) -> str:
    """Say what was found of each guardrail."""
    return "".join(f" {finding.reason}" for finding in findings)


def _check(guardrail: Mapping[str, Any], comparator: str, rule: Rule) -> GuardrailFinding:
    name, margin, n = guardrail["name"], float(guardrail["margin"]), int(guardrail["n"])
    found: dict[str, Any] = {
        "name": name,
        "metric": guardrail["metric"],
        "over": guardrail["over"],
        "comparator": comparator,
        "margin": margin,
        "n": n,
    }
    which = f"Guardrail {name} ({title_of(guardrail['metric'])} on {guardrail['over']})"
    if n < FEWEST_GUARDED:
        few = f"{which} was not checked: {n:,} records are fewer than {FEWEST_GUARDED}, and prove nothing."
        return GuardrailFinding(**found, outcome="not checked", reason=few)
    pairs = Pairs.of(guardrail, comparator)
    interval = pairs.interval(rule)
    if not interval.is_known:
        alike = f"{which} was not checked: too few answers tell the models apart to know how sure that is."
        return GuardrailFinding(**found, outcome="not checked", reason=alike)
    value, low, high = (round(100 * figure, 10) for figure in interval)
    found |= {"value": value, "low": low, "high": high, "level": round(100 * (1 - 2 * rule.error), 2)}
    outcome: Outcome = "held" if low > -margin else "failed" if high < -margin else "open"
    if outcome == "held" and guardrail["lost"]:
        least = pairs.with_lost(guardrail["lost"], -1.0).interval(rule)
        outcome = "held" if round(100 * least.low, 10) > -margin else "open"
    what = (
        f"to {_CALLED[comparator]} the candidate is {value:+.1f} points ({low:+.1f} to {high:+.1f},"
        f" {n:,} records)"
    )
    return GuardrailFinding(**found, outcome=outcome, reason=f"{which} {_WORDS[outcome](what, margin)}")


def _failed(what: str, margin: float) -> str:
    return (
        f"failed: {what}, all of it below the {-margin:+g} that are allowed. Add training records that keep"
        " this ability, train for fewer epochs, or widen the margin if the loss can be borne."
    )


def _open(what: str, margin: float) -> str:
    return (
        f"is open: {what}, which does not lie above {-margin:+g} whole. Bring more records for it, or widen"
        " the margin if such a loss can be borne."
    )


def _held(what: str, margin: float) -> str:
    return f"held: {what}, all of it above {-margin:+g}."


_WORDS: Final = {"failed": _failed, "open": _open, "held": _held}
