"""Does every failure end where it must: in the pipeline's one try, in a release that goes on, in a Fail?"""

from __future__ import annotations

from typing import Any

from botocore.session import Session
from jsonata.jsonata import Jsonata

from tests.state_machines.checks import CHILD, UNCATCHABLE_BY_ALL
from tests.state_machines.machines import Scope, State, catchers, edges, reachable, scopes

FAILING = ("Failed", "Stopped", "UpdateFailed")
"""The statuses of Bedrock's resources after which there is nothing to wait for and nothing to use."""


def work_is_inside_one_try(pipeline: State) -> list[str]:
    """The pipeline starts with a single-branch Parallel that holds all of its work but the release."""
    attempt = pipeline["States"][pipeline["StartAt"]]
    if attempt["Type"] != "Parallel" or len(attempt["Branches"]) != 1:
        return ["the pipeline does not start with a single-branch Parallel"]
    outside = [
        name for name, state in pipeline["States"].items() if state["Type"] in ("Task", "Parallel", "Map")
    ]
    return [
        f"{name}: works outside the try"
        for name in outside
        if name != pipeline["StartAt"] and not _is_release(pipeline["States"][name])
    ]


def every_exit_of_the_try_leads_to_release(pipeline: State) -> list[str]:
    """Whether the try succeeds or fails, whatever the error, the next state is the release."""
    attempt = pipeline["States"][pipeline["StartAt"]]
    release = [name for name, state in pipeline["States"].items() if _is_release(state)]
    problems = [
        f"{to!r} follows the try instead of the release" for to in edges(attempt) if to not in release
    ]
    uncaught = [error for error in ("States.ALL", *UNCATCHABLE_BY_ALL) if not catchers(attempt, error)]
    return problems + [f"the try does not catch {error}" for error in uncaught]


def children_fail_into_the_try(pipeline: State) -> list[str]:
    """Nothing inside the try catches: what fails there, a child included, fails into it.

    A question that nobody answers in time is no failure.
    """
    inside = [scope for scope in scopes(pipeline) if scope.holder]
    return [
        f"{name}: catches its failure inside the try"
        for scope in inside
        for name, state in scope.states.items()
        if any(
            catcher["ErrorEquals"] != ["States.Timeout"]
            or not state["Resource"].endswith(".waitForTaskToken")
            for catcher in state.get("Catch", [])
        )
    ]


def failed_runs_end_failed(pipeline: State) -> list[str]:
    """After the release, a run that failed ends in Fail, any other in Succeed; a failed release in Fail."""
    (release,) = (state for state in pipeline["States"].values() if _is_release(state))
    problems = []
    for outcome, wanted in (("failed", "Fail"), ("promoted", "Succeed"), ("invalid", "Succeed")):
        end = _follow(pipeline["States"], release["Next"], {"outcome": outcome})
        if end != wanted:
            problems.append(f"outcome {outcome} ends in {end}")
    return problems + _catches_end_in_fail(next(scopes(pipeline)), [release])


def caught_failures_end_in_fail(machine: State) -> list[str]:
    """Cleaning up never turns a failure green: behind a Catch for everything, every end is a Fail."""
    top = next(scopes(machine))
    return _catches_end_in_fail(
        top, [state for state in top.states.values() if catchers(state, "States.ALL")]
    )


def unknown_answers_end_in_fail(machine: State) -> list[str]:
    """A Choice over a status has a Default, and outside the release it is a Fail."""
    return [
        f"{name}: a status that nobody foresaw does not fail"
        for scope in scopes(machine)
        for name, state in scope.states.items()
        if _reads_status(state) and scope.states.get(state.get("Default", ""), {}).get("Type") != "Fail"
    ]


def statuses_have_edges(machine: State, enumeration: str) -> list[str]:
    """Every status of a Bedrock enumeration has an edge; failing ones lead to Fail and no other does."""
    problems = []
    for scope in scopes(machine):
        for name, state in scope.states.items():
            if not _reads_status(state):
                continue
            for status in Session().get_service_model("bedrock").shape_for(enumeration).metadata["enum"]:
                target = _choose(state, {"input": {"status": status}}, {"checks": 0, "plan": _PLAN})
                if target is None:
                    problems.append(f"{name}: has no edge for {status}")
                elif (scope.states[target]["Type"] == "Fail") != (status in FAILING):
                    problems.append(f"{name}: {status} leads to {target!r}")
    return problems


def status_ways(machine: State, enumeration: str) -> dict[str, str | None]:
    """Map each status of a Bedrock enumeration to the state that it leads to."""
    (choice,) = (
        state for scope in scopes(machine) for state in scope.states.values() if _reads_status(state)
    )
    statuses = Session().get_service_model("bedrock").shape_for(enumeration).metadata["enum"]
    return {status: _choose(choice, {"input": {"status": status}}, {}) for status in statuses}


def release_goes_on_past_an_item(release: State) -> list[str]:
    """No item can end the release: each call about one catches everything."""
    problems = []
    for scope in scopes(release):
        if not scope.holder:
            continue
        for name, state in scope.states.items():
            if state["Type"] == "Fail":
                problems.append(f"{name}: ends the release")
            if state["Type"] == "Task" and not all(
                catchers(state, error) for error in ("States.ALL", *UNCATCHABLE_BY_ALL)
            ):
                problems.append(f"{name}: its failure ends the release")
    return problems


def kept_items_are_told(release: State) -> list[str]:
    """What was kept stays in the ledger, raises the alarm, and the release fails at its very end."""
    problems = []
    for scope in scopes(release):
        kept = [name for name, state in scope.states.items() if state.get("Output", {}) and _says_kept(state)]
        for name in kept:
            before = {at for at, state in scope.states.items() if name in edges(state)}
            if "Keep in ledger" not in before:
                problems.append(f"{name}: is reached without the ledger")
    top = next(scopes(release)).states
    after = top[next(name for name, state in top.items() if state["Type"] == "Map")]["Next"]
    told = _path(top, after, {"kept": [{"kind": "model"}], "run": "r"})
    if "arn:aws:states:::sns:publish" not in [top[name].get("Resource") for name in told]:
        problems.append("a kept item raises no alarm")
    if top[told[-1]]["Type"] != "Fail":
        problems.append("a release that kept something ends green")
    if top[_path(top, after, {"kept": [], "run": "r"})[-1]]["Type"] != "Succeed":
        problems.append("a release that kept nothing does not succeed")
    return problems


_PLAN: dict[str, Any] = {"most_checks": 100}


def _is_release(state: State) -> bool:
    return state.get("Resource") == CHILD and state["Arguments"]["StateMachineArn"] == "${ReleaseMachineArn}"


def _reads_status(state: State) -> bool:
    return state["Type"] == "Choice" and any(
        "$states.input.status" in rule["Condition"] for rule in state["Choices"]
    )


def _says_kept(state: State) -> bool:
    return isinstance(state["Output"], dict) and state["Output"].get("kept") is True


def _catches_end_in_fail(scope: Scope, catching: list[State]) -> list[str]:
    problems = []
    for state in catching:
        for catcher in catchers(state, "States.ALL"):
            ends = {name for name in reachable(scope, catcher["Next"]) if not edges(scope.states[name])}
            problems += [
                f"{name}: ends green after a failure"
                for name in sorted(ends)
                if scope.states[name]["Type"] != "Fail"
            ]
    return problems


def _follow(among: dict[str, State], start: str, variables: dict[str, Any]) -> str:
    """Type of the state in which a way without failures ends."""
    kind: str = among[_path(among, start, variables)[-1]]["Type"]
    return kind


def _path(among: dict[str, State], start: str, variables: dict[str, Any]) -> list[str]:
    """The states on a way without failures, from what a Choice can tell of the variables alone."""
    path = [start]
    while True:
        state = among[path[-1]]
        to = _choose(state, {"input": {}}, variables) if state["Type"] == "Choice" else state.get("Next")
        if to is None:
            return path
        path.append(to)


def _choose(choice: State, context: dict[str, Any], variables: dict[str, Any]) -> str | None:
    for rule in choice["Choices"]:
        condition = Jsonata(rule["Condition"].removeprefix("{%").removesuffix("%}"))
        frame = condition.create_frame()
        for name, value in {"states": context, **variables}.items():
            frame.bind(name, value)
        if condition.evaluate(None, frame) is True:
            target: str = rule["Next"]
            return target
    default: str | None = choice.get("Default")
    return default
