"""Looks at a project after each upload, and starts its run as soon as job file and data are all there."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.executions import start_run
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.project_files import ProjectFiles, read_project
from tunesmith.aws.topic import publish
from tunesmith.job import Job, judge_problems
from tunesmith.job_sections import CHAMPION_BASE
from tunesmith.ledger import Run, Step
from tunesmith.observability import logger
from tunesmith.settings import AdmitUploadSettings
from tunesmith.uploads import Upload, read_upload, rejection_key

LOG = logger("admit_upload")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Admit each upload; a message that fails is reported alone, and the queue brings it again."""
    settings = AdmitUploadSettings.from_environment()
    failed = []
    for message in event["Records"]:
        try:
            _admit(read_upload(message["body"]), settings)
        except Exception:  # whatever it is, the batch's other messages are not to blame
            LOG.exception("upload not admitted", extra={"message_id": message["messageId"]})
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def _admit(upload: Upload, settings: AdmitUploadSettings) -> None:
    if not upload.project or upload.bucket != settings.dataset_bucket:
        LOG.info("not part of a project", extra={"bucket": upload.bucket, "key": upload.key})
        return
    found = read_project(Bucket(settings.dataset_bucket), upload.project)
    if found.waiting_for:
        LOG.info("waiting", extra={"project": upload.project, "waiting_for": found.waiting_for})
    elif found.job is None:
        _reject(upload.project, found, settings)
    else:
        _start(found.job, found, upload.time, settings)


def _reject(project: str, found: ProjectFiles, settings: AdmitUploadSettings) -> None:
    key = rejection_key(project, found.job_sha256)
    document = {"project": project, "job_sha256": found.job_sha256, "problems": found.problems}
    artifacts = Bucket(settings.artifacts_bucket)
    if artifacts.write_json_once(key, document):
        told = "\n".join(f"- {problem}" for problem in found.problems)
        publish(
            settings.topic_arn,
            f"Tunesmith: job file of {project} refused",
            f"The job file of {project} cannot be used:\n{told}\n\nMend it and upload it again. "
            f"This list: {artifacts.uri(key)}",
        )
    LOG.warning("job file refused", extra=document)


def _start(job: Job, found: ProjectFiles, now: str, settings: AdmitUploadSettings) -> None:
    ledger = LedgerTable(settings.ledger_table)
    continues: dict[str, str] = {}
    if job.base_model == CHAMPION_BASE:
        known = ledger.find_run(found.run)
        champion = None if known else ledger.champion(job.project)
        if known is None and champion is None:
            problem = f"base_model: {job.project} has no champion yet to go on from; name a base model"
            _reject(job.project, ProjectFiles(problems=(problem,), job_sha256=found.job_sha256), settings)
            return
        if champion is not None:
            continues = {name: getattr(champion, name) for name in ("run", "model_arn", "model_name")}
        # What a run goes on from stays, whoever becomes champion until the upload is told of again.
        job = job.on(known.base_model if known else champion.base_model if champion else "")
        if known is None and (problems := judge_problems(job)):
            _reject(
                job.project, ProjectFiles(problems=tuple(problems), job_sha256=found.job_sha256), settings
            )
            return
    run = Run(
        run=found.run,
        project=job.project,
        created=now,
        attempt=1,
        base_model=job.base_model,
        job_sha256=found.job_sha256,
        data=found.data,
        keep_days=job.serving.keep_days,
        continues=continues,
    )
    Bucket(settings.artifacts_bucket).write_json(f"{run_prefix(run.run)}/job.json", job.to_json())
    if not ledger.create_run(run):
        run = ledger.run(run.run)
    if run.closed:
        LOG.info("run is over already", extra={"run": run.run, "outcome": run.outcome})
        return
    ledger.begin_step(run.run, Step.ADMIT, now, f"job file and {len(run.data)} data file(s) admitted")
    started = start_run(settings.pipeline_arn, run.run, 1)
    LOG.info("run admitted", extra={"run": run.run, "project": run.project, "started": started})
