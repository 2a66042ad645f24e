"""Decides by paired statistics whether the candidate is better than its comparators, or whether to tune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.errors import ChampionChangedError
from tunesmith.evaluation.advice import advise
from tunesmith.evaluation.answers import CHAMPION
from tunesmith.evaluation.evidence import evidence_of
from tunesmith.evaluation.label_sheet import judge_objection
from tunesmith.evaluation.verdict import decide, replayed
from tunesmith.job import Job, parse_job
from tunesmith.job_sections import Judge
from tunesmith.ledger import Outcome, Run, Step
from tunesmith.observability import logger
from tunesmith.settings import DecidePromotionSettings

LOG = logger("decide_promotion")
BETTER = "better"


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return better, rejected or inconclusive, or advised, and the reason in words and figures."""
    settings = DecidePromotionSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = ledger.run(event["run"]), run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    report = artifacts.read_json(f"{prefix}/data/report.json")
    unproven = report["unproven_note"]
    plan = artifacts.read_json(f"{prefix}/evaluation/plan.json")
    if not plan["records"]:
        return _untested(ledger, run, unproven, event["now"])
    if not job.customization.tunes:
        return _advised(ledger, artifacts, run, job, report, event["now"])
    champion = ledger.champion(run.project)
    serving = champion.run if champion and champion.run != run.run else ""
    compared = next((model["run"] for model in plan["models"] if model["label"] == CHAMPION), "")
    if serving != compared and not run.by_hand:
        raise ChampionChangedError(
            f"run {serving or 'of nobody'} became champion of {run.project} during the comparison;"
            f" compare with it by `tunesmith resume {run.run}`"
        )
    scores = artifacts.read_json(f"{prefix}/evaluation/scores.json")
    reports_only = _unchecked(ledger, run, job.evaluation.judge) if job.evaluation.judge else ""
    verdict = decide(
        scores,
        minimum_gain=job.evaluation.minimum_gain,
        seed=job.seed,
        decision=ledger.count_decision(run, event["now"]),
        unproven=unproven or reports_only,
    )
    replays = [one.to_json() for one in replayed(scores, verdict, seed=job.seed)]
    told = {**verdict.to_json(), "replays": replays, "reports_only": reports_only}
    artifacts.write_json(f"{prefix}/evaluation/verdict.json", told)
    figures: dict[str, Any] = {"n": verdict.n, "decision": verdict.decision}
    if verdict.gain is not None:
        figures |= {"gain": verdict.gain.value, "low": verdict.gain.low, "high": verdict.gain.high}
    outcome, reason = _overruled(run, verdict.outcome, verdict.reason)
    ledger.begin_step(run.run, Step.DECIDE, event["now"], reason, figures)
    LOG.info("promotion decided", extra={"run": run.run, "outcome": outcome, **figures})
    return {"outcome": outcome, "reason": reason}


def _unchecked(ledger: LedgerTable, run: Run, judge: Judge) -> str:
    """Say why the judge's word promotes nothing; empty where people checked it."""
    labelled = ledger.judge_labels(run.project, judge.judging.fingerprint)
    return judge_objection(run.run, judge.judging.model, labelled)


def _advised(
    ledger: LedgerTable, artifacts: Bucket, run: Run, job: Job, report: Mapping[str, Any], now: str
) -> dict[str, Any]:
    """Say whether to tune: no decision on the blind test, since it promotes nothing and spends no error."""
    prefix = run_prefix(run.run)
    evidence = evidence_of(
        artifacts.read_json(f"{prefix}/evaluation/scores.json"),
        report,
        minimum_gain=job.evaluation.minimum_gain,
        seed=job.seed,
        answers_per_month=job.serving.answers_per_month,
    )
    advice = advise(evidence)
    artifacts.write_json(f"{prefix}/evaluation/advice.json", advice.to_json())
    reason = advice.sentence()
    ledger.begin_step(run.run, Step.DECIDE, now, reason, {"n": advice.n, "advice": advice.answer})
    LOG.info("advised", extra={"run": run.run, "advice": advice.answer, "because": advice.because})
    return {"outcome": Outcome.ADVISED, "reason": reason}


def _untested(ledger: LedgerTable, run: Run, note: str, now: str) -> dict[str, Any]:
    """Decide nothing where there was nothing to compare answers with."""
    outcome, reason = _overruled(run, "inconclusive", f"Nothing was proven: {note}.")
    ledger.begin_step(run.run, Step.DECIDE, now, reason, {})
    LOG.info("promotion not decided", extra={"run": run.run, "outcome": outcome})
    return {"outcome": outcome, "reason": reason}


def _overruled(run: Run, outcome: str, reason: str) -> tuple[str, str]:
    """Let a person's word go before the verdict."""
    if not run.by_hand:
        return outcome, reason
    return BETTER, f"{run.by_hand}; the verdict by itself was {outcome}: {reason}"
