"""Would the checks notice? Each meets a machine that breaks its rule and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.state_machines import calls, checks, routes
from tests.state_machines.machines import State, load

Check = Callable[[State], list[str]]
Break = Callable[[dict[str, Any]], object]


def _try(machine: State) -> State:
    branch: State = machine["States"]["Run"]["Branches"][0]["States"]
    return branch


def _items(machine: State) -> State:
    inner: State = machine["States"]["Give back"]["ItemProcessor"]["States"]
    return inner


def _add(machine: State, name: str, state: State) -> None:
    machine["States"][name] = state


BROKEN: list[tuple[Check, str, Break, str]] = [
    (checks.targets_exist, "job", lambda m: m["States"]["Stop job"].update(Next="Nowhere"), "Nowhere"),
    (checks.targets_exist, "pipeline", lambda m: _try(m)["Train"].pop("Next"), "either Next or End"),
    (checks.states_are_reachable, "swap", lambda m: _add(m, "Island", {"Type": "Succeed"}), "Island"),
    (
        checks.states_are_reachable,
        "release",
        lambda m: _items(m)["Take item"].update(Next="Kept"),
        "What is it?",
    ),
    (checks.state_names_are_unique, "pipeline", lambda m: _add(m, "Train", {"Type": "Succeed"}), "Train"),
    (
        checks.tasks_have_timeouts,
        "evaluate",
        lambda m: m["States"]["Score answers"].pop("TimeoutSeconds"),
        "Score",
    ),
    (checks.tasks_are_repeated, "job", lambda m: m["States"]["Create job"].pop("Retry"), "no Retry"),
    (
        checks.tasks_are_repeated,
        "job",
        lambda m: m["States"]["Create job"].update(
            Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken"
        ),
        "token",
    ),
    (
        checks.tasks_are_repeated,
        "job",
        lambda m: m["States"]["Create job"]["Retry"][0].pop("JitterStrategy"),
        "JitterStrategy",
    ),
    (
        checks.children_are_repeated_only_unstarted,
        "pipeline",
        lambda m: _try(m)["Train"]["Retry"][0]["ErrorEquals"].append("States.TaskFailed"),
        "States.TaskFailed",
    ),
    (
        checks.wildcards_stand_alone,
        "pipeline",
        lambda m: m["States"]["Run"].update(
            Catch=[{"ErrorEquals": ["States.ALL", "States.Runtime"], "Next": "Release"}]
        ),
        "States.ALL",
    ),
    (
        checks.catches_for_all_are_complete,
        "pipeline",
        lambda m: m["States"]["Run"].update(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Release"}]),
        "States.Runtime",
    ),
    (
        checks.errors_are_known,
        "release",
        lambda m: _items(m)["Delete model"]["Retry"][0]["ErrorEquals"].append("Bedrock.Typo"),
        "Bedrock.Typo",
    ),
    (checks.errors_are_known, "swap", lambda m: m["States"]["Swap stuck"].update(Error="Typo"), "Typo"),
    (
        checks.jsonata_is_used_throughout,
        "swap",
        lambda m: m["States"]["Describe deployment"].update(ResultPath="$.x"),
        "ResultPath",
    ),
    (checks.jsonata_is_used_throughout, "swap", lambda m: m.pop("QueryLanguage"), "JSONata"),
    (
        checks.expressions_compile,
        "job",
        lambda m: m["States"]["Job does not stop"].update(Cause="{% 'a' & %}"),
        "Job does not stop",
    ),
    (
        checks.expressions_compile,
        "job",
        lambda m: m["States"]["Job does not stop"].update(Cause="{% $sort($plan.x) %}"),
        "$sort",
    ),
    (checks.variables_are_assigned, "job", lambda m: m["States"]["Plan job"].pop("Assign"), "$plan"),
    (
        checks.variables_are_assigned,
        "pipeline",
        lambda m: [catcher["Assign"].pop("reason") for catcher in m["States"]["Run"]["Catch"]],
        "$reason",
    ),
    (
        checks.placeholders_are_whole,
        "pipeline",
        lambda m: _try(m)["Prepare dataset"].update(Resource="${PrepareDatasetArn}:1"),
        "${PrepareDatasetArn}:1",
    ),
    (
        checks.functions_are_told_run_and_time,
        "serve",
        lambda m: m["States"]["Smoke test"]["Arguments"].pop("now"),
        "time",
    ),
    (
        checks.functions_are_named_after_their_states,
        "serve",
        lambda m: m["States"]["Smoke test"].update(Resource="${PlanServingArn}"),
        "PlanServingArn",
    ),
    (
        calls.calls_exist,
        "job",
        lambda m: m["States"]["Stop job"].update(
            Resource="arn:aws:states:::aws-sdk:bedrock:StopModelCustomizationJob"
        ),
        "no action",
    ),
    (
        calls.calls_exist,
        "serve",
        lambda m: m["States"]["Point back"].update(Resource="arn:aws:states:::ssm:putParameter"),
        "aws-sdk",
    ),
    (
        calls.arguments_exist,
        "job",
        lambda m: m["States"]["Stop job"].update(Arguments={"jobIdentifier": "x"}),
        "jobIdentifier",
    ),
    (
        calls.arguments_exist,
        "open",
        lambda m: m["States"]["Create deployment"]["Arguments"]["Tags"][0].update(key="x"),
        "key",
    ),
    (
        calls.results_exist,
        "job",
        lambda m: m["States"]["Describe job"]["Output"].update(status="{% $states.result.status %}"),
        "status",
    ),
    (
        calls.errors_exist,
        "release",
        lambda m: _items(m)["Delete model"]["Catch"][0].update(
            ErrorEquals=["Bedrock.ParameterNotFoundException"]
        ),
        "ParameterNotFound",
    ),
    (
        routes.work_is_inside_one_try,
        "pipeline",
        lambda m: _add(m, "Extra", {"Type": "Task", "Resource": "${EstimateCostArn}"}),
        "Extra",
    ),
    (routes.work_is_inside_one_try, "pipeline", lambda m: m.update(StartAt="Release"), "single-branch"),
    (
        routes.every_exit_of_the_try_leads_to_release,
        "pipeline",
        lambda m: m["States"]["Run"].pop("Catch"),
        "States.ALL",
    ),
    (
        routes.every_exit_of_the_try_leads_to_release,
        "pipeline",
        lambda m: m["States"]["Run"].update(Next="Done"),
        "Done",
    ),
    (
        routes.children_fail_into_the_try,
        "pipeline",
        lambda m: _try(m)["Train"].update(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "End early"}]),
        "Train",
    ),
    (
        routes.failed_runs_end_failed,
        "pipeline",
        lambda m: m["States"]["How did it end?"].update(Choices=[]),
        "outcome failed",
    ),
    (
        routes.failed_runs_end_failed,
        "pipeline",
        lambda m: [catcher.update(Next="Done") for catcher in m["States"]["Release"]["Catch"]],
        "Done",
    ),
    (
        routes.caught_failures_end_in_fail,
        "serve",
        lambda m: m["States"].update({"Serving rolled back": {"Type": "Succeed"}}),
        "Serving rolled back",
    ),
    (
        routes.unknown_answers_end_in_fail,
        "open",
        lambda m: m["States"]["Capacity status?"].update(Default="Opened"),
        "Capacity status?",
    ),
    (
        routes.release_goes_on_past_an_item,
        "release",
        lambda m: _items(m)["Delete deployment"].pop("Catch"),
        "Delete deployment",
    ),
    (
        routes.kept_items_are_told,
        "release",
        lambda m: m["States"]["Anything kept?"]["Choices"][0].update(Next="Write report"),
        "no alarm",
    ),
    (
        routes.kept_items_are_told,
        "release",
        lambda m: m["States"]["All given back?"].update(Choices=[]),
        "green",
    ),
]


@pytest.mark.parametrize(
    ("check", "name", "break_it", "told"), BROKEN, ids=[f"{case[0].__name__}-{case[1]}" for case in BROKEN]
)
def test_a_broken_machine_is_caught(check: Check, name: str, break_it: Break, told: str) -> None:
    machine = load(name)
    break_it(machine)
    assert told in "; ".join(check(machine))


def test_a_status_without_an_edge_is_caught() -> None:
    machine = load("open")
    choices = machine["States"]["Capacity status?"]["Choices"]
    machine["States"]["Capacity status?"]["Choices"] = [
        rule for rule in choices if "Active" not in rule["Condition"]
    ]
    problems = routes.statuses_have_edges(machine, "CustomModelDeploymentStatus")
    assert problems == ["Capacity status?: Active leads to 'Capacity status unknown'"]
