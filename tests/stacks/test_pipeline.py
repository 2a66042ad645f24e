"""Are all functions and machines deployed as written, and does the right event start the right one?"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from stacks.components.function import pascal_case
from stacks.pipeline import GRADER, MACHINES
from tests.stacks.assembly import ROOT, Assembly, Template, spelled
from tests.state_machines.machines import NAMES, load, tasks
from tunesmith import names
from tunesmith.settings import function_settings

FUNCTIONS = sorted(function_settings())


def test_every_folder_with_a_handler_is_deployed_and_nothing_else(pipeline: Template) -> None:
    folders = {path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py")}
    handlers = {properties["Handler"] for properties in pipeline.properties("AWS::Lambda::Function")}
    assert handlers == {f"{name}.handler.lambda_handler" for name in FUNCTIONS}
    assert folders == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gets_the_variables_that_its_settings_read(pipeline: Template, name: str) -> None:
    properties = pipeline.only("AWS::Lambda::Function", f"{pascal_case(name)}Function")
    variables = properties["Environment"]["Variables"]
    settings = function_settings()[name].from_environment(variables)
    assert settings.to_environment() == variables
    assert [field.name for field in fields(settings) if getattr(settings, field.name) in ("", None)] == []
    assert settings.environment == "prod"


def test_functions_are_traced_arm64_python_with_logs_of_their_own(pipeline: Template) -> None:
    groups = {
        key: resource["Properties"] for key, resource in pipeline.resources("AWS::Logs::LogGroup").items()
    }
    used = set()
    for properties in pipeline.properties("AWS::Lambda::Function"):
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]
        assert properties["TracingConfig"] == {"Mode": "Active"}
        group = properties["LoggingConfig"]["LogGroup"]["Ref"]
        assert groups[group]["LogGroupName"] == f"/tunesmith/prod/{properties['Handler'].split('.')[0]}"
        used.add(group)
    assert len(used) == len(FUNCTIONS)
    assert {group["RetentionInDays"] for group in groups.values()} == {365}


def test_preparation_alone_has_more_disk_for_the_texts_that_it_compares(pipeline: Template) -> None:
    disks = {
        properties["Handler"].split(".")[0]: properties["EphemeralStorage"]["Size"]
        for properties in pipeline.properties("AWS::Lambda::Function")
        if "EphemeralStorage" in properties
    }
    assert disks == {"prepare_dataset": 2048}


def test_no_function_outlives_the_state_that_waits_for_it(pipeline: Template) -> None:
    timeouts = {
        properties["Handler"].split(".")[0]: properties["Timeout"]
        for properties in pipeline.properties("AWS::Lambda::Function")
    }
    for machine in NAMES:
        for name, state in tasks(load(machine)):
            for function in FUNCTIONS:
                if state["Resource"] == f"${{{pascal_case(function)}Arn}}":
                    assert timeouts[function] <= state["TimeoutSeconds"], name


def test_machines_call_versions_that_stay_when_newer_ones_come(pipeline: Template) -> None:
    versions = pipeline.resources("AWS::Lambda::Version")
    called = [
        value["Ref"]
        for properties in pipeline.properties("AWS::StepFunctions::StateMachine")
        for key, value in properties.get("DefinitionSubstitutions", {}).items()
        if key.endswith("Arn")
        and not key.endswith("MachineArn")
        and key not in ("TopicArn", "ClusterRoleArn")
    ]
    # The grader is called by Bedrock; its version stands in the variables of whoever plans a job.
    graders = {
        properties["Environment"]["Variables"]["TUNESMITH_GRADER_ARN"]["Ref"]
        for properties in pipeline.properties("AWS::Lambda::Function")
        if properties["Handler"].split(".")[0] in ("check_preflight", "plan_job")
    }
    assert len(graders) == 1
    assert versions[next(iter(graders))]["Properties"]["FunctionName"]["Ref"].startswith(pascal_case(GRADER))
    assert sorted([*called, *graders]) == sorted(versions)
    assert {version["DeletionPolicy"] for version in versions.values()} == {"Retain"}


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_stands_in_the_template_as_it_stands_in_its_file(pipeline: Template, name: str) -> None:
    properties = pipeline.only("AWS::StepFunctions::StateMachine", f"{name.capitalize()}Machine")
    text = (ROOT / "state_machines" / f"{name}.asl.json").read_text()
    assert properties["DefinitionString"] == text
    placeholders = {part.partition("}")[0] for part in text.split("${")[1:]}
    assert set(properties.get("DefinitionSubstitutions", {})) == placeholders
    assert properties["StateMachineName"] == f"tunesmith-prod-{name}"


@pytest.mark.parametrize("name", NAMES)
def test_a_placeholder_is_filled_with_what_it_is_named_after(pipeline: Template, name: str) -> None:
    properties = pipeline.only("AWS::StepFunctions::StateMachine", f"{name.capitalize()}Machine")
    for placeholder, value in properties.get("DefinitionSubstitutions", {}).items():
        wanted = {
            "LedgerTableName": "Ledger",
            "TopicArn": "Notifications",
            "ClusterApplicationId": "ClusterApplication",
            "ClusterJob": "s3://",
            "ClusterParameters": "--conf spark.archives=s3://",
        }
        assert wanted.get(placeholder, placeholder.removesuffix("Arn")) in spelled(value)


def test_every_file_is_a_machine(pipeline: Template) -> None:
    assert sorted(MACHINES) == NAMES
    assert len(pipeline.resources("AWS::StepFunctions::StateMachine")) == len(NAMES)


def test_machines_are_logged_and_traced(pipeline: Template) -> None:
    for properties in pipeline.properties("AWS::StepFunctions::StateMachine"):
        assert properties["TracingConfiguration"] == {"Enabled": True}
        assert properties["LoggingConfiguration"]["Level"] == "ALL"


def test_uploads_below_datasets_reach_the_queue_and_nothing_else_does(pipeline: Template) -> None:
    rule = pipeline.only("AWS::Events::Rule", "UploadRule")
    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"]["object"] == {"key": [{"prefix": "datasets/"}]}
    (bucket,) = pattern["detail"]["bucket"]["name"]
    assert "DatasetBucket" in spelled(bucket)
    (target,) = rule["Targets"]
    assert spelled(target["Arn"]).startswith("<Uploads")
    assert spelled(target["DeadLetterConfig"]["Arn"]).startswith("<DeadLetters")


def test_an_upload_is_tried_five_times_and_then_kept_aside(pipeline: Template) -> None:
    queue = pipeline.only("AWS::SQS::Queue", "Uploads")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert spelled(queue["RedrivePolicy"]["deadLetterTargetArn"]).startswith("<DeadLetters")
    (mapping,) = pipeline.properties("AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert spelled(mapping["FunctionName"]).startswith("<AdmitUploadFunction")
    admit = pipeline.only("AWS::Lambda::Function", "AdmitUploadFunction")
    assert queue["VisibilityTimeout"] == 6 * admit["Timeout"]


def test_an_execution_that_ends_badly_starts_a_release_with_its_name(pipeline: Template) -> None:
    rule = pipeline.only("AWS::Events::Rule", "ReleaseRule")
    assert sorted(rule["EventPattern"]["detail"]["status"]) == ["ABORTED", "FAILED", "TIMED_OUT"]
    (watched,) = rule["EventPattern"]["detail"]["stateMachineArn"]
    assert spelled(watched).startswith("<PipelineMachine")
    (target,) = rule["Targets"]
    assert spelled(target["Arn"]).startswith("<ReleaseMachine")
    ((name, path),) = target["InputTransformer"]["InputPathsMap"].items()
    assert path == "$.detail.name"
    assert target["InputTransformer"]["InputTemplate"].replace(" ", "") == f'{{"run":<{name}>}}'
    assert spelled(target["DeadLetterConfig"]["Arn"]).startswith("<DeadLetters")


def test_the_command_learns_what_is_deployed(pipeline: Template) -> None:
    (parameter,) = pipeline.properties("AWS::SSM::Parameter")
    assert parameter["Name"] == names.deployment_parameter("prod") == "/tunesmith/prod/deployment"
    deployment: dict[str, Any] = json.loads(spelled(parameter["Value"]))
    assert list(deployment) == [
        "environment",
        "region",
        "account",
        "dataset_bucket",
        "artifacts_bucket",
        "ledger_table",
        "pipeline_arn",
        "release_arn",
        "serve_arn",
        "reap_arn",
        "topic_arn",
    ]
    assert deployment["region"] == "us-east-1"
    assert deployment["pipeline_arn"].startswith("<PipelineMachine")


def test_the_local_code_is_the_folder_itself(assemblies: dict[Any, Assembly]) -> None:
    folder = assemblies["local", "us-east-1"].folder
    assets = json.loads((folder / "tunesmith-local-pipeline.assets.json").read_text())["files"].values()
    sources = {
        (folder / asset["source"]["path"]).resolve()
        for asset in assets
        if asset["source"]["packaging"] == "zip"
    }
    assert sources == {ROOT / "lambdas"}
