"""What does the command line do with a local cloud? Start it, find it, deploy to it, end it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from local.clock import DEFAULT_SCALE
from local.faults import ACCOUNT, REGION
from local.server import HOST, READY

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_TAIL_LINES = 40
_STARTED: dict[int, subprocess.Popen[bytes]] = {}


class LocalCloudError(Exception):
    """The local cloud did not start, or is not there."""


class LocalDeployError(Exception):
    """A CDK command failed; the message holds the end of its output and where the rest is."""


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud, and the folder that holds its log, its state and its cloud assembly."""

    endpoint: str
    port: int
    scale: float
    pid: int
    state: Path

    @classmethod
    def up(
        cls,
        *,
        port: int = 0,
        scale: float = DEFAULT_SCALE,
        state: Path = Path(".tunesmith"),
        owner: int | None = None,
    ) -> LocalCloud:
        """Start a server that outlives this process, or find the one that runs.

        Port 0 takes a free one; with `owner` it ends when that process does. Raises `LocalCloudError`.
        """
        running = cls.running(state)
        if running is not None:
            return running
        state.mkdir(parents=True, exist_ok=True)
        log = state / "local.log"
        command = [sys.executable, "-m", "local.server", "--port", str(port), "--scale", str(scale)]
        if owner is not None:
            command += ["--with", str(owner)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": _python_path()},  # noqa: TID251
                start_new_session=True,
            )
        _STARTED[process.pid] = process
        bound = _wait_till_ready(process, log)
        cloud = cls(f"http://{HOST}:{bound}", bound, scale, process.pid, state.resolve())
        record = {**asdict(cloud), "state": str(cloud.state)}
        (state / "local.json").write_text(json.dumps(record, indent=2) + "\n")
        return cloud

    @classmethod
    def running(cls, state: Path = Path(".tunesmith")) -> LocalCloud | None:
        """Return the cloud that was brought up in this folder, if it still answers."""
        try:
            record = json.loads((state / "local.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        cloud = cls(**{**record, "state": state.resolve()})
        return cloud if cloud.answers() else None

    @classmethod
    @contextlib.contextmanager
    def temporary(cls, *, scale: float = DEFAULT_SCALE) -> Iterator[LocalCloud]:
        """Give a cloud of one's own for the length of a `with`; it ends with this process at the latest."""
        with tempfile.TemporaryDirectory(prefix="tunesmith-local-") as folder:
            cloud = cls.up(scale=scale, state=Path(folder), owner=os.getpid())
            try:
                yield cloud
            finally:
                cloud.down()

    def answers(self) -> bool:
        """Tell whether a server listens at the endpoint."""
        try:
            with urllib.request.urlopen(f"{self.endpoint}/moto-api/config", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def environment(self) -> dict[str, str]:
        """Return the variables with which `cdk`, `aws` and boto3 talk to this cloud and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCOUNT_ID": ACCOUNT,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20,21,23",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        }

    def deploy(
        self,
        progress: Callable[[str], None] | None = None,
        *,
        app: Path = ROOT,
        context: tuple[str, ...] = ("env=local",),
    ) -> None:
        """Bootstrap, synthesize and deploy every stack of the CDK app, with the real `cdk` command.

        `progress` gets a line for every step. Raises `LocalDeployError`.
        """
        tell = progress or (lambda _: None)
        assembly = self.state / "cdk.out"
        shutil.rmtree(assembly, ignore_errors=True)
        settings = [part for setting in context for part in ("-c", setting)]
        tell("Synthesizing the stacks and bootstrapping the local account")
        # Bootstrapping from elsewhere keeps it from running app.py, which takes as long as synthesizing.
        bootstrap = self._start_cdk("bootstrap", [f"aws://{ACCOUNT}/{REGION}"], cwd=self.state)
        synth = self._start_cdk("synth", ["--quiet", "--output", str(assembly), *settings], cwd=app)
        try:
            self._finish(synth, "synth", tell)
        finally:
            bootstrap.wait()
        self._finish(bootstrap, "bootstrap", tell)
        tell("Deploying the stacks")
        deploy = self._start_cdk(
            "deploy",
            [
                "--app",
                str(assembly),
                "--all",
                "--method=direct",
                "--require-approval",
                "never",
                "--progress=events",
            ],
            cwd=app,
        )
        self._finish(deploy, "deploy", tell)

    def destroy(self, progress: Callable[[str], None] | None = None, *, app: Path = ROOT) -> None:
        """Take every stack of the last deploy away again, with the real `cdk` command.

        Raises `LocalDeployError`, as when a bucket still holds objects.
        """
        tell = progress or (lambda _: None)
        assembly = ["--app", str(self.state / "cdk.out")]
        destroy = self._start_cdk("destroy", [*assembly, "--all", "--force"], cwd=app)
        self._finish(destroy, "destroy", tell)

    def down(self) -> None:
        """End the server and forget it; what it held is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_SECONDS
            while _lives(self.pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            if _lives(self.pid):
                os.kill(self.pid, signal.SIGKILL)
        (self.state / "local.json").unlink(missing_ok=True)

    def _start_cdk(self, command: str, arguments: list[str], *, cwd: Path) -> subprocess.Popen[bytes]:
        log = (self.state / f"cdk-{command}.log").open("wb")
        # The app runs under this very Python, and node is where the project's environment puts it.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])  # noqa: TID251
        cdk = ROOT / "node_modules" / ".bin" / "cdk"
        if not cdk.exists():
            raise LocalDeployError(f"The CDK command is not installed: run `npm ci` in {ROOT}.")
        with log:
            return subprocess.Popen(
                [str(cdk), command, *arguments, "--no-notices", "--no-color", "--ci"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=cwd,
                env={**os.environ, **self.environment(), "PATH": path, "PYTHONPATH": _python_path()},  # noqa: TID251
            )

    def _finish(self, process: subprocess.Popen[bytes], command: str, tell: Callable[[str], None]) -> None:
        log = self.state / f"cdk-{command}.log"
        told = 0
        while True:
            ended = process.poll() is not None
            lines = log.read_text(errors="replace").splitlines()
            for line in lines[told:]:
                if line.strip():
                    tell(line)
            told = len(lines)
            if ended:
                break
            time.sleep(0.2)
        if process.returncode != 0:
            tail = "\n".join(lines[-_TAIL_LINES:])
            raise LocalDeployError(f"`cdk {command}` failed:\n{tail}\nThe whole output is in {log}.")


def _python_path() -> str:
    return os.pathsep.join([str(ROOT), str(ROOT / "lambdas")])


def _wait_till_ready(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith(READY):
                return int(line.rsplit(" ", 1)[1])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
    raise LocalCloudError(f"The local cloud did not start:\n{tail}\nThe whole output is in {log}.")


def _lives(process: int) -> bool:
    if process in _STARTED:
        return _STARTED[process].poll() is None  # also reaps it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
