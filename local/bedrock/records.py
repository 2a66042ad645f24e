"""Does a training file parse, and what does each record ask and answer?

Reads Converse records (`bedrock-conversation-2024`), `prompt`/`completion` pairs and the older
`system`/`messages` chat records. Messages follow Bedrock's, which never name more than one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


class BadRecordError(Exception):
    """When a training or validation file could not be used; the text is the job's failureMessage."""


@dataclass(frozen=True, slots=True)
class Example:
    """What one record asks (system text, last user turn) and the completion to learn."""

    system: str
    user: str
    completion: str


def read_examples(data: bytes, source: str) -> list[Example]:
    """Parse a JSONL file; `source` is its S3 URI. Raises BadRecordError at the first bad line."""
    examples = list(_examples(data, source))
    if not examples:
        raise BadRecordError(f"The dataset {source} contains no records.")
    return examples


def _examples(data: bytes, source: str) -> Iterator[Example]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRecordError(f"The dataset {source} is not encoded in UTF-8.") from error
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        try:
            yield _example(json.loads(line))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BadRecordError(
                f"Malformed input record in {source} at line {number}: {_reason(error)}. "
                "Fix the dataset and create a new customization job."
            ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "the line is not valid JSON"
    if isinstance(error, KeyError):
        return f"required field {error} is missing"
    if isinstance(error, ValueError):
        return str(error)
    return "the record does not have the expected structure"


def _example(record: dict[str, Any]) -> Example:
    if not isinstance(record, dict):
        raise ValueError("the line is not a JSON object")
    if "completion" in record:
        return Example("", _text(record["prompt"]), _text(record["completion"]))
    system = record.get("system", "")
    messages = record["messages"]
    if not messages or messages[0]["role"] != "user" or messages[-1]["role"] != "assistant":
        raise ValueError("messages must start with a user turn and end with an assistant turn")
    roles = [message["role"] for message in messages]
    if any(first == second for first, second in pairwise(roles)):
        raise ValueError("messages must alternate between user and assistant turns")
    completion = _text(messages[-1]["content"])
    if not completion.strip():
        raise ValueError("the last assistant turn is empty")
    return Example(_text(system), _text(messages[-2]["content"]), completion)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if "text" in block)
