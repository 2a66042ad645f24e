"""Writes report.json and the page rendered from it, and says whether there is news to tell."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunesmith import names
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, cluster_cost_key, run_prefix
from tunesmith.aws.training_records import read_training
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.reporting.document import RunRecords, build_document
from tunesmith.reporting.model_card import build_card, render_card
from tunesmith.reporting.page import render_page
from tunesmith.reporting.words import message, subject
from tunesmith.settings import WriteReportSettings

LOG = logger("write_report")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the message for the project's people, and whether they have had it already."""
    settings = WriteReportSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    prefix = run_prefix(event["run"])
    ledger.begin_step(event["run"], Step.REPORT, event["now"], "report.json and report.html are written")
    run = ledger.run(event["run"])
    job = _read(artifacts, f"{prefix}/job.json") or {}
    document = build_document(
        RunRecords(
            run=run,
            steps=ledger.steps(run.run),
            capacity=ledger.capacity(run.run),
            champion=ledger.champion(run.project),
            job=job,
            data=_read(artifacts, f"{prefix}/data/report.json"),
            estimate=_read(artifacts, f"{prefix}/estimate.json"),
            training=read_training(artifacts, run.run),
            scores=_read(artifacts, f"{prefix}/evaluation/scores.json"),
            changes=_read(artifacts, f"{prefix}/evaluation/changes.json"),
            advice=_read(artifacts, f"{prefix}/evaluation/advice.json"),
            verdict=_read(artifacts, f"{prefix}/evaluation/verdict.json"),
            prepared=_read(artifacts, cluster_cost_key(run.run)),
        ),
        environment=settings.environment,
        parameter=names.champion_parameter(settings.environment, run.project),
        now=event["now"],
    )
    artifacts.write_json(f"{prefix}/report.json", document)
    page = f"{prefix}/report.html"
    artifacts.write(page, render_page(document).encode(), "text/html; charset=utf-8")
    card = build_card(document, run)
    if card is not None:
        artifacts.write_json(f"{prefix}/model_card.json", card)
        html = render_card(card).encode()
        artifacts.write(f"{prefix}/model_card.html", html, "text/html; charset=utf-8")
    ledger.update_run(run.run, actual_usd=Decimal(str(document["cost"]["actual"])))
    LOG.info("report written", extra={"run": run.run, "outcome": run.outcome})
    return {
        "announce": run.outcome != run.announced and _is_wanted(job, run.outcome),
        "outcome": run.outcome,
        "subject": subject(document),
        "message": message(document, artifacts.uri(page)),
    }


def _is_wanted(job: Mapping[str, Any], outcome: str) -> bool:
    """Tell whether the job file asks to be notified of such an outcome; without a job file, of any."""
    return not job or outcome in job["notify"]["outcomes"]


def _read(artifacts: Bucket, key: str) -> Any:
    return artifacts.read_json(key) if artifacts.head(key) else None
