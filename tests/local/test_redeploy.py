"""What does a second deploy change, and what does a destroy leave? Played once, by the real command.

A copy of the app is deployed, changed and deployed again while a run is in training, then destroyed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.cloud import ROOT, LocalCloud, LocalDeployError
from tests.cloud import CloudUnderTest, triage_data
from tunesmith import names

APP = ("app.py", "cdk.json", "stacks", "lambdas", "state_machines")
PROJECT = "upgraded"
NEW_CODE = "the code of the second deploy"


@dataclass
class Story:
    """What was seen on the way."""

    before: Seen
    after: Seen
    status_during: str
    execution: dict[str, Any]
    refusal: str
    left: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Seen:
    """The deployed stacks at one time, read through AWS's own APIs."""

    resources: dict[str, tuple[str, str]]
    """Type and physical id of every resource by stack and logical id."""
    variables: dict[str, str]
    answer: dict[str, Any]
    """What decide_promotion, in the version that the pipeline calls, says to an empty event."""
    reap: dict[str, Any]
    rules: dict[str, dict[str, Any]]
    retention: dict[str, int]
    table: dict[str, Any]
    topic: dict[str, str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Deploy, submit, change, deploy, let the run end, destroy, empty, destroy."""
    app = copy_of_the_app(tmp_path_factory.mktemp("app"))
    with LocalCloud.temporary(scale=1800.0) as local:
        local.deploy(app=app)
        cloud = CloudUnderTest(local=local, deployment=deployment_of(local))
        hold_jobs(cloud, seconds=1e7)
        job: dict[str, Any] = {
            "project": PROJECT,
            "base_model": "amazon.nova-micro-v1:0",
            "data": "train.jsonl",
        }
        # Two deployments take long by the simulated clock; what is asked of the models is of no matter here.
        job |= {"training": {"deadline_hours": 240}, "stopping": {"policy": "single"}}
        job |= {"evaluation": {"few_shot": False, "noise_records": 0}}
        run = cloud.submit(job, triage_data())
        cloud.wait_for_billable(PROJECT, "jobs")
        before = look(cloud)
        change(app)
        local.deploy(app=app)
        after = look(cloud)
        arn = cloud.execution_arn("pipeline", names.execution_name(run, 1))
        during = cloud.client("stepfunctions").describe_execution(executionArn=arn)["status"]
        hold_jobs(cloud, seconds=0)
        execution = cloud.wait_for_run(run)
        with pytest.raises(LocalDeployError) as refused:
            local.destroy(app=app)
        empty_buckets(cloud)
        local.destroy(app=app)
        yield Story(before, after, during, execution, str(refused.value), what_is_left(cloud))


def copy_of_the_app(folder: Path) -> Path:
    """What `cdk` needs of the repository, where it may be changed."""
    for name in APP:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


def deployment_of(local: LocalCloud) -> dict[str, str]:
    ssm = CloudUnderTest(local=local, deployment={}).client("ssm")
    value = ssm.get_parameter(Name=names.deployment_parameter("local"))["Parameter"]["Value"]
    found: dict[str, str] = json.loads(value)
    return found


def hold_jobs(cloud: CloudUnderTest, *, seconds: float) -> None:
    """Let jobs wait in Bedrock's queue for so many simulated seconds."""
    cloud.client("ssm").put_parameter(
        Name="/tunesmith-local/account",
        Value=json.dumps({"timings": {"queue": seconds}}),
        Type="String",
        Overwrite=True,
    )


def change(app: Path) -> None:
    """Change one thing of every kind that item 6 of the upgrade's test names, and a topic."""

    def edit(file: str, old: str, new: str) -> None:
        text = (app / file).read_text()
        assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
        (app / file).write_text(text.replace(old, new))

    with (app / "lambdas/decide_promotion/handler.py").open("a") as handler:
        handler.write(f"\n\ndef lambda_handler(event, context):\n    raise RuntimeError({NEW_CODE!r})\n")
    edit(
        "stacks/components/function.py",
        "environment=variables,",
        'environment={**variables, "ADDED": "yes"},',
    )
    machine = app / "state_machines/reap.asl.json"
    machine.write_text(json.dumps(json.loads(machine.read_text()) | {"Comment": "changed"}))
    edit("stacks/operations.py", "cdk.Duration.hours(1)", "cdk.Duration.hours(2)")
    edit("stacks/pipeline.py", '[{"prefix": "datasets/"}]', '[{"prefix": "datasets/"}, {"prefix": "more/"}]')
    cdk = json.loads((app / "cdk.json").read_text())
    cdk["context"]["environments"]["local"]["log_retention_days"] = 7
    (app / "cdk.json").write_text(json.dumps(cdk))
    edit(
        "stacks/storage.py",
        "point_in_time_recovery_enabled=True",
        "point_in_time_recovery_enabled=True, recovery_period_in_days=7",
    )
    edit(
        "stacks/storage.py",
        "        return ledger\n",
        '        ledger.add_global_secondary_index(index_name="added", partition_key='
        'ddb.Attribute(name="added", type=ddb.AttributeType.STRING))\n'
        '        cdk.Tags.of(ledger).add("changed", "yes")\n'
        "        return ledger\n",
    )
    edit(
        "stacks/storage.py",
        "            deletion_protection=",
        '            time_to_live_attribute="ttl",\n            deletion_protection=',
    )
    edit("stacks/storage.py", 'display_name="Tunesmith"', 'display_name="Changed"')


def look(cloud: CloudUnderTest) -> Seen:
    """Read back what the changes concern."""
    stacks = cloud.client("cloudformation")
    resources = {
        f"{name}/{found['LogicalResourceId']}": (found["ResourceType"], found["PhysicalResourceId"])
        for name in ours(stack["StackName"] for stack in stacks.describe_stacks()["Stacks"])
        for found in stacks.describe_stack_resources(StackName=name)["StackResources"]
    }

    def physical(kind: str, part: str) -> str:
        found: str
        (found,) = (name for key, (type_, name) in resources.items() if type_ == kind and f"/{part}" in key)
        return found

    machines, functions = cloud.client("stepfunctions"), cloud.client("lambda")
    pipeline = machines.describe_state_machine(stateMachineArn=cloud.deployment["pipeline_arn"])
    states = json.loads(pipeline["definition"])
    decide = next(
        value
        for value in strings(states)
        if "DecidePromotion" in value and value.startswith("arn:aws:lambda")
    )
    rules = {}
    for part in ("UploadRule", "ReleaseRule", "ReapRule"):
        name = physical("AWS::Events::Rule", part)
        rules[part] = cloud.client("events").describe_rule(Name=name)
        targets = cloud.client("events").list_targets_by_rule(Rule=name)["Targets"]
        rules[part] |= {"targets": [target["Arn"] for target in targets]}
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    ledger, dynamodb = cloud.deployment["ledger_table"], cloud.client("dynamodb")
    table = dynamodb.describe_table(TableName=ledger)["Table"]
    topic = cloud.client("sns").get_topic_attributes(TopicArn=cloud.deployment["topic_arn"])["Attributes"]
    return Seen(
        resources=resources,
        variables=functions.get_function_configuration(FunctionName=decide)["Environment"]["Variables"],
        answer=json.load(functions.invoke(FunctionName=decide, Payload=b"{}")["Payload"]),
        reap=json.loads(
            machines.describe_state_machine(stateMachineArn=cloud.deployment["reap_arn"])["definition"]
        ),
        rules=rules,
        retention={group["logGroupName"]: group.get("retentionInDays", 0) for group in groups},
        table={
            "indexes": sorted(index["IndexName"] for index in table["GlobalSecondaryIndexes"]),
            "recovery": dynamodb.describe_continuous_backups(TableName=ledger)[
                "ContinuousBackupsDescription"
            ]["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays"),
            "expiry": dynamodb.describe_time_to_live(TableName=ledger)["TimeToLiveDescription"],
            "tags": dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"],
        },
        topic=topic,
    )


def strings(value: Any) -> Iterator[str]:
    """Every string anywhere in a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def empty_buckets(cloud: CloudUnderTest) -> None:
    """What has to be done by hand before buckets can go: delete every version of every object."""
    s3 = cloud.client("s3")
    for bucket in ours(bucket["Name"] for bucket in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = page.get("Versions", []) + page.get("DeleteMarkers", [])
            objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in versions]
            if objects:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})


def what_is_left(cloud: CloudUnderTest) -> dict[str, list[str]]:
    """Everything of ours that the account still has, by kind."""
    client = cloud.client
    keys = [
        client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        for key in client("kms").list_keys()["Keys"]
    ]
    return {
        "stacks": ours(s["StackName"] for s in client("cloudformation").describe_stacks()["Stacks"]),
        "functions": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "mappings": [m["UUID"] for m in client("lambda").list_event_source_mappings()["EventSourceMappings"]],
        "machines": [m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]],
        "buckets": ours(b["Name"] for b in client("s3").list_buckets()["Buckets"]),
        "tables": client("dynamodb").list_tables()["TableNames"],
        "topics": [t["TopicArn"] for t in client("sns").list_topics()["Topics"]],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "rules": [r["Name"] for r in client("events").list_rules()["Rules"]],
        "logs": [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]],
        "roles": ours(r["RoleName"] for r in client("iam").list_roles()["Roles"]),
        "dashboards": [
            d["DashboardName"] for d in client("cloudwatch").list_dashboards()["DashboardEntries"]
        ],
        "aliases": ours(a["AliasName"] for a in client("kms").list_aliases()["Aliases"]),
        "keys": [
            key["Description"]
            for key in keys
            if key["KeyState"] == "Enabled" and "Tunesmith" in key["Description"]
        ],
        "keys to go": [key["Description"] for key in keys if key["KeyState"] == "PendingDeletion"],
        "parameters": [
            p["Name"]
            for page in client("ssm").get_paginator("describe_parameters").paginate()
            for p in page["Parameters"]
            if p["Name"].startswith("/tunesmith/")
        ],
    }


def ours(found: Any) -> list[str]:
    """Those that belong to no bootstrap."""
    return sorted(name for name in found if "tunesmith-local-" in name)


# --- the second deploy


def test_no_resource_is_replaced_and_only_function_versions_come_and_go(story: Story) -> None:
    before, after = story.before.resources, story.after.resources
    assert len(before) > 150
    assert {key: before[key] for key in before.keys() & after.keys()} == {
        key: after[key] for key in before.keys() & after.keys()
    }
    changed = {found[0] for key, found in (before | after).items() if (key in before) != (key in after)}
    assert changed == {"AWS::Lambda::Version"}
    assert len(before) == len(after)


def test_the_pipeline_calls_the_new_code_from_now_on(story: Story) -> None:
    assert story.before.answer["errorType"] == "KeyError"
    assert story.after.answer["errorMessage"] == NEW_CODE


def test_functions_get_the_new_variable_and_keep_the_others(story: Story) -> None:
    assert story.after.variables == story.before.variables | {"ADDED": "yes"}


def test_a_changed_definition_is_what_the_machine_runs(story: Story) -> None:
    assert story.before.reap["Comment"] != "changed"
    assert story.after.reap["Comment"] == "changed"
    assert story.after.reap["States"].keys() == story.before.reap["States"].keys()


def test_rules_take_their_new_schedule_and_pattern_and_keep_their_targets(story: Story) -> None:
    before, after = story.before.rules, story.after.rules
    assert before["ReapRule"]["ScheduleExpression"] == "rate(1 hour)"
    assert after["ReapRule"]["ScheduleExpression"] == "rate(2 hours)"
    prefixes = json.loads(after["UploadRule"]["EventPattern"])["detail"]["object"]["key"]
    assert prefixes == [{"prefix": "datasets/"}, {"prefix": "more/"}]
    for name, rule in before.items():
        assert (after[name]["Arn"], after[name]["State"], after[name]["targets"]) == (
            rule["Arn"],
            "ENABLED",
            rule["targets"],
        )


def test_every_log_group_takes_the_new_retention(story: Story) -> None:
    assert len(story.before.retention) > 20
    assert set(story.before.retention.values()) == {30}
    assert story.after.retention == dict.fromkeys(story.before.retention, 7)


def test_the_table_takes_index_expiry_recovery_and_tag(story: Story) -> None:
    assert story.before.table == {
        "indexes": ["open"],
        "recovery": 35,
        "expiry": {"TimeToLiveStatus": "DISABLED"},
        "tags": [],
    }
    assert story.after.table == {
        "indexes": ["added", "open"],
        "recovery": 7,
        "expiry": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"},
        "tags": [{"Key": "changed", "Value": "yes"}],
    }


def test_the_topic_takes_its_new_name_on_display_and_keeps_its_key(story: Story) -> None:
    before, after = story.before.topic, story.after.topic
    assert (before["DisplayName"], after["DisplayName"]) == ("Tunesmith", "Changed")
    assert before["KmsMasterKeyId"] == after["KmsMasterKeyId"] != ""


def test_an_execution_that_is_running_finishes_on_its_old_code(story: Story) -> None:
    assert story.status_during == "RUNNING"
    assert story.execution["status"] == "SUCCEEDED"
    assert json.loads(story.execution["output"])["outcome"] == "promoted"


# --- the destroy


def test_a_bucket_with_objects_is_not_destroyed_and_the_command_says_so(story: Story) -> None:
    assert "not empty" in story.refusal


def test_destroy_leaves_the_key_of_the_models_and_what_no_stack_made(story: Story) -> None:
    kept = {"keys": ["Tunesmith: custom models"], "parameters": [names.champion_parameter("local", PROJECT)]}
    gone = {"keys to go": ["Tunesmith: datasets, run records, ledger, messages, logs"]}
    assert {kind: found for kind, found in story.left.items() if found} == kept | gone
