"""Which broken rules can be mended without touching what a record teaches? Done if `data.on_error` is `fix`.

A record is mended as a whole and judged again: what still breaks a rule then is rejected as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tunesmith.dataset.formats import SCHEMA_VERSION, TEXT_KEY

FIXES: Final[Mapping[str, str]] = {
    "TS008": "Keys that only describe a record or a turn, such as id or metadata, are left out; a system "
    "beside prompt and completion becomes the system.",
    "TS009": "schemaVersion is written as it should be.",
    "TS010": "A system of null is left out, one of text becomes a list of a block.",
    "TS013": "A system turn at the head becomes the system; human, ai and the like become user or assistant.",
    "TS014": "Turns of the user's in a row become one.",
    "TS017": "Content of text becomes a list of a block.",
    "TS018": "An empty text beside others is left out.",
    "TS022": "NUL is left out, half a character becomes U+FFFD.",
}
"""Rule to what mends it. No text is reworded, no turn dropped, no word added."""

_ROLES: Final[Mapping[str, str]] = {
    "user": "user",
    "human": "user",
    "customer": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}
_SYSTEM: Final = ("system", "developer")
_DESCRIBING: Final = frozenset(
    ("id", "_id", "uuid", "index", "meta", "metadata", "source", "name", "tags", "language", "timestamp")
)
"""Keys that say nothing to a model. Others may: tools, weights, a second answer."""


def mended(value: Mapping[str, Any]) -> dict[str, Any]:
    """Mend a Converse conversation wherever it can be; what cannot be mended stays as it is."""
    messages = value.get("messages")
    turns = [_turn(turn) for turn in messages] if isinstance(messages, list) else []
    system = _blocks(value.get("system") or [])
    while _is_system(turns) and isinstance(system, list):
        content = turns.pop(0).get("content")
        system = [*system, *(content if isinstance(content, list) else [content])]
    left_out = {*_DESCRIBING, "system", "messages"}
    found = {key: part for key, part in value.items() if key not in left_out}
    found["schemaVersion"] = SCHEMA_VERSION
    if system:
        found["system"] = system
    if "messages" in value:
        found["messages"] = _joined(turns) if isinstance(messages, list) else messages
    return found


def mended_text(value: Mapping[str, Any]) -> dict[str, Any]:
    """Mend a record of continued pre-training, in its own format."""
    found = {key: part for key, part in value.items() if key not in _DESCRIBING}
    if isinstance(found.get(TEXT_KEY), str):
        found[TEXT_KEY] = _clean(found[TEXT_KEY])
    return found


def _is_system(turns: list[Any]) -> bool:
    return bool(turns) and isinstance(turns[0], dict) and turns[0].get("role") in _SYSTEM


def _turn(turn: Any) -> Any:
    if not isinstance(turn, dict):
        return turn
    found = {key: part for key, part in turn.items() if key not in _DESCRIBING}
    role = found.get("role")
    if isinstance(role, str):
        found["role"] = _ROLES.get(role.strip().casefold(), role.strip().casefold())
    if "content" in found:
        found["content"] = _blocks(found["content"])
    return found


def _blocks(content: Any) -> Any:
    """Spell a content as blocks; empty texts are left out where others remain."""
    if isinstance(content, str):
        content = [{"text": content}]
    if not isinstance(content, list):
        return content
    blocks = [_block(block) for block in content]
    return [block for block in blocks if not _is_empty(block)] or blocks


def _block(block: Any) -> Any:
    if isinstance(block, dict) and isinstance(block.get("text"), str):
        return {**block, "text": _clean(block["text"])}
    return block


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_empty(block: Any) -> bool:
    return isinstance(block, dict) and isinstance(block.get("text"), str) and not block["text"].strip()


def _joined(turns: list[Any]) -> list[Any]:
    found: list[Any] = []
    for turn in turns:
        if found and _is_asked(found[-1]) and _is_asked(turn):
            found[-1] = {**found[-1], "content": [*found[-1]["content"], *turn["content"]]}
        else:
            found.append(turn)
    return found


def _is_asked(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("role") == "user" and isinstance(turn.get("content"), list)
