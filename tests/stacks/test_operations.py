"""Is somebody told when a run, a release, a function or an event goes wrong?"""

from __future__ import annotations

import pytest

from tests.stacks.assembly import Assembly, Template, spelled
from tunesmith.settings import function_settings


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


def test_bad_endings_of_pipeline_and_release_raise_an_alarm(operations: Template) -> None:
    watched = {
        (alarm["AlarmName"].removeprefix("tunesmith-prod ").split()[0], alarm["MetricName"])
        for alarm in operations.properties("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "AWS/States"
    }
    endings = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
    assert watched == {(machine, metric) for machine in ("pipeline", "release") for metric in endings}


def test_errors_of_every_function_raise_an_alarm(operations: Template) -> None:
    names = {
        alarm["AlarmName"]
        for alarm in operations.properties("AWS::CloudWatch::Alarm")
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    }
    assert names == {f"tunesmith-prod {name} errors" for name in function_settings()}


def test_an_event_that_nobody_took_raises_an_alarm(operations: Template) -> None:
    (alarm,) = (
        alarm for alarm in operations.properties("AWS::CloudWatch::Alarm") if alarm["Namespace"] == "AWS/SQS"
    )
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    (dimension,) = alarm["Dimensions"]
    assert "DeadLetters" in spelled(dimension["Value"])
    assert alarm["Threshold"] == 1
