"""EMR Serverless runs a job's own entry point, and Step Functions waits for its end."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.local.conftest import Machines, client_of, eventually
from tests.state_machines.machines import load
from tests.tunesmith.spark.machines import MISSING
from tunesmith.cost import load_prices
from tunesmith.cost.cluster import cluster_at_most, cluster_billed
from tunesmith.settings import ClusterLimits

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "everything is there")

SAY = b"""
import os, sys
word = os.environ["WORD"]
print("told", word, sys.argv[1:])
sys.exit(word == "bad")
"""
SLEEP = b"import time\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def application(local_cloud: LocalCloud) -> str:
    made = client_of(local_cloud, "emr-serverless").create_application(
        name="any", releaseLabel="emr-7.13.0-20260421", type="SPARK", clientToken="any"
    )
    client_of(local_cloud, "s3").create_bucket(Bucket="cluster-jobs")
    return str(made["applicationId"])


def job(cloud: LocalCloud, application: str, code: bytes, word: str = "good") -> dict[str, Any]:
    """A state that runs some code as a job."""
    key = f"{uuid.uuid4()}.py"
    client_of(cloud, "s3").put_object(Bucket="cluster-jobs", Key=key, Body=code)
    submit = {
        "EntryPoint": f"s3://cluster-jobs/{key}",
        "EntryPointArguments": ["one", "two"],
        "SparkSubmitParameters": "--conf spark.driver.cores=4"
        f" --conf spark.emr-serverless.driverEnv.WORD={word}",
    }
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::emr-serverless:startJobRun.sync",
        "Arguments": {
            "ApplicationId": application,
            "ClientToken": key,
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/any",
            "JobDriver": {"SparkSubmit": submit},
        },
        "End": True,
    }


def test_a_job_is_waited_for_billed_and_never_started_twice(
    local_cloud: LocalCloud, machines: Machines, application: str
) -> None:
    state = job(local_cloud, application, SAY)
    jobs = [machines.output({"Job": state})["JobRunId"] for _ in range(2)]
    assert jobs[0] == jobs[1]
    emr = client_of(local_cloud, "emr-serverless")
    run = emr.get_job_run(applicationId=application, jobRunId=jobs[0])["jobRun"]
    assert run["state"] == "SUCCESS"
    assert 0 < run["billedResourceUtilization"]["vCPUHour"] < 4


def test_a_job_that_fails_fails_its_task_with_what_it_said_last(
    local_cloud: LocalCloud, machines: Machines, application: str
) -> None:
    ended = machines.run({"Job": job(local_cloud, application, SAY, word="bad")})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(ended["cause"])
    assert cause["State"] == "FAILED"
    assert "told bad ['one', 'two']" in cause["StateDetails"]


def test_an_execution_that_is_stopped_takes_its_job_with_it(
    local_cloud: LocalCloud, machines: Machines, application: str
) -> None:
    emr = client_of(local_cloud, "emr-serverless")

    def running() -> list[str]:
        found = emr.list_job_runs(applicationId=application)["jobRuns"]
        return [each["id"] for each in found if each["state"] == "RUNNING"]

    execution = machines.start(machines.create({"Job": job(local_cloud, application, SLEEP)}))
    eventually(running)
    machines.api.stop_execution(executionArn=execution)
    assert machines.end_of(execution)["status"] == "ABORTED"
    eventually(lambda: not running())


def test_an_application_that_is_not_there_is_an_error_of_emr(
    local_cloud: LocalCloud, machines: Machines, application: str
) -> None:
    ended = machines.run({"Job": job(local_cloud, "0000000000000000", SAY)})
    assert ended["error"] == "EMRServerless.ResourceNotFoundException"


def test_the_clusters_machine_runs_the_job_of_its_input_and_tells_its_bill(
    local_cloud: LocalCloud, machines: Machines, application: str
) -> None:
    submit = job(local_cloud, application, SAY)["Arguments"]["JobDriver"]["SparkSubmit"]
    text = json.dumps(load("cluster")["States"])
    for name, value in (
        ("ApplicationId", application),
        ("RoleArn", "arn:aws:iam::123456789012:role/any"),
        ("Job", submit["EntryPoint"]),
        ("Parameters", submit["SparkSubmitParameters"]),
        ("Logs", "/tunesmith/any/cluster"),
    ):
        text = text.replace(f"${{Cluster{name}}}", value)
    bill = machines.output(json.loads(text), {"run": "0123456789abcdef", "minutes": 10})
    limits = ClusterLimits(above_bytes=0, vcpus=4, memory_gb=1, disk_gb=1, minutes=10)
    billed, at_most = cluster_billed(bill, load_prices()), cluster_at_most(limits, load_prices())
    assert billed is not None
    assert 0 < billed[0].usd < at_most[0].usd


def test_an_application_comes_from_a_template_and_goes_with_its_stack(local_cloud: LocalCloud) -> None:
    properties = {
        "Name": "from-a-template",
        "ReleaseLabel": "emr-7.13.0",
        "Type": "SPARK",
        "MaximumCapacity": {"Cpu": "16 vCPU", "Memory": "78 GB"},
    }
    template = {
        "Resources": {"Cluster": {"Type": "AWS::EMRServerless::Application", "Properties": properties}},
        "Outputs": {
            "Id": {"Value": {"Ref": "Cluster"}},
            "IdToo": {"Value": {"Fn::GetAtt": ["Cluster", "ApplicationId"]}},
            "Arn": {"Value": {"Fn::GetAtt": ["Cluster", "Arn"]}},
        },
    }
    stacks, emr = (client_of(local_cloud, name) for name in ("cloudformation", "emr-serverless"))
    stacks.create_stack(StackName="with-a-cluster", TemplateBody=json.dumps(template))
    (stack,) = stacks.describe_stacks(StackName="with-a-cluster")["Stacks"]
    told = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    found = emr.get_application(applicationId=told["Id"])["application"]
    assert (found["name"], found["arn"]) == ("from-a-template", told["Arn"])
    assert found["maximumCapacity"] == {"cpu": "16 vCPU", "memory": "78 GB"}
    assert told["Arn"].endswith(f"/applications/{told['IdToo']}")
    stacks.delete_stack(StackName="with-a-cluster")
    assert told["Id"] not in [each["id"] for each in emr.list_applications()["applications"]]
