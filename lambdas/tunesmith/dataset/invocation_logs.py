"""Which record is an entry of Bedrock's model invocation log? What was asked and answered, as a conversation.

Entries as the user guide's page on model invocation logging has them; bodies as Converse and the native
requests of Anthropic, Amazon, Meta, Mistral and OpenAI spell them, streamed ones in a list of events.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tunesmith.dataset.formats import as_conversation, detect_format
from tunesmith.dataset.json_objects import UnreadableLineError, read_object
from tunesmith.dataset.lines import BYTE_ORDER_MARK, Line
from tunesmith.dataset.rules import Finding
from tunesmith.dataset.sensitive import masked_excerpt

_SCHEMA: Final = "ModelInvocationLog"
_NOT_WHOLE: Final = frozenset(
    {
        "max_tokens",
        "length",
        "model_context_window_exceeded",
        "guardrail_intervened",
        "content_filtered",
        "content_filter",
        "refusal",
        "malformed_model_output",
        "malformed_tool_use",
    }
)
"""Reasons to stop, in lower case, after which an answer is not what the model would have said."""
_LLAMA_TURN: Final = re.compile(
    r"<\|start_header_id\|>\s*(\w+)\s*<\|end_header_id\|>(.*?)(?:<\|eot_id\|>|<\|eom_id\|>|\Z)", re.DOTALL
)
_SHOWN: Final = 80


def is_log(value: Mapping[str, Any]) -> bool:
    """Tell whether a line's object is an entry of an invocation log."""
    return value.get("schemaType") == _SCHEMA


def read_logs(lines: Iterable[Line], group_key: str | None = None) -> Iterator[Line]:
    """Give each entry as a line of the Converse record that it means; other lines pass as they are.

    The group key's field is taken along, such as `requestMetadata.customer`. What makes an entry no record
    (TS045 to TS047) is its line's fault.
    """
    for line in lines:
        if line.fault is not None or not line.body.strip():
            yield line
            continue
        try:
            entry = read_object(line.body.removeprefix(BYTE_ORDER_MARK) if line.number == 1 else line.body)
        except UnreadableLineError:
            yield line  # the rules say what is wrong with it
            continue
        yield _read(line, entry, group_key) if is_log(entry) else line


def write_logs(records: Iterable[bytes], *, model_id: str) -> bytes:
    """Spell Converse records as a compressed log of a model's answers, for a distillation to learn from.

    It asks for the model, what was asked and what was answered; nothing else of an entry is made up.
    """
    entries = (_entry(json.loads(record), model_id) for record in records)
    return gzip.compress(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries), mtime=0)


def _entry(record: Mapping[str, Any], model_id: str) -> dict[str, Any]:
    *asked, answer = record["messages"]
    system = {"system": record["system"]} if "system" in record else {}
    return {
        "schemaType": _SCHEMA,
        "schemaVersion": "1.0",
        "operation": "Converse",
        "modelId": model_id,
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": {**system, "messages": asked},
        },
        "output": {
            "outputContentType": "application/json",
            "outputBodyJson": {"output": {"message": answer}, "stopReason": "end_turn"},
        },
    }


def logged_record(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Spell an entry as a Converse record; raises UnreadableLineError with the rule that it breaks."""
    if code := entry.get("errorCode"):
        raise UnreadableLineError("TS045", f"The call failed ({_shown(code)}), so there is no answer.")
    asked = _asked(_body(entry, "input"))
    answer, stopped = _answered(_body(entry, "output"))
    if str(stopped).lower() in _NOT_WHOLE:
        raise UnreadableLineError("TS046", f"The answer is not whole: it stopped for {_shown(stopped)}.")
    turn = {"role": "assistant", "content": answer}
    messages = asked.get("messages")
    return {**asked, "messages": [*(messages if isinstance(messages, list) else []), turn]}


def _read(line: Line, entry: Mapping[str, Any], group_key: str | None) -> Line:
    try:
        field = group_key.partition(".")[0] if group_key else ""
        beside = {field: entry[field]} if field in entry else {}
        # A byte order mark stays, for the rules to tell of it.
        mark = BYTE_ORDER_MARK if line.body.startswith(BYTE_ORDER_MARK) else b""
        return line._replace(body=mark + json.dumps({**logged_record(entry), **beside}).encode())
    except UnreadableLineError as error:
        return line._replace(fault=error.finding)
    except RecursionError:
        return line._replace(fault=Finding("TS047", "The entry is nested too deeply to be one of Bedrock's."))


def _body(entry: Mapping[str, Any], side: str) -> Any:
    """Find what was sent or came back; large bodies lie elsewhere."""
    part = entry.get(side)
    part = part if isinstance(part, dict) else {}
    body = part.get(f"{side}BodyJson")
    if body is None and (where := part.get(f"{side}BodyS3Path")):
        raise UnreadableLineError(
            "TS045",
            f"The {side} is too large for the log and lies in {_shown(where)}; only entries are read.",
        )
    if not isinstance(body, dict | list) or not body:
        raise UnreadableLineError("TS045", f"The entry has no {side}BodyJson, as if text was not logged.")
    return body


# --- what was asked


def _asked(body: Any) -> dict[str, Any]:
    """Spell a request as system and turns, whatever else it holds left out."""
    if isinstance(body, dict) and isinstance(body.get("messages"), list):
        value = {key: body[key] for key in ("system", "messages") if key in body}
        return as_conversation(value, detect_format(value) or "converse")
    if isinstance(body, dict) and isinstance(prompt := body.get("prompt", body.get("inputText")), str):
        return _prompted(prompt)
    raise UnreadableLineError("TS047", f"The request has no messages, prompt or inputText{_keys_of(body)}.")


def _prompted(prompt: str) -> dict[str, Any]:
    """Take a prompt as it is, or apart where it is in Llama's own template."""
    turns = [(role, text.strip()) for role, text in _LLAMA_TURN.findall(prompt)]
    if not turns:
        return {"messages": [_turn("user", prompt)]}
    if turns[-1] == ("assistant", ""):
        turns.pop()
    system = [{"text": text} for role, text in turns if role == "system"]
    messages = [_turn(role, text) for role, text in turns if role != "system"]
    return {**({"system": system} if system else {}), "messages": messages}


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"text": text}]}


# --- what was answered


def _answered(body: Any) -> tuple[list[Any], object]:
    """Spell an answer as Converse blocks, and tell why it stopped."""
    if isinstance(body, list):
        return _streamed([event for event in body if isinstance(event, dict)])
    match body:
        case {"output": {"message": {"content": list(content)}}}:
            return [_unsigned(block) for block in content], body.get("stopReason")
        case {"content": list(content)}:
            return [_from_anthropic(block) for block in content], body.get("stop_reason")
    text, stopped = _text_of(body)
    if text is None:
        raise UnreadableLineError("TS047", f"The answer is of no known shape{_keys_of(body)}.")
    return [{"text": text.strip()}], stopped


def _text_of(body: Any) -> tuple[str | None, object]:
    """Read the text of the answers, or parts of them, that hold nothing else."""
    match body:
        case {"generation": str(text)}:
            return text, body.get("stop_reason")
        case {"outputText": str(text)}:
            return text, body.get("completionReason")
        case {"results": [{"outputText": str(text), **rest}]}:
            return text, rest.get("completionReason")
        case {"outputs": [{"text": str(text), **rest}]}:
            return text, rest.get("stop_reason")
        case {"choices": [{"message": {"content": str(text)}, **rest}]}:
            return text, rest.get("finish_reason")
        case {"choices": [{"delta": dict(delta), **rest}]}:
            return str(delta.get("content") or ""), rest.get("finish_reason")
    return None, None


def _streamed(events: Sequence[Mapping[str, Any]]) -> tuple[list[Any], object]:
    """Join the events of a stream: those of Converse and Nova, of Anthropic, or pieces of text."""
    texts: dict[str, list[str]] = {"reasoning": [], "text": []}
    stopped: object = None
    known = False
    for event in events:
        kind, piece, reason = _event(event)
        known = known or bool(kind or reason)
        stopped = reason or stopped
        if kind:
            texts[kind].append(piece)
    if not known:
        raise UnreadableLineError("TS047", "The answer is a list of events of no known shape.")
    reasoning, text = "".join(texts["reasoning"]), "".join(texts["text"])
    blocks = [{"reasoningContent": {"reasoningText": {"text": reasoning}}}] if reasoning else []
    return [*blocks, {"text": text.strip()}], stopped


def _event(event: Mapping[str, Any]) -> tuple[str, str, object]:
    match event:
        case {"contentBlockDelta": {"delta": {"text": str(text)}}}:
            return "text", text, None
        case {"contentBlockDelta": {"delta": {"reasoningContent": {"text": str(text)}}}}:
            return "reasoning", text, None
        case {"messageStop": {"stopReason": reason}}:
            return "", "", reason
        case {"type": "content_block_delta", "delta": {"text": str(text)}}:
            return "text", text, None
        case {"type": "content_block_delta", "delta": {"thinking": str(text)}}:
            return "reasoning", text, None
        case {"type": "message_delta", "delta": {"stop_reason": reason}}:
            return "", "", reason
    piece, reason = _text_of(event)
    return ("", "", reason) if piece is None else ("text", piece, reason)


def _from_anthropic(block: Any) -> Any:
    match block:
        case {"type": "text", "text": text}:
            return {"text": text}
        case {"type": "thinking", "thinking": text}:
            return {"reasoningContent": {"reasoningText": {"text": text}}}
        case {"type": kind}:
            return {str(kind): block}
    return block


def _unsigned(block: Any) -> Any:
    """Leave out a reasoning's signature, which no training file may hold."""
    match block:
        case {"reasoningContent": {"reasoningText": {"text": text}}}:
            return {"reasoningContent": {"reasoningText": {"text": text}}}
    return block


def _keys_of(body: Any) -> str:
    return f" but {_shown(', '.join(map(str, body)))}" if isinstance(body, dict) else ""


def _shown(value: object) -> str:
    return masked_excerpt(str(value), _SHOWN)
