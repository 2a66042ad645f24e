"""Is the cluster there where it was asked for alone, within its limits, and can its job start?"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from typing import Any

import pytest

from stacks.components.function import SOURCE
from stacks.components.spark import JOB, PYTHON, limits_of
from stacks.environment import ClusterSettings
from tests.stacks.assembly import Assembly, Template, spelled
from tunesmith.settings import NO_CLUSTER, ClusterLimits, PrepareDatasetSettings

KIND = "AWS::EMRServerless::Application"


def settings(**changes: Any) -> ClusterSettings:
    given = {"enabled": True, "above_mb": 1000, "vcpus": 16, "minutes": 120, "idle_minutes": 5}
    return ClusterSettings(**{**given, **changes})


def options(pipeline: Template) -> dict[str, str]:
    """What spark-submit is told, by name."""
    machine = pipeline.only("AWS::StepFunctions::StateMachine", "ClusterMachine")
    words = shlex.split(spelled(machine["DefinitionSubstitutions"]["ClusterParameters"]))
    assert words[::2] == ["--conf"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def gigabytes(told: str) -> int:
    return int(re.fullmatch(r"(\d+) ?(?:g|GB|vCPU)", told)[1])  # type: ignore[index]


def test_without_it_no_resource_permission_or_setting_of_a_cluster_is_there(
    assemblies: dict[Any, Assembly], pipeline: Template
) -> None:
    off = assemblies["dev", "us-east-1"].template("pipeline")
    more, less = (
        Counter(resource["Type"] for resource in template.body["Resources"].values())
        for template in (pipeline, off)
    )
    assert more - less == {
        KIND: 1,
        "AWS::IAM::Role": 2,
        "AWS::IAM::Policy": 2,
        "AWS::Logs::LogGroup": 2,
        "AWS::StepFunctions::StateMachine": 1,
    }
    assert not less - more
    machine = off.only("AWS::StepFunctions::StateMachine", "PipelineMachine")
    assert machine["DefinitionSubstitutions"]["ClusterMachineArn"] == NO_CLUSTER
    told = {
        key: resource
        for key, resource in off.body["Resources"].items()
        if "emr-serverless" in json.dumps(resource)
    }
    assert told == {}
    prepare = off.only("AWS::Lambda::Function", "PrepareDatasetFunction")
    read = PrepareDatasetSettings.from_environment(prepare["Environment"]["Variables"])
    assert ClusterLimits.read(read.cluster) is None


def test_it_costs_nothing_idle_stops_and_never_takes_more_than_its_limits(pipeline: Template) -> None:
    application = pipeline.only(KIND, "ClusterApplication")
    limits = limits_of(settings())
    assert "InitialCapacity" not in application
    assert application["AutoStopConfiguration"] == {"Enabled": True, "IdleTimeoutMinutes": 5}
    assert application["Architecture"] == "ARM64"
    most = {name: gigabytes(told) for name, told in application["MaximumCapacity"].items()}
    assert (most["Cpu"], most["Memory"]) == (limits.vcpus, limits.memory_gb)
    assert most["Disk"] == limits.disk_gb + 4 * 20  # of each of four workers 20 GB are free
    prepare = pipeline.only("AWS::Lambda::Function", "PrepareDatasetFunction")
    assert ClusterLimits.read(prepare["Environment"]["Variables"]["TUNESMITH_CLUSTER"]) == limits


@pytest.mark.parametrize("vcpus", [8, 16, 64])
def test_its_workers_fit_into_its_limits(vcpus: int, pipeline: Template) -> None:
    limits, told = limits_of(settings(vcpus=vcpus)), options(pipeline)
    executors = vcpus // 4 - 1

    def of(worker: str, *names: str) -> int:
        return sum(gigabytes(told[f"spark.{worker}.{name}"]) for name in names)

    sizes = {worker: of(worker, "memory", "memoryOverhead") for worker in ("driver", "executor")}
    # What EMR Serverless offers with 4 vCPUs: 8 to 30 GB.
    assert all(8 <= size <= 30 for size in sizes.values())
    assert sizes["driver"] + executors * sizes["executor"] <= limits.memory_gb
    assert int(told["spark.driver.cores"]) + executors * int(told["spark.executor.cores"]) == vcpus


def test_its_job_is_the_file_with_the_packages_and_the_variables_that_it_reads(
    assemblies: dict[Any, Assembly], pipeline: Template
) -> None:
    told, driver = options(pipeline), "spark.emr-serverless.driverEnv."
    variables = {name.removeprefix(driver): value for name, value in told.items() if name.startswith(driver)}
    read = PrepareDatasetSettings.from_environment(variables)
    assert ClusterLimits.read(read.cluster) is None  # who is the cluster hands nothing over
    assert variables["PYSPARK_DRIVER_PYTHON"] == told["spark.executorEnv.PYSPARK_PYTHON"]
    assert variables["PYSPARK_DRIVER_PYTHON"].endswith(f"python{PYTHON}")
    archive, _, folder = told["spark.archives"].partition("#")
    assert variables["PYTHONPATH"] == told["spark.executorEnv.PYTHONPATH"] == f"./{folder}"
    folder_of = assemblies["prod", "us-east-1"].folder
    files = json.loads((folder_of / "tunesmith-prod-pipeline.assets.json").read_text())["files"]
    machine = pipeline.only("AWS::StepFunctions::StateMachine", "ClusterMachine")["DefinitionSubstitutions"]
    sources = {
        name: files[spelled(uri).rsplit("/", 1)[1].partition(".")[0]]["source"]
        for name, uri in (("job", machine["ClusterJob"]), ("archive", archive))
    }
    assert sources["archive"]["packaging"] == "zip"
    assert (folder_of / sources["job"]["path"]).read_bytes() == (SOURCE / JOB).read_bytes()


def test_its_log_is_under_our_key_and_kept_nowhere_else(pipeline: Template) -> None:
    monitoring = pipeline.only(KIND, "ClusterApplication")["MonitoringConfiguration"]
    assert monitoring["ManagedPersistenceMonitoringConfiguration"] == {"Enabled": False}
    group = pipeline.resources("AWS::Logs::LogGroup")[
        monitoring["CloudWatchLoggingConfiguration"]["LogGroupName"]["Ref"]
    ]["Properties"]
    assert group["LogGroupName"] == "/tunesmith/prod/cluster"
    assert "KmsKeyId" in group


def test_emr_assumes_the_jobs_role_for_this_application_alone(pipeline: Template) -> None:
    (trust,) = pipeline.only("AWS::IAM::Role", "ClusterRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "emr-serverless.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert spelled(trust["Condition"]["ArnEquals"]["aws:SourceArn"]).startswith("<ClusterApplication")
