"""Spark on this machine, and files as it is given them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tunesmith.spark.records import Source

ROOT = Path(__file__).parents[3]
MISSING = (
    "PySpark is not installed (make setup-spark)"
    if importlib.util.find_spec("pyspark") is None
    else "PySpark 3.5 wants Python 3.11"
    if sys.version_info >= (3, 12)
    else "Java is not installed"
    if shutil.which("java") is None
    else ""
)
"""Why nothing can be run here; empty where it can."""


@lru_cache
def local_session() -> SparkSession:
    """Start Spark with two threads, once."""
    from pyspark.sql import SparkSession

    from tunesmith.spark.frames import SESSION

    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "lambdas")])
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").appName("tunesmith")
    settings = {
        **SESSION,
        "spark.ui.enabled": "false",
        "spark.driver.host": "localhost",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.showConsoleProgress": "false",
        # Small data: a join that is planned once and runs as one job is the quickest.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
        # Every plan runs once here: compiling it takes longer than running it uncompiled.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def read_path(address: str, start: int) -> Iterator[bytes]:
    """Read a file of this machine from a byte on."""
    with Path(address).open("rb") as file:
        file.seek(start)
        while chunk := file.read(1 << 16):
            yield chunk


def sources(folder: Path, files: Mapping[str, bytes]) -> dict[str, Source]:
    """Write files by role into a folder."""
    from tunesmith.spark.records import Source

    found = {}
    for role, content in files.items():
        path = folder / f"{role}.jsonl"
        path.write_bytes(content)
        found[role] = Source(file=path.name, address=str(path), size=len(content))
    return found
