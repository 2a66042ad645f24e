"""How is a job file's text read? As YAML or JSON, each key once, and what cannot be read with its line."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any, NoReturn

import yaml

from tunesmith.errors import JobFileError


def read_text(data: bytes, source: str) -> Any:
    """Read JSON where `source` ends in `.json`, else YAML; raises JobFileError with the place."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JobFileError([f"{source}: is not UTF-8 text (byte {error.start})"]) from error
    try:
        return _read_json(text) if source.endswith(".json") else yaml.load(text, Loader=_JobLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise JobFileError([f"{source}, line {line}: {error.problem or error.context}"]) from error
    except json.JSONDecodeError as error:
        raise JobFileError([f"{source}, line {error.lineno}: {error.msg}"]) from error
    except RecursionError as error:
        raise JobFileError([f"{source}: is nested too deeply"]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise JobFileError([f"{source}: {error}"]) from error


class _JobLoader(yaml.SafeLoader):
    """Safe YAML without aliases (a message could blow up) and repeated keys (one would be lost)."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _unreadable("aliases (*) are not read in a job file", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _unreadable("a key must be plain text", key.start_mark)
            if key.value in seen:
                raise _unreadable(f"the key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _unreadable(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _read_json(text: str) -> Any:
    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"the key {key!r} stands twice")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=unrepeated, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
