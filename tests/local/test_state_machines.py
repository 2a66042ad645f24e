"""State machines run as in AWS: expressions, SDK calls, waits, errors, children, stops."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.exceptions
import pytest

from tests.local.conftest import Machines, eventually

END = {"End": True}


def caught(error: dict[str, Any], *, by: list[str]) -> dict[str, Any]:
    """A Parallel of one branch that ends in an error, and a Catch for some names."""
    branch = {"StartAt": next(iter(error)), "States": error}
    tell = {"Type": "Pass", "Output": {"error": "{% $error %}"}, **END}
    catch = [{"ErrorEquals": by, "Assign": {"error": "{% $states.errorOutput.Error %}"}, "Next": "Caught"}]
    return {"Try": {"Type": "Parallel", "Branches": [branch], "Catch": catch, **END}, "Caught": tell}


def test_expressions_see_input_variables_and_context(machines: Machines) -> None:
    states = {
        "First": {
            "Type": "Pass",
            "Assign": {"text": "{% $states.input.text %}", "nothing": None, "list": "{% [1..3] %}"},
            "Next": "Second",
        },
        "Second": {
            "Type": "Pass",
            "Output": {
                "text": "{% $text & '!' %}",
                "nothing": "{% $nothing %}",
                "known": "{% $exists($nothing) %}",
                "unknown": "{% $exists($states.input.absent) %}",
                "sum": "{% $sum($list) %}",
                "parts": "{% $partition($list, 2) %}",
                "hash": "{% $hash('a', 'SHA-256') %}",
                "uuid": "{% $length($uuid()) %}",
                "parsed": "{% $parse('{\"a\": [1]}').a %}",
                "range": "{% $range(1, 5, 2) %}",
                "machine": "{% $states.context.StateMachine.Name %}",
            },
            **END,
        },
    }
    awkward = 'quoted "text",\na second line, {% $no %} and é'
    output = machines.output(states, {"text": awkward})
    assert output["text"] == awkward + "!"
    assert (output["nothing"], output["known"], output["unknown"]) == (None, True, False)
    assert (output["sum"], output["parts"], output["range"]) == (6, [[1, 2], [3]], [1, 3, 5])
    assert output["hash"] == hashlib.sha256(b"a").hexdigest()
    assert (output["uuid"], output["parsed"]) == (36, [1])
    assert output["machine"].startswith("machine-")


@pytest.mark.parametrize("expression", ["$states.input.absent", "1 + 'a'", "$eval('1')", "function($x){$x}"])
def test_an_expression_without_a_result_fails_with_its_own_error(machines: Machines, expression: str) -> None:
    bad = {"Bad": {"Type": "Pass", "Output": f"{{% {expression} %}}", **END}}
    output = machines.output(caught(bad, by=["States.QueryEvaluationError"]))
    assert output == {"error": "States.QueryEvaluationError"}


def test_sdk_calls_are_pascal_cased_both_ways_and_dates_are_text(machines: Machines) -> None:
    states = {
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ssm:putParameter",
            "Arguments": {"Name": "/sdk/calls", "Value": "v", "Type": "String", "Overwrite": True},
            "Next": "Get",
        },
        "Get": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
            "Arguments": {"Name": "/sdk/calls"},
            "Output": "{% $states.result.Parameter %}",
            "Next": "Describe",
        },
        "Describe": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:describeStateMachine",
            "Arguments": {"StateMachineArn": "{% $states.context.StateMachine.Id %}"},
            "Output": {
                "value": "{% $states.input.Value %}",
                "date": "{% $states.input.LastModifiedDate %}",
                "name": "{% $states.result.Name %}",
            },
            **END,
        },
    }
    output = machines.output(states)
    assert output["value"] == "v"
    assert output["name"].startswith("machine-")
    assert datetime.fromisoformat(output["date"]).tzinfo is UTC


def test_errors_of_sdk_calls_have_the_names_of_aws(machines: Machines) -> None:
    def failing(resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {
            "Call": {
                "Type": "Task",
                "Resource": f"arn:aws:states:::{resource}",
                "Arguments": arguments,
                **END,
            }
        }

    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "S3.NoSuchBucketException": ("aws-sdk:s3:listObjectsV2", {"Bucket": "absent-bucket-of-nobody"}),
        "Ssm.ParameterNotFoundException": ("aws-sdk:ssm:getParameter", {"Name": "/absent"}),
        "DynamoDB.ResourceNotFoundException": (
            "dynamodb:updateItem",
            {
                "TableName": "absent",
                "Key": {"pk": {"S": "a"}},
                "UpdateExpression": "SET a = :a",
                "ExpressionAttributeValues": {":a": {"S": "a"}},
            },
        ),
        "Sns.NotFoundException": (
            "aws-sdk:sns:publish",
            {"TopicArn": "arn:aws:sns:us-east-1:123456789012:absent", "Message": "m"},
        ),
        "Bedrock.ResourceNotFoundException": (
            "aws-sdk:bedrock:getModelCustomizationJob",
            {"JobIdentifier": "absent-job"},
        ),
    }
    for error, (resource, arguments) in cases.items():
        assert machines.output(caught(failing(resource, arguments), by=[error])) == {"error": error}


def test_a_call_that_nothing_here_implements_can_be_caught(machines: Machines) -> None:
    call = {
        "Call": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ssm:listNodes", "Arguments": {}, **END}
    }
    output = machines.output(caught(call, by=["States.ALL"]))
    assert output["error"].startswith("Ssm.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "/a"}, "The field 'name' is not supported by Step Functions"),
        ({}, 'Missing required parameter in input: "Name"'),
    ],
)
def test_wrong_arguments_are_refused_as_in_aws(
    machines: Machines, arguments: dict[str, Any], said: str
) -> None:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Arguments": arguments,
        **END,
    }
    ended = machines.run({"Call": call})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert said in ended["cause"]


@pytest.mark.parametrize(
    "resource", ["aws-sdk:ssm:noSuchAction", "aws-sdk:nothing:getParameter", "aws-sdk:ssm:GetParameter"]
)
def test_an_unknown_action_is_refused_when_the_machine_is_created(machines: Machines, resource: str) -> None:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": {}, **END}
    with pytest.raises(botocore.exceptions.ClientError, match=r"not recognized|spelled wrongly"):
        machines.create({"Call": task})


def test_waits_and_states_run_on_the_simulated_clock(machines: Machines) -> None:
    entered = "{% $states.context.State.EnteredTime %}"
    states = {
        "First": {
            "Type": "Pass",
            "Assign": {"first": entered, "start": "{% $states.context.Execution.StartTime %}"},
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": "{% 10 * 60 %}", "Next": "Last"},
        "Last": {
            "Type": "Pass",
            "Output": {"start": "{% $start %}", "first": "{% $first %}", "last": entered},
            **END,
        },
    }
    output = machines.output(states)
    start, first, last = (datetime.fromisoformat(output[name]) for name in ("start", "first", "last"))
    assert start <= first
    assert timedelta(minutes=10) <= last - first


def test_retries_wait_on_the_simulated_clock_and_give_up(machines: Machines) -> None:
    retry = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 60,
        "MaxAttempts": 3,
        "BackoffRate": 2,
        "MaxDelaySeconds": 120,
        "JitterStrategy": "FULL",
    }
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Arguments": {"Name": "/absent"},
        "Retry": [retry],
        **END,
    }
    machine = machines.create({"Call": call})
    ended = machines.end_of(execution := machines.start(machine))
    assert ended["error"] == "Ssm.ParameterNotFoundException"
    history = machines.api.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    assert sum(event["type"] == "TaskScheduled" for event in history) == 4


def test_errors_of_a_branch_keep_their_name_and_all_does_not_mean_all(machines: Machines) -> None:
    no_match = {
        "Which?": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Other"}]},
        "Other": {"Type": "Pass", **END},
    }
    assert machines.output(caught(no_match, by=["States.NoChoiceMatched"])) == {
        "error": "States.NoChoiceMatched"
    }
    runtime = {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
            "Arguments": {"wrong": 1},
            **END,
        }
    }
    assert machines.output(caught(runtime, by=["States.Runtime"])) == {"error": "States.Runtime"}
    uncaught = machines.run(caught(runtime, by=["States.ALL"]))
    assert (uncaught["status"], uncaught["error"]) == ("FAILED", "States.Runtime")
    large = {"Grow": {"Type": "Pass", "Output": "{% $join([1..60000].('large')) %}", **END}}
    assert machines.output(caught(large, by=["States.DataLimitExceeded"])) == {
        "error": "States.DataLimitExceeded"
    }


def test_errors_of_a_map_item_reach_the_catch(machines: Machines) -> None:
    states = {
        "Each": {
            "Type": "Map",
            "Items": "{% [1..4] %}",
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Item",
                "States": {
                    "Item": {"Type": "Pass", "Output": "{% $states.input = 3 ? $states.absent : 1 %}", **END}
                },
            },
            "Catch": [
                {"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught", "Output": {"caught": True}}
            ],
            **END,
        },
        "Caught": {"Type": "Pass", **END},
    }
    assert machines.output(states) == {"caught": True}


def test_a_map_keeps_the_order_of_its_items(machines: Machines) -> None:
    item = {"Type": "Pass", "Output": "{% $states.input.number * 2 %}", **END}
    states = {
        "Each": {
            "Type": "Map",
            "Items": "{% [1..20] %}",
            "ItemSelector": {"number": "{% $states.context.Map.Item.Value %}"},
            "MaxConcurrency": 8,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Item",
                "States": {"Item": item},
            },
            **END,
        }
    }
    assert machines.output(states) == [2 * number for number in range(1, 21)]


def parent_of(child: str) -> dict[str, Any]:
    return {
        "Run": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": "Child",
                    "States": {
                        "Child": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::states:startExecution.sync:2",
                            "Arguments": {
                                "StateMachineArn": child,
                                "Name": "{% $states.context.Execution.Name & '-child' %}",
                                "Input": {"given": "{% $states.context.Execution.Input.given %}"},
                            },
                            "TimeoutSeconds": 3600,
                            "Output": "{% $states.result.Output %}",
                            **END,
                        }
                    },
                }
            ],
            "Output": "{% $states.result[0] %}",
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Caught"}
            ],
            **END,
        },
        "Caught": {"Type": "Pass", **END},
    }


def test_a_child_gives_its_output_to_its_parent(machines: Machines) -> None:
    child = machines.create(
        {"Echo": {"Type": "Pass", "Output": {"echo": "{% $states.input.given %}"}, **END}}
    )
    assert machines.output(parent_of(child), {"given": {"a": [1, "zwei"]}}) == {"echo": {"a": [1, "zwei"]}}


def test_a_failed_child_fails_the_task_and_tells_why(machines: Machines) -> None:
    child = machines.create(
        {"Fail": {"Type": "Fail", "Error": "TooHot", "Cause": "{% 'at ' & $states.input.given %}"}}
    )
    caught_error = machines.output(parent_of(child), {"given": "noon"})
    assert caught_error["Error"] == "States.TaskFailed"
    cause = json.loads(caught_error["Cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "TooHot", "at noon")


def test_stopping_a_parent_stops_its_child(machines: Machines) -> None:
    child = machines.create({"Wait": {"Type": "Wait", "Seconds": 360000, **END}})
    parent = machines.create(parent_of(child))
    execution = machines.start(parent, {"given": 1}, name="to-be-stopped")
    eventually(lambda: machines.api.list_executions(stateMachineArn=child)["executions"])
    machines.api.stop_execution(executionArn=execution)
    assert machines.end_of(execution)["status"] == "ABORTED"
    children = machines.api.list_executions(stateMachineArn=child)["executions"]
    assert [machines.end_of(one["executionArn"])["status"] for one in children] == ["ABORTED"]
    assert children[0]["name"] == "to-be-stopped-child"


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.04, 0.08])
def test_an_execution_stopped_at_any_moment_is_aborted_and_leaves_no_child(
    machines: Machines, delay: float
) -> None:
    child = machines.create({"Wait": {"Type": "Wait", "Seconds": 360000, **END}})
    execution = machines.start(machines.create(parent_of(child)), {"given": 1})
    time.sleep(delay)
    machines.api.stop_execution(executionArn=execution)
    assert machines.end_of(execution)["status"] == "ABORTED"
    children = machines.api.list_executions(stateMachineArn=child)["executions"]
    assert {machines.end_of(one["executionArn"])["status"] for one in children} <= {"ABORTED"}


def test_a_machine_that_takes_too_long_times_out_and_its_child_is_stopped(machines: Machines) -> None:
    child = machines.create({"Wait": {"Type": "Wait", "Seconds": 360000, **END}})
    ended = machines.run(parent_of(child), {"given": 1}, TimeoutSeconds=1)
    assert ended["status"] == "TIMED_OUT"
    children = machines.api.list_executions(stateMachineArn=child)["executions"]
    assert [machines.end_of(one["executionArn"])["status"] for one in children] == ["ABORTED"]


def test_equal_starts_are_one_execution_and_a_used_name_is_taken(machines: Machines) -> None:
    from concurrent.futures import ThreadPoolExecutor

    machine = machines.create({"Wait": {"Type": "Wait", "Seconds": 600, **END}})
    with ThreadPoolExecutor(8) as threads:
        started = list(threads.map(lambda _: machines.start(machine, {"run": 1}, name="once"), range(8)))
    assert len(set(started)) == 1
    with pytest.raises(machines.api.exceptions.ExecutionAlreadyExists):
        machines.start(machine, {"run": 2}, name="once")
    assert len(machines.api.list_executions(stateMachineArn=machine)["executions"]) == 1
    machines.end_of(started[0])
    with pytest.raises(machines.api.exceptions.ExecutionAlreadyExists):
        machines.start(machine, {"run": 1}, name="once")
    assert machines.start(machine) != machines.start(machine)
