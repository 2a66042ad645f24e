"""Does a training file parse, and what does each record ask and answer?

Reads Converse records (`bedrock-conversation-2024`), `prompt`/`completion` pairs and Anthropic's messages;
a base model takes one of them. Continued pre-training takes texts, a reinforcement prompts in OpenAI's chat
format. Error messages follow Bedrock's, which never name more than one line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

Record = TypeVar("Record")


class BadRecordError(Exception):
    """When a training or validation file could not be used; the text is the job's failureMessage."""


@dataclass(frozen=True, slots=True)
class Example:
    """What one record asks (system text, last user turn) and the completion to learn."""

    system: str
    user: str
    completion: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one record of a reinforcement asks: the chat as it stands, and what the grader learns beside."""

    system: str
    user: str
    messages: list[dict[str, str]]
    metadata: dict[str, Any]


def read_prompts(data: bytes, source: str) -> list[Prompt]:
    """Parse a JSONL file of prompts in OpenAI's chat format; `source` is its S3 URI.

    Raises BadRecordError at the first bad line.
    """
    return _records(data, source, _prompt)


def read_texts(data: bytes, source: str) -> list[str]:
    """Parse a JSONL file of texts, the value of `input` on each line; `source` is its S3 URI.

    Raises BadRecordError at the first bad line.
    """
    return _records(data, source, _input)


def read_examples(
    data: bytes, source: str, record_format: str = "", *, one_system_text: bool = False
) -> list[Example]:
    """Parse a JSONL file of a format, or of any; `source` is its S3 URI.

    Raises BadRecordError at the first bad line.
    """

    def parse(record: Any) -> Example:
        example = _example(record)
        _check_format(record, record_format, one_system_text)
        return example

    return _records(data, source, parse)


def _records(data: bytes, source: str, parse: Callable[[Any], Record]) -> list[Record]:
    records = list(_parsed(data, source, parse))
    if not records:
        raise BadRecordError(f"The dataset {source} contains no records.")
    return records


def _parsed(data: bytes, source: str, parse: Callable[[Any], Record]) -> Iterator[Record]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRecordError(f"The dataset {source} is not encoded in UTF-8.") from error
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        try:
            yield parse(json.loads(line))
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


def _check_format(record: dict[str, Any], record_format: str, one_system_text: bool) -> None:
    if record_format == "prompt_completion":
        if record.keys() != {"prompt", "completion"}:
            raise ValueError("the record must have the keys prompt and completion")
    elif record_format == "anthropic_messages":
        if not {"messages"} <= record.keys() <= {"system", "messages"}:
            raise ValueError("extraneous or missing key")
        texts = [record.get("system", ""), *(message["content"] for message in record["messages"])]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("system and content must be text")
    elif record_format == "converse":
        contents = [message["content"] for message in record["messages"]]
        if "schemaVersion" not in record or not all(isinstance(content, list) for content in contents):
            raise ValueError("the record does not follow the Converse schema")
        if one_system_text and len(record.get("system", [])) != 1:
            raise ValueError("system must have exactly one text")


def _example(record: Any) -> Example:
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


def _prompt(record: Any) -> Prompt:
    if not isinstance(record, dict):
        raise ValueError("the line is not a JSON object")
    metadata = {key: value for key, value in record.items() if key != "messages"}
    if "reference_answer" not in metadata:
        raise KeyError("reference_answer")
    messages = [{"role": turn["role"], "content": turn["content"]} for turn in record["messages"]]
    if not all(isinstance(turn["content"], str) for turn in messages):
        raise ValueError("content must be text")
    if not {turn["role"] for turn in messages} <= {"system", "user", "assistant"}:
        raise ValueError("role must be system, user or assistant")
    if not messages or messages[-1]["role"] != "user" or not messages[-1]["content"].strip():
        raise ValueError("messages must end with a user turn")
    system = "\n".join(turn["content"] for turn in messages if turn["role"] == "system")
    return Prompt(system, messages[-1]["content"], messages, metadata)


def _input(record: Any) -> str:
    if not isinstance(record, dict) or record.keys() != {"input"}:
        raise ValueError("the record must have the key input and no other")
    if not isinstance(record["input"], str) or not record["input"].strip():
        raise ValueError("input must be a text")
    return record["input"]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if "text" in block)
