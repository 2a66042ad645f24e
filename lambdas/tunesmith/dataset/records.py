"""What is a record? One Converse conversation, as its line and the keys by which it is compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import xxhash

from tunesmith.dataset.formats import BESIDE, REFERENCE_KEY, write_record
from tunesmith.dataset.media import KINDS
from tunesmith.dataset.tokens import Estimator

KEY_BYTES: Final = 16
NEXT_TURN: Final = "\0"
"""Stands between the texts of two turns: no valid text holds it, and roles alternate, so need no name."""


@dataclass(frozen=True, slots=True)
class Record:
    """One valid record; tokens are estimates, keys digests of KEY_BYTES bytes."""

    line: bytes
    """The record in Converse's format, as compact JSON with nothing added, without a newline."""
    content_key: bytes
    """Digest of the whole content, Unicode (NFKC) and white space folded: equal for duplicates.

    An image or a video counts by the location that names it, and what only a grader is told counts too.
    """
    prompt_key: bytes
    """Digest of the same without the final answer: equal for records of one group."""
    opening_key: bytes
    """Digest of system turn and first user turn: a longer conversation repeats a shorter one's answer.

    By it a record whose answer was mended stays where it stood in an earlier version: it is digested as it
    was uploaded, before anything is masked or made to fit a base model.
    """
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
    value: Mapping[str, Any],
    estimator: Estimator,
    group: bytes = b"",
    place: tuple[int, int] = (0, 0),
    media_tokens: int = 0,
    uploaded: Mapping[str, Any] | None = None,
) -> Record:
    """Make a record from a conversation that broke no rule; `media_tokens` is what it shows, in tokens.

    What it opens with is told by `uploaded`, where the conversation was masked or made to fit a base model:
    under another model or policy it is another record, and stays in its part all the same.
    """
    prompt, answer = conversation_texts(value)
    identity, _ = conversation_texts(value, _identity)
    folded_prompt, folded_answer = [folded(text) for text in identity], folded(answer)
    opening = [folded(text) for text in conversation_texts(uploaded or value, _identity)[0][:2]]
    return Record(
        line=write_record(value, "converse"),
        content_key=digest(NEXT_TURN.join([*folded_prompt, folded_answer]).encode() + _told(value, answer)),
        prompt_key=digest(NEXT_TURN.join(folded_prompt).encode()),
        opening_key=digest(NEXT_TURN.join(opening).encode()),
        prompt_tokens=estimator.estimate(NEXT_TURN.join(prompt)) + media_tokens,
        answer_tokens=estimator.estimate(answer),
        group=group,
        place=place,
    )


def conversation_texts(
    value: Mapping[str, Any], read: Callable[[Mapping[str, Any]], str] | None = None
) -> tuple[list[str], str]:
    """Read the texts of system, first turn, second turn and so on, and apart from them the final answer's.

    The answer is empty where the last turn is not the assistant's. `read` reads a block, `block_text` else.
    """
    turns = value["messages"]
    contents = [value.get("system", []), *(turn["content"] for turn in turns)]
    texts = [" ".join(map(read or block_text, content)) for content in contents]
    return (texts[:-1], texts[-1]) if turns[-1]["role"] == "assistant" else (texts, "")


def block_text(block: Mapping[str, Any]) -> str:
    """Read the text of a text block or of a reasoning block; an image or a video has none."""
    if "reasoningContent" in block:
        return str(block["reasoningContent"]["reasoningText"]["text"])
    return "" if any(kind in block for kind in KINDS) else str(block["text"])


def folded(text: str) -> str:
    """Fold Unicode (NFKC) and white space: what is equal then is a duplicate."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).split())


def digest(content: bytes) -> bytes:
    """Digest what records are compared by.

    XXH3 is no cryptographic hash. It need not be: whoever forges two records with one digest makes one of his
    own records count as a duplicate, and could have left it out.
    """
    return xxhash.xxh3_128_digest(content)


def _told(value: Mapping[str, Any], answer: str) -> bytes:
    """Spell what only the grader is told, the same for any order of its keys; empty where that is nothing.

    An answer is the reference of a record without one, so a reference that repeats it says nothing more.
    """
    told = {
        key: each
        for key, each in value.get(BESIDE, {}).items()
        if not (key == REFERENCE_KEY and each == answer)
    }
    return NEXT_TURN.encode() * 2 + msgspec.json.encode(told, order="deterministic") if told else b""


def _identity(block: Mapping[str, Any]) -> str:
    """Spell what a block says or shows; no text holds NUL, and none is empty."""
    for kind in KINDS:
        if kind in block:
            return f"{NEXT_TURN}{NEXT_TURN}{block[kind]['source']['s3Location']['uri']}"
    return block_text(block)
