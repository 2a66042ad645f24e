"""How is YAML read that someone wrote? Each key once, no aliases, no depth that takes long to read."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

_DEEPEST = 100
"""Brackets inside brackets; PyYAML's time grows with the square of them."""


def read_yaml(text: str) -> Any:
    """Read one document; raises yaml.YAMLError, with the place where there is one, or RecursionError."""
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without aliases (a message could blow up) and repeated keys (one would be lost)."""

    flow_level: int

    def fetch_flow_collection_start(self, token: Any) -> None:
        if self.flow_level >= _DEEPEST:
            raise _unreadable("is nested too deeply", self.get_mark())
        super().fetch_flow_collection_start(token)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _unreadable("aliases (*) are not read", event.start_mark)
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
