"""Do our state machines keep the rules? Every check over every file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.state_machines import calls, checks, routes
from tests.state_machines.machines import NAMES, State, load, states
from tunesmith import errors, names
from tunesmith.catalogue.kinds import KINDS
from tunesmith.training.requests import customization_request

Check = Callable[[State], list[str]]

EVERY_MACHINE: tuple[Check, ...] = (
    checks.targets_exist,
    checks.states_are_reachable,
    checks.state_names_are_unique,
    checks.tasks_have_timeouts,
    checks.tasks_are_repeated,
    checks.children_are_repeated_only_unstarted,
    checks.wildcards_stand_alone,
    checks.catches_for_all_are_complete,
    checks.errors_are_known,
    checks.jsonata_is_used_throughout,
    checks.expressions_compile,
    checks.variables_are_assigned,
    checks.placeholders_are_whole,
    checks.functions_are_told_run_and_time,
    checks.functions_are_named_after_their_states,
    calls.calls_exist,
    calls.arguments_exist,
    calls.results_exist,
    calls.errors_exist,
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", EVERY_MACHINE, ids=lambda check: check.__name__)
def test_every_machine_keeps(check: Check, name: str) -> None:
    assert check(load(name)) == []


@pytest.mark.parametrize(
    "check",
    [
        routes.work_is_inside_one_try,
        routes.every_exit_of_the_try_leads_to_release,
        routes.children_fail_into_the_try,
        routes.failed_runs_end_failed,
    ],
    ids=lambda check: check.__name__,
)
def test_the_pipeline_keeps(check: Check) -> None:
    assert check(load("pipeline")) == []


@pytest.mark.parametrize(
    "check",
    [routes.release_goes_on_past_an_item, routes.kept_items_are_told],
    ids=lambda check: check.__name__,
)
def test_the_release_keeps(check: Check) -> None:
    assert check(load("release")) == []


@pytest.mark.parametrize(
    "name", ["cluster", "train", "job", "judge", "open", "evaluate", "serve", "swap", "reap"]
)
def test_failures_of_a_child_end_in_fail(name: str) -> None:
    assert routes.caught_failures_end_in_fail(load(name)) == []
    assert routes.unknown_answers_end_in_fail(load(name)) == []


@pytest.mark.parametrize(
    ("name", "enumeration"),
    [
        ("open", "CustomModelDeploymentStatus"),
        ("open", "ProvisionedModelStatus"),
        ("swap", "CustomModelDeploymentUpdateStatus"),
        ("swap", "ProvisionedModelStatus"),
    ],
)
def test_every_status_of_bedrock_has_an_edge(name: str, enumeration: str) -> None:
    assert routes.statuses_have_edges(load(name), enumeration) == []


def test_a_job_that_ends_is_recorded_however_it_ends() -> None:
    """What a job's end means for its run, failure included, the next round decides."""
    ways = routes.status_ways(load("job"), "ModelCustomizationJobStatus")
    over = dict.fromkeys(("Completed", "Failed", "Stopped"), "Conclude job")
    assert ways == {**over, "InProgress": "Watch job", "Stopping": "Wait for the stop"}


def test_every_error_name_is_used() -> None:
    machines = [load(name) for name in NAMES]
    reported = {
        state["Error"] for machine in machines for _, state in states(machine) if state["Type"] == "Fail"
    }
    assert reported == set(errors.FAILURES)


def test_no_error_of_ours_is_caught_or_repeated_away() -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert not ours & checks.CATCHABLE


def test_the_request_that_the_job_machine_passes_on_is_bedrocks() -> None:
    request = customization_request(
        environment="dev",
        project="p" * names.PROJECT_MAX_LENGTH,
        run="0123456789abcdef",
        number=1,
        base_model="amazon.nova-micro-v1:0:128k",
        kind=KINDS["fine-tuning"],
        hyperparameters={"epochCount": 2},
        training_uri="s3://bucket/runs/0123456789abcdef/data/train.jsonl",
        validation_uri="s3://bucket/runs/0123456789abcdef/data/validation.jsonl",
        output_uri="s3://bucket/runs/0123456789abcdef/training/output/",
        role_arn="arn:aws:iam::123456789012:role/training",
        model_key_arn="arn:aws:kms:us-east-1:123456789012:key/0123",
    )
    called = calls.operation(load("job")["States"]["Create job"]["Resource"])
    assert called is not None
    assert calls.argument_problems(called.input_shape, request) == []
