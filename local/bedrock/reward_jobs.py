"""Which reinforcement jobs does Bedrock take? Typed numbers, and a grader that the role may invoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from local.bedrock.errors import validation
from local.bedrock.fit import CHARACTERS_PER_TOKEN
from local.bedrock.foundation import FoundationModel
from local.bedrock.records import BadRecordError
from local.bedrock.reinforcement import RewardSettings

KIND: Final = "REINFORCEMENT_FINE_TUNING"
ACTION: Final = "lambda:invokefunction"


def reward_settings(base: FoundationModel, params: dict[str, Any]) -> RewardSettings:
    """Read a request's hyperparameters, whose types and ranges the API's own shapes check.

    Raises ValidationException.
    """
    config = params.get("customizationConfig", {}).get("rftConfig")
    if not config or "graderConfig" not in config:
        raise validation(f"rftConfig with graderConfig is required for customization type {KIND}.")
    if params.get("hyperParameters"):
        raise validation(
            f"hyperParameters are not supported for customization type {KIND}; use rftConfig.hyperParameters."
        )
    values = {name: default for name, (_, _, default) in base.reinforcement.items()}
    values |= config.get("hyperParameters", {})
    for name, (low, high, _) in base.reinforcement.items():
        if not low <= values[name] <= high:
            raise validation(f"Hyperparameter {name} must be from {low:g} to {high:g}, not {values[name]:g}.")
    return RewardSettings(
        epochs=int(values["epochCount"]),
        batch_size=int(values["batchSize"]),
        samples=int(values["trainingSamplePerPrompt"]),
        rate=values["learningRate"] / base.reinforcement["learningRate"][2],
        longest_answer=int(values["inferenceMaxTokens"]) * CHARACTERS_PER_TOKEN,
        longest_prompt=int(values["maxPromptLength"]),
        evaluated_each=int(values["evalInterval"]),
    )


def grader_of(request: dict[str, Any]) -> str:
    """Return the ARN of the function that grades, empty where the job has none."""
    config = request.get("customizationConfig", {}).get("rftConfig", {})
    arn: str = config.get("graderConfig", {}).get("lambdaGrader", {}).get("lambdaArn", "")
    return arn


def check_grader(account: str, role_arn: str, arn: str) -> None:
    """Look whether the function exists and the job's role may invoke it.

    Raises BadRecordError, whose text is the job's failureMessage, as Bedrock words what it may not read.
    """
    try:
        lambda_backends[account][arn.split(":")[3]].get_function(arn)
    except UnknownFunctionException as error:
        raise BadRecordError(f"The Lambda function {arn} does not exist.") from error
    if not _may_invoke(account, role_arn, arn):
        raise BadRecordError(
            f"Could not validate InvokeFunction permissions to access Lambda function {arn} as {role_arn}."
        )


def _may_invoke(account: str, role_arn: str, arn: str) -> bool:
    effects = {
        statement["Effect"]
        for statement in _statements(account, role_arn)
        if any(fnmatchcase(ACTION, action.lower()) for action in _listed(statement.get("Action", [])))
        and any(fnmatchcase(arn, resource) for resource in _listed(statement.get("Resource", [])))
    }
    return effects == {"Allow"}


def _statements(account: str, role_arn: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a role's own policies; conditions are not looked at."""
    try:
        role = iam_backends[account]["aws"].get_role(role_arn.rsplit("/", 1)[-1])
    except NotFoundException:
        return
    attached = [policy.document for policy in role.managed_policies.values()]
    for document in [*role.policies.values(), *attached]:
        yield from _listed((json.loads(document) if isinstance(document, str) else document)["Statement"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
