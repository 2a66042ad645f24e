"""Functions run: their real code, in worker processes. moto would run them in Docker."""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda.models import LambdaFunction

from local import faults
from local.workers import Answer, Function, WorkerPool


def apply(pool: WorkerPool, endpoint: str) -> None:
    """Let every path that invokes a function end in the pool."""

    def invoke(self: LambdaFunction, event: Any = None) -> tuple[str, bool, str]:
        event = {} if event is None or event == "{}" else event  # moto's way of writing "no payload"
        answer = _faulty(self, event) or pool.invoke(describe(self, pool, endpoint), event)
        if answer.logs:
            self.logs_backend.ensure_log_group(self.logs_group_name)
            self.save_logs(answer.logs)
        return answer.body, answer.failed, answer.logs

    LambdaFunction._invoke_lambda = invoke


def describe(function: LambdaFunction, pool: WorkerPool, endpoint: str) -> Function:
    """Return what a worker needs to know; the environment is the template's and the Lambda runtime's."""
    root = pool.packages.root_of(function.code_bytes)
    environment = {
        **{str(name): str(value) for name, value in function.environment_vars.items()},
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": f"[{function.version}]local",
        "LAMBDA_TASK_ROOT": root,
        "LANG": "en_US.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
    return Function(
        arn=function.function_arn,
        handler=function.handler,
        root=root,
        environment=tuple(sorted(environment.items())),
        timeout=float(function.timeout),
    )


def _faulty(function: LambdaFunction, event: Any) -> Answer | None:
    project = faults.project_of(event)
    fault = project and faults.take(project, "functions", function.handler.split(".")[0])
    if not fault:
        return None
    if "returns" in fault:
        return Answer(json.dumps(fault["returns"]), failed=False, logs="")
    message = fault.get("message", "A fault was asked for.")
    body = {"errorType": fault["error"], "errorMessage": message, "stackTrace": []}
    return Answer(json.dumps(body), failed=True, logs=f"[ERROR] {fault['error']}: {message}")
