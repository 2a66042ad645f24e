"""May every role do what it must and no more? Read from the templates, since no local cloud enforces IAM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stacks.components.function import pascal_case
from stacks.grants import UNSCOPED_ACTIONS
from stacks.pipeline import CALLS, CHILDREN, GRADER, MACHINES
from tests.stacks.assembly import GRADERS, METRICS, Assembly, Template, listed, spelled, statements
from tests.state_machines.machines import load, tasks

RULES = {
    f"rule/StepFunctionsGetEventsFor{what}Rule" for what in ("StepFunctionsExecution", "EMRServerlessJob")
}
ALWAYS = {action for action in UNSCOPED_ACTIONS if action.startswith(("logs:", "xray:"))}
"""What logging and tracing of every machine takes."""

BESIDE_THE_CALL = {
    "bedrock:CreateModelCustomizationJob": {"bedrock:TagResource", "iam:PassRole", "kms:CreateGrant"},
    "bedrock:CreateCustomModelDeployment": {"bedrock:TagResource"},
    "bedrock:UpdateCustomModelDeployment": set(),
    "emr-serverless:StartJobRun": {
        "emr-serverless:CancelJobRun",
        "emr-serverless:GetJobRun",
        "iam:PassRole",
        "events:DescribeRule",
        "events:PutRule",
        "events:PutTargets",
    },
    "states:StartExecution": {
        "states:DescribeExecution",
        "states:StopExecution",
        "events:DescribeRule",
        "events:PutRule",
        "events:PutTargets",
    },
}
"""What AWS asks for beside the permission that is named after the call; keys apart."""


def test_only_listed_actions_are_allowed_on_every_resource(assemblies: dict[Any, Assembly]) -> None:
    found = set()
    for assembly in assemblies.values():
        for template in assembly.templates.values():
            for _, statement in statements(template):
                if statement["Effect"] == "Allow" and "*" in listed(statement["Resource"]):
                    found |= set(listed(statement["Action"]))
    assert found == set(UNSCOPED_ACTIONS)


def test_no_identity_is_allowed_an_action_by_wildcard(pipeline: Template) -> None:
    allowed = [statement for _, statement in statements(pipeline) if statement["Effect"] == "Allow"]
    assert [action for statement in allowed for action in listed(statement["Action"]) if "*" in action] == []


def test_roles_have_no_managed_policies(assemblies: dict[Any, Assembly]) -> None:
    for template in assemblies["prod", "us-east-1"].templates.values():
        assert [role for role in template.properties("AWS::IAM::Role") if "ManagedPolicyArns" in role] == []


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_may_make_exactly_the_calls_of_its_states(pipeline: Template, name: str) -> None:
    needed = set(ALWAYS)
    for _, state in tasks(load(name)):
        action = _permission(state["Resource"])
        needed |= {action} | BESIDE_THE_CALL.get(action, set())
    allowed = _actions(pipeline, f"{name.capitalize()}MachineRole")
    assert {action for action in allowed if not action.startswith("kms:")} == {
        action for action in needed if not action.startswith("kms:")
    }
    assert {action for action in needed if action.startswith("kms:")} <= allowed


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_may_call_exactly_its_functions_and_children(pipeline: Template, name: str) -> None:
    invoked, started = set(), set()
    for statement in _of(pipeline, f"{name.capitalize()}MachineRole"):
        resources = [spelled(resource) for resource in listed(statement["Resource"])]
        invoked |= {arn for arn in resources if "lambda:InvokeFunction" in listed(statement["Action"])}
        started |= {arn for arn in resources if "states:StartExecution" in listed(statement["Action"])}
    functions = {_id_of(pipeline, "AWS::Lambda::Function", name) for name in CALLS.get(name, ())}
    assert invoked == {f"<{function}.Arn>:*" for function in functions}
    assert len(started) == len(CHILDREN.get(name, ()))
    assert all(any(child.capitalize() in arn for arn in started) for child in CHILDREN.get(name, ()))


def test_children_and_the_cluster_are_watched_through_step_functions_own_rules(pipeline: Template) -> None:
    rules = {
        spelled(resource)
        for _, statement in statements(pipeline)
        if "events:PutRule" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    assert rules == {f"arn:aws:events:us-east-1:<AWS::AccountId>:{rule}" for rule in RULES}


def test_a_role_is_passed_to_bedrock_and_another_to_the_cluster_alone(pipeline: Template) -> None:
    passing = {
        roles.rstrip("0123456789ABCDEF"): (
            spelled(statement["Resource"]).strip("<>").removesuffix(".Arn").rstrip("0123456789ABCDEF"),
            statement["Condition"],
        )
        for roles, statement in statements(pipeline)
        if "iam:PassRole" in listed(statement["Action"])
    }
    services = {"Job": ("TrainingRole", "bedrock"), "Cluster": ("ClusterRole", "emr-serverless")}
    assert passing == {
        f"{machine}MachineRole": (
            role,
            {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}},
        )
        for machine, (role, service) in services.items()
    }


def test_bedrock_assumes_the_training_role_for_jobs_of_this_account_alone(pipeline: Template) -> None:
    (trust,) = pipeline.only("AWS::IAM::Role", "TrainingRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    source = spelled(trust["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert source == "arn:aws:bedrock:us-east-1:<AWS::AccountId>:model-customization-job/*"


def test_the_training_role_reads_prepared_data_and_never_a_blind_test(pipeline: Template) -> None:
    reads, writes = set(), set()
    for statement in _of(pipeline, "TrainingRole"):
        keys = {_key(spelled(resource)) for resource in listed(statement["Resource"])}
        reads |= keys if "s3:GetObject" in listed(statement["Action"]) else set()
        writes |= keys if "s3:PutObject" in listed(statement["Action"]) else set()
    assert reads == {"runs/*/data/*", "runs/*/training/shares/*", "runs/*/training/output/*"}
    assert writes == {"runs/*/training/output/*"}


def test_whoever_trains_or_decides_on_training_is_denied_every_blind_test(pipeline: Template) -> None:
    denied = [(roles, one) for roles, one in statements(pipeline) if one["Effect"] == "Deny"]
    for _, statement in denied:
        assert statement["Action"] == "s3:*"
        keys = {_key(spelled(resource)) for resource in statement["Resource"]}
        run = "runs/" + "?" * 16
        assert keys == {"blind/*", f"{run}/answers/*", f"{run}/evaluation/*"}
    deciding = {f"{pascal_case(name)}Role" for name in (*CALLS["train"], *CALLS["job"], *CALLS["judge"])}
    assert {roles.rstrip("0123456789ABCDEF") for roles, _ in denied} == {"TrainingRole", *deciding}


def test_blind_tests_are_written_by_preparation_and_read_by_evaluation_alone(pipeline: Template) -> None:
    touching: dict[str, set[str]] = {}
    for roles, statement in statements(pipeline):
        if statement["Effect"] == "Allow" and any(
            "/blind/" in spelled(arn) for arn in listed(statement["Resource"])
        ):
            touching.setdefault(roles, set()).update(listed(statement["Action"]))
    assert {role.rstrip("0123456789ABCDEF"): actions for role, actions in touching.items()} == {
        "PrepareDatasetRole": {"s3:PutObject"},
        "ClusterRole": {"s3:PutObject"},
        "EvaluationRole": {"s3:GetObject", "s3:GetObjectVersion"},
    }


def test_what_stands_in_which_part_is_read_and_written_by_preparation_alone(pipeline: Template) -> None:
    touching: dict[str, set[str]] = {}
    for roles, statement in statements(pipeline):
        if any(spelled(arn).endswith("/projects/*/assignment.json") for arn in listed(statement["Resource"])):
            touching.setdefault(roles, set()).update(listed(statement["Action"]))
    both = {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"}
    assert {role.rstrip("0123456789ABCDEF"): actions for role, actions in touching.items()} == {
        "PrepareDatasetRole": both,
        "ClusterRole": both,
    }


def test_the_clusters_job_may_do_with_records_what_preparing_may_and_read_its_code(
    pipeline: Template,
) -> None:
    def allowed(role: str) -> set[tuple[str, str]]:
        return {
            (action, spelled(resource))
            for statement in _of(pipeline, role)
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }

    job, function = allowed("ClusterRole"), allowed("PrepareDatasetRole")
    more = {(action, arn) for action, arn in job - function if not action.startswith("logs:")}
    assert {action for action, _ in more} == {"s3:GetObject", "s3:ListBucket"}
    assert all("cdk-hnb659fds-assets" in arn and "*" not in arn for _, arn in more)
    less = {action for action, _ in function - job if not action.startswith(("logs:", "xray:"))}
    assert less == {"s3:GetObject", "s3:GetObjectVersion", "bedrock:CountTokens"}
    unread = {arn for action, arn in function - job if action == "s3:GetObject"}
    assert {arn.partition("/")[2] for arn in unread} == {"settings/prices.yaml"}


def test_a_users_functions_are_invoked_by_who_needs_them_and_no_other_function_is(
    pipeline: Template,
) -> None:
    invoked = {
        roles.rstrip("0123456789ABCDEF"): {
            spelled(resource)
            for statement in _of(pipeline, roles)
            if "lambda:InvokeFunction" in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }
        for roles, statement in statements(pipeline)
        if "lambda:InvokeFunction" in listed(statement["Action"]) and "Machine" not in roles
    }
    own = f"<{_id_of(pipeline, 'AWS::Lambda::Function', GRADER)}.Arn>:*"
    users = f"arn:aws:lambda:us-east-1:<AWS::AccountId>:function:{GRADERS[0]}"
    allowed = {own, users, f"{users}:*"}
    metric = f"arn:aws:lambda:us-east-1:<AWS::AccountId>:function:{METRICS[0]}"
    measured = {metric, f"{metric}:*"}
    assert invoked == {
        "TrainingRole": allowed,
        "CheckPreflightRole": allowed | measured,
        "EvaluationRole": measured,
    }


def test_the_grader_may_touch_nothing_but_its_log_and_trace(pipeline: Template) -> None:
    assert _actions(pipeline, f"{pascal_case(GRADER)}Role") == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


def test_the_functions_of_the_evaluation_share_its_role(pipeline: Template) -> None:
    holders = {
        properties["Handler"].split(".")[0]
        for properties in pipeline.properties("AWS::Lambda::Function")
        if spelled(properties["Role"]).startswith("<EvaluationRole")
    }
    assert holders == {"plan_evaluation", "choose_examples", "answer_shard", "rate_shard", "score_answers"}


def test_models_are_asked_by_evaluation_smoke_test_validation_and_for_a_teacher_by_bedrock_alone(
    pipeline: Template,
) -> None:
    asking = {
        roles
        for roles, statement in statements(pipeline)
        if "bedrock:InvokeModel" in listed(statement["Action"])
    }
    assert {role.rstrip("0123456789ABCDEF") for role in asking} == {
        "EvaluationRole",
        "SmokeTestRole",
        "TrainingRole",
        "AnswerValidationRole",
    }


def test_no_function_may_spend(pipeline: Template) -> None:
    spending = ("bedrock:Create", "bedrock:Update", "bedrock:Delete", "bedrock:Stop", "bedrock:Put")
    for roles, statement in statements(pipeline):
        if "Machine" not in roles:
            assert not [action for action in listed(statement["Action"]) if action.startswith(spending)]


def test_what_is_stopped_changed_or_deleted_is_this_environments(pipeline: Template) -> None:
    tag = {"aws:ResourceTag/tunesmith:environment": "prod"}
    held = {
        action: statement["Condition"]
        for _, statement in statements(pipeline)
        for action in listed(statement["Action"])
        if action.startswith(("bedrock:Update", "bedrock:Delete", "bedrock:Stop"))
    }
    assert held == {
        "bedrock:StopModelCustomizationJob": {"StringEquals": tag},
        "bedrock:UpdateCustomModelDeployment": {"StringEquals": tag},
        "bedrock:UpdateProvisionedModelThroughput": {"StringEquals": tag},
        # What is not there has no tag, and Bedrock has to be able to say that it is not there.
        "bedrock:DeleteCustomModel": {"StringEqualsIfExists": tag},
        "bedrock:DeleteCustomModelDeployment": {"StringEqualsIfExists": tag},
        "bedrock:DeleteProvisionedModelThroughput": {"StringEqualsIfExists": tag},
    }


def test_all_that_is_made_carries_the_environments_tag() -> None:
    tags = {
        name: [tag["Key"] for tag in state["Arguments"]["Tags"]]
        for name, state in tasks(load("open"))
        if "Tags" in state["Arguments"]
    }
    assert tags == {
        name: ["tunesmith:environment", "tunesmith:project", "tunesmith:run"]
        for name in ("Create deployment", "Create throughput")
    }


def test_the_model_key_is_used_through_bedrock_alone(pipeline: Template) -> None:
    using = [
        statement
        for _, statement in statements(pipeline)
        if any("ModelKey" in spelled(resource) for resource in listed(statement["Resource"]))
    ]
    assert len(using) == 6
    for statement in using:
        assert statement["Condition"] == {
            "StringEquals": {"kms:ViaService": "bedrock.us-east-1.amazonaws.com"}
        }


def _permission(resource: str) -> str:
    if resource.startswith("${"):
        return "lambda:InvokeFunction"
    service, action = resource.removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").split(":")[:2]
    action = action.split(".")[0]
    service = {"emrserverless": "emr-serverless"}.get(service, service)
    if (service, action) == ("lambda", "invoke"):
        return "lambda:InvokeFunction"
    return f"{service}:{action[0].upper()}{action[1:]}"


def _of(template: Template, role: str) -> Iterator[dict[str, Any]]:
    return (
        statement
        for roles, statement in statements(template)
        if any(name.startswith(role) for name in roles.split()) and statement["Effect"] == "Allow"
    )


def _actions(template: Template, role: str) -> set[str]:
    return {action for statement in _of(template, role) for action in listed(statement["Action"])}


def _id_of(template: Template, kind: str, function: str) -> str:
    (found,) = (
        key
        for key, resource in template.resources(kind).items()
        if resource["Properties"]["Handler"] == f"{function}.handler.lambda_handler"
    )
    return found


def _key(arn: str) -> str:
    return arn.partition("/")[2]
