"""find_overdue: the ledger against what Bedrock lists and against the executions that ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from find_overdue.handler import lambda_handler as find_overdue
from tests.handlers.model_run import DEPLOYMENT_ARN, MODEL_ARN, PROJECT, RUN, RunUnderTest
from tunesmith.aws import clients
from tunesmith.aws.executions import start_run
from tunesmith.ledger import Capacity, CapacityKind, CapacityState
from tunesmith.serving.capacity import serving_capacity

NOW = "2026-11-23T14:30:00.250Z"
DUE = "2026-11-25T15:00:00Z"
RELEASE = {"run": RUN, "execution": f"{RUN}-1-reap-20261123143000250"}
NAME = f"{PROJECT}-{RUN}"


@dataclass
class Pages:
    """Bedrock's control plane as lists, each thing on a page of its own."""

    listed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def get_paginator(self, operation: str) -> Pages:
        return Pages({"all": self.listed.get(operation, [])})

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [*self.listed["all"], {}]

    def has_deployment(self, name: str) -> None:
        self.listed.setdefault("list_custom_model_deployments", []).append(
            {
                "modelDeploymentSummaries": [
                    {"customModelDeploymentName": name, "customModelDeploymentArn": DEPLOYMENT_ARN}
                ]
            }
        )

    def has_model(self, name: str) -> None:
        self.listed.setdefault("list_custom_models", []).append(
            {"modelSummaries": [{"modelName": name, "modelArn": MODEL_ARN}]}
        )


@pytest.fixture
def bedrock(run: RunUnderTest, monkeypatch: pytest.MonkeyPatch) -> Pages:
    """A Bedrock with nothing, beside a run with an execution that goes on."""
    pages = Pages()
    monkeypatch.setattr("tunesmith.aws.clients.bedrock", lambda: pages)
    pipeline = clients.stepfunctions().create_state_machine(
        name="pipeline",
        definition='{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}}',
        roleArn="arn:aws:iam::123456789012:role/pipeline",
    )["stateMachineArn"]
    start_run(pipeline, RUN, 1)
    return pages


def overdue(now: str = NOW) -> list[dict[str, str]]:
    runs: list[dict[str, str]] = find_overdue({"now": now}, None)["runs"]
    return runs


def enter_deployment(run: RunUnderTest) -> Capacity:
    return run.ledger.enter_capacity(
        serving_capacity(
            project=PROJECT,
            run=RUN,
            path="on_demand",
            now="2026-11-23T15:00:00Z",
            usd_per_hour=0,  # type: ignore[arg-type]
        )
    )


def end_execution(status: str = "stopped") -> None:
    (machine,) = clients.stepfunctions().list_state_machines()["stateMachines"]
    (execution,) = clients.stepfunctions().list_executions(stateMachineArn=machine["stateMachineArn"])[
        "executions"
    ]
    clients.stepfunctions().stop_execution(executionArn=execution["executionArn"], cause=status)


def test_nothing_is_overdue_where_there_is_nothing(run: RunUnderTest, bedrock: Pages) -> None:
    assert overdue() == []


def test_what_a_run_at_work_holds_is_left_alone_until_it_expires(run: RunUnderTest, bedrock: Pages) -> None:
    enter_deployment(run)
    bedrock.has_deployment(NAME)

    assert overdue() == []
    (due,) = overdue(DUE)
    assert due["run"] == RUN


def test_a_run_whose_execution_ended_without_a_release_is_released(run: RunUnderTest, bedrock: Pages) -> None:
    enter_deployment(run)
    end_execution()

    assert overdue() == [RELEASE]


def test_an_attempt_that_was_opened_but_not_started_yet_is_not_lost(
    run: RunUnderTest, bedrock: Pages
) -> None:
    end_execution()
    run.ledger.close_run(RUN, outcome="failed", reason="", now=NOW)
    run.ledger.reopen_run(RUN)
    enter_deployment(run)

    assert overdue() == []


def test_what_a_closed_run_still_holds_is_released_again(run: RunUnderTest, bedrock: Pages) -> None:
    enter_deployment(run)
    run.ledger.close_run(RUN, outcome="rejected", reason="", now=NOW)

    assert overdue() == [RELEASE]


def test_what_the_ledger_has_forgotten_is_entered_again_and_released(
    run: RunUnderTest, bedrock: Pages
) -> None:
    entered = enter_deployment(run)
    run.ledger.release_capacity(RUN, entered.token, NOW)
    run.ledger.close_run(RUN, outcome="rejected", reason="", now=NOW)
    bedrock.has_deployment(NAME)
    bedrock.has_model(f"{NAME}-1")

    assert overdue() == [RELEASE]
    found = {item.kind: item for item in run.ledger.open_capacity()}
    assert found[CapacityKind.DEPLOYMENT] == replace(
        entered, state=CapacityState.OPEN, arn=DEPLOYMENT_ARN, expires=NOW, purpose="left behind"
    )
    assert (found[CapacityKind.MODEL].token, found[CapacityKind.MODEL].arn) == ("model-1", MODEL_ARN)


def test_what_exists_of_an_open_run_may_still_be_written_down(run: RunUnderTest, bedrock: Pages) -> None:
    bedrock.has_deployment(NAME)

    assert overdue(DUE) == []
    assert run.ledger.open_capacity() == []


def test_runs_of_another_environment_are_left_to_it(run: RunUnderTest, bedrock: Pages) -> None:
    bedrock.has_deployment(f"{PROJECT}-{RUN[::-1]}")

    assert overdue(DUE) == []
    assert run.ledger.open_capacity() == []
