"""Would an account's owner accept the templates? cfn-lint, cdk-nag, reasons, names that do not collide."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.stacks.assembly import ROOT, Assembly, run_app

Assemblies = dict[tuple[str, str], Assembly]

FIXED_NAMES = {
    "AWS::IAM::Role": ("RoleName", "global"),
    "AWS::Budgets::Budget": ("Budget.BudgetName", "global"),
    "AWS::SSM::Parameter": ("Name", "regional"),
    "AWS::Logs::LogGroup": ("LogGroupName", "regional"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "regional"),
    "AWS::KMS::Alias": ("AliasName", "regional"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "regional"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "global"),
}
"""Types with names of our choosing, and where a name of theirs is taken for everybody."""


def test_cfn_lint_finds_nothing(assemblies: Assemblies) -> None:
    # W3005: CDK lets a function wait for its role's policies and thereby, once more, for the role.
    read = (assemblies["prod", "us-west-2"], assemblies["local", "us-east-1"])
    paths = [str(template.path) for assembly in read for template in assembly.templates.values()]
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--ignore-checks", "W3005", "--", *paths]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert (done.stdout + done.stderr).strip() == ""


def test_synthesis_without_acknowledgements_fails_on_cdk_nag(tmp_path: Path) -> None:
    silent = "import stacks.grants; stacks.grants.acknowledge = lambda *_: None"
    done = run_app(tmp_path, {"env": "local"}, silent)
    assert done.returncode != 0
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert {"AwsSolutions"} == {plugin["pluginName"] for plugin in report["pluginReports"]}


def test_every_acknowledgement_has_a_reason_in_words(assemblies: Assemblies) -> None:
    reasons = list(_acknowledgements(assemblies["prod", "us-east-1"]))
    assert len(reasons) > 50
    assert [told for told in reasons if len(told[1].split()) < 5] == []


def test_no_two_deployments_share_a_fixed_name(assemblies: Assemblies) -> None:
    taken: Counter[tuple[str, ...]] = Counter()
    for (_, region), assembly in assemblies.items():
        for template in assembly.templates.values():
            for kind, (path, scope) in FIXED_NAMES.items():
                for properties in template.properties(kind):
                    name = _at(properties, path)
                    if name is not None:
                        taken[kind, region if scope == "regional" else "everywhere", json.dumps(name)] += 1
            for output in template.body.get("Outputs", {}).values():
                taken["export", region, json.dumps(output["Export"]["Name"])] += 1
    assert {kind for kind, *_ in taken} == {"export", *FIXED_NAMES}  # the loop found what it looks for
    assert [name for name, count in taken.items() if count > 1] == []


def test_every_global_name_holds_its_region(assemblies: Assemblies) -> None:
    for (_, region), assembly in assemblies.items():
        for template in assembly.templates.values():
            for kind, (path, scope) in FIXED_NAMES.items():
                if scope == "global":
                    names = [_at(properties, path) for properties in template.properties(kind)]
                    assert [name for name in names if name and not str(name).endswith(region)] == []


def test_names_that_nobody_looks_up_are_left_to_cloudformation(assemblies: Assemblies) -> None:
    for template in assemblies["prod", "us-east-1"].templates.values():
        for kind, field in (
            ("AWS::S3::Bucket", "BucketName"),
            ("AWS::DynamoDB::Table", "TableName"),
            ("AWS::Lambda::Function", "FunctionName"),
            ("AWS::SQS::Queue", "QueueName"),
            ("AWS::SNS::Topic", "TopicName"),
        ):
            assert [
                properties[field] for properties in template.properties(kind) if field in properties
            ] == []


def test_no_custom_resource_and_no_function_of_cdks_own_is_deployed(assemblies: Assemblies) -> None:
    for assembly in assemblies.values():
        for template in assembly.templates.values():
            kinds = {resource["Type"] for resource in template.body["Resources"].values()}
            assert not [kind for kind in kinds if kind.startswith(("Custom::", "AWS::CloudFormation::"))]


def test_stacks_need_no_account_to_be_synthesized(assemblies: Assemblies) -> None:
    manifest = json.loads((assemblies["prod", "us-west-2"].folder / "manifest.json").read_text())
    stacks = {
        key: value
        for key, value in manifest["artifacts"].items()
        if value["type"] == "aws:cloudformation:stack"
    }
    assert {stack["environment"] for stack in stacks.values()} == {"aws://unknown-account/us-west-2"}
    assert "missing" not in manifest


def test_stack_names_tell_the_environment(assemblies: Assemblies) -> None:
    for (environment, _), assembly in assemblies.items():
        made = {path.name for path in assembly.folder.glob("*.template.json")}
        stacks = ("storage", "pipeline", "operations")
        assert made == {f"tunesmith-{environment}-{stack}.template.json" for stack in stacks}


def _at(properties: dict[str, Any], path: str) -> Any:
    for key in path.split("."):
        properties = properties.get(key, {})
    return properties or None


def _acknowledgements(assembly: Assembly) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in assembly.folder.glob("*.metadata.json"):
        entries: list[dict[str, Any]] = [
            entry for group in json.loads(path.read_text()).values() for entry in group
        ]
        for entry in entries:
            if entry["type"] == "aws:cdk:acknowledged-rules":
                found += entry["data"].items()
    return found
