"""What is a state machine of ours? One ASL file with its placeholders filled, under its own role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks import grants
from stacks.environment import Environment

SOURCE: Final = Path(__file__).parents[2] / "state_machines"
_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")


class Workflow(Construct):
    """One state machine; the definition stands in the template, where tests and cfn-lint see it."""

    def __init__(
        self,
        scope: Construct,
        *,
        name: str,
        environment: Environment,
        log_key: kms.IKey,
        substitutions: Mapping[str, str],
    ) -> None:
        """Take what the file needs from the substitutions; KeyError names a placeholder that they lack."""
        super().__init__(scope, f"{name.capitalize()}Machine")
        definition = (SOURCE / f"{name}.asl.json").read_text()
        filled = {key: substitutions[key] for key in sorted(set(_PLACEHOLDER.findall(definition)))}
        self.full_name = f"{environment.prefix}-{name}"
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"{environment.machine_logs}{name}",
            encryption_key=log_key,
            retention=environment.log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=self.full_name,
            definition_body=sfn.DefinitionBody.from_string(definition),
            definition_substitutions=filled or None,  # CloudFormation refuses an empty map
            role=self.role,
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        if '"TimeoutSeconds": "{%' in definition:
            # cfn-lint 1.58 knows JSONata and yet takes only numbers there, and breaks on telling so.
            resource = cast("cdk.CfnResource", self.machine.node.default_child)
            resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["E1101"]}})
        unscoped = [action for action in grants.UNSCOPED_ACTIONS if action.startswith(("logs:", "xray:"))]
        grants.acknowledge_unscoped(self.role, *unscoped)

    @property
    def arn(self) -> str:
        """The state machine's ARN."""
        return self.machine.state_machine_arn
