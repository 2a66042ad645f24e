"""What is this model? A card that goes with it: data, job, hyperparameters, metrics, verdict, deployment.

Everything is taken from the run's records and report; a run without a model has no card.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from tunesmith.ledger import Run
from tunesmith.reporting.page import document_of
from tunesmith.reporting.words import day, money

SCHEMA: Final = 1


def build_card(document: Mapping[str, Any], run: Run) -> dict[str, Any] | None:
    """Make model_card.json of report.json and the run; amounts are US dollars, figures per cent."""
    job = next((one for one in document["training"]["jobs"] if one["chosen"]), None)
    if job is None:
        return None
    data, evaluation, champion = document["data"], document["evaluation"], document["champion"]
    serves = champion is not None and champion["is_this_run"]
    model = next(
        (item for item in document["capacity"] if item["what"] == "model" and item["name"] == job["name"]),
        None,
    )
    return {
        "schema": SCHEMA,
        "model": job["name"],
        "model_arn": model["arn"] if model else "",
        "base_model": run.base_model,
        "continues": document["training"]["continues"],
        "project": run.project,
        "run": run.run,
        "created": job["ended"] or run.created,
        "data": {
            "uploads": {role: dict(pinned) for role, pinned in run.data.items()},
            "records": {name: part["records"] for name, part in data["split"].items()} if data else {},
            "blind_test_sha256": run.blind_sha256,
        },
        "job": {"name": job["name"], "job_file_sha256": run.job_sha256, "cost_usd": job["cost_usd"]},
        "hyperparameters": dict(job["hyperparameters"]),
        "evaluation": None
        if evaluation is None
        else {
            "metric": evaluation["metric"],
            "records": evaluation["n"],
            "models": [
                {name: model[name] for name in ("label", "value", "low", "high")}
                for model in evaluation["models"]
                if "value" in model
            ],
            "comparisons": evaluation["comparisons"],
        },
        "verdict": {"outcome": document["outcome"], "reason": document["reason"], "by_hand": run.by_hand},
        "deployment": {
            "arn": champion["arn"],
            "parameter": champion["parameter"],
            "since": champion["since"],
        }
        if serves
        else None,
        "cost_usd": document["cost"]["actual"],
        "limits": _limits(document, evaluation),
    }


def render_card(card: Mapping[str, Any]) -> str:
    """Render the card as a page of its own: no script, no outside resource, every text escaped."""
    parts = {
        "Model": _facts(
            {
                "Custom model": card["model_arn"] or card["model"],
                "Base model": card["base_model"],
                "Goes on from": card["continues"],
                "Project": card["project"],
                "Run": card["run"],
                "Made": day(card["created"]),
                "Cost of the run": money(card["cost_usd"]),
            }
        ),
        "Data": _facts(
            {
                **{
                    f"Uploaded {role}": f"{pinned['key']}, SHA-256 {pinned['sha256']}"
                    for role, pinned in card["data"]["uploads"].items()
                },
                **{f"Records, {name}": f"{count:,}" for name, count in card["data"]["records"].items()},
                "Blind test, SHA-256": card["data"]["blind_test_sha256"],
            }
        ),
        "Training": _facts(
            {
                "Job": card["job"]["name"],
                "Job file, SHA-256": card["job"]["job_file_sha256"],
                "Cost of the job": money(card["job"]["cost_usd"]),
                **{str(name): str(value) for name, value in card["hyperparameters"].items()},
            }
        ),
        "Evaluation": _evaluation(card["evaluation"]),
        "Verdict": _facts(
            {
                "Outcome": card["verdict"]["outcome"],
                "Why": card["verdict"]["reason"],
                "By hand": card["verdict"]["by_hand"],
            }
        ),
        "Deployment": _facts(
            {
                "ARN": card["deployment"]["arn"],
                "Parameter with the ARN": card["deployment"]["parameter"],
                "Since": day(card["deployment"]["since"]),
            }
            if card["deployment"]
            else {"State": "this model is not in service"}
        ),
        "Limits": "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in card["limits"]) + "</ul>",
    }
    body = "".join(f"<section><h2>{name}</h2>{part}</section>" for name, part in parts.items())
    return document_of(f"{card['model']}: model card", f"<h1>{escape(card['model'])}</h1>{body}")


def _limits(document: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> list[str]:
    limits = ["It was compared on records like those that were uploaded, and on no others."]
    if evaluation is None:
        limits.append("It was not compared with any other model.")
    elif evaluation["lost"]:
        limits.append(f"{evaluation['lost']:,} blind records were lost to failed calls and left out.")
    if document["environment"] == "local":
        limits.append("It was made by the local stand-in for Bedrock, which is no language model.")
    return limits


def _evaluation(evaluation: Mapping[str, Any] | None) -> str:
    if evaluation is None:
        return "<p>Not compared.</p>"
    rows = "".join(
        f'<tr><th>{escape(one["label"])}</th><td class="n">{one["value"]:.1f}%</td>'
        f'<td class="n">{one["low"]:.1f} to {one["high"]:.1f}</td></tr>'
        for one in evaluation["models"]
    )
    return (
        f'<p class="muted">{escape(evaluation["metric"])} on {evaluation["records"]:,} blind records.</p>'
        '<table><thead><tr><th>Model</th><th class="n">Figure</th><th class="n">95% interval</th></tr>'
        "</thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
    return f'<dl class="facts">{rows}</dl>'
