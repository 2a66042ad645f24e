"""What may a role do? Grants by intent; a wildcard stands beside the reason that cdk-nag is given for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as ddb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from tunesmith import names

UNSCOPED_ACTIONS: Final = {
    "bedrock:ListCustomModelDeployments": "Listing what Bedrock has for us has no resource type.",
    "bedrock:ListCustomModels": "Listing what Bedrock has for us has no resource type.",
    "bedrock:ListFoundationModels": "Listing what Bedrock offers has no resource type.",
    "bedrock:ListModelCustomizationJobs": "Listing what Bedrock has for us has no resource type.",
    "bedrock:ListProvisionedModelThroughputs": "Listing what Bedrock has for us has no resource type.",
    "logs:CreateLogDelivery": "Step Functions' log delivery knows no resource types.",
    "logs:DeleteLogDelivery": "Step Functions' log delivery knows no resource types.",
    "logs:DescribeLogGroups": "Step Functions' log delivery knows no resource types.",
    "logs:DescribeResourcePolicies": "Step Functions' log delivery knows no resource types.",
    "logs:GetLogDelivery": "Step Functions' log delivery knows no resource types.",
    "logs:ListLogDeliveries": "Step Functions' log delivery knows no resource types.",
    "logs:PutResourcePolicy": "Step Functions' log delivery knows no resource types.",
    "logs:UpdateLogDelivery": "Step Functions' log delivery knows no resource types.",
    "servicequotas:GetAWSDefaultServiceQuota": "A default quota belongs to AWS, not to a resource of ours.",
    "servicequotas:GetServiceQuota": "Quotas are named by codes that differ from model to model.",
    "xray:GetSamplingRules": "X-Ray's calls know no resource types.",
    "xray:GetSamplingTargets": "X-Ray's calls know no resource types.",
    "xray:PutTelemetryRecords": "X-Ray's calls know no resource types.",
    "xray:PutTraceSegments": "X-Ray's calls know no resource types.",
}
"""The only actions that are allowed on every resource, because AWS cannot narrow them."""

_WHICH_RUN: Final = "The run's id is part of the key and not known before the run."
_WHICH_MODEL: Final = "Bedrock picks the id when the resource is made."


def acknowledge(construct: Construct, finding: str, reason: str) -> None:
    """Accept one of cdk-nag's findings on a construct, and tell why."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def acknowledge_unscoped(role: iam.Role, *actions: str) -> None:
    """Accept that a role may do these actions on every resource; KeyError where the list has no reason."""
    reasons = dict.fromkeys(UNSCOPED_ACTIONS[action] for action in actions)
    acknowledge(role, "AwsSolutions-IAM5[Resource::*]", " ".join(reasons))


def allow(
    role: iam.Role,
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    reason: str = "",
    conditions: Mapping[str, Any] | None = None,
) -> None:
    """Allow a role these actions; resources with a wildcard need the reason."""
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
    stack = cdk.Stack.of(role)
    for resource in resources:
        spelled = _spell(stack.resolve(resource))
        if "*" in spelled:
            if not reason:
                raise ValueError(f"{role.node.path}: {', '.join(actions)} on {spelled} without a reason")
            acknowledge(role, f"AwsSolutions-IAM5[Resource::{spelled}]", reason)


# --- records


def read_objects(role: iam.Role, bucket_arn: str, *keys: str) -> None:
    """Read objects of these keys; listing the bucket turns the answer for an absent key from 403 into 404."""
    allow(
        role,
        ["s3:GetObject", "s3:GetObjectVersion"],
        [f"{bucket_arn}/{key}" for key in keys],
        reason=_WHICH_RUN,
    )
    allow(role, ["s3:ListBucket"], [bucket_arn])


def write_objects(role: iam.Role, bucket_arn: str, *keys: str) -> None:
    """Write objects of these keys."""
    allow(role, ["s3:PutObject"], [f"{bucket_arn}/{key}" for key in keys], reason=_WHICH_RUN)


def train_on_records(role: iam.Role, bucket_arn: str) -> None:
    """Read what a run prepared for training and write what training leaves; never a blind test."""
    output = f"{bucket_arn}/runs/*/training/output/*"
    read = [f"{bucket_arn}/runs/*/{folder}/*" for folder in ("data", "training/shares")]
    allow(role, ["s3:GetObject"], [*read, output], reason=_WHICH_RUN)
    allow(role, ["s3:PutObject"], [output], reason=_WHICH_RUN)
    allow(role, ["s3:ListBucket"], [bucket_arn], conditions={"StringLike": {"s3:prefix": ["runs/*"]}})
    deny_blind_tests(role, bucket_arn)


def deny_blind_tests(role: iam.Role, bucket_arn: str) -> None:
    """Deny every blind test, and what evaluations wrote of its records, whatever else is allowed."""
    run = "runs/" + "?" * names.RUN_LENGTH  # `*` would also hold what training writes below its own folder
    told = [f"{bucket_arn}/{run}/{folder}/*" for folder in ("answers", "evaluation")]
    role.add_to_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY, actions=["s3:*"], resources=[f"{bucket_arn}/blind/*", *told]
        )
    )


def use_key(role: iam.Role, key: kms.IKey) -> None:
    """Encrypt and decrypt what the services store under the data key."""
    allow(role, ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], [key.key_arn])


def use_ledger(role: iam.Role, ledger: ddb.ITable) -> None:
    """Read and write the ledger's records."""
    actions = [
        "dynamodb:ConditionCheckItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    ]
    allow(role, actions, [ledger.table_arn])


def list_open_capacity(role: iam.Role, ledger: ddb.ITable) -> None:
    """Query the index of capacity that is not given back yet."""
    allow(role, ["dynamodb:Query"], [f"{ledger.table_arn}/index/open"])


def delete_ledger_records(role: iam.Role, ledger: ddb.ITable) -> None:
    """Take records out of the ledger, as a first promotion that is rolled back needs."""
    allow(role, ["dynamodb:DeleteItem"], [ledger.table_arn])


def mark_ledger_records(role: iam.Role, ledger: ddb.ITable) -> None:
    """Set attributes of ledger records, as states do."""
    allow(role, ["dynamodb:UpdateItem"], [ledger.table_arn])


def read_assets(role: iam.Role, *found: assets.Asset) -> None:
    """Read these objects of the CDK's bucket, each by its whole key."""
    buckets = {asset.bucket.bucket_arn for asset in found}
    allow(role, ["s3:GetObject"], [asset.bucket.arn_for_objects(asset.s3_object_key) for asset in found])
    allow(role, ["s3:ListBucket"], sorted(buckets))


def write_cluster_log(role: iam.Role, group: logs.ILogGroup) -> None:
    """Write a log as EMR Serverless does, which looks for the group first."""
    action = "logs:DescribeLogGroups"
    allow(role, [action], ["*"], reason=UNSCOPED_ACTIONS[action])
    allow(
        role,
        ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [group.log_group_arn],
        reason="A log's streams are named after the job and its workers.",
    )


def publish(role: iam.Role, topic: sns.ITopic) -> None:
    """Publish messages."""
    allow(role, ["sns:Publish"], [topic.topic_arn])


def set_parameters(role: iam.Role, pattern: str) -> None:
    """Write and remove the SSM parameters that hold the projects' stable names."""
    arn = cdk.Stack.of(role).format_arn(
        service="ssm", resource="parameter", resource_name=pattern.removeprefix("/")
    )
    allow(
        role, ["ssm:DeleteParameter", "ssm:PutParameter"], [arn], reason="Projects are named by their users."
    )


# --- functions and machines


def call_functions(role: iam.Role, functions: Iterable[lambda_.IFunction]) -> None:
    """Invoke functions in every version: a running execution finishes on those that it started with."""
    arns = [f"{function.function_arn}:*" for function in functions]
    allow(
        role,
        ["lambda:InvokeFunction"],
        arns,
        reason="A running execution finishes on the versions it began with.",
    )


def ask_functions(role: iam.Role, names: Iterable[str]) -> None:
    """Invoke functions of the user's own, by their names in this account and Region, in every version."""
    for name in names:
        arn = cdk.Stack.of(role).format_arn(
            service="lambda",
            resource="function",
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        reason = "The job file names the version of its function."
        allow(role, ["lambda:InvokeFunction"], [arn, f"{arn}:*"], reason=reason)


def start_machine(role: iam.Role, machine: sfn.IStateMachine) -> None:
    """Start executions of a machine."""
    allow(role, ["states:StartExecution"], [machine.state_machine_arn])


def run_children(role: iam.Role, machines: Mapping[str, sfn.IStateMachine]) -> None:
    """Run machines (name to machine) as children and wait for them, which Step Functions does by a rule."""
    stack = cdk.Stack.of(role)
    for machine in machines.values():
        start_machine(role, machine)
    executions = [
        stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for name in machines
    ]
    allow(
        role,
        ["states:DescribeExecution", "states:StopExecution"],
        executions,
        reason="Executions are named after their runs.",
    )
    _watch_by_rule(role, "StepFunctionsGetEventsForStepFunctionsExecutionRule")


def watch_executions(role: iam.Role, machine: str) -> None:
    """See how executions of a machine, given by its full name, stand."""
    executions = cdk.Stack.of(role).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{machine}:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    allow(role, ["states:DescribeExecution"], [executions], reason="Executions are named after their runs.")


# --- the cluster


def run_cluster_jobs(role: iam.Role, application_arn: str, job_role: iam.IRole) -> None:
    """Run jobs on an application as the job's role and wait for them, which Step Functions does by a rule."""
    allow(role, ["emr-serverless:StartJobRun"], [application_arn])
    allow(
        role,
        ["emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"],
        [f"{application_arn}/jobruns/*"],
        reason="EMR picks a job run's id when it starts.",
    )
    allow(
        role,
        ["iam:PassRole"],
        [job_role.role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}},
    )
    _watch_by_rule(role, "StepFunctionsGetEventsForEMRServerlessJobRule")


# --- Bedrock


def ask_for_models(role: iam.Role) -> None:
    """Ask Bedrock which base models it offers and what is in use here, and Service Quotas for the limits."""
    for action in (
        "bedrock:ListCustomModelDeployments",
        "bedrock:ListFoundationModels",
        "bedrock:ListProvisionedModelThroughputs",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:GetServiceQuota",
    ):
        allow(role, [action], ["*"], reason=UNSCOPED_ACTIONS[action])
    allow(
        role,
        ["bedrock:GetFoundationModelAvailability"],
        [base_models(cdk.Stack.of(role))],
        reason="The job file names the base model.",
    )


def watch_jobs(role: iam.Role) -> None:
    """Read the state of customization jobs."""
    allow(
        role,
        ["bedrock:GetModelCustomizationJob"],
        [_own(role, "model-customization-job")],
        reason=_WHICH_MODEL,
    )


def watch_models(role: iam.Role) -> None:
    """Tell whether a custom model exists."""
    allow(role, ["bedrock:GetCustomModel"], [_own(role, "custom-model")], reason=_WHICH_MODEL)


def stop_jobs(role: iam.Role, environment: str) -> None:
    """Stop customization jobs of an environment."""
    allow(
        role,
        ["bedrock:StopModelCustomizationJob"],
        [_own(role, "model-customization-job")],
        reason=_WHICH_MODEL,
        conditions=_tagged(environment),
    )


def create_jobs(role: iam.Role, training_role: iam.IRole, model_key: kms.IKey) -> None:
    """Start customization jobs that run as the training role, with models under the model key."""
    base, jobs, models = (
        base_models(cdk.Stack.of(role)),
        _own(role, "model-customization-job"),
        _own(role, "custom-model"),
    )
    reason = f"The job file names the base model. {_WHICH_MODEL}"
    allow(role, ["bedrock:CreateModelCustomizationJob"], [base, jobs, models], reason=reason)
    allow(role, ["bedrock:TagResource"], [jobs, models], reason=_WHICH_MODEL)
    allow(
        role,
        ["iam:PassRole"],
        [training_role.role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
    )
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    allow(role, actions, [model_key.key_arn], conditions=_through_bedrock(role))


def open_capacity(role: iam.Role, model_key: kms.IKey) -> None:
    """Open on-demand deployments and provisioned throughput of custom models, and see how they stand."""
    models = _own(role, "custom-model")
    deployments, throughputs = _own(role, "custom-model-deployment"), _own(role, "provisioned-model")
    allow(role, ["bedrock:CreateCustomModelDeployment"], [models, deployments], reason=_WHICH_MODEL)
    allow(role, ["bedrock:CreateProvisionedModelThroughput"], [models, throughputs], reason=_WHICH_MODEL)
    allow(role, ["bedrock:TagResource"], [deployments, throughputs], reason=_WHICH_MODEL)
    watch_capacity(role)
    _use_models(role, model_key)


def swap_models(role: iam.Role, model_key: kms.IKey, environment: str) -> None:
    """Put another custom model of an environment behind one of its deployments or provisioned throughputs."""
    models = _own(role, "custom-model")
    for action, resource in (
        ("bedrock:UpdateCustomModelDeployment", "custom-model-deployment"),
        ("bedrock:UpdateProvisionedModelThroughput", "provisioned-model"),
    ):
        resources = [models, _own(role, resource)]
        allow(role, [action], resources, reason=_WHICH_MODEL, conditions=_tagged(environment))
    watch_capacity(role)
    _use_models(role, model_key)


def watch_capacity(role: iam.Role) -> None:
    """Read the state of on-demand deployments and provisioned throughput."""
    deployments, throughputs = _own(role, "custom-model-deployment"), _own(role, "provisioned-model")
    allow(role, ["bedrock:GetCustomModelDeployment"], [deployments], reason=_WHICH_MODEL)
    allow(role, ["bedrock:GetProvisionedModelThroughput"], [throughputs], reason=_WHICH_MODEL)


def list_capacity(role: iam.Role) -> None:
    """List whatever Bedrock has that may cost money."""
    actions = [
        "bedrock:ListCustomModelDeployments",
        "bedrock:ListCustomModels",
        "bedrock:ListModelCustomizationJobs",
        "bedrock:ListProvisionedModelThroughputs",
    ]
    for action in actions:
        allow(role, [action], ["*"], reason=UNSCOPED_ACTIONS[action])


def delete_capacity(role: iam.Role, environment: str) -> None:
    """Delete an environment's on-demand deployments, provisioned throughput and stored custom models.

    What the ledger lists may never have been made. Asked to delete what is not there, Bedrock must be able to
    say so, and what is not there has no tag: only another environment's is refused.
    """
    for action, resource in (
        ("bedrock:DeleteProvisionedModelThroughput", "provisioned-model"),
        ("bedrock:DeleteCustomModelDeployment", "custom-model-deployment"),
        ("bedrock:DeleteCustomModel", "custom-model"),
    ):
        conditions = _tagged(environment, "StringEqualsIfExists")
        allow(role, [action], [_own(role, resource)], reason=_WHICH_MODEL, conditions=conditions)


def delete_deployments(role: iam.Role, environment: str) -> None:
    """Delete an environment's on-demand deployments; like models below, one that was deleted has no tag."""
    conditions = _tagged(environment, "StringEqualsIfExists")
    deployments = _own(role, "custom-model-deployment")
    allow(
        role,
        ["bedrock:DeleteCustomModelDeployment"],
        [deployments],
        reason=_WHICH_MODEL,
        conditions=conditions,
    )


def delete_models(role: iam.Role, environment: str) -> None:
    """Delete an environment's stored custom models."""
    conditions = _tagged(environment, "StringEqualsIfExists")
    models = _own(role, "custom-model")
    allow(role, ["bedrock:DeleteCustomModel"], [models], reason=_WHICH_MODEL, conditions=conditions)


def ask_candidates(role: iam.Role, model_key: kms.IKey) -> None:
    """Let custom models answer, however they are served."""
    resources = [_own(role, "custom-model-deployment"), _own(role, "provisioned-model")]
    allow(role, ["bedrock:InvokeModel"], resources, reason=_WHICH_MODEL)
    _use_models(role, model_key)


def ask_base_models(role: iam.Role) -> None:
    """Let base models answer, directly or through an inference profile, which may pick another Region."""
    stack = cdk.Stack.of(role)
    resources = [base_models(stack, region="*"), _own(role, "inference-profile")]
    allow(role, ["bedrock:InvokeModel"], resources, reason="The job file names the base model.")


def count_tokens(role: iam.Role) -> None:
    """Let the base model's tokenizer count a sample of the data; the model itself is not asked."""
    reason = "The job file names the base model."
    allow(role, ["bedrock:CountTokens"], [base_models(cdk.Stack.of(role))], reason=reason)


def base_models(stack: cdk.Stack, region: str | None = None) -> str:
    """Spell the ARN of every base model, in the stack's Region unless another is given."""
    return stack.format_arn(
        service="bedrock", account="", region=region, resource="foundation-model", resource_name="*"
    )


def _watch_by_rule(role: iam.Role, name: str) -> None:
    """Let Step Functions hear of an end by its own rule of this name."""
    rule = cdk.Stack.of(role).format_arn(service="events", resource="rule", resource_name=name)
    allow(role, ["events:DescribeRule", "events:PutRule", "events:PutTargets"], [rule])


def _tagged(environment: str, operator: str = "StringEquals") -> dict[str, Any]:
    """Hold a call to what carries the environment's tag.

    All four resource types here take aws:ResourceTag. Source: Bedrock's service authorization reference.
    """
    return {operator: {"aws:ResourceTag/tunesmith:environment": environment}}


def _own(role: iam.Role, resource: str) -> str:
    return cdk.Stack.of(role).format_arn(service="bedrock", resource=resource, resource_name="*")


def _use_models(role: iam.Role, model_key: kms.IKey) -> None:
    allow(role, ["kms:Decrypt", "kms:DescribeKey"], [model_key.key_arn], conditions=_through_bedrock(role))


def _through_bedrock(role: iam.Role) -> dict[str, Any]:
    return {"StringEquals": {"kms:ViaService": f"bedrock.{cdk.Stack.of(role).region}.amazonaws.com"}}


def _spell(value: Any) -> str:
    """Flatten a resolved ARN the way cdk-nag does for the id of a finding."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_spell(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name} | {"Fn::Sub": name}:
            return _spell(name)
        case {"Ref": name}:
            return f"<{name}>"
    raise ValueError(f"no spelling for {value!r}")
