"""What may a caller do with customization jobs? Create, get, list and stop them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from local.bedrock import reward_jobs
from local.bedrock.errors import BedrockError, conflict, not_found, validation
from local.bedrock.fit import load_model
from local.bedrock.foundation import FoundationModel
from local.bedrock.job_life import Job, start_fit
from local.bedrock.learner import Settings
from local.bedrock.listing import page, select
from local.bedrock.logged_answers import learns_logged, records_of, source_of
from local.bedrock.metrics_files import TRAINING, UNREADABLE, metrics_files, training_csv
from local.bedrock.names import project_of
from local.bedrock.objects import check_bucket, read_object, write_object
from local.bedrock.records import BadRecordError
from local.bedrock.region import CustomModel, Operation, Region
from local.bedrock.reinforcement import RewardSettings

READING: Final = "CONTINUED_PRE_TRAINING"
SUPPLIED: Final = ("FINE_TUNING", READING, "DISTILLATION", reward_jobs.KIND)


def create(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Start a job of any of Bedrock's kinds but IMPORTED."""
    token = params.get("clientRequestToken")
    if arn := region.repeated("job", token):
        return {"jobArn": arn}
    kind = params.get("customizationType", "FINE_TUNING")
    if kind not in SUPPLIED:
        raise validation(f"Customization type {kind} is not supplied by this local stand-in.")
    base, earlier = _base(region, params["baseModelIdentifier"])
    _check_base(region, base, kind)
    rewards = reward_jobs.reward_settings(base, params) if kind == reward_jobs.KIND else None
    _check_teacher(base, kind, params)
    settings = _settings(base, params.get("hyperParameters", {}))
    source_of(params["trainingDataConfig"])
    if "s3Uri" not in params["trainingDataConfig"] and kind != "DISTILLATION":
        raise validation(f"invocationLogsConfig is not supported for customization type {kind}.")
    _check_names(region, params)
    name = params["jobName"]
    job_id = region.new_id("job", name)
    fault = region.surroundings.read_faults(project_of(name), "job")
    settings = replace(settings, learns=fault.get("learns", True), growth=fault.get("growth", 1.0))
    rewards = rewards and replace(rewards, learns=settings.learns)
    job = Job(
        name=name,
        arn=region.arn("model-customization-job", base.model_id, job_id),
        base=base,
        base_arn=f"arn:{region.partition}:bedrock:{region.region_name}{base.arn_suffix}",
        request=params,
        created=region.now(),
        folder=region.files / job_id,
        epochs=(rewards or settings).epochs,
        process=None,
        fault=fault,
    )
    _prepare(region, job, settings, rewards, earlier)
    region.jobs[job.arn] = job
    region.set_tags(job.arn, params.get("jobTags", []))
    region.remember("job", token, job.arn)
    return {"jobArn": job.arn}


def get(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a job by name or ARN."""
    job = _find(region, params["jobIdentifier"])
    request = job.request
    details: dict[str, Any] = {
        "jobArn": job.arn,
        "jobName": job.name,
        "outputModelName": request["customModelName"],
        "outputModelArn": job.model_arn,
        "clientRequestToken": request.get("clientRequestToken"),
        "roleArn": request["roleArn"],
        "status": job.status,
        "statusDetails": {name: phase.describe() for name, phase in job.phases.items()},
        "failureMessage": job.failure,
        "creationTime": job.created,
        "lastModifiedTime": job.modified or job.created,
        "endTime": job.ended,
        "baseModelArn": job.base_arn,
        "hyperParameters": request.get("hyperParameters", {}),
        "trainingDataConfig": request["trainingDataConfig"],
        "validationDataConfig": request.get("validationDataConfig", {"validators": []}),
        "outputDataConfig": request["outputDataConfig"],
        "customizationType": customization_of(job),
        "customizationConfig": request.get("customizationConfig"),
        "outputModelKmsKeyArn": request.get("customModelKmsKeyId"),
        "vpcConfig": request.get("vpcConfig"),
        **metrics_of(job),
    }
    return {key: value for key, value in details.items() if value is not None}


def list_jobs(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """List jobs by status, name and time."""
    jobs = select(region.jobs.values(), params, "creationTimeAfter", "creationTimeBefore")
    wanted = params.get("statusEquals")
    summaries = [_summary(job) for job in jobs if wanted in (None, job.status)]
    return page("modelCustomizationJobSummaries", summaries, params)


def stop(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Stop a job that is in progress; nothing of it is kept."""
    job = _find(region, params["jobIdentifier"])
    if job.status != "InProgress":
        raise conflict(f"The job {job.arn} cannot be stopped: its status is {job.status}.")
    job.stop(region.now())
    return {}


def advance(region: Region) -> None:
    """Move every running job on to the present."""
    running = [job for job in region.jobs.values() if job.running]
    if not running:
        return
    now, account = region.now(), region.account()
    for job in running:
        others = sum(one.is_training for one in running if one is not job)
        may_train = others < account.quotas.models_creating
        job.advance(now, account, partial(_complete, region), may_train=may_train)
        if job.fault.get("metrics") == "early" and job.running:
            _write_early(region, job, job.share_trained(now, account))


def metrics_of(job: Job) -> dict[str, Any]:
    """Return the metrics that a completed job and its model show."""
    if job.status != "Completed" or job.result is None or "training_loss" not in job.result:
        return {}
    losses = job.result["validation_loss"]
    return {"trainingMetrics": {"trainingLoss": job.result["training_loss"]}} | (
        {"validationMetrics": [{"validationLoss": loss} for loss in losses]} if losses else {}
    )


def customization_of(job: Job) -> str:
    """Tell the kind that a job was asked for as."""
    kind: str = job.request.get("customizationType", "FINE_TUNING")
    return kind


def _base(region: Region, identifier: str) -> tuple[FoundationModel, CustomModel | None]:
    model = region.foundation_model(identifier)
    if model is not None:
        return model, None
    try:
        earlier = region.custom_model(identifier)
    except BedrockError:
        raise validation("The provided model identifier is invalid.") from None
    if not region.account().custom_bases:
        raise validation(
            f"The model {earlier.arn} is a custom model, which this account cannot use as a base model."
        )
    return earlier.job.base, earlier


def _check_base(region: Region, base: FoundationModel, kind: str) -> None:
    if base.ended(region.now()):
        raise not_found(
            "This model version has reached the end of its life. Please refer to the AWS documentation "
            "for more details."
        )
    if base.status == "LEGACY":
        raise validation(f"The model {base.model_id} is marked as Legacy and can no longer be customized.")
    if kind not in base.customizations:
        raise validation(f"The model {base.model_id} does not support customization type {kind}.")


def _check_teacher(base: FoundationModel, kind: str, params: dict[str, Any]) -> None:
    taught = params.get("customizationConfig", {}).get("distillationConfig")
    if kind != "DISTILLATION":
        given = params.get("customizationConfig", {}).keys() - (
            {"rftConfig"} if kind == reward_jobs.KIND else ()
        )
        if given:
            raise validation(f"{', '.join(sorted(given))} is not allowed for customization type {kind}.")
        return
    if not taught:
        raise validation("distillationConfig is required for customization type DISTILLATION.")
    if params.get("hyperParameters"):
        raise validation("Hyperparameters are not supported for customization type DISTILLATION.")
    teacher = taught["teacherModelConfig"]["teacherModelIdentifier"]
    if teacher.rsplit("/", 1)[-1] not in base.teachers:
        raise validation(f"The teacher model {teacher} is not supported for the student {base.model_id}.")


def _settings(base: FoundationModel, given: dict[str, str]) -> Settings:
    unknown = given.keys() - base.hyperparameters.keys()
    if base.hyperparameters and unknown:
        raise validation(f"Hyperparameters not supported by {base.model_id}: {', '.join(sorted(unknown))}.")
    values: dict[str, float] = {}
    for name, (low, high, default) in base.hyperparameters.items():
        try:
            values[name] = float(given.get(name, default))
        except ValueError:
            raise validation(f"Hyperparameter {name} must be a number, not {given[name]!r}.") from None
        if not low <= values[name] <= high:
            raise validation(f"Hyperparameter {name} must be from {low:g} to {high:g}, not {given[name]}.")
    return Settings(
        epochs=int(values.get("epochCount", 2)),
        rate=math.prod(_relative(base, values, name) for name in ("learningRate", "learningRateMultiplier")),
        batch_size=_relative(base, values, "batchSize"),
    )


def _relative(base: FoundationModel, values: dict[str, float], name: str) -> float:
    """Return a hyperparameter as a multiple of its default; 1 where the model has none of the name."""
    if name not in base.hyperparameters:
        return 1.0
    default = base.hyperparameters[name][2]
    return values[name] / default if default else 1.0


def _check_names(region: Region, params: dict[str, Any]) -> None:
    if any(job.name == params["jobName"] for job in region.jobs.values()):
        raise conflict(f"The provided job name is currently in use: {params['jobName']}.")
    name = params["customModelName"]
    taken = {model.name for model in region.models.values()}
    taken |= {job.request["customModelName"] for job in region.jobs.values() if job.running}
    if name in taken:
        raise conflict(f"The provided custom model name is currently in use: {name}.")
    limit = region.account().quotas.jobs_in_progress
    if sum(job.running for job in region.jobs.values()) >= limit:
        raise BedrockError(
            "ServiceQuotaExceededException", f"The account may have {limit} scheduled customization jobs."
        )


def _prepare(
    region: Region,
    job: Job,
    settings: Settings,
    rewards: RewardSettings | None,
    earlier: CustomModel | None,
) -> None:
    """Copy the data as it is now and start the fit; data that cannot be read fails validation."""
    job.folder.mkdir()
    config = job.request["trainingDataConfig"]
    training = source_of(config)
    teacher = (
        job.request.get("customizationConfig", {}).get("distillationConfig", {}).get("teacherModelConfig")
    )
    validators = job.request.get("validationDataConfig", {"validators": []})["validators"]
    validation_uris = [one["s3Uri"] for one in validators]
    place = (region.account_id, region.region_name)
    try:
        check_bucket(region.account_id, job.request["outputDataConfig"]["s3Uri"])
        if rewards:
            reward_jobs.check_grader(
                region.account_id, job.request["roleArn"], reward_jobs.grader_of(job.request)
            )
        content = read_object(*place, training)
        if "s3Uri" not in config:
            answered_by = teacher["teacherModelIdentifier"] if learns_logged(config) else ""
            content = records_of(content, training, answered_by)
        (job.folder / "training.jsonl").write_bytes(content)
        for number, uri in enumerate(validation_uris):
            (job.folder / f"validation-{number}.jsonl").write_bytes(read_object(*place, uri))
    except BadRecordError as error:
        (job.folder / "checked.json").write_text(json.dumps({"failure": str(error)}))
        return
    reads, taught = (customization_of(job) == kind for kind in (READING, "DISTILLATION"))
    request = {
        "training": training,
        "validation": validation_uris if rewards or job.base.reads_validation else [],
        "settings": asdict(settings),
        "records": (_fewest(job), job.base.most_texts if reads else job.base.records[1]),
        "reads": job.base.inference_id if reads else "",
        "validation_records": job.base.validation_records,
        "counts_validation": job.base.counts_validation,
        "format": "converse" if taught else job.base.record_format,
        "one_system_text": job.base.one_system_text and not taught,
        "tokens_per_record": job.base.tokens_per_record,
        "reserved_words": job.base.reserved_words,
        "teacher": None if learns_logged(config) else teacher,
        "start": str(earlier.weights) if earlier else None,
    }
    if rewards:
        request["rewards"] = {
            "settings": asdict(rewards),
            "grader": reward_jobs.grader_of(job.request),
            "endpoint": region.surroundings.endpoint,
            "base": job.base.model_id,
        }
    (job.folder / "request.json").write_text(json.dumps(request))
    job.process = start_fit(job.folder)


def _fewest(job: Job) -> int:
    match customization_of(job):
        case "DISTILLATION":
            return max(job.base.records[0], job.base.minimum_prompts)
        case reward_jobs.KIND:
            return job.base.minimum_graded
    return job.base.records[0]


def _complete(region: Region, job: Job, now: datetime) -> None:
    """Write the artifacts and register the model."""
    assert job.result is not None
    job_id = job.arn.rsplit("/", 1)[-1]
    for name, text in metrics_files(job.result).items():
        if job.fault.get("metrics") != "missing":
            content = UNREADABLE if job.fault.get("metrics") == "corrupt" else text
            write_object(
                region.account_id,
                job.request["outputDataConfig"]["s3Uri"],
                f"model-customization-job-{job_id}/{name}",
                content,
            )
    weights = job.folder / "weights.npz"
    model = CustomModel(
        name=job.request["customModelName"],
        arn=region.arn("custom-model", job.base.model_id, job_id),
        job=job,
        created=now,
        learned=load_model(weights),
        weights=weights,
    )
    region.models[model.arn] = model
    region.set_tags(model.arn, job.request.get("customModelTags", []))
    job.model_arn = model.arn


def _write_early(region: Region, job: Job, share: float) -> None:
    """Leave the training metrics of the steps so far, the last line of them half written."""
    fitted = job.peek()
    text = training_csv(fitted, share) if fitted else ""
    if text:
        job_id = job.arn.rsplit("/", 1)[-1]
        write_object(
            region.account_id,
            job.request["outputDataConfig"]["s3Uri"],
            f"model-customization-job-{job_id}/{TRAINING}",
            text[:-4],
        )


def _find(region: Region, identifier: str) -> Job:
    for job in region.jobs.values():
        if identifier in (job.arn, job.name):
            return job
    raise not_found(f"The provided job identifier {identifier} is not found.")


def _summary(job: Job) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "jobArn": job.arn,
        "baseModelArn": job.base_arn,
        "jobName": job.name,
        "status": job.status,
        "statusDetails": {name: phase.describe() for name, phase in job.phases.items()},
        "lastModifiedTime": job.modified or job.created,
        "creationTime": job.created,
        "endTime": job.ended,
        "customModelArn": job.model_arn,
        "customModelName": job.request["customModelName"] if job.model_arn else None,
        "customizationType": customization_of(job),
    }
    return {key: value for key, value in summary.items() if value is not None}


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateModelCustomizationJob": create,
    "GetModelCustomizationJob": get,
    "ListModelCustomizationJobs": list_jobs,
    "StopModelCustomizationJob": stop,
}
