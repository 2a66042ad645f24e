"""Is somebody told when something goes wrong or dear, and does the reaper come?"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.stacks.assembly import BUDGET_USD, ROOT, Assembly, Template, spelled, statements


@pytest.fixture(scope="session")
def operations(prod: Assembly) -> Template:
    """prod's operations."""
    return prod.template("operations")


def test_every_alarm_goes_to_the_topic_and_says_what_to_do(operations: Template) -> None:
    for alarm in operations.properties("AWS::CloudWatch::Alarm"):
        (action,) = alarm["AlarmActions"]
        assert "Notifications" in spelled(action)
        assert len(alarm["AlarmDescription"].split()) > 5
        assert alarm["TreatMissingData"] == "notBreaching"


def test_bad_endings_of_pipeline_release_and_reaper_raise_an_alarm(operations: Template) -> None:
    watched = {
        (alarm["AlarmName"].removeprefix("tunesmith-prod ").split()[0], alarm["MetricName"])
        for alarm in operations.properties("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "AWS/States"
    }
    endings = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
    assert watched == {(machine, metric) for machine in ("pipeline", "release", "reap") for metric in endings}


def test_an_event_that_nobody_took_raises_an_alarm(operations: Template) -> None:
    (alarm,) = (
        alarm for alarm in operations.properties("AWS::CloudWatch::Alarm") if alarm["Namespace"] == "AWS/SQS"
    )
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    (dimension,) = alarm["Dimensions"]
    assert "DeadLetters" in spelled(dimension["Value"])
    assert alarm["Threshold"] == 1


def test_the_reaper_is_started_every_hour(operations: Template, pipeline: Template) -> None:
    rule = operations.only("AWS::Events::Rule", "ReapRule")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 hour)", "ENABLED")
    (target,) = rule["Targets"]
    assert "ReapMachineStateMachine" in spelled(target["Arn"])
    assert target["Input"] == "{}"
    (allowed,) = (
        statement
        for roles, statement in statements(pipeline)
        if roles.startswith("ReapMachineStateMachineEventsRole")
    )
    assert allowed["Action"] == "states:StartExecution"
    assert spelled(allowed["Resource"]).startswith("<ReapMachineStateMachine")


def test_a_reaper_that_cannot_be_started_raises_an_alarm(operations: Template) -> None:
    alarm = operations.only("AWS::CloudWatch::Alarm", "ReapNotStarted")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "FailedInvocations")
    (dimension,) = alarm["Dimensions"]
    assert spelled(dimension["Value"]).startswith("<ReapRule")


def test_the_budget_counts_the_region_and_tells_the_topic_in_time(operations: Template) -> None:
    (properties,) = operations.properties("AWS::Budgets::Budget")
    budget = properties["Budget"]
    assert budget["BudgetName"] == "tunesmith-prod-us-east-1"
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
    assert budget["BudgetLimit"] == {"Amount": BUDGET_USD, "Unit": "USD"}
    assert budget["CostFilters"] == {"Region": ["us-east-1"]}
    told = []
    for notification in properties["NotificationsWithSubscribers"]:
        when = notification["Notification"]
        told.append((when["NotificationType"], when["Threshold"]))
        (subscriber,) = notification["Subscribers"]
        assert subscriber["SubscriptionType"] == "SNS"
        assert "Notifications" in spelled(subscriber["Address"])
    assert told == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]


def test_without_an_amount_there_is_no_budget(assemblies: dict[Any, Assembly]) -> None:
    operations = assemblies["local", "us-east-1"].template("operations")
    assert operations.resources("AWS::Budgets::Budget") == {}


def test_the_dashboard_shows_runs_queues_and_function_errors(operations: Template) -> None:
    (dashboard,) = operations.properties("AWS::CloudWatch::Dashboard")
    body = spelled(dashboard["DashboardBody"])
    for metric in ("ExecutionsStarted", "ExecutionsFailed", "ApproximateNumberOfMessagesVisible"):
        assert f'"{metric}"' in body
    assert "tunesmith-prod-pipeline" in body


def test_no_function_is_held_by_another_stack_so_that_a_release_may_remove_one(pipeline: Template) -> None:
    exported = {spelled(output["Value"]) for output in pipeline.body["Outputs"].values()}
    assert exported
    functions = pipeline.resources("AWS::Lambda::Function")
    assert [value for value in exported if any(name in value for name in functions)] == []


def test_the_guide_counts_what_is_billed_while_nothing_runs(operations: Template, storage: Template) -> None:
    guide = (ROOT / "docs/guides/deploying.md").read_text()
    billed = {
        "KMS keys": len(storage.resources("AWS::KMS::Key")),
        "alarms": len(operations.resources("AWS::CloudWatch::Alarm")),
        "dashboard": len(operations.resources("AWS::CloudWatch::Dashboard")),
    }
    told = {
        what: int(count)
        for what, count in re.findall(r"^\| ([\w ]+?) \(.+\) \| (\d+) \|", guide, re.MULTILINE)
    }
    assert told == billed
