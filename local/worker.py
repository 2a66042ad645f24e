"""Runs functions: a process with the heavy packages loaded, that forks a child for each worker asked of it.

Started by `local.workers` as `python worker.py <socket>`; it must not import the rest of `local`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
import uuid
from typing import Any

# What functions import; a fork of a process that has them starts in milliseconds.
PRELOADED = ("boto3", "botocore.session", "pydantic", "numpy", "aws_lambda_powertools", "yaml", "tempfile")
# A first client reads its service's description, which takes longer than most functions run.
SERVICES = ("bedrock", "bedrock-runtime", "dynamodb", "s3")


def main() -> None:
    """Load the packages, then fork a worker for every request on the socket until it closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, whose end closes the socket
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError):
        _read_services()
    control.sendall(b"ready")
    while True:
        try:
            data, descriptors, _, _ = socket.recv_fds(control, 4, 2)
        except ConnectionResetError:
            return
        if not data:
            return
        channel, log = descriptors
        if os.fork() == 0:
            control.close()
            _serve(socket.socket(fileno=channel), log)
        os.close(channel)
        os.close(log)


def _read_services() -> None:
    """Let boto3's default session, which the forks inherit, read what it needs for clients."""
    client = importlib.import_module("boto3").client
    for service in SERVICES:
        client(service, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local")


def _serve(channel: socket.socket, log: int) -> None:
    """Load one function and answer its invocations one by one; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    lines = channel.makefile("rb")
    function = json.loads(lines.readline())
    os.environ.clear()  # noqa: TID251
    os.environ.update(function["environment"])  # noqa: TID251
    sys.path[:0] = [function["root"]]
    os.chdir(function["root"])
    invocations: list[dict[str, Any]] = []
    arrived = threading.Semaphore(0)

    def read() -> None:
        for line in lines:
            invocations.append(json.loads(line))
            arrived.release()
        os._exit(0)  # the server is gone, or has no more use for this worker

    channel.sendall(json.dumps({"pid": os.getpid()}).encode() + b"\n")
    threading.Thread(target=read, daemon=True).start()
    handler: Any = None
    while True:
        arrived.acquire()
        invocation = invocations.pop(0)
        try:
            handler = handler or _load(function["handler"])
            result = handler(invocation["event"], Context(function, invocation["deadline"]))
            answer = {"body": _to_json(result), "failed": False}
        except BaseException as error:  # noqa: BLE001 - whatever a function raises is its answer
            answer = {"body": json.dumps(_describe(error)), "failed": True}
        sys.stdout.flush()
        sys.stderr.flush()
        channel.sendall(json.dumps(answer).encode() + b"\n")


def _load(handler: str) -> Any:
    module, _, name = handler.rpartition(".")
    return getattr(importlib.import_module(module), name)


class MarshalError(Exception):
    """What the function returned is not JSON."""


def _to_json(result: Any) -> str:
    try:
        return json.dumps(result)
    except (TypeError, ValueError) as error:
        raise MarshalError(f"Unable to marshal response: {error}") from error


def _describe(error: BaseException) -> dict[str, Any]:
    name = "Runtime.MarshalError" if isinstance(error, MarshalError) else type(error).__name__
    frames = traceback.format_tb(error.__traceback__)[1:]  # the first is this file's
    print(f"[ERROR] {name}: {error}\n{''.join(frames)}")  # noqa: T201 - its log
    return {"errorMessage": str(error), "errorType": name, "stackTrace": frames}


class Context:
    """The second argument of a handler, as the Lambda runtime passes it."""

    def __init__(self, function: dict[str, Any], deadline: float) -> None:
        environment = function["environment"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = function["arn"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Return the real milliseconds until the function is killed."""
        return max(0, int((self._deadline - time.time()) * 1000))


if __name__ == "__main__":
    main()
