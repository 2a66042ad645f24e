"""Faults on demand hit one project's functions, as often as they were asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.conftest import Sample
from tests.local.test_functions import invoke

RUN = "0123456789abcdef"


@pytest.fixture
def faults(sample: Sample) -> Any:
    sample.client("dynamodb").put_item(
        TableName=sample.outputs["TableName"],
        Item={"pk": {"S": f"RUN#{RUN}"}, "sk": {"S": "META"}, "project": {"S": "faulty"}},
    )
    name = "/tunesmith-local/faults/faulty"

    def ask(faults: dict[str, Any]) -> None:
        sample.client("ssm").put_parameter(Name=name, Value=json.dumps(faults), Type="String", Overwrite=True)

    yield ask
    sample.client("ssm").delete_parameter(Name=name)


def test_an_error_is_raised_instead_of_running_and_only_so_often(sample: Sample, faults: Any) -> None:
    faults({"functions": {"greet_run": {"error": "ThrottlingException", "message": "slow down", "times": 2}}})
    for _ in range(2):
        result, error = invoke(sample, {"run": RUN})
        assert error is not None
        assert (result["errorType"], result["errorMessage"]) == ("ThrottlingException", "slow down")
    assert invoke(sample, {"run": RUN})[1] is None
    faults({"functions": {"greet_run": {"error": "ThrottlingException", "times": 1}}})
    assert invoke(sample, {"run": RUN})[1] is not None


def test_a_result_can_be_replaced_and_other_projects_are_left_alone(sample: Sample, faults: Any) -> None:
    faults({"functions": {"greet_run": {"returns": {"outcome": "invalid"}}}})
    assert invoke(sample, {"run": RUN})[0] == {"outcome": "invalid"}
    assert invoke(sample, {"run": "f" * 16})[0]["greeting"] == "hello"
    upload = {"Records": [{"body": json.dumps({"detail": {"object": {"key": "datasets/faulty/job.yaml"}}})}]}
    assert invoke(sample, upload)[0] == {"outcome": "invalid"}
