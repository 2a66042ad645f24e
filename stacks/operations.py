"""Who is told when something goes wrong or dear, where does one look, and when does the reaper come?"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.environment import Environment
from stacks.pipeline import PipelineStack
from stacks.storage import StorageStack

_WATCHED_MACHINES: Final = ("pipeline", "release", "reap")
"""Every other machine is a child of the pipeline and fails into it, and so does a function that raises; one
that fails in front of the pipeline leaves its message in the dead-letter queue."""

_ERRORS: Final = """SEARCH('{{AWS/Lambda,FunctionName}} MetricName="Errors" "{stack}"', 'Sum', 300)"""
_REAP_EVERY: Final = cdk.Duration.hours(1)
_WARNINGS: Final = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""At which part of the budget, in per cent, the topic is told."""


class OperationsStack(cdk.Stack):
    """Alarms and a budget that publish to the topic, one dashboard, the reaper's schedule."""

    def __init__(
        self, scope: Construct, *, environment: Environment, storage: StorageStack, pipeline: PipelineStack
    ) -> None:
        super().__init__(
            scope,
            f"{environment.prefix}-operations",
            env=environment.target,
            description="Tunesmith: alarms, dashboard, the reaper's schedule, budget",
        )
        self._prefix = environment.prefix
        self._action = actions.SnsAction(storage.topic)
        self._alarm_on_machines(pipeline)
        self._alarm(
            "UndeliveredEvents",
            "undelivered events",
            pipeline.dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum"),
            "An upload or a release was given up. Read the dead-letter queue: upload again what an S3 event"
            " names, and run `tunesmith capacity --reap` for a message that names a run.",
        )
        self._schedule_reaper(pipeline)
        if environment.monthly_budget_usd:
            self._budget(environment.monthly_budget_usd, storage)
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

    def _schedule_reaper(self, pipeline: PipelineStack) -> None:
        """Start the reaper by the clock; a start that is missed is made good by the next one."""
        rule = events.Rule(
            self,
            "ReapRule",
            description="Releases what is overdue or was left behind",
            schedule=events.Schedule.rate(_REAP_EVERY),
            targets=[
                targets.SfnStateMachine(
                    pipeline.workflows["reap"].machine, input=events.RuleTargetInput.from_object({})
                )
            ],
        )
        self._alarm(
            "ReapNotStarted",
            "reap not started",
            cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="FailedInvocations",
                dimensions_map={"RuleName": rule.rule_name},
                statistic="Sum",
            ),
            "The reaper's rule could not start it. `tunesmith capacity` lists what may still cost money.",
        )

    def _budget(self, usd: int, storage: StorageStack) -> None:
        """Watch the whole account's bill in this Region.

        Models of other makers can be billed under names of their own, which a filter by service would miss.
        """
        subscriber = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=storage.topic.topic_arn
        )
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"{self._prefix}-{self.region}",  # with its Region, since budgets are global
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=usd, unit="USD"),
                cost_filters={"Region": [self.region]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=per_cent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, per_cent in _WARNINGS
            ],
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
                # Found by search: a reference to each function would keep a later release from removing one.
                left=[
                    cloudwatch.MathExpression(
                        expression=_ERRORS.format(stack=pipeline.stack_name), using_metrics={}, label=""
                    )
                ],
            )
        )
