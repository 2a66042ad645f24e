"""Which JSON object is a line? Read so strictly that what a record says is never guessed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final, NoReturn

from tunesmith.dataset.rules import Finding
from tunesmith.dataset.sensitive import masked_excerpt

_MOST_DIGITS: Final = 15
"""Decimal digits by which a float tells all numbers apart."""


class UnreadableLineError(ValueError):
    """When a line holds no JSON object; `finding` says which rule it breaks."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.finding = Finding(rule, reason)


def read_object(line: bytes) -> dict[str, Any]:
    """Read a line as a JSON object; raises UnreadableLineError with the rule that it breaks."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableLineError(
            "TS003", f"Byte {error.start + 1} of the line is not UTF-8 text; save the file as UTF-8."
        ) from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unrepeated,
            parse_constant=_refuse_constant,
            parse_int=_number,
            parse_float=_number,
        )
    except json.JSONDecodeError as error:
        raise UnreadableLineError("TS004", f"Not valid JSON at column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise UnreadableLineError("TS004", "The JSON is nested too deeply to be a record.") from error
    if not isinstance(value, dict):
        raise UnreadableLineError("TS005", f"The line is {named(value)}, not an object in braces.")
    return value


def spelled(value: str | float) -> str:
    """Spell a text or a number of a line as JSON, so that no two different ones are spelled alike."""
    return value.written if isinstance(value, _LongNumber) else json.dumps(value)


def named(value: Any) -> str:
    """Name a JSON value's kind, as it reads in a sentence."""
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "true or false", float: "a number", _LongNumber: "a number", str: "text"}
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    return names[type(value)]


def shown(value: Any) -> str:
    """Quote a key or a role, shortened; what is sensitive in it is not repeated."""
    if not isinstance(value, str):
        return named(value)
    text = repr(masked_excerpt(value, 80))
    return text if len(text) <= 40 else text[:37] + "...'"


class _LongNumber(float):
    """A number that others may equal as a float, and how it is written."""

    written: str


def _number(text: str) -> float:
    if len(text) <= _MOST_DIGITS:
        return float(text)
    number = _LongNumber(text)
    number.written = text
    return number


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counted = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counted.items() if count > 1)
        raise UnreadableLineError("TS006", f"The key {shown(twice)} stands twice in one object.")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableLineError("TS004", f"Not valid JSON: {name} is no JSON value.")
