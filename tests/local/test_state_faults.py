"""Does a state fail in front of its call or behind it, or stay where it is, as it is told to?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.local.conftest import Machines, client_of, eventually

LEDGER = "ledger-of-faults"
CATCH = {
    "ErrorEquals": ["States.ALL"],
    "Output": {"error": "{% $states.errorOutput.Error %}"},
    "Next": "Told",
}
TOLD: dict[str, Any] = {"Type": "Pass", "End": True}

Declare = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def declare(local_cloud: LocalCloud) -> Declare:
    """Declare faults in states for a run that a ledger knows; returns an execution's input."""
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    client_of(local_cloud, "dynamodb").create_table(
        TableName=LEDGER,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
    )

    def declare(run: str, **states: Any) -> dict[str, str]:
        item = {"pk": f"RUN#{run}", "sk": "META", "project": f"faults-{run}"}
        client_of(local_cloud, "dynamodb").put_item(
            TableName=LEDGER, Item={key: {"S": value} for key, value in item.items()}
        )
        client_of(local_cloud, "ssm").put_parameter(
            Name=f"/tunesmith-local/faults/faults-{run}",
            Value=json.dumps({"states": states}),
            Type="String",
        )
        return {"run": run}

    return declare


def put(name: str, **more: Any) -> dict[str, Any]:
    """A task state that leaves a parameter as its trace."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:putParameter",
        "Arguments": {"Name": name, "Value": "v", "Type": "String"},
        **more,
    }


def exists(cloud: LocalCloud, name: str) -> bool:
    return bool(client_of(cloud, "ssm").get_parameters(Names=[name])["Parameters"])


@pytest.mark.parametrize(("when", "acted"), [("before", False), ("behind", True)])
def test_a_state_fails_in_front_of_its_call_or_behind_it(
    local_cloud: LocalCloud, machines: Machines, declare: Declare, when: str, acted: bool
) -> None:
    given = declare(f"{'a' * 15}{int(acted)}", Put={"error": "Crash", "when": when, "times": 1})
    # Nothing is repeated that only names what it repeats, and the state assigns nothing.
    retry = [{"ErrorEquals": ["Ssm.ThrottlingException"], "IntervalSeconds": 1, "MaxAttempts": 3}]
    state = put(f"/faults/{when}", Retry=retry, Catch=[CATCH], Assign={"done": True}, Next="Told")
    told = {**TOLD, "Output": {"error": "{% $states.input.error %}", "assigned": "{% $exists($done) %}"}}
    machine = machines.create({"Put": state, "Told": told})
    first = machines.end_of(machines.start(machine, given))
    assert json.loads(first["output"]) == {"error": "Crash", "assigned": False}
    assert exists(local_cloud, f"/faults/{when}") is acted
    if not acted:
        machines.end_of(machines.start(machine, given))
        assert exists(local_cloud, f"/faults/{when}"), "it strikes once"


def test_a_state_holds_its_execution_until_that_is_stopped(
    local_cloud: LocalCloud, machines: Machines, declare: Declare
) -> None:
    given = declare("b" * 16, Put={"hold": True, "when": "behind"})
    execution = machines.start(machines.create({"Put": put("/faults/held", End=True)}), given)
    eventually(lambda: exists(local_cloud, "/faults/held"))
    assert machines.api.describe_execution(executionArn=execution)["status"] == "RUNNING"
    machines.api.stop_execution(executionArn=execution)
    assert machines.end_of(execution)["status"] == "ABORTED"


def test_a_held_state_goes_on_when_the_fault_is_taken_back(
    local_cloud: LocalCloud, machines: Machines, declare: Declare
) -> None:
    given = declare("e" * 16, Put={"hold": True})
    execution = machines.start(machines.create({"Put": put("/faults/let-go", End=True)}), given)
    client_of(local_cloud, "ssm").put_parameter(
        Name=f"/tunesmith-local/faults/faults-{given['run']}", Value="{}", Overwrite=True
    )
    assert machines.end_of(execution)["status"] == "SUCCEEDED"
    assert exists(local_cloud, "/faults/let-go")


def test_a_state_that_names_its_machine_leaves_other_machines_alone(
    local_cloud: LocalCloud, machines: Machines, declare: Declare
) -> None:
    given = declare("c" * 16, **{"train/Put": {"error": "Crash"}})
    ended = machines.run({"Put": put("/faults/elsewhere", End=True)}, given)
    assert ended["status"] == "SUCCEEDED"
    made = machines.api.create_state_machine(
        name="of-the-faults-train",
        definition=json.dumps(
            {
                "QueryLanguage": "JSONata",
                "StartAt": "Put",
                "States": {"Put": put("/faults/train", End=True)},
            }
        ),
        roleArn="arn:aws:iam::123456789012:role/any",
    )
    ended = machines.end_of(machines.start(made["stateMachineArn"], {"run": given["run"] + "-1"}))
    assert (ended["status"], ended["error"]) == ("FAILED", "Crash")


def test_a_child_that_is_told_to_fail_was_run_behind_and_not_before(
    local_cloud: LocalCloud, machines: Machines, declare: Declare
) -> None:
    given = declare("d" * 16, Child={"error": "Crash", "when": "behind"})
    child = machines.create({"Put": put("/faults/child", End=True)})
    parent = {
        "Child": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": child, "Input": {}},
            "Catch": [CATCH],
            "End": True,
        },
        "Told": TOLD,
    }
    assert machines.output(parent, given) == {"error": "Crash"}
    assert exists(local_cloud, "/faults/child")
