"""How is a state machine read as a graph? Scopes, states, edges and the JSONata inside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "state_machines"
NAMES = sorted(path.name.removesuffix(".asl.json") for path in FOLDER.glob("*.asl.json"))
TERMINAL_TYPES = ("Succeed", "Fail")
_EXPRESSION = re.compile(r"\{%(.*?)%\}", re.DOTALL)

State = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """States that may name each other: a machine's top level, a Parallel's branch, a Map's item processor."""

    path: str
    start: str
    states: dict[str, State]
    holder: str
    """The Parallel or Map around it; empty at the top."""


def load(name: str) -> State:
    """Read a machine; its placeholders are quoted, so the file is JSON as it stands."""
    machine: State = json.loads((FOLDER / f"{name}.asl.json").read_text())
    return machine


def scopes(machine: State, path: str = "", holder: str = "") -> Iterator[Scope]:
    """Walk all scopes, the outer ones first."""
    yield Scope(path=path or "top", start=machine["StartAt"], states=machine["States"], holder=holder)
    for name, state in machine["States"].items():
        inner = [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]
        for number, branch in enumerate(inner):
            yield from scopes(branch, f"{path}/{name}[{number}]", name)


def states(machine: State) -> Iterator[tuple[str, State]]:
    """Walk all states of all scopes."""
    for scope in scopes(machine):
        yield from scope.states.items()


def tasks(machine: State) -> Iterator[tuple[str, State]]:
    """Walk the states that call something."""
    return ((name, state) for name, state in states(machine) if state["Type"] == "Task")


def edges(state: State) -> list[str]:
    """List where a state may lead."""
    targets = [state["Next"]] if "Next" in state else []
    targets += [state["Default"]] if "Default" in state else []
    targets += [rule["Next"] for rule in state.get("Choices", [])]
    targets += [catcher["Next"] for catcher in state.get("Catch", [])]
    return targets


def reachable(scope: Scope, start: str) -> set[str]:
    """List the states that can follow one, itself included."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found and name in scope.states:
            found.add(name)
            waiting += edges(scope.states[name])
    return found


def expressions(value: Any) -> Iterator[str]:
    """Walk the JSONata expressions anywhere inside a value."""
    if isinstance(value, str):
        yield from (match.strip() for match in _EXPRESSION.findall(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)


def own(state: State) -> State:
    """A state without the scopes inside it."""
    return {key: value for key, value in state.items() if key not in ("Branches", "ItemProcessor")}


def named_errors(state: State) -> list[str]:
    """List the error names that a state's Retry and Catch match."""
    return [
        name for rule in (*state.get("Retry", []), *state.get("Catch", [])) for name in rule["ErrorEquals"]
    ]


def catchers(state: State, error: str) -> list[State]:
    """List a state's catchers that match an error by name."""
    return [catcher for catcher in state.get("Catch", []) if error in catcher["ErrorEquals"]]
