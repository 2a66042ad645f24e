"""Checks the blind test's seal and cuts the test into shards."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, blind_test_key, guardrail_key, run_prefix
from tunesmith.catalogue import find_model
from tunesmith.catalogue.judges import find_judge
from tunesmith.errors import SealBrokenError
from tunesmith.evaluation.answers import BASE, CANDIDATE, CHAMPION, FEW_SHOT, read_questions
from tunesmith.evaluation.metrics_registry import is_asked
from tunesmith.evaluation.noise import asked_twice
from tunesmith.evaluation.power import FEWEST_GUARDED
from tunesmith.evaluation.shards import calls_in_flight, cut, first_rate, most_turns
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Run, Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import trained_model
from tunesmith.settings import PlanEvaluationSettings

LOG = logger("plan_evaluation")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the shards to answer, none without a blind test, how many turns each may take, and who rates.

    `candidate` says whether capacity is opened for one.

    The rest of the plan lies in plan.json.
    """
    settings = PlanEvaluationSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run = ledger.require_open(event["run"])
    prefix = run_prefix(run.run)
    if artifacts.sha256(blind_test_key(run.run)) != run.blind_sha256:
        raise SealBrokenError(
            f"the blind test of run {run.run} is not the one that was sealed before training"
        )
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    questions = read_questions(artifacts.read(blind_test_key(run.run)))
    records = len(questions)
    shards = {
        name: {"key": blind_test_key(run.run), "of": "", "first": first, "end": end}
        for name, (first, end) in cut(records).items()
    } | (_guarded(artifacts, run.run) if records else {})
    (candidate, champion), (base, *others) = _tuned(job, run, ledger), _untuned(job)
    models = [*candidate, base, *champion, *others]
    judge = job.evaluation.judge
    plan = {
        "models": models,
        "judge": find_judge(judge.model).invocation_id if judge else "",
        "records": records,
        "shards": shards,
        "twice": asked_twice([question.id for question in questions], job.evaluation.answered_twice),
        "inference": {
            "max_tokens": job.evaluation.max_tokens,
            "in_flight": calls_in_flight(len(shards)),
            "first_rate": first_rate(len(shards)),
        },
    }
    artifacts.write_json(f"{prefix}/evaluation/plan.json", plan)
    *first, last = (entry["label"] for entry in models)
    ledger.begin_step(
        run.run,
        Step.EVALUATE,
        event["now"],
        f"{', '.join(first)} and {last} answer {records:,} blind records"
        if records
        else "there is no blind test to answer",
    )
    LOG.info("evaluation planned", extra={"run": run.run, "records": records, "shards": len(shards)})
    rated = job.evaluation.metric is not None and is_asked(job.evaluation.metric)
    turns = most_turns(len(shards), passes=2 if rated else 1)
    return {
        "shards": list(shards),
        "most_turns": turns,
        "rated": rated,
        "candidate": job.customization.tunes,
    }


def _guarded(artifacts: Bucket, run: str) -> dict[str, dict[str, Any]]:
    """Cut the guardrails' own files, those that are large enough to be checked; each must be as it was."""
    shards: dict[str, dict[str, Any]] = {}
    for guarded in artifacts.read_json(f"{run_prefix(run)}/data/report.json").get("guardrails", ()):
        name, key = guarded["name"], guardrail_key(run, guarded["name"])
        if guarded["records"] < FEWEST_GUARDED:
            continue
        if artifacts.sha256(key) != guarded["sha256"]:
            raise SealBrokenError(
                f"the records of guardrail {name} of run {run} are not those that were checked"
            )
        questions = read_questions(artifacts.read(key))
        for shard, (first, end) in cut(len(questions)).items():
            shards[f"{name}-{shard}"] = {"key": key, "of": name, "first": first, "end": end}
    return shards


def _tuned(job: Job, run: Run, ledger: LedgerTable) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """List candidate and champion, where there are any: id, folder of the answers, and how they are paid."""
    if not job.customization.tunes:
        return [], []
    candidate = [
        {
            "base_model": job.base_model,
            "label": CANDIDATE,
            "id": trained_model(run.run, run.chosen, ledger.capacity(run.run)).arn,
            # Answers of another job's model are not this one's, should a resumed run choose anew.
            "folder": f"{CANDIDATE}-{run.chosen}",
            "path": job.serving_path,
        }
    ]
    champion = ledger.champion(run.project)
    if champion is None or champion.run == run.run:
        return candidate, []
    serving = {
        "label": CHAMPION,
        "id": champion.arn,
        "run": champion.run,
        # The ARN stays from champion to champion; answers of an earlier one are not this one's.
        "folder": f"{CHAMPION}-{champion.run}",
        "base_model": champion.base_model,
        "path": champion.path,
    }
    return candidate, [serving]


def _untuned(job: Job) -> list[dict[str, str]]:
    """List the base model, bare and behind examples, and the models that inform."""
    asked = [(BASE, job.base_model), *([(FEW_SHOT, job.base_model)] if job.shows_examples else [])]
    models = [(label, find_model(name)) for label, name in asked]
    models += [(model.name, model) for model in map(find_model, job.evaluation.compare_with)]
    return [
        {
            "label": label,
            "id": model.invocation_id,
            "folder": label,
            "base_model": model.id,
            "path": "on_demand",
        }
        for label, model in models
    ]
