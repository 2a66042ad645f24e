"""How did a run end? Read from report.json, in a few lines that answer what one wants to know first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

from cli.errors import COULD_NOT_BE_DONE, NO
from cli.look import View
from tunesmith.evaluation.metrics_registry import is_function
from tunesmith.ledger import Outcome
from tunesmith.reporting.words import STAND_IN, headline, money

_STYLES: Mapping[str, str] = {Outcome.PROMOTED: "bold green", Outcome.FAILED: "bold red"}
_FIGURES = (
    "value",
    "exact_match",
    "token_f1",
    "output_tokens_mean",
    "latency_ms_median",
    "cost_usd_per_1000",
)


def exit_code(summary: Mapping[str, Any]) -> int:
    """Turn a run's end into the command's exit code: 0 promoted or advised to tune, 2 broken, 1 any other."""
    if (summary["advice"] or {}).get("answer") == "tune":
        return 0
    ends = {Outcome.PROMOTED: 0, Outcome.FAILED: COULD_NOT_BE_DONE}
    return ends.get(Outcome(summary["outcome"]), NO)


def summarize(view: View, report: Mapping[str, Any] | None, page: Path | None) -> dict[str, Any]:
    """Put together what `watch --json` answers; figures that the run never came to are null."""
    run = view.run
    if run is None:
        return {}
    told = report or {}
    evaluation = told.get("evaluation") or {}
    cost = told.get("cost") or {}
    models = {model["label"]: model for model in evaluation.get("models", [])}
    return {
        "run": run.run,
        "project": run.project,
        "status": view.status,
        "step": view.current.step if view.current else None,
        "outcome": run.outcome or None,
        "reason": told.get("reason", run.reason),
        "by_hand": run.by_hand or None,
        "advice": told.get("advice"),
        "metric": evaluation.get("metric"),
        "records": evaluation.get("n"),
        "models": {label: {name: model.get(name) for name in _FIGURES} for label, model in models.items()},
        "comparator": evaluation.get("comparator"),
        "gain": evaluation.get("gain"),
        "comparisons": evaluation.get("comparisons", []),
        "output_tokens_saved_percent": _tokens_saved(models),
        "cost": {"estimated_usd": cost.get("estimated"), "actual_usd": cost.get("actual")},
        "champion": told.get("champion"),
        "report": str(page) if page else None,
        "next_step": told.get("next_step"),
    }


def render(summary: Mapping[str, Any], environment: str) -> Group:
    """Lay the verdict out for a person."""
    outcome = str(summary["outcome"] or "")
    evaluation = {"gain": summary["gain"], "comparator": summary["comparator"]}
    document = {
        "outcome": outcome,
        "by_hand": summary["by_hand"],
        "advice": summary["advice"],
        "evaluation": evaluation,
    }
    told = headline(document)
    lines = [Text(told, style=_STYLES.get(outcome, "bold yellow"))]
    if summary["reason"]:
        lines.append(Text(summary["reason"]))
    lines.append(Text())
    lines += [
        Text.assemble((f"  {name:<19}", "dim"), value, no_wrap=True, overflow="ignore")
        for name, value in _rows(summary)
    ]
    if summary["next_step"]:
        lines += [Text(), Text(summary["next_step"])]
    if environment == "local" and summary["models"]:
        lines += [Text(), Text(STAND_IN, style="dim")]
    return Group(*lines)


def _rows(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "outcome", (summary["outcome"] or "open").replace("_", " ")
    yield "run", f"{summary['run']} of project {summary['project']}"
    gain, models, metric = summary["gain"], summary["models"], summary["metric"]
    if gain or (summary["advice"] and models):
        scores = ", ".join(f"{label} {figures['value']:.1f}%" for label, figures in models.items())
        yield _metric_name(metric), f"{scores} (of {summary['records']:,} blind records)"
        for one in summary["comparisons"]:
            if one["gain"]:
                yield f"gain over {one['comparator']}", _gain(one)
    saved = summary["output_tokens_saved_percent"]
    if saved is not None:
        each = ", ".join(f"{label} {figures['output_tokens_mean']:.1f}" for label, figures in models.items())
        yield "output tokens", f"{abs(saved):.0f}% {'saved' if saved >= 0 else 'more'} (per answer: {each})"
    cost = summary["cost"]
    if cost["estimated_usd"] is not None:
        told = f"{money(cost['actual_usd'])} by the price table, estimated {money(cost['estimated_usd'])}"
        yield "cost", told
    champion = summary["champion"]
    if champion is None:
        yield "champion", "none"
    else:
        yield (
            "champion",
            champion["arn"] + ("" if champion["is_this_run"] else f" (still run {champion['run']})"),
        )
    if summary["report"]:
        yield "report", summary["report"]


def _metric_name(metric: str) -> str:
    """Name a metric in a column of nineteen characters."""
    return metric.split(":")[6][:19] if is_function(metric) else metric.replace("_", " ")


def _gain(comparison: Mapping[str, Any]) -> str:
    gain = comparison["gain"]
    interval = f"{gain['level']:.3g}% interval {gain['low']:+.1f} to {gain['high']:+.1f}"
    needed = "informs only" if comparison["informs"] else f"needed above {gain['minimum']:+.1f}"
    return f"{gain['value']:+.1f} points, {interval}, {needed}"


def _tokens_saved(models: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Tell how many per cent of the base model's output tokens the candidate does without."""
    base, candidate = (models.get(label, {}).get("output_tokens_mean") for label in ("base", "candidate"))
    return None if not base or candidate is None else 100 * (1 - candidate / base)
