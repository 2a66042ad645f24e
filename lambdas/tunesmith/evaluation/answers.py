"""What is a model asked, what did it answer, and how do both lie in files?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

CANDIDATE: Final = "candidate"
BASE: Final = "base"
CHAMPION: Final = "champion"
FEW_SHOT: Final = "few_shot"
"""Labels of the compared models; the champion is the one that serves when the evaluation is planned, and the
base model answers once bare and once behind examples. A model that informs only has its catalogue name."""
TUNED: Final = (CANDIDATE, CHAMPION)
RECORD_ID_LENGTH: Final = 16


@dataclass(frozen=True, kw_only=True)
class Question:
    """A record without its answer, which is the reference; that is empty where there is none."""

    id: str
    system: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    reference: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One model's answer to one record; a call that failed for good has `error` and no text."""

    id: str
    text: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: int = 0
    error: str = ""


def record_id(line: bytes) -> str:
    """Derive a record's id from its line's bytes, without the line end."""
    return hashlib.sha256(line).hexdigest()[:RECORD_ID_LENGTH]


def answers_folder(folder: str, time: int) -> str:
    """Name the folder of a model's first, second or third answers, by the folder of its first ones."""
    return folder if time == 1 else f"{folder}-{time}"


def guarded_models(labels: Iterable[str]) -> list[str]:
    """Choose who answers a guardrail's own records: candidate, base model and champion."""
    return [label for label in labels if label in (CANDIDATE, BASE, CHAMPION)]


def guardrail_folder(folder: str, name: str) -> str:
    """Name the folder of a model's answers to a guardrail's own records."""
    return f"{folder}-guardrail-{name}"


def read_questions(content: bytes) -> list[Question]:
    """Read a file of Converse records; a line that stands in it twice is one question."""
    questions = [_question(line) for line in content.split(b"\n") if line.strip()]
    return list({question.id: question for question in questions}.values())


def text_of(content: Iterable[Mapping[str, Any]]) -> str:
    """Join the text blocks of a turn; reasoning and other blocks are not part of an answer."""
    return "".join(block["text"] for block in content if "text" in block)


def write_answers(answers: Iterable[Answer]) -> list[bytes]:
    """Spell answers as lines."""
    return [json.dumps(vars(answer), ensure_ascii=False).encode() for answer in answers]


def read_answers(content: bytes) -> list[Answer]:
    """Read the lines that `write_answers` made."""
    return [Answer(**json.loads(line)) for line in content.split(b"\n") if line]


def _question(line: bytes) -> Question:
    record = json.loads(line)
    asked = list(record["messages"])
    answered = asked.pop()["content"] if asked[-1]["role"] == "assistant" else []
    return Question(
        id=record_id(line), system=record.get("system", []), messages=asked, reference=text_of(answered)
    )
