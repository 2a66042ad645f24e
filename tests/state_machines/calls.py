"""Does every call of a state machine exist in AWS, with these arguments, results and error names?

Neither synthesis nor the local cloud notices a wrong name, so botocore's models decide.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from botocore.model import OperationModel, ServiceModel, Shape
from botocore.session import Session

from tests.state_machines.machines import State, expressions, named_errors, tasks

_RESOURCE = re.compile(
    r"arn:aws:states:::(?P<sdk>aws-sdk:)?(?P<service>[\w-]+):(?P<action>\w+)(?P<pattern>\.[\w:]+)?"
)
_RESULT = re.compile(r"\$states\.result\.(\w+(?:\.\w+)*)")
_BOTOCORE = {"states": "stepfunctions", "emrserverless": "emr-serverless"}
_OPTIMIZED = {
    "dynamodb:updateItem",
    "emr-serverless:startJobRun",
    "lambda:invoke",
    "sns:publish",
    "states:startExecution",
}
"""The integrations that Step Functions has of its own, which go without `aws-sdk:`."""

_PREFIXES = {
    "bedrock": "Bedrock",
    "ssm": "Ssm",
    "dynamodb": "DynamoDB",
    "sns": "SNS",
    "states": "StepFunctions",
    "emr-serverless": "EMRServerless",
    "emrserverless": "EmrServerless",
}
_OF_EVERY_SERVICE = {
    "SdkClientException",
    "ThrottlingException",
    "InternalServerException",
    "ServiceUnavailableException",
}


def calls_exist(machine: State) -> list[str]:
    """Every action exists, spelled in camelCase."""
    problems = []
    for name, state in _aws_calls(machine):
        match = _RESOURCE.fullmatch(state["Resource"])
        if match is None:
            problems.append(f"{name}: {state['Resource']} is no integration")
        elif operation(state["Resource"]) is None:
            problems.append(f"{name}: {match['service']} has no action {match['action']}")
        elif not match["sdk"] and f"{match['service']}:{match['action']}" not in _OPTIMIZED:
            problems.append(f"{name}: {match['service']}:{match['action']} goes through aws-sdk")
    return problems


def arguments_exist(machine: State) -> list[str]:
    """Every argument exists in PascalCase, and none that is required is missing."""
    problems = []
    for name, state in _aws_calls(machine):
        called = operation(state["Resource"])
        if called is not None and isinstance(state["Arguments"], dict):
            problems += [
                f"{name}: {problem}" for problem in argument_problems(called.input_shape, state["Arguments"])
            ]
    return problems


def results_exist(machine: State) -> list[str]:
    """Every field that is read from a result exists in PascalCase."""
    problems = []
    for name, state in _aws_calls(machine):
        called = operation(state["Resource"])
        if called is None or state["Resource"].endswith((".sync", ".sync:2")):
            continue  # what was waited for is told as it ended: a child's execution, with its output parsed
        for path in (found for text in expressions(state) for found in _RESULT.findall(text)):
            shape: Any = called.output_shape
            for field in path.split("."):
                members = {} if shape is None or shape.type_name != "structure" else _members(shape)
                if field not in members:
                    problems.append(f"{name}: the result has no {path}")
                    break
                shape = members[field]
    return problems


def errors_exist(machine: State) -> list[str]:
    """Every service error that is matched belongs to the service that is called and exists there."""
    problems = []
    for name, state in _aws_calls(machine):
        match = _RESOURCE.fullmatch(state["Resource"])
        if match is None or match["service"] not in _PREFIXES:
            continue
        known = {f"{_PREFIXES[match['service']]}.{error}" for error in _errors(match["service"])}
        problems += [
            f"{name}: {match['service']} has no error {error}"
            for error in named_errors(state)
            if not error.startswith("States.") and error not in known
        ]
    return problems


def argument_problems(shape: Shape | None, value: Any) -> list[str]:
    """Compare arguments with a shape; whatever JSONata fills in later is not looked into."""
    if shape is None:
        return ["takes no arguments"]
    if shape.type_name == "structure" and isinstance(value, dict):
        members = _members(shape)
        problems = [f"{shape.name} has no {field}" for field in value if field not in members]
        required = {pascal(field) for field in shape.metadata.get("required", [])}
        problems += [f"{shape.name} requires {field}" for field in sorted(required - value.keys())]
        for field in value.keys() & members.keys():
            problems += argument_problems(members[field], value[field])
        return problems
    if shape.type_name == "list" and isinstance(value, list):
        return [problem for item in value for problem in argument_problems(shape.member, item)]  # type: ignore[attr-defined]
    if shape.type_name == "map" and isinstance(value, dict):
        return [problem for item in value.values() for problem in argument_problems(shape.value, item)]  # type: ignore[attr-defined]
    return []


def operation(resource: str) -> OperationModel | None:
    """Find the operation that an integration calls; None where there is none of that spelling."""
    match = _RESOURCE.fullmatch(resource)
    if match is None:
        return None
    service = _service(_BOTOCORE.get(match["service"], match["service"]))
    found = {name[0].lower() + name[1:]: name for name in service.operation_names}.get(match["action"])
    return None if found is None else service.operation_model(found)


def pascal(member: str) -> str:
    """Spell a member as Step Functions does: with a capital, and `equals` as EqualsValue."""
    return "EqualsValue" if member == "equals" else member[0].upper() + member[1:]


def _aws_calls(machine: State) -> list[tuple[str, State]]:
    return [(name, state) for name, state in tasks(machine) if not state["Resource"].startswith("${")]


def _members(shape: Any) -> dict[str, Shape]:
    return {pascal(name): member for name, member in shape.members.items()}


def _errors(service: str) -> set[str]:
    names = {shape.name for shape in _service(_BOTOCORE.get(service, service)).error_shapes}
    return _OF_EVERY_SERVICE | {name.removesuffix("Exception") + "Exception" for name in names}


@cache
def _service(name: str) -> ServiceModel:
    return Session().get_service_model(name)
