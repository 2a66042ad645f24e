"""Converse records for tests, spelled short."""

from __future__ import annotations

import json
from typing import Any


def turn(role: str, *texts: str) -> dict[str, Any]:
    """A turn of text blocks."""
    return {"role": role, "content": [{"text": text} for text in texts]}


def conversation(*messages: Any, **keys: Any) -> dict[str, Any]:
    """A record of these turns; further keys stand beside them."""
    return {"schemaVersion": "bedrock-conversation-2024", "messages": list(messages), **keys}


def pair(prompt: str, answer: str, system: str = "") -> dict[str, Any]:
    """A record of one question and one answer."""
    keys = {"system": [{"text": system}]} if system else {}
    return conversation(turn("user", prompt), turn("assistant", answer), **keys)


def lines(*values: Any) -> bytes:
    """A JSONL file; bytes stand as they are, anything else as JSON."""
    return b"".join((v if isinstance(v, bytes) else json.dumps(v).encode()) + b"\n" for v in values)
