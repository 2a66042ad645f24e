"""How does a request reach the stand-in? Through moto's server, which only routes, parses and serializes."""

from __future__ import annotations

import json
import re
import time
from functools import cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from botocore.model import Shape
from moto.bedrock.responses import BedrockResponse
from moto.bedrockruntime.responses import BedrockRuntimeResponse
from moto.core.base_backend import BackendDict
from moto.core.common_types import TYPE_RESPONSE
from moto.core.request import Request
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model

from local.bedrock import catalogue, deployments, jobs, models, runtime, tags, throughput
from local.bedrock.errors import BedrockError, unknown, validation
from local.bedrock.names import project_of
from local.bedrock.region import Operation, Region
from local.bedrock.requests import check_request

regions: Final = BackendDict(Region, "bedrock")

STAND_IN: Final = {"x-tunesmith-local": "a small linear model answers here, no LLM"}
"""A header of every answer."""

CONTROL_PLANE: Final[dict[str, Operation]] = {
    **jobs.OPERATIONS,
    **models.OPERATIONS,
    **deployments.OPERATIONS,
    **throughput.OPERATIONS,
    **catalogue.OPERATIONS,
    **tags.OPERATIONS,
}

_RUNTIME_PATH: Final = re.compile(r"/model/(?P<model>.+)/(?P<action>converse|invoke|count-tokens)")
_RUNTIME_ACTIONS: Final = {"converse": "Converse", "invoke": "InvokeModel", "count-tokens": "CountTokens"}
_IDENTIFIERS: Final = (
    "modelId",
    "jobIdentifier",
    "customModelDeploymentIdentifier",
    "provisionedModelId",
    "modelIdentifier",
    "resourceARN",
)


class ControlPlane(BedrockResponse):
    """Amazon Bedrock; of moto's own operations only those on invocation logging remain."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    def call_action(self) -> TYPE_RESPONSE:
        action = self._get_action()
        if action in CONTROL_PLANE:
            return self._operate(action)
        if action and action.endswith("ModelInvocationLoggingConfiguration"):
            return super().call_action()
        return _error("bedrock", unknown(f"The local cloud does not supply Bedrock's operation {action}."))

    def _operate(self, action: str) -> TYPE_RESPONSE:
        region: Region = regions[self.current_account][self.region]
        params = {**self.uri_match, **self.params}
        try:
            check_request(_input_shape("bedrock", action), params)
            with region.lock:
                advance(region)
                _raise_fault(region, action, params)
                answer = CONTROL_PLANE[action](region, params)
        except BedrockError as error:
            return _error("bedrock", error)
        status, headers, body = self.serialized(ActionResult(answer))
        return status, headers | STAND_IN, body


class Runtime(BedrockRuntimeResponse):
    """Amazon Bedrock Runtime, past moto's parsing and serializing: an evaluation makes thousands of calls."""

    def _dispatch(self, request: Request, full_url: str | None = None, headers: Any = None) -> TYPE_RESPONSE:
        path = _RUNTIME_PATH.fullmatch(urlsplit(request.raw_url).path)
        if path is None:
            return _error("bedrock-runtime", unknown(f"The local cloud does not supply {request.path}."))
        self.headers = request.headers
        self.querystring: dict[str, Any] = {}
        region: Region = regions[self.get_current_account()][
            self.get_region_from_url(request, request.raw_url)
        ]
        action = _RUNTIME_ACTIONS[path["action"]]
        params: dict[str, Any] = {"modelId": unquote(path["model"])}
        try:
            params |= {"body": request.data} if action == "InvokeModel" else _body(request.data)
            check_request(_input_shape("bedrock-runtime", action), params)
            with region.lock:
                deployments.advance(region)
                throughput.advance(region)
                _raise_fault(region, action, params)
                settings = region.account().inference
                region.request_rate.take(params["modelId"], settings)
                answer = runtime.OPERATIONS[action](region, params)
            # Outside the lock: others are answered meanwhile.
            time.sleep(settings.latency_ms / 1000)
        except BedrockError as error:
            return _error("bedrock-runtime", error)
        body = answer["body"] if action == "InvokeModel" else json.dumps(answer)
        return 200, {"content-type": "application/json"} | STAND_IN, body


def advance(region: Region) -> None:
    """Bring a Region to the present; the caller holds its lock."""
    jobs.advance(region)
    deployments.advance(region)
    throughput.advance(region)


def _body(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as error:
        raise validation("The request body is not valid JSON.") from error
    return body if isinstance(body, dict) else {}


@cache
def _input_shape(service: str, action: str) -> Shape | None:
    shape: Shape | None = get_service_model(service).operation_model(action).input_shape
    return shape


def _error(service: str, error: BedrockError) -> TYPE_RESPONSE:
    """Return an error as restJson does, with the HTTP code of botocore's model."""
    shapes = {shape.name: shape for shape in get_service_model(service).error_shapes}
    shape = shapes.get(error.code)
    status = shape.metadata["error"]["httpStatusCode"] if shape else 400
    headers = {"content-type": "application/json", "x-amzn-errortype": error.code} | STAND_IN
    return status, headers, json.dumps({"message": error.message})


def _raise_fault(region: Region, action: str, params: dict[str, Any]) -> None:
    project = project_of(_name_in(region, params))
    fault = region.surroundings.take_fault(project, "bedrock", action) if project else None
    if fault and "error" in fault:
        raise BedrockError(
            fault["error"], fault.get("message", "A fault that the local cloud was told to raise.")
        )


def _name_in(region: Region, params: dict[str, Any]) -> str:
    """Return the name of the resource that a request is about, where it has one."""
    for member in ("jobName", "modelDeploymentName", "provisionedModelName"):
        if member in params:
            return str(params[member])
    identifier = next((str(params[member]) for member in _IDENTIFIERS if member in params), "")
    for kind in (region.deployments, region.throughputs, region.models, region.jobs):
        if identifier in kind:
            return str(kind[identifier].name)
    return identifier
