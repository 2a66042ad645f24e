"""Prices the plan, with its uncertainty, and holds it against the budget."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, cluster_cost_key, run_prefix
from tunesmith.cost import OVERRIDE_KEY, budget_objection, estimate_job, load_prices
from tunesmith.cost.approval import question_of
from tunesmith.cost.cluster import read_cost
from tunesmith.cost.plan import plan_of
from tunesmith.errors import UnknownPriceError
from tunesmith.job import parse_job
from tunesmith.ledger import APPROVED, Step
from tunesmith.observability import logger
from tunesmith.reporting.plan_page import render_plan
from tunesmith.settings import EstimateCostSettings

LOG = logger("estimate_cost")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return `affordable`, `ask` with how long an answer is waited for, or `over_budget` with the reason.

    `tunes` says whether training follows.
    """
    settings = EstimateCostSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = event["run"], run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    uploads = Bucket(settings.dataset_bucket)
    override = uploads.read(OVERRIDE_KEY) if uploads.head(OVERRIDE_KEY) else None
    model = job.model
    try:
        prices = load_prices(override)
        report = artifacts.read_json(f"{prefix}/data/report.json")
        job = job.measured_by(report["task"]["metric"])
        champion = ledger.champion(job.project)
        price = partial(
            estimate_job,
            model=model,
            split=report["split"],
            prices=prices,
            token_error=report["tokens"]["off"],
            champion_path=champion.path if champion else "",
            champion_base=champion.base_model if champion else "",
            guarded=report.get("guardrails", ()),
            prepared=read_cost(artifacts.read_json_and_tag(cluster_cost_key(run))[0]),
        )
        plan = plan_of(job, model, report, price)
    except UnknownPriceError as error:
        ledger.begin_step(run, Step.BUDGET, event["now"], str(error))
        LOG.warning("price unknown", extra={"run": run, "reason": str(error)})
        return {"outcome": "over_budget", "reason": str(error)}
    estimate = plan.estimate
    artifacts.write_json(f"{prefix}/estimate.json", estimate.to_json())
    ledger.update_run(run, estimated_usd=estimate.total_usd)
    reason = budget_objection(estimate, job.budget.limit_usd)
    ledger.begin_step(run, Step.BUDGET, event["now"], reason or estimate.summary(), estimate.figures())
    LOG.info("cost estimated", extra={"run": run, **estimate.figures(), "reason": reason})
    if reason:
        return {"outcome": "over_budget", "reason": reason}
    question = question_of(
        job,
        plan.most_usd,
        plan.proof,
        approved_usd=_approved_usd(ledger, run),
        afterwards_usd=sum((item.usd for item in estimate.afterwards), Decimal(0)),
    )
    asked = question.text if question else ""
    artifacts.write_json(f"{prefix}/plan.json", plan.to_json())
    told = artifacts.read_json(f"{prefix}/plan.json")
    page = render_plan(told, project=job.project, run=run, question=asked)
    artifacts.write(f"{prefix}/plan.html", page.encode(), "text/html; charset=utf-8")
    if question is None:
        return {"outcome": "affordable", "reason": "", "tunes": job.customization.tunes}
    artifacts.write_json(f"{prefix}/question.json", question.to_json())
    return {
        "outcome": "ask",
        "reason": question.text,
        "tunes": job.customization.tunes,
        "seconds": 3600 * question.hours,
        "unanswered": f"nobody answered within {question.hours} hours whether it may go on: {question.text}",
    }


def _approved_usd(ledger: LedgerTable, run: str) -> Decimal | None:
    """Find up to which amount somebody approved this run before."""
    approval = ledger.approval(run)
    return approval.usd if approval is not None and approval.answer == APPROVED else None
