"""Where do functions run? In worker processes, several for each function, that end with the server."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKERS_PER_FUNCTION = 4
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Function:
    """What a worker needs to know of one function version."""

    arn: str
    handler: str
    root: str
    environment: tuple[tuple[str, str], ...]
    timeout: float

    def to_json(self) -> bytes:
        """Return the line that a worker starts with."""
        described = {
            "arn": self.arn,
            "handler": self.handler,
            "root": self.root,
            "environment": dict(self.environment),
        }
        return json.dumps(described).encode() + b"\n"


@dataclass(frozen=True)
class Answer:
    """What an invocation came to: the body as JSON text, and what the function printed."""

    body: str
    failed: bool
    logs: str


class WorkerLostError(Exception):
    """The worker ended before it answered."""


class WorkerTimedOutError(WorkerLostError):
    """The worker did not answer in the function's time."""


class Packages:
    """Function packages unpacked once each, below one temporary folder."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tunesmith-functions-")
        self._lock = threading.Lock()

    def root_of(self, package: bytes) -> str:
        """Return the folder that holds the content of this zip file."""
        root = Path(self._folder.name) / hashlib.sha256(package).hexdigest()[:16]
        with self._lock:
            if not root.exists():
                with zipfile.ZipFile(io.BytesIO(package)) as archive:
                    archive.extractall(root)
        return str(root)

    def remove(self) -> None:
        """Delete everything that was unpacked."""
        self._folder.cleanup()


class Forker:
    """The process that has the heavy packages loaded and forks workers."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._lock = threading.Lock()
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # noqa: TID251
        environment.pop("PYTHONPATH", None)  # a function sees its own package and what is installed
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py")), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment,
        )
        theirs.close()
        self._ready = False

    def fork(self, channel: socket.socket, log: int) -> None:
        """Give a new worker the far end of a channel and the file that it logs to."""
        with self._lock:
            if not self._ready and self._socket.recv(5) != b"ready":
                raise WorkerLostError("the process that forks workers has ended")
            self._ready = True
            socket.send_fds(self._socket, [b"fork"], [channel.fileno(), log])

    def close(self) -> None:
        """End the process; the workers end when their own channels close."""
        self._socket.close()
        self.process.wait(timeout=10)


class Worker:
    """One process that runs one function, one invocation at a time."""

    def __init__(self, forker: Forker, function: Function) -> None:
        self.function = function
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the worker
        self._read_until = 0
        self._channel, theirs = socket.socketpair()
        with theirs:
            forker.fork(theirs, self._log.fileno())
        self._lines = self._channel.makefile("rb")
        self._channel.sendall(function.to_json())
        self.pid: int = self._receive(_START_SECONDS)["pid"]

    def invoke(self, event: Any) -> Answer:
        """Run the handler; raise `WorkerLostError` when it outlasts its time or its process dies."""
        deadline = time.time() + self.function.timeout
        self._channel.sendall(json.dumps({"event": event, "deadline": deadline}).encode() + b"\n")
        answer = self._receive(self.function.timeout)
        return Answer(answer["body"], answer["failed"], self.logs())

    def logs(self) -> str:
        """Return what was printed since the last time."""
        size = os.fstat(self._log.fileno()).st_size
        printed = os.pread(self._log.fileno(), size - self._read_until, self._read_until)
        self._read_until = size
        return printed.decode(errors="replace")

    def kill(self) -> None:
        """End the process now."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Let the process go; it ends when it has noticed."""
        self._lines.close()
        self._channel.close()
        self._log.close()

    def _receive(self, seconds: float) -> dict[str, Any]:
        self._channel.settimeout(seconds)
        try:
            line = self._lines.readline()
        except TimeoutError as error:
            raise WorkerTimedOutError(f"Task timed out after {seconds:.2f} seconds") from error
        if not line:
            raise WorkerLostError("Runtime exited without providing a reason")
        return json.loads(line)


class WorkerPool:
    """All workers of one server: at most four for each function, kept when idle."""

    def __init__(self) -> None:
        self.packages = Packages()
        self._forker = Forker()
        self._idle: dict[Function, list[Worker]] = {}
        self._slots: dict[Function, threading.Semaphore] = {}
        self._lock = threading.Lock()
        self._closed = False

    def invoke(self, function: Function, event: Any) -> Answer:
        """Run the function on an idle worker, or on a new one; wait while all of its workers are busy."""
        with self._lock:
            slot = self._slots.setdefault(function, threading.Semaphore(WORKERS_PER_FUNCTION))
        with slot:
            with self._lock:
                idle = self._idle.setdefault(function, [])
                worker = idle.pop() if idle else None
            try:
                worker = worker or Worker(self._forker, function)
                answer = worker.invoke(event)
            except (WorkerLostError, OSError) as lost:
                return self._account_for(worker, lost)
            with self._lock:
                if self._closed:
                    worker.close()
                else:
                    idle.append(worker)
            return answer

    def close(self) -> None:
        """End every worker and remove what was unpacked."""
        with self._lock:
            self._closed = True
            for workers in self._idle.values():
                for worker in workers:
                    worker.close()
        self._forker.close()
        self.packages.remove()

    @staticmethod
    def _account_for(worker: Worker | None, lost: Exception) -> Answer:
        logs = ""
        if worker is not None:
            logs = worker.logs()
            worker.kill()
        kind = "Sandbox.Timedout" if isinstance(lost, WorkerTimedOutError) else "Runtime.ExitError"
        return Answer(json.dumps({"errorType": kind, "errorMessage": str(lost)}), True, logs)
