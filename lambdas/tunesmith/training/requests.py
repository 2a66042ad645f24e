"""What is asked of Bedrock: the CreateModelCustomizationJob request, as Step Functions spells it.

Field names are PascalCase, as the SDK integration wants them; keys of the hyperparameter map are Bedrock's.
Patterns and lengths: botocore's service model of Bedrock, 2023-04-20.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tunesmith import names
from tunesmith.catalogue.kinds import Kind
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.job import Job
from tunesmith.training.hyperparameters import spell_number

TRAINED_LOG: Final = "train-log.json.gz"
"""Name of the log that a distillation learns from where it learns logged answers."""
_S3_URI = re.compile(r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](/[-!_*'().a-zA-Z0-9]+)+/?")
_PATTERNS: Final = {
    "JobName": (63, re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9+\-.])*")),
    "CustomModelName": (63, re.compile(r"([0-9a-zA-Z][_-]?)+")),
    "ClientRequestToken": (256, re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?")),
}


def customization_request(
    *,
    environment: str,
    project: str,
    run: str,
    number: int,
    base_model: str,
    kind: Kind,
    hyperparameters: Mapping[str, int | float | str],
    training_uri: str,
    validation_uri: str | None,
    output_uri: str,
    role_arn: str,
    model_key_arn: str,
    config: Mapping[str, Any] | None = None,
    learns_log: bool = False,
) -> dict[str, Any]:
    """Build the request for one of the run's customization jobs.

    `training_uri` is that of an invocation log where `learns_log`, whose answers are then learned.
    `validation_uri` is None where the training ignores validation data, `hyperparameters` are empty where it
    takes none as text, `config` is what the kind is asked for beside. Raises ValueError, which lists every
    rule of Bedrock that the request breaks: a fault of this code, not of the job file.
    """
    tags = [
        {"Key": "tunesmith:environment", "Value": environment},
        {"Key": "tunesmith:project", "Value": project},
        {"Key": "tunesmith:run", "Value": run},
    ]
    request: dict[str, Any] = {
        "JobName": names.job_name(project, run, number),
        "CustomModelName": names.custom_model_name(project, run, number),
        "RoleArn": role_arn,
        "BaseModelIdentifier": base_model,
        "CustomizationType": kind.customization,
        "TrainingDataConfig": _logs(training_uri) if learns_log else {"S3Uri": training_uri},
        "OutputDataConfig": {"S3Uri": output_uri},
        "CustomModelKmsKeyId": model_key_arn,
        "JobTags": tags,
        "CustomModelTags": tags,
        "ClientRequestToken": names.client_token(run, "job", number),
    }
    if validation_uri is not None:
        request["ValidationDataConfig"] = {"Validators": [{"S3Uri": validation_uri}]}
    # A map of hyperparameters that is empty is left out.
    if hyperparameters:
        request["HyperParameters"] = {
            name: spell_number(value) for name, value in sorted(hyperparameters.items())
        }
    if config:
        request["CustomizationConfig"] = dict(config)
    problems = check_request(request)
    if problems:
        raise ValueError("; ".join(problems))
    return request


def _logs(uri: str) -> dict[str, Any]:
    return {"InvocationLogsConfig": {"InvocationLogSource": {"S3Uri": uri}, "UsePromptResponse": True}}


def customization_config(
    job: Job, *, numbers: Mapping[str, int | float], own_grader_arn: str
) -> dict[str, Any]:
    """Spell what a kind is asked for beside data and hyperparameters; empty where there is nothing.

    `numbers` are a reinforcement's hyperparameters, `own_grader_arn` the function with Tunesmith's graders.
    """
    if job.distillation:
        teacher = {
            "TeacherModelIdentifier": find_teacher(job.distillation.teacher).invocation_id,
            "MaxResponseLengthForInference": job.distillation.max_response_tokens,
        }
        return {"DistillationConfig": {"TeacherModelConfig": teacher}}
    if job.reinforcement:
        asked = job.reinforcement
        effort = {"ReasoningEffort": asked.reasoning_effort} if asked.reasoning_effort else {}
        grader = {"LambdaArn": own_grader_arn if asked.own_grader else asked.grader}
        sent = {name[0].upper() + name[1:]: value for name, value in numbers.items()}
        return {
            "RftConfig": {
                "GraderConfig": {"LambdaGrader": grader},
                "HyperParameters": {**sent, **effort},
            }
        }
    return {}


def check_request(request: Mapping[str, Any]) -> list[str]:
    """List every rule on names and addresses that a request breaks; late, they cost a job."""
    problems = [
        f"{field} {request[field]!r} must have at most {longest} characters and match {pattern.pattern}"
        for field, (longest, pattern) in _PATTERNS.items()
        if len(request[field]) > longest or not pattern.fullmatch(request[field])
    ]
    validators = request.get("ValidationDataConfig", {"Validators": []})["Validators"]
    trained = request["TrainingDataConfig"]
    source = trained["InvocationLogsConfig"]["InvocationLogSource"] if "S3Uri" not in trained else trained
    uris = [source["S3Uri"], request["OutputDataConfig"]["S3Uri"]]
    problems += [
        f"{uri!r} is no S3 URI that Bedrock takes (no spaces, '=', '+', '@' or '%', at most 1,024 characters)"
        for uri in [*uris, *(validator["S3Uri"] for validator in validators)]
        if len(uri) > 1024 or not _S3_URI.fullmatch(uri)
    ]
    problems += [
        f"hyperparameter {name} must be sent as text, not {value!r}"
        for name, value in request.get("HyperParameters", {}).items()
        if not isinstance(value, str)
    ]
    return problems
