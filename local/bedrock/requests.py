"""Does a request satisfy botocore's input shape: members, lengths, ranges, patterns, enums, unions?"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from botocore.model import Shape

from local.bedrock.errors import validation


def check_request(shape: Shape | None, params: dict[str, Any]) -> None:
    """Raise ValidationException with every constraint that the parameters break."""
    if shape is None:
        return
    problems = list(_problems(shape, params, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise validation(f"{count}: {'; '.join(problems)}")


def _problems(shape: Any, value: Any, path: str) -> list[str]:
    kind = shape.type_name
    if kind == "structure":
        return [] if shape.metadata.get("document") else _structure_problems(shape, value, path)
    if kind == "list":
        found = _size_problems(shape, value, path, "length")
        for number, item in enumerate(value, start=1):
            found += _problems(shape.member, item, f"{path}.{number}.member")
        return found
    if kind == "map":
        found = _size_problems(shape, value, path, "length")
        for key, item in value.items():
            found += _problems(shape.key, key, f"{path}.key")
            found += _problems(shape.value, item, f"{path}.{key}.member")
        return found
    if kind == "string":
        return _string_problems(shape, value, path)
    if kind in ("integer", "long", "float", "double"):
        whole = kind in ("integer", "long")
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            return [_problem(value, path, f"Member must be of type {kind}")]
        return _range_problems(shape, value, path)
    return []


def _structure_problems(shape: Any, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [_problem(value, path, "Member must be a structure")]
    prefix = f"{path}." if path else ""
    found = [
        f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
        for name in shape.required_members
        if value.get(name) is None
    ]
    given = {name: item for name, item in value.items() if item is not None and name in shape.members}
    if shape.is_tagged_union and len(given) != 1:
        found.append(_problem(value, path, "Member must have exactly one of its members set"))
    for name, item in given.items():
        found += _problems(shape.members[name], item, f"{prefix}{name}")
    return found


def _string_problems(shape: Shape, value: Any, path: str) -> list[str]:
    if not isinstance(value, str):
        return [_problem(value, path, "Member must be of type string")]
    found = _size_problems(shape, value, path, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        found.append(_problem(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]"))
    pattern = shape.metadata.get("pattern")
    if pattern and not found and not _matches(pattern, value):
        found.append(_problem(value, path, f"Member must satisfy regular expression pattern: {pattern}"))
    return found


def _size_problems(shape: Shape, value: Any, path: str, what: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        return [_problem(value, path, f"Member must have {what} greater than or equal to {low}")]
    if high is not None and len(value) > high:
        return [_problem(value, path, f"Member must have {what} less than or equal to {high}")]
    return []


def _range_problems(shape: Shape, value: float, path: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        return [_problem(value, path, f"Member must have value greater than or equal to {low}")]
    if high is not None and value > high:
        return [_problem(value, path, f"Member must have value less than or equal to {high}")]
    return []


def _problem(value: Any, path: str, constraint: str) -> str:
    return f"Value '{str(value)[:200]}' at '{path}' failed to satisfy constraint: {constraint}"


@lru_cache(maxsize=4_096)
def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value) is not None
