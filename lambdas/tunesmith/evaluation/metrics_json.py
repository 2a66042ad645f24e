"""Is an answer JSON, and do its fields hold what they should?"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from tunesmith.evaluation.metrics import normalized

_FENCED: Final = re.compile(r"\s*```[\w-]*[ \t]*\n(.*?)\n?\s*```\s*", re.DOTALL)


class _Absent:
    """Stands where there is no document."""


def json_validity(answer: str, reference: str = "") -> int:  # noqa: ARG001 - every metric takes both
    """Score 1 where the whole answer is one JSON document (RFC 8259), else 0.

    A code fence around it, a repeated key, NaN and Infinity are none of JSON's.
    """
    return int(not isinstance(_read(answer), _Absent))


def json_fields(answer: str, reference: str) -> float:
    """Score the share of fields that agree, 0 to 1, of all fields that either document has.

    A field is a path to a text, number, truth value, null or empty container; texts compare with letter case
    and spacing folded, numbers by value, lists place by place. A code fence around the answer is left out.
    An answer that is no JSON scores 0. Raises ValueError where the reference is no JSON.
    """
    expected = _read(reference)
    if isinstance(expected, _Absent):
        raise ValueError(f"a JSON reference is one JSON document; this one is not: {reference[:80]!r}")
    fenced = _FENCED.fullmatch(answer)
    answered = _read(fenced[1] if fenced else answer)
    if isinstance(answered, _Absent):
        return 0.0
    mine, theirs = _leaves(answered), _leaves(expected)
    agreeing = sum(bool(mine.get(path) == value) for path, value in theirs.items())
    return agreeing / len(mine.keys() | theirs.keys())


def is_structure(text: str) -> bool:
    """Tell whether a text is a JSON object or list, which has fields; a lone number or text is none."""
    return isinstance(_read(text), dict | list)


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return _Absent()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice")
    return value


def _leaves(document: Any) -> dict[tuple[str | int, ...], Any]:
    """Map each field's path to its value, with its kind: true is not 1."""
    leaves: dict[tuple[str | int, ...], Any] = {}
    left: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict) and value:
            left.extend(((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list) and value:
            left.extend(((*path, place), inner) for place, inner in enumerate(value))
        elif isinstance(value, str):
            leaves[path] = ("text", normalized(value))
        elif isinstance(value, bool) or value is None or isinstance(value, dict | list):
            leaves[path] = ("other", repr(value))
        else:
            leaves[path] = ("number", value)
    return leaves
