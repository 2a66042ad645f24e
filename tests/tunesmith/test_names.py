"""Names: the same upload is the same run, and every name fits the API that takes it."""

from __future__ import annotations

import re

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith import names

LONGEST_PROJECT = "a" * names.PROJECT_MAX_LENGTH
RUN = "0123456789abcdef"
SERVICE = botocore.session.get_session().get_service_model("bedrock")


def test_a_run_id_depends_on_content_and_role_but_not_on_the_order_of_files() -> None:
    one = names.run_id(b"job", [("train", "aa"), ("test", "bb")])
    assert one == names.run_id(b"job", [("test", "bb"), ("train", "aa")])
    assert re.fullmatch(r"[0-9a-f]{16}", one)
    others = {
        names.run_id(b"job ", [("train", "aa"), ("test", "bb")]),
        names.run_id(b"job", [("train", "bb"), ("test", "aa")]),
        names.run_id(b"job", [("train", "aa")]),
    }
    assert len(others | {one}) == 4


@pytest.mark.parametrize("name", [RUN, f"{RUN}-1", f"{RUN}-12-train", f"{RUN}-1-serve-swap-back"])
def test_the_run_is_read_from_every_execution_name(name: str) -> None:
    assert names.run_of(name) == RUN


@pytest.mark.parametrize("name", ["", "0123456789abcde", "0123456789ABCDEF-1", f"{RUN}0-1", f"x{RUN}"])
def test_a_name_without_a_run_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="run id"):
        names.run_of(name)


@given(st.from_regex(rf"\A{names.PROJECT_PATTERN}\Z").filter(lambda p: len(p) <= names.PROJECT_MAX_LENGTH))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_every_name_is_legal_for_bedrock(project: str) -> None:
    _check_names(project)


def test_the_longest_names_are_legal_for_bedrock() -> None:
    _check_names(LONGEST_PROJECT)


def test_execution_names_fit_step_functions_at_full_length() -> None:
    deepest = names.execution_name(RUN, 999) + "-serve-swap-back"
    assert len(deepest) <= 80
    assert re.fullmatch(r"[A-Za-z0-9_-]+", deepest)


def test_the_champion_parameter_is_a_legal_parameter_name() -> None:
    name = names.champion_parameter("prod", LONGEST_PROJECT)
    assert re.fullmatch(r"[a-zA-Z0-9_.\-/]+", name)
    assert len(name) <= 1011


def _check_names(project: str) -> None:
    job = SERVICE.operation_model("CreateModelCustomizationJob").input_shape
    deployment = SERVICE.operation_model("CreateCustomModelDeployment").input_shape
    assert job is not None
    assert deployment is not None
    checks = [
        (job, "jobName", names.job_name(project, RUN, 99)),
        (job, "customModelName", names.custom_model_name(project, RUN, 99)),
        (job, "clientRequestToken", names.client_token(RUN, "job-99", 99)),
        (deployment, "modelDeploymentName", names.capacity_name(project, RUN)),
        (deployment, "clientRequestToken", names.client_token(RUN, "deployment", 99)),
    ]
    for shape, member, value in checks:
        metadata = shape.members[member].metadata
        assert re.fullmatch(metadata["pattern"], value), (member, value)
        assert len(value) <= metadata["max"], (member, value)
