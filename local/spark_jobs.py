"""How does a job of EMR Serverless run here? Its own entry point and archive, by Spark in a process."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.faults import REGION

MISSING = "PySpark or Java is not installed on this machine: `make setup-spark`, and a Java 17"
_DRIVER = "spark.emr-serverless.driverEnv."
_HERE = {
    "spark.master": "local[2]",
    "spark.driver.host": "localhost",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Small data: few tasks, joins planned once, and no plan compiled that runs once.
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
_TAIL_LINES = 20


@dataclass(frozen=True)
class Ended:
    """How a job ended: its exit code, what it said last, and all that it said."""

    code: int
    reason: str
    log: str


@dataclass(frozen=True)
class Submission:
    """What StartJobRun was told to submit."""

    entry_point: str
    arguments: Sequence[str]
    options: Mapping[str, str]

    @classmethod
    def of(cls, driver: Mapping[str, object]) -> Submission:
        """Read `sparkSubmit` of a job driver, whose parameters are `--conf name=value` and no other."""
        submit = driver["sparkSubmit"]
        assert isinstance(submit, Mapping)
        words = shlex.split(str(submit.get("sparkSubmitParameters", "")))
        return cls(
            entry_point=str(submit["entryPoint"]),
            arguments=[str(word) for word in submit.get("entryPointArguments", ())],
            options=dict(word.split("=", 1) for word in words if word != "--conf"),
        )

    @property
    def variables(self) -> dict[str, str]:
        """The driver's environment, without which Python it would be in EMR's image."""
        named = {
            name.removeprefix(_DRIVER): value
            for name, value in self.options.items()
            if name.startswith(_DRIVER)
        }
        return {name: value for name, value in named.items() if not name.startswith("PYSPARK_")}

    def driver_size(self) -> tuple[float, float, float]:
        """The driver's vCPUs, gigabytes of memory, and gigabytes of disk beyond the free 20."""
        cores, memory, overhead, disk = (
            float(re.sub(r"\D", "", self.options.get(name, "0")) or 0)
            for name in (
                "spark.driver.cores",
                "spark.driver.memory",
                "spark.driver.memoryOverhead",
                "spark.emr-serverless.driver.disk",
            )
        )
        return cores, memory + overhead, max(0.0, disk - 20)


class SparkJob:
    """One job: `run` waits for its end, `cancel` brings that about."""

    def __init__(self, submission: Submission, *, fetch: Callable[[str], bytes], endpoint: str) -> None:
        """Take `fetch`, which reads an object by its S3 URI, and where the local cloud answers."""
        self._submission, self._fetch, self._endpoint = submission, fetch, endpoint
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def run(self, seconds: float) -> Ended:
        """Submit the job and wait for its end, at most so many seconds of the wall clock."""
        submit = Path(sys.executable).with_name("spark-submit")
        if not submit.exists() or shutil.which("java") is None:
            return Ended(1, MISSING, MISSING)
        with tempfile.TemporaryDirectory(prefix="tunesmith-cluster-") as name:
            folder = Path(name)
            with (folder / "log").open("w+b") as log:
                self._process = subprocess.Popen(
                    [str(submit), *self._options(), str(self._lay_out(folder)), *self._submission.arguments],
                    cwd=folder,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                if self._cancelled:
                    self.cancel()
                try:
                    code = self._process.wait(timeout=seconds)
                except subprocess.TimeoutExpired:
                    self.cancel()
                    code = self._process.wait()
                said = (folder / "log").read_text(errors="replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return Ended(code, "\n".join(lines[-_TAIL_LINES:]), said)

    def cancel(self) -> None:
        """End the job and all of its processes."""
        self._cancelled = True
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _lay_out(self, folder: Path) -> Path:
        """Put entry point and unpacked archive where EMR puts them, beside each other."""
        archive, _, below = self._submission.options.get("spark.archives", "").partition("#")
        if archive:
            with zipfile.ZipFile(io.BytesIO(self._fetch(archive))) as packed:
                packed.extractall(folder / below)
        entry_point = folder / self._submission.entry_point.rsplit("/", 1)[-1]
        entry_point.write_bytes(self._fetch(self._submission.entry_point))
        return entry_point

    def _options(self) -> list[str]:
        return [word for name, value in _HERE.items() for word in ("--conf", f"{name}={value}")]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "JAVA_HOME", "PATH") if name in os.environ}  # noqa: TID251
        return {
            **kept,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "OPENBLAS_NUM_THREADS": "1",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
            "TZ": "UTC",
            **self._submission.variables,
        }
