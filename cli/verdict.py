"""How did a run end? Read from report.json, in a few lines that answer what one wants to know first."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cli.display import describe_usd
from cli.look import View
from tunesmith.ledger import Outcome

_STYLES = {Outcome.PROMOTED: "bold green", Outcome.FAILED: "bold red"}


def exit_code(outcome: str) -> int:
    """Turn an outcome into the command's exit code: 0 promoted, 2 broken, 1 every other answer."""
    return {Outcome.PROMOTED: 0, Outcome.FAILED: 2}.get(Outcome(outcome), 1)


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
        "reason": run.reason,
        "metric": evaluation.get("metric"),
        "records": evaluation.get("n"),
        "models": {label: _model_figures(model) for label, model in models.items()},
        "gain": evaluation.get("gain"),
        "output_tokens_saved": _tokens_saved(models),
        "cost": {"estimated_usd": cost.get("estimated"), "actual_usd": cost.get("actual")},
        "champion": (told.get("champion") or {}).get("arn"),
        "report": str(page) if page else None,
    }


def render(summary: Mapping[str, Any], environment: str) -> Group:
    """Lay the verdict out for a person."""
    outcome = summary["outcome"] or "still open"
    headline = Text(outcome.replace("_", " "), style=_STYLES.get(outcome, "bold yellow"))
    headline.append(f": {summary['reason']}" if summary["reason"] else "", style="default not bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(summary):
        table.add_row(name, value)
    parts: list[Any] = [headline, Text(), table]
    if environment == "local" and summary["gain"]:
        parts += [Text(), Text(_LOCAL_NOTE, style="dim")]
    return Group(*parts)


_LOCAL_NOTE = (
    "Measured on the local stand-in for Bedrock, a small linear model: the numbers are computed, but say nothing "
    "about a real model."
)


def _rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("run", f"{summary['run']}, project {summary['project']}")]
    gain, models, metric = summary["gain"], summary["models"], summary["metric"]
    if gain:
        scores = [f"{label} {100 * figures[metric]:.1f} %" for label, figures in models.items()]
        rows.append((metric.replace("_", " "), f"{', '.join(scores)} on {summary['records']:,} blind records"))
        rows.append(
            (
                "gain",
                f"{gain['value']:+.1f} points, 95 % interval {gain['low']:+.1f} to {gain['high']:+.1f}, "
                f"asked for {gain['minimum']:+.1f}",
            )
        )
    if summary["output_tokens_saved"] is not None:
        tokens = [f"{label} {figures['output_tokens_mean']:.1f}" for label, figures in models.items()]
        saved = f"{100 * summary['output_tokens_saved']:.0f} % saved"
        rows.append(("output tokens", f"{saved}: per answer {', '.join(tokens)}"))
    cost = summary["cost"]
    if cost["actual_usd"] is not None or cost["estimated_usd"] is not None:
        told = [
            f"{describe_usd(Decimal(str(cost[key])))} {word}"
            for key, word in (("actual_usd", "actual"), ("estimated_usd", "estimated"))
            if cost[key] is not None
        ]
        rows.append(("cost", f"{', '.join(told)}, by the price table"))
    rows.append(("champion", summary["champion"] or "none"))
    if summary["report"]:
        rows.append(("report", summary["report"]))
    return rows


def _model_figures(model: Mapping[str, Any]) -> dict[str, Any]:
    return {name: model.get(name) for name in ("exact_match", "token_f1", "output_tokens_mean")}


def _tokens_saved(models: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Tell which share of the base model's output tokens the candidate does without."""
    if not {"candidate", "base"} <= models.keys():
        return None
    base, candidate = (models[label].get("output_tokens_mean") for label in ("base", "candidate"))
    return None if not base or candidate is None else 1 - candidate / base
