"""Stacks are updated, refused and deleted as `cdk deploy` and `cdk destroy` expect it."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from tests.local.conftest import Sample, outputs_of

ROLE = "arn:aws:iam::123456789012:role/any"


def machine(definition: str | None = None, **more: Any) -> dict[str, Any]:
    default = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed", "Comment": "${Word}"}}})
    properties = {
        "RoleArn": ROLE,
        "DefinitionString": definition or default,
        "DefinitionSubstitutions": {"Word": "first"},
        **more,
    }
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def template(resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
    parameter = {"BootstrapVersion": {"Type": "String", "Default": "21"}}
    return json.dumps({"Parameters": parameter, "Resources": resources, "Outputs": outputs or {}})


def definition_of(sample: Sample, arn: str) -> str:
    described = sample.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    return str(described["definition"])


def test_a_new_version_runs_new_settings_and_the_old_one_keeps_the_old(sample: Sample) -> None:
    stacks, functions = sample.client("cloudformation"), sample.client("lambda")
    old = stacks.get_template(StackName="sample-work")["TemplateBody"]
    body = old if isinstance(old, str) else json.dumps(old)
    logical_id = next(
        name
        for name, one in json.loads(body)["Resources"].items()
        if one["Type"] == "AWS::Lambda::Version" and name.startswith("greetrun")
    )
    # What the CDK does with a change of the environment: another value, and a version of another id.
    new = body.replace('"hello"', '"howdy"').replace(logical_id, logical_id[:-4] + "0000")
    stacks.update_stack(StackName="sample-work", TemplateBody=new, Capabilities=["CAPABILITY_IAM"])
    arn = outputs_of(sample.cloud)["GreetArn"]
    assert arn != sample.outputs["GreetArn"]
    said = [
        json.load(functions.invoke(FunctionName=one, Payload=b"{}")["Payload"])["greeting"]
        for one in (sample.outputs["GreetArn"], arn)
    ]
    assert said == ["hello", "howdy"]
    listed = sample.client("stepfunctions").list_state_machines()["stateMachines"]
    greeter = next(one["stateMachineArn"] for one in listed if one["name"] == "sample-greeter")
    assert arn in definition_of(sample, greeter)


def test_exports_reach_other_stacks_and_survive_an_update(sample: Sample) -> None:
    stacks = sample.client("cloudformation")
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    exported = {"Name": {"Value": {"Ref": "Topic"}, "Export": {"Name": "the-topic"}}}
    stacks.create_stack(StackName="giver", TemplateBody=template(topic, exported))
    stacks.update_stack(
        StackName="giver",
        TemplateBody=template({**topic, "Other": {"Type": "AWS::SNS::Topic"}}, exported),
        Parameters=[{"ParameterKey": "BootstrapVersion", "UsePreviousValue": True}],
    )
    taken = {"Taken": {"Value": {"Fn::ImportValue": "the-topic"}}}
    stacks.create_stack(StackName="taker", TemplateBody=template({"M": machine()}, taken))
    outputs = outputs_of(sample.cloud)
    assert outputs["Taken"] == outputs["Name"]


@pytest.mark.parametrize("style", ["DefinitionString", "Definition", "DefinitionS3Location"])
def test_a_definition_can_be_given_in_every_style_and_changed(sample: Sample, style: str) -> None:
    stacks, s3 = sample.client("cloudformation"), sample.client("s3")
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed", "Comment": "${Word}"}}}
    s3.put_object(
        Bucket=sample.outputs["Bucket"], Key="machine.asl.json", Body=json.dumps(definition).encode()
    )
    given = {
        "DefinitionString": json.dumps(definition),
        "Definition": definition,
        "DefinitionS3Location": {"Bucket": sample.outputs["Bucket"], "Key": "machine.asl.json"},
    }[style]
    resource = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": ROLE, style: given, "DefinitionSubstitutions": {"Word": "first"}},
    }
    output = {"Machine": {"Value": {"Fn::GetAtt": ["M", "Arn"]}}}
    name = f"style-{style}"
    stacks.create_stack(StackName=name, TemplateBody=template({"M": resource}, output))
    described = stacks.describe_stacks(StackName=name)["Stacks"][0]
    arn = described["Outputs"][0]["OutputValue"]
    assert '"first"' in definition_of(sample, arn)
    changed = json.loads(json.dumps(resource).replace("first", "second"))
    stacks.update_stack(StackName=name, TemplateBody=template({"M": changed}, output))
    assert '"second"' in definition_of(sample, arn)
    stacks.delete_stack(StackName=name)
    with pytest.raises(sample.client("stepfunctions").exceptions.StateMachineDoesNotExist):
        definition_of(sample, arn)


def test_a_refused_stack_says_which_resource_it_was_and_leaves_nothing(sample: Sample) -> None:
    stacks = sample.client("cloudformation")
    broken = template({"Fine": {"Type": "AWS::SNS::Topic"}, "Broken": machine('{"StartAt": 1}')})
    for _ in range(2):
        with pytest.raises(botocore.exceptions.ClientError, match=r"ValidationError.*Broken.*StateMachine"):
            stacks.create_stack(StackName="broken", TemplateBody=broken)
    with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
        stacks.describe_stacks(StackName="broken")


def test_removed_resources_go_unless_they_are_retained(sample: Sample) -> None:
    stacks, queues = sample.client("cloudformation"), sample.client("sqs")
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "removed"}}
    kept = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "kept"}}
    stacks.create_stack(StackName="shrinks", TemplateBody=template({"Q": queue, "K": kept, "M": machine()}))
    stacks.update_stack(StackName="shrinks", TemplateBody=template({"M": machine()}))
    left = [url.rsplit("/", 1)[1] for url in queues.list_queues()["QueueUrls"]]
    assert "kept" in left
    assert "removed" not in left


def test_a_deleted_stack_stays_deleted_when_it_is_described(sample: Sample) -> None:
    stacks, machines = sample.client("cloudformation"), sample.client("stepfunctions")
    output = {"Machine": {"Value": {"Ref": "M"}, "Export": {"Name": "deleted-machine"}}}
    body = template({"M": machine(StateMachineName="deleted")}, output)
    stacks.create_stack(StackName="deleted", TemplateBody=body)
    stack_id = stacks.describe_stacks(StackName="deleted")["Stacks"][0]["StackId"]
    stacks.delete_stack(StackName="deleted")
    assert stacks.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    stacks.describe_stack_resources(StackName=stack_id)
    assert "deleted" not in [one["name"] for one in machines.list_state_machines()["stateMachines"]]


def test_a_bucket_is_versioned_as_its_template_says(sample: Sample) -> None:
    versioning = sample.client("s3").get_bucket_versioning(Bucket=sample.outputs["Bucket"])
    assert versioning["Status"] == "Enabled"
