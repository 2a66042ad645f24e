"""Lets somebody rate the answers to one shard: a judge, pair by pair, or a function of the user's."""

from __future__ import annotations

from typing import Any

from rate_shard.judge import judge_shard
from rate_shard.shard import Shard
from rate_shard.user_function import score_shard
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.measured_job import read_measured_job
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.evaluation.answers import read_questions
from tunesmith.observability import logger
from tunesmith.settings import RateShardSettings

LOG = logger("rate_shard")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return how many calls were made and failed for good, and whether time ran out before the last.

    What was rated already is not asked again. Raises MetricFunctionError.
    """
    settings = RateShardSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, name = ledger.require_open(event["run"]).run, event["shard"]
    plan = artifacts.read_json(f"{run_prefix(run)}/evaluation/plan.json")
    part = plan["shards"][name]
    if part["of"]:  # a guardrail's own records are scored here, by nobody who is asked
        return {"shard": name, "asked": 0, "failed": 0, "unfinished": False}
    shard = Shard(
        artifacts=artifacts,
        prefix=run_prefix(run),
        name=name,
        questions=read_questions(artifacts.read(part["key"]))[part["first"] : part["end"]],
        folders={model["label"]: model["folder"] for model in plan["models"]},
    )
    job = read_measured_job(artifacts, run)
    if job.evaluation.judge is not None:
        rated = judge_shard(shard, job.evaluation.judge, plan, context)
    else:
        rated = score_shard(shard, job.metric, context)
    LOG.info("shard rated", extra={"run": run, "shard": name, "by": job.metric, **rated})
    return {"shard": name, **rated}
