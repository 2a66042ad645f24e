"""What happened in a run? All that was recorded of it, as report.json; the page shows nothing else.

Amounts are US dollars, shares are per cent, gains are percentage points, durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tunesmith.catalogue import find_model
from tunesmith.catalogue.kinds import KINDS
from tunesmith.evaluation.answers import CANDIDATE
from tunesmith.evaluation.metrics_registry import JUDGE
from tunesmith.evaluation.savings import Serving, savings
from tunesmith.evaluation.scores import LENIENT, SHOWN_BESIDE
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion, Run, Step, StepRecord
from tunesmith.reporting.costs import cost_section
from tunesmith.reporting.words import next_step
from tunesmith.serving.capacity import NEVER, seconds_between
from tunesmith.training.hyperparameters import choose_hyperparameters
from tunesmith.training.metrics import LossPoint, thinned
from tunesmith.training.records import TrainingRecords

SCHEMA: Final = 1
MOST_CURVE_POINTS: Final = 300


@dataclass(frozen=True, kw_only=True)
class RunRecords:
    """All that was recorded of a run; None or empty where it did not come that far."""

    run: Run
    steps: Sequence[StepRecord]
    capacity: Sequence[Capacity]
    champion: Champion | None
    job: Mapping[str, Any]
    data: Mapping[str, Any] | None
    estimate: Mapping[str, Any] | None
    training: TrainingRecords
    scores: Mapping[str, Any] | None
    changes: Mapping[str, Any] | None = None
    """What `evaluation.changes` picked for a person to read."""
    verdict: Mapping[str, Any] | None
    prepared: Mapping[str, Any] | None = None
    """What a cluster that prepared the data cost, where one did."""
    advice: Mapping[str, Any] | None = None
    """Whether to tune, of a run that asked."""


def build_document(records: RunRecords, *, environment: str, parameter: str, now: str) -> dict[str, Any]:
    """Build report.json; `parameter` is the SSM parameter that holds the champion's ARN."""
    run = records.run
    cost = cost_section(
        records.job,
        records.estimate,
        records.training,
        records.scores,
        records.capacity,
        _training_asked(records),
        now,
        prepared=records.prepared,
    )
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "run": run.run,
        "project": run.project,
        "environment": environment,
        "base_model": run.base_model,
        "outcome": run.outcome,
        "reason": _reason(records),
        "by_hand": run.by_hand,
        "clock": _clock(run, now),
        "steps": _steps(records.steps, now),
        "data": records.data,
        "cost": cost,
        "training": {**_training(records.training, run), "hyperparameters": _hyperparameters(records)},
        "evaluation": _evaluation(records.scores, records.verdict),
        "advice": records.advice,
        "savings": _savings(records, cost["actual"]),
        "changes": records.changes,
        "capacity": [_capacity(item) for item in records.capacity],
        "champion": _champion(records.champion, run.run, parameter),
    }
    return {**document, "next_step": next_step(document)}


def _reason(records: RunRecords) -> str:
    """Say why; where a person overruled the verdict, that and the verdict come first."""
    run = records.run
    decided = [step.summary for step in records.steps if step.step is Step.DECIDE and run.by_hand]
    return " ".join([*decided, run.reason])


def _clock(run: Run, now: str) -> dict[str, Any]:
    return {
        "created": run.created,
        "closed": run.closed,
        "written": now,
        "seconds": round(seconds_between(run.created, run.closed or now)),
    }


def _steps(steps: Sequence[StepRecord], end: str) -> list[dict[str, Any]]:
    """A step lasts until the next one begins; times are the run's own clock."""
    ends = [step.started for step in steps[1:]] + [end]
    return [
        {
            "name": str(step.step),
            "started": step.started,
            "seconds": max(0, round(seconds_between(step.started, until))),
            "summary": step.summary,
            "figures": {name: _number(value) for name, value in step.figures.items()},
        }
        for step, until in zip(steps, ends, strict=True)
    ]


def _training_asked(records: RunRecords) -> bool:
    return any(item.kind is CapacityKind.JOB for item in records.capacity)


def _training(training: TrainingRecords, run: Run) -> dict[str, Any]:
    decisions = [dict(decision) for decision in training.decisions]
    is_over = any(decision["action"] == "keep" for decision in decisions)
    return {
        "jobs": [
            {
                **_job(job),
                "chosen": is_over and number == run.chosen,
                "watched": [dict(entry) for entry in training.watched.get(number, [])],
                "score": training.judged[number]["value"] if number in training.judged else None,
            }
            for number, job in training.told.items()
        ],
        "decisions": decisions,
        "continues": run.continues.get("model_name", ""),
    }


def _hyperparameters(records: RunRecords) -> list[dict[str, str]]:
    """Say what a job of full length is sent, and why; empty while there is no data to go by."""
    kind = KINDS[records.job["kind"]] if records.data is not None else None
    if records.data is None or kind is None or kind.chooses_length or not kind.tunes:
        return []
    choices = choose_hyperparameters(
        records.job["hyperparameters"],
        find_model(records.run.base_model).as_tuned_by(records.job["kind"]),
        records=records.data["split"]["train"]["records"],
    )
    return [choice.to_json() for choice in choices]


def _job(job: Mapping[str, Any]) -> dict[str, Any]:
    curves = {
        name: thinned([LossPoint(*point) for point in points], MOST_CURVE_POINTS)
        for name, points in job["curves"].items()
    }
    # What an earlier version recorded has neither: it knew losses and whole training files alone.
    return {"measure": "loss", "data_share": 1.0, **job, "cost_usd": float(job["cost_usd"]), "curves": curves}


def _evaluation(scores: Mapping[str, Any] | None, verdict: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if scores is None:
        return None
    metric = scores["metric"]
    return {
        "metric": metric,
        "n": scores["n"],
        "asked": scores["asked"],
        "lost": scores["lost"],
        "silent": scores.get("silent", {}),
        "examples": scores.get("examples"),
        "errors": scores["errors"],
        "noise": scores.get("noise", {}),
        "guardrails": verdict.get("guardrails", []) if verdict else [],
        "watched": scores.get("watched"),
        "slices": scores.get("slices", []),
        "models": [_model(label, model, metric) for label, model in scores["models"].items()],
        "gain": verdict["gain"] if verdict else None,
        "comparisons": [_comparison(one) for one in verdict["comparisons"]] if verdict else [],
        "replays": verdict.get("replays", []) if verdict else [],
        "comparator": verdict["comparator"] if verdict else "",
        "method": verdict["method"] if verdict else "",
        "judge": _judge(scores.get("judge")),
        "reports_only": verdict.get("reports_only", "") if verdict else "",
        "only_candidate_right": verdict["only_candidate_right"] if verdict else None,
        "only_comparator_right": verdict["only_comparator_right"] if verdict else None,
    }


def _comparison(one: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: one[name] for name in ("comparator", "outcome", "informs", "gain", "detectable")}
    return {**told, "preferred": one.get("preferred")}


def _judge(judge: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Tell who judged and how; what it said of each record stays with the scores."""
    if judge is None:
        return None
    return {name: judge[name] for name in ("model", "title", "criteria", "tallies")}


def _savings(records: RunRecords, spent_usd: float) -> dict[str, Any] | None:
    """Compare what answers cost; nothing before the models are compared."""
    scores = records.scores
    if scores is None or "serving" not in scores or not scores["n"] or CANDIDATE not in scores["models"]:
        return None
    found = savings(
        scores,
        {label: find_model(model["base_model"]).family for label, model in scores["models"].items()},
        serving=Serving(**scores["serving"]),
        spent_usd=spent_usd,
        answers_per_month=records.job.get("serving", {}).get("answers_per_month"),
    )
    return found.to_json()


def _model(label: str, model: Mapping[str, Any], metric: str) -> dict[str, Any]:
    summary = model["summary"]
    if not summary:
        return {"label": label, "id": model["id"]}
    low, high = summary["interval"]
    return {
        "label": label,
        "id": model["id"],
        "value": 100 * summary[metric],
        "low": 100 * low,
        "high": 100 * high,
        **{name: 100 * summary[name] for name in (*SHOWN_BESIDE, LENIENT) if name in summary},
        "input_tokens_mean": summary["input_tokens_mean"],
        "output_tokens_mean": summary["output_tokens_mean"],
        "latency_ms_median": summary["latency_ms_median"],
        "latency_ms_p95": summary["latency_ms_p95"],
        "cost_usd_per_1000": float(summary["cost_usd_per_1000"]),
        # A judge knows no right answers.
        "cost_usd_per_1000_right": float(summary["cost_usd_per_1000"]) / summary[metric]
        if summary[metric] and metric != JUDGE
        else None,
    }


def _capacity(item: Capacity) -> dict[str, Any]:
    return {
        "what": str(item.kind),
        "name": item.name,
        "purpose": item.purpose,
        "state": str(item.state),
        "arn": item.arn,
        "since": item.since,
        "expires": "" if item.state is CapacityState.RELEASED or item.expires == NEVER else item.expires,
        "usd_per_hour": float(item.usd_per_hour),
        "usd_per_month": float(item.usd_per_month),
        "problem": item.problem,
    }


def _champion(champion: Champion | None, run: str, parameter: str) -> dict[str, Any] | None:
    if champion is None:
        return None
    return {
        "arn": champion.arn,
        "model_arn": champion.model_arn,
        "model_name": champion.model_name,
        "run": champion.run,
        "is_this_run": champion.run == run,
        "since": champion.since,
        "parameter": parameter,
        "previous": champion.previous["model_name"] if champion.previous else "",
    }


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
