"""`aws-sdk:` tasks as in AWS: PascalCase both ways, checked by botocore, dates as text, its error names."""

from __future__ import annotations

import datetime as dt
import sys
from functools import cache
from typing import Any

import botocore.session
from botocore.client import BaseClient
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.response import StreamingBody
from botocore.validate import ParamValidator
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

# Step Functions names services as the Java SDK does: lower case, without separators.
_BOTOCORE_SERVICES = {
    "bedrockruntime": "bedrock-runtime",
    "cloudwatchlogs": "logs",
    "emrserverless": "emr-serverless",
    "eventbridge": "events",
    "servicequotas": "service-quotas",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}
_ERROR_PREFIXES = {
    "bedrock": "Bedrock",
    "bedrockruntime": "BedrockRuntime",
    "cloudwatch": "CloudWatch",
    "cloudwatchlogs": "CloudWatchLogs",
    "dynamodb": "DynamoDb",
    "emrserverless": "EmrServerless",
    "eventbridge": "EventBridge",
    "iam": "Iam",
    "lambda": "Lambda",
    "s3": "S3",
    "servicequotas": "ServiceQuotas",
    "sfn": "Sfn",
    "sns": "Sns",
    "sqs": "Sqs",
    "ssm": "Ssm",
    "sts": "Sts",
}
# Java's own method names stand in the way of these members.
_RENAMED_MEMBERS = {"equals": "EqualsValue"}
# The optimised integrations of other services speak their service's own spelling.
_PASCAL_CASED_INTEGRATIONS = ("aws-sdk", "emr-serverless", "states")


class UnsupportedParametersError(Exception):
    """AWS would not start the task with these parameters: States.Runtime."""


def apply() -> None:
    """Teach moto's service tasks AWS's spelling, and give them one client for each service."""
    StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES.update(_BOTOCORE_SERVICES)
    StateTaskService._normalise_parameters = _normalise_parameters
    StateTaskService._normalise_response = _normalise_response
    state_task_service_aws_sdk._SERVICE_ERROR_NAMES.update(_ERROR_PREFIXES)
    StateTaskServiceAwsSdk._validate_service_integration_is_supported = _refuse_unknown_action
    make_client: Any = boto_client.boto_client_for

    @cache
    def cached_client(region: str, service: str) -> BaseClient:
        client = make_client(region=region, service=service)
        # moto's errors for what it does not implement carry no request id, and its task states break on that.
        client.meta.events.register("after-call", _complete_error)
        return client

    def client_for(region: str, service: str, state_credentials: Any = None) -> BaseClient:
        return cached_client(region, service)

    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser.") and hasattr(module, "boto_client_for"):
            vars(module)["boto_client_for"] = client_for


def _complete_error(parsed: dict[str, Any], **_: Any) -> None:
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", "local")
    if "Error" in parsed:
        parsed["Error"].setdefault("Message", "")


def _refuse_unknown_action(self: StateTaskServiceAwsSdk) -> None:
    try:
        operation = _operation(self._get_boto_service_name(), self.resource.api_action)
    except Exception as error:  # botocore knows several kinds of not knowing
        raise ValueError(f"The resource provided {self.resource.resource_arn} is not recognized.") from error
    if self.resource.api_action != operation.name[0].lower() + operation.name[1:]:
        raise ValueError(f"The resource provided {self.resource.resource_arn} is spelled wrongly.")


@cache
def _service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


@cache
def _operation(service: str, action: str) -> OperationModel:
    """Return the model of an action such as `createModelCustomizationJob`; raise KeyError without one."""
    names = {name.lower(): name for name in _service(service).operation_names}
    return _service(service).operation_model(names[action.replace("_", "").lower()])


def _normalise_parameters(
    self: StateTaskService,
    parameters: dict[str, Any],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    if self.resource.service_name not in _PASCAL_CASED_INTEGRATIONS:
        return
    service = self._get_boto_service_name(boto_service_name)
    shape = _operation(service, service_action_name or self.resource.api_action).input_shape
    if shape is None:
        return
    request = _to_request(parameters, shape, "")
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        reasons = report.generate_report()
        raise UnsupportedParametersError(f"The Parameters could not be used to start the Task: {reasons}")
    parameters.clear()
    parameters.update(request)


def _to_request(value: Any, shape: Shape, path: str) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = {_sfn_cased(member): member for member in shape.members}
        for key in value:
            if key not in members:
                raise UnsupportedParametersError(
                    f"The Parameters could not be used to start the Task: "
                    f"[The field '{path}{key}' is not supported by Step Functions]"
                )
        return {
            members[key]: _to_request(field, shape.members[members[key]], f"{path}{key}.")
            for key, field in value.items()
            if field is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_to_request(item, shape.member, path) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _to_request(item, shape.value, path) for key, item in value.items()}
    if shape.type_name == "string" and not isinstance(value, str):
        return to_json_str(value)
    if shape.type_name == "blob" and not isinstance(value, bytes):
        return (value if isinstance(value, str) else to_json_str(value, separators=(",", ":"))).encode()
    return value


def _normalise_response(
    self: StateTaskService,
    response: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    if self.resource.service_name not in _PASCAL_CASED_INTEGRATIONS or not isinstance(response, dict):
        return
    service = self._get_boto_service_name(boto_service_name)
    shape = _operation(service, service_action_name or self.resource.api_action).output_shape
    converted = _from_response(response, shape)
    response.clear()
    response.update(converted)


def _from_response(value: Any, shape: Shape | None) -> Any:
    if isinstance(value, StreamingBody):
        return value.read().decode()
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            _sfn_cased(key) if key in shape.members else key: _from_response(field, shape.members.get(key))
            for key, field in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_from_response(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _from_response(item, shape.value) for key, item in value.items()}
    return value


def _sfn_cased(member: str) -> str:
    return _RENAMED_MEMBERS.get(member) or StateTaskService._to_sfn_cased(member)
