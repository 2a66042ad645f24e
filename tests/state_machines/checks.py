"""What must hold of every state machine? One check per function; each lists what breaks it."""

from __future__ import annotations

import re

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

from tests.state_machines.machines import (
    TERMINAL_TYPES,
    Scope,
    State,
    catchers,
    edges,
    expressions,
    named_errors,
    own,
    reachable,
    scopes,
    states,
    tasks,
)
from tunesmith import errors

CHILD = "arn:aws:states:::states:startExecution.sync:2"
UNCATCHABLE_BY_ALL = ("States.DataLimitExceeded", "States.Runtime")
"""What States.ALL does not match: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""

CATCHABLE = {
    *errors.TRANSIENT_FUNCTION_ERRORS,
    *errors.TRANSIENT_BEDROCK_ERRORS,
    *errors.TRANSIENT_CHILD_ERRORS,
    *errors.TRANSIENT_CLUSTER_ERRORS,
    *errors.TRANSIENT_RECORD_ERRORS,
    *errors.AWAITED_ERRORS,
    *errors.STATES_ERRORS,
}
SMALL_FUNCTIONS = {"append", "count", "exists", "join", "merge", "string", "substring"}
"""What an expression may call; anything bigger is Python."""

_PLACEHOLDER = re.compile(r"\$\{\w+\}")
_CALLED = re.compile(r"\$(\w+)\(")
_VARIABLE = re.compile(r"\$(\w+)(?!\w|\()")


def targets_exist(machine: State) -> list[str]:
    """Every StartAt, Next, Default and Catch names a state of its scope, and every state leads on or ends."""
    problems = []
    for scope in scopes(machine):
        if scope.start not in scope.states:
            problems.append(f"{scope.path}: starts at {scope.start!r}, which is no state")
        for name, state in scope.states.items():
            problems += [
                f"{name}: leads to {to!r}, which is no state" for to in edges(state) if to not in scope.states
            ]
            ways_on = ("Next" in state) + (state.get("End") is True)
            if state["Type"] not in (*TERMINAL_TYPES, "Choice") and ways_on != 1:
                problems.append(f"{name}: needs either Next or End")
    return problems


def states_are_reachable(machine: State) -> list[str]:
    """Every state can be reached from its scope's start."""
    return [
        f"{scope.path}: {name!r} cannot be reached"
        for scope in scopes(machine)
        for name in scope.states.keys() - reachable(scope, scope.start)
    ]


def state_names_are_unique(machine: State) -> list[str]:
    """No two states of a machine share a name, in whichever scopes they are."""
    names = [name for name, _ in states(machine)]
    return [f"{name}: used twice" for name in sorted(set(names)) if names.count(name) > 1]


def tasks_have_timeouts(machine: State) -> list[str]:
    """Every Task has a TimeoutSeconds."""
    return [f"{name}: no TimeoutSeconds" for name, state in tasks(machine) if "TimeoutSeconds" not in state]


def tasks_are_repeated(machine: State) -> list[str]:
    """Every repeatable Task has a Retry with backoff, cap, jitter; one that waits for a token has none."""
    problems = []
    for name, state in tasks(machine):
        waits = state["Resource"].endswith(".waitForTaskToken")
        if waits and "Retry" in state:
            problems.append(f"{name}: waits for a token and must not be repeated")
        if not waits and not state.get("Retry"):
            problems.append(f"{name}: no Retry")
        for retrier in state.get("Retry", []):
            missing = {"MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"} - retrier.keys()
            problems += [f"{name}: a Retry without {field}" for field in sorted(missing)]
    return problems


def children_are_repeated_only_unstarted(machine: State) -> list[str]:
    """A child is started again on throttling and 5xx only, never because it failed."""
    return [
        f"{name}: repeats a child on {error}"
        for name, state in tasks(machine)
        if state["Resource"] == CHILD
        for retrier in state.get("Retry", [])
        for error in retrier["ErrorEquals"]
        if error not in errors.TRANSIENT_CHILD_ERRORS
    ]


def wildcards_stand_alone(machine: State) -> list[str]:
    """States.ALL is the only name of its rule and its rule the last one, as Step Functions demands."""
    problems = []
    for name, state in states(machine):
        for field in ("Retry", "Catch"):
            rules = state.get(field, [])
            for number, rule in enumerate(rules, start=1):
                if "States.ALL" in rule["ErrorEquals"] and (
                    rule["ErrorEquals"] != ["States.ALL"] or number < len(rules)
                ):
                    problems.append(f"{name}: {field} names States.ALL beside or before other errors")
    return problems


def catches_for_all_are_complete(machine: State) -> list[str]:
    """Whoever catches everything also names what States.ALL does not match, and leads it the same way."""
    problems = []
    for name, state in states(machine):
        for everything in catchers(state, "States.ALL"):
            for error in UNCATCHABLE_BY_ALL:
                ways = [{**catcher, "ErrorEquals": []} for catcher in catchers(state, error)]
                if ways != [{**everything, "ErrorEquals": []}]:
                    problems.append(f"{name}: {error} is not led where States.ALL leads")
    return problems


def errors_are_known(machine: State) -> list[str]:
    """Every error that is matched or reported is spelled in errors.py."""
    problems = [
        f"{name}: {error} is not in errors.py"
        for name, state in states(machine)
        for error in named_errors(state)
        if error not in CATCHABLE
    ]
    return problems + [
        f"{name}: reports {state.get('Error')}, which is not in errors.FAILURES"
        for name, state in states(machine)
        if state["Type"] == "Fail" and state.get("Error") not in errors.FAILURES
    ]


def jsonata_is_used_throughout(machine: State) -> list[str]:
    """The machine speaks JSONata, with none of JSONPath's fields."""
    problems = [] if machine.get("QueryLanguage") == "JSONata" else ["the machine does not name JSONata"]
    paths = {"InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector", "ItemsPath", "Variable"}
    return problems + [
        f"{name}: {field}" for name, state in states(machine) for field in sorted(paths & state.keys())
    ]


def expressions_compile(machine: State) -> list[str]:
    """Every expression is valid JSONata and calls only small functions."""
    problems = []
    for name, state in states(machine):
        for expression in expressions(own(state)):
            try:
                Jsonata(expression)
            except JException as error:
                problems.append(f"{name}: {expression!r}: {error}")
            big = set(_CALLED.findall(expression)) - SMALL_FUNCTIONS
            problems += [f"{name}: {expression!r} calls ${function}" for function in sorted(big)]
    return problems


def variables_are_assigned(machine: State) -> list[str]:
    """Every variable that an expression reads is assigned on every way that leads to it."""
    known_at = {scope.path: _assigned_before(scope) for scope in scopes(machine)}
    outside: dict[str, set[str]] = {"": set()}
    problems = []
    for scope in scopes(machine):
        given = outside[scope.holder]
        for name, state in scope.states.items():
            known = given | known_at[scope.path].get(name, set()) | {"states"}
            outside[name] = known
            read = {found for text in expressions(own(state)) for found in _VARIABLE.findall(text)}
            problems += [
                f"{name}: reads ${variable}, which may be unset" for variable in sorted(read - known)
            ]
    return problems


def placeholders_are_whole(machine: State) -> list[str]:
    """A placeholder is a whole string, so that the file is JSON before and after it is filled."""

    def broken(value: object) -> list[str]:
        if isinstance(value, str):
            return [value] if _PLACEHOLDER.search(value) and not _PLACEHOLDER.fullmatch(value) else []
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        return [found for item in inner for found in broken(item)]

    return broken(machine)


_FOR_ALL_RUNS = ("${FindOverdueArn}",)


def functions_are_told_run_and_time(machine: State) -> list[str]:
    """Every function gets the time at which its state was entered, and the run where it works for one."""
    problems = []
    for name, state in tasks(machine):
        if _PLACEHOLDER.fullmatch(state["Resource"]):
            if state["Arguments"].get("now") != "{% $states.context.State.EnteredTime %}":
                problems.append(f"{name}: is not told the time")
            if "run" not in state["Arguments"] and state["Resource"] not in _FOR_ALL_RUNS:
                problems.append(f"{name}: is not told the run")
    return problems


def functions_are_named_after_their_states(machine: State) -> list[str]:
    """State "Prepare dataset" calls `${PrepareDatasetArn}`; a second use adds words behind."""
    problems = []
    for name, state in tasks(machine):
        placeholder = state["Resource"].removeprefix("${").removesuffix("Arn}")
        if state["Resource"].startswith("${") and not name.title().replace(" ", "").startswith(placeholder):
            problems.append(f"{name}: calls {state['Resource']}")
    return problems


def _assigned_before(scope: Scope) -> dict[str, set[str]]:
    """For each state, the variables that every way from the scope's start has assigned."""
    before: dict[str, set[str]] = {scope.start: set()}
    waiting = [scope.start]
    while waiting:
        name = waiting.pop()
        state = scope.states.get(name)
        if state is None:
            continue
        for target, assigned in _ways(state):
            known = before[name] | assigned
            if target not in before or not before[target] <= known:
                before[target] = known & before.get(target, known)
                waiting.append(target)
    return before


def _ways(state: State) -> list[tuple[str, set[str]]]:
    """Where a state may lead, with what is assigned on that way; a Catch assigns its own variables only."""
    regular = set(state.get("Assign", {}))
    caught = [(catcher["Next"], set(catcher.get("Assign", {}))) for catcher in state.get("Catch", [])]
    chosen = [(rule["Next"], regular | set(rule.get("Assign", {}))) for rule in state.get("Choices", [])]
    plain = [(state[field], regular) for field in ("Next", "Default") if field in state]
    return [*plain, *chosen, *caught]
