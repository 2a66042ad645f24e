"""Who is told when something goes wrong, and where does one look?"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from stacks.components.function import pascal_case
from stacks.environment import Environment
from stacks.pipeline import PipelineStack
from stacks.storage import StorageStack

_WATCHED_MACHINES = ("pipeline", "release")
"""Every other machine is a child of the pipeline and fails into it."""


class OperationsStack(cdk.Stack):
    """Alarms that publish to the topic, and one dashboard."""

    def __init__(
        self, scope: Construct, *, environment: Environment, storage: StorageStack, pipeline: PipelineStack
    ) -> None:
        super().__init__(
            scope,
            f"{environment.prefix}-operations",
            env=environment.target,
            description="Tunesmith: alarms and dashboard",
        )
        self._prefix = environment.prefix
        self._action = actions.SnsAction(storage.topic)
        self._alarm_on_machines(pipeline)
        self._alarm_on_functions(pipeline)
        self._alarm(
            "UndeliveredEvents",
            "undelivered events",
            pipeline.dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum"),
            "An upload or a release was given up. Read the dead-letter queue, then redrive it.",
        )
        self._dashboard(pipeline)

    def _alarm_on_machines(self, pipeline: PipelineStack) -> None:
        for name in _WATCHED_MACHINES:
            machine = pipeline.workflows[name].machine
            for ending, metric in (
                ("failed", machine.metric_failed()),
                ("timed out", machine.metric_timed_out()),
                ("aborted", machine.metric_aborted()),
            ):
                self._alarm(
                    f"{name.capitalize()}{ending.title().replace(' ', '')}",
                    f"{name} {ending}",
                    metric,
                    f"A {name} execution {ending}. `tunesmith capacity` lists what may still cost money.",
                )

    def _alarm_on_functions(self, pipeline: PipelineStack) -> None:
        for name, function in pipeline.functions.items():
            self._alarm(
                f"{pascal_case(name)}Errors",
                f"{name} errors",
                function.function.metric_errors(),
                f"The function {name} raised. Its log group holds the reason.",
            )

    def _alarm(self, construct_id: str, name: str, metric: cloudwatch.Metric, meaning: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=f"{self._prefix} {name}",
            alarm_description=meaning,
            metric=metric,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)

    def _dashboard(self, pipeline: PipelineStack) -> None:
        machine = pipeline.workflows["pipeline"].machine
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"{self._prefix}-{self.region}",
            default_interval=cdk.Duration.days(7),
        )
        dashboard.add_widgets(
            cloudwatch.GraphWidget(
                title="Runs",
                width=12,
                left=[machine.metric_started(), machine.metric_succeeded(), machine.metric_failed()],
            ),
            cloudwatch.GraphWidget(
                title="Uploads waiting and undelivered",
                width=12,
                left=[
                    pipeline.uploads.metric_approximate_number_of_messages_visible(),
                    pipeline.dead_letters.metric_approximate_number_of_messages_visible(),
                ],
            ),
        )
        dashboard.add_widgets(
            cloudwatch.GraphWidget(
                title="Function errors",
                width=24,
                left=[
                    function.function.metric_errors(label=name)
                    for name, function in pipeline.functions.items()
                ],
            )
        )
