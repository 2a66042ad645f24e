"""What is a record? One Converse conversation, as its line and the keys by which it is compared."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunesmith.dataset.formats import write_record
from tunesmith.dataset.tokens import Estimator


@dataclass(frozen=True, slots=True)
class Record:
    """One valid record; tokens are estimates."""

    line: bytes
    """The record in Converse's format, as compact JSON with nothing added, without a newline."""
    content_key: bytes
    """Digest of the whole content, Unicode (NFKC) and white space folded: equal for duplicates."""
    prompt_key: bytes
    """Digest of the same without the final answer: equal for records of one group."""
    opening_key: bytes
    """Digest of system turn and first user turn: a longer conversation repeats a shorter one's answer."""
    prompt_tokens: int
    answer_tokens: int
    group: bytes = b""
    """Digest of the user's own group key, empty without one: records of one group stay together."""
    place: tuple[int, int] = field(default=(0, 0), compare=False)
    """Line and byte offset where it stood; no part of what it is."""

    @property
    def tokens(self) -> int:
        """Estimated tokens of prompt and answer together."""
        return self.prompt_tokens + self.answer_tokens


def make_record(
    value: Mapping[str, Any], estimator: Estimator, group: bytes = b"", place: tuple[int, int] = (0, 0)
) -> Record:
    """Make a record from a conversation that broke no rule."""
    system = value.get("system", [])
    *asked, answered = value["messages"]
    prompt = [("system", _texts(system)), *((turn["role"], _texts(turn["content"])) for turn in asked)]
    answer = _texts(answered["content"])
    return Record(
        line=write_record(value, "converse"),
        content_key=_key([*prompt, ("answer", answer)]),
        prompt_key=_key(prompt),
        opening_key=_key(prompt[:2]),
        prompt_tokens=sum(estimator.estimate(text) for _, texts in prompt for text in texts),
        answer_tokens=sum(estimator.estimate(text) for text in answer),
        group=group,
        place=place,
    )


def block_text(block: Mapping[str, Any]) -> str:
    """Read the text of a text block or of a reasoning block."""
    if "reasoningContent" in block:
        return str(block["reasoningContent"]["reasoningText"]["text"])
    return str(block["text"])


def _texts(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    return [block_text(block) for block in blocks]


def _key(turns: Sequence[tuple[str, list[str]]]) -> bytes:
    folded = [(role, _folded(" ".join(texts))) for role, texts in turns]
    return hashlib.sha256(json.dumps(folded).encode()).digest()


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
