"""Asks the catalogue and the account whether the plan can work, and lists every problem at once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from tunesmith import names
from tunesmith.aws import bedrock
from tunesmith.aws.graders import METRIC, ask_grader
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.service_quotas import bedrock_quotas
from tunesmith.catalogue import Model
from tunesmith.catalogue.judges import find_judge
from tunesmith.evaluation.function_metric import trial_items
from tunesmith.evaluation.function_metric import trial_objection as trial_objection_of
from tunesmith.evaluation.metrics_registry import is_function
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.preflight import AccountAnswers, check_plan, quota_codes
from tunesmith.settings import CheckPreflightSettings
from tunesmith.training.grader_trial import trial_objection, trial_samples

LOG = logger("check_preflight")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return `clear`, or `refused` with every problem."""
    settings = CheckPreflightSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = ledger.run(event["run"]), run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    model = job.model
    split = {
        part: figures["records"]
        for part, figures in artifacts.read_json(f"{prefix}/data/report.json")["split"].items()
    }
    champion = ledger.champion(run.project)
    own = names.capacity_name(run.project, run.run)
    hourly = job.serving_path == "provisioned"
    judge = find_judge(job.evaluation.judge.model) if job.evaluation.judge else None
    account = AccountAnswers(
        region=bedrock.region(),
        offers=bedrock.offers({model.id, model.training_id}),
        access=bedrock.access(model.id),
        quotas=bedrock_quotas(quota_codes(job, model, split)),
        in_use=bedrock.units_in_use(own) if hourly else bedrock.deployments_in_use(own),
        grader=_try_grader(job, artifacts, run.run, settings.grader_arn),
        metric=_try_metric(job, artifacts, run.run),
        judge_offers=bedrock.offers({judge.id}) if judge else (),
        judge_access=bedrock.access(judge.id) if judge else None,
    )
    report = check_plan(
        job,
        model,
        account,
        split=split,
        beside_champion=champion is not None and champion.path == job.serving_path,
        today=datetime.fromisoformat(event["now"]).date(),
    )
    summary = "; ".join(report.problems or (_cleared(job, model), *report.notes))
    ledger.begin_step(
        run.run,
        Step.PREFLIGHT,
        event["now"],
        summary,
        {"problems": len(report.problems), "not_asked": len(report.notes)},
    )
    LOG.info("preflight checked", extra={"run": run.run, "model": model.id, **asdict(report)})
    return {"outcome": "refused" if report.problems else "clear", "reason": "; ".join(report.problems)}


def _try_metric(job: Job, artifacts: Bucket, run: str) -> str:
    """Let a user's own metric score right and wrong answers to training records; say why it is unfit."""
    key = f"{run_prefix(run)}/data/metric_trial.json"
    if job.evaluation.metric is None or not is_function(job.evaluation.metric) or not artifacts.head(key):
        return ""
    right, wrong = trial_items(artifacts.read_json(key))
    samples = [item.sample() for item in (*right, *wrong)]
    reply = ask_grader(job.evaluation.metric, samples, named=METRIC)
    return reply.problem or trial_objection_of(right, wrong, reply.answer)


def _cleared(job: Job, model: Model) -> str:
    return f"{model.title} can be {'tuned and served' if job.customization.tunes else 'asked, and tuned'}"


def _try_grader(job: Job, artifacts: Bucket, run: str, own_arn: str) -> str:
    """Let a reinforcement's grader grade right and wrong answers; say why it is unfit, empty where not."""
    if job.reinforcement is None:
        return ""
    samples = trial_samples(artifacts.read_json(f"{run_prefix(run)}/data/grader_trial.json"))
    reply = ask_grader(own_arn if job.reinforcement.own_grader else job.reinforcement.grader, samples)
    return reply.problem or trial_objection(samples, reply.answer)
