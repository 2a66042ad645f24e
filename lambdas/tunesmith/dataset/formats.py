"""In which format does a record come, and in which does the base model want it? Five are read and written.

Within Tunesmith every record is a Converse conversation, and so is the blind test, which is asked through
Converse. Formats: the user guide's pages on preparing data for fine-tuning, and `rft-prepare-data` for the
prompts of a reinforcement. Such a prompt is an OpenAI chat with `reference_answer` and any further fields;
within Tunesmith it ends with a right answer, and what only the grader is told stands beside the turns. A text
to go on reading is a conversation with a single turn, the user's, and no answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

import msgspec

from tunesmith.catalogue import Model, RecordFormat, UploadFormat

SCHEMA_VERSION: Final = "bedrock-conversation-2024"
NEUTRAL_SYSTEM_TEXT: Final = "You are a helpful assistant."
PAIR_KEYS: Final = ("prompt", "completion")
TEXT_KEY: Final = "input"
REFERENCE_KEY: Final = "reference_answer"
"""What a reinforcement's grader holds an answer against; any JSON."""
RIGHT_KEY: Final = "right_answer"
"""The answer that a record gives beside a reference that is no answer itself."""
GRADER_KEY: Final = "grader"
"""Names the grader of a record; Bedrock hands it on with the other fields."""
BESIDE: Final = "beside"
"""Key of a conversation under which stands what only the grader is told."""
_RECORD_KEYS: Final = ("schemaVersion", "system", "messages", *PAIR_KEYS)
_ROLES: Final = ("user", "assistant")
_SYSTEM_ROLES: Final = ("system", "developer")

CHANGES: Final[Mapping[str, str]] = {
    "TC001": "The system text stands at the head of the prompt, before a blank line.",
    "TC002": "Earlier turns stand in the prompt, each behind its speaker's name.",
    "TC003": "The texts of a turn were joined by a line break.",
    "TC004": "The system texts were joined by a blank line.",
    "TC005": f'The model wants a system text, so "{NEUTRAL_SYSTEM_TEXT}" was put there.',
}
"""What is done to a record whose content a model's format cannot hold as it is; ids never change.

It is done to training, validation and blind test alike: what is asked is what was trained.
"""

_LINE_BREAKS: Final = {each.encode(): rb"\u%04x" % ord(each) for each in "\u0085\u2028\u2029"}
"""Characters that some readers take for the end of a line; JSON lets them be spelled out."""


def detect_format(value: Mapping[str, Any]) -> UploadFormat | None:
    """Tell a record's format by its keys; None where they fit several.

    A chat without a system text is spelled alike in Anthropic's and OpenAI's format, and read alike.
    """
    if "messages" not in value and any(key in value for key in PAIR_KEYS):
        return "prompt_completion"
    if "messages" not in value and TEXT_KEY in value:
        return "text"
    if "schemaVersion" in value:
        return "converse"
    if isinstance(value.get("system"), str):
        return "anthropic_messages"
    messages = value.get("messages")
    turns = messages if isinstance(messages, list) else []
    if any(isinstance(turn, dict) and turn.get("role") in _SYSTEM_ROLES for turn in turns):
        return "openai_chat"
    contents = [turn.get("content") for turn in turns if isinstance(turn, dict)]
    for content in [value.get("system"), *contents]:
        if isinstance(content, str):
            return "anthropic_messages"
        for block in content if isinstance(content, list) else []:
            if isinstance(block, dict):
                return "anthropic_messages" if "type" in block else "converse"
    return None


def as_conversation(value: Mapping[str, Any], record_format: UploadFormat) -> dict[str, Any]:
    """Spell a record as a Converse conversation; what is malformed stays malformed, for the rules to name."""
    if record_format == "prompt_completion":
        return {
            "messages": [
                {"role": "user", "content": _blocks(value.get("prompt"))},
                {"role": "assistant", "content": _blocks(value.get("completion"))},
            ]
        }
    if record_format == "text":
        return {"messages": [{"role": "user", "content": _blocks(value.get(TEXT_KEY))}]}
    if record_format == "converse":
        return dict(value)
    conversation = dict(value)
    # Beside a system of its own, which none may take the place of, a turn stays for the rules to name.
    lifts = record_format == "openai_chat" and not value.get("system")
    if lifts and isinstance(value.get("messages"), list):
        conversation.update(_lift_system(value["messages"]))
    elif "system" in value:
        conversation["system"] = [] if value["system"] == "" else _blocks(value["system"])
    if isinstance(value.get("messages"), list):
        conversation["messages"] = [
            {**turn, "content": _blocks(turn["content"])}
            if isinstance(turn, dict) and "content" in turn
            else turn
            for turn in conversation["messages"]
        ]
    return conversation


def _lift_system(messages: list[Any]) -> dict[str, Any]:
    """Take the system's turns from the head of a chat; further down one stays, for the rules to name."""
    system = list(
        takewhile(lambda turn: isinstance(turn, dict) and turn.get("role") in _SYSTEM_ROLES, messages)
    )
    blocks = [_blocks(turn.get("content")) for turn in system]
    texts = [block for found in blocks for block in (found if isinstance(found, list) else [found])]
    return {**({"system": texts} if system else {}), "messages": messages[len(system) :]}


def conversations(content: bytes) -> bytes:
    """Spell every line of a file that Tunesmith wrote, in any of the formats, as a Converse record."""
    values = (json.loads(line) for line in content.split(b"\n") if line)
    records = (split_prompt(value)[0] if REFERENCE_KEY in value else value for value in values)
    return b"".join(
        write_record(as_conversation(record, detect_format(record) or "converse"), "converse") + b"\n"
        for record in records
    )


def told_to_grader(value: Mapping[str, Any]) -> dict[str, Any]:
    """Take what of an uploaded prompt is no part of the record that its format knows."""
    return {key: each for key, each in value.items() if key not in _RECORD_KEYS}


def split_prompt(value: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a prompt of a reinforcement into the record that its format knows, and what the grader is told.

    Where the last turn is the user's, the right answer, or else the reference, follows as the assistant's.
    """
    beside = {key: _whole(each) for key, each in told_to_grader(value).items()}
    record = {key: each for key, each in value.items() if key in _RECORD_KEYS}
    right = beside.pop(RIGHT_KEY, beside.get(REFERENCE_KEY))
    messages = record.get("messages")
    if right is None or not isinstance(messages, list) or not messages:
        return record, beside
    last = messages[-1]
    if isinstance(last, Mapping) and last.get("role") == "user":
        text = reference_text(right)
        content = [{"text": text}] if isinstance(last.get("content"), list) else text
        record["messages"] = [*messages, {"role": "assistant", "content": content}]
    return record, beside


def reference_text(reference: Any) -> str:
    """Spell a reference as the text of an answer: what is no text, as compact JSON."""
    return reference if isinstance(reference, str) else msgspec.json.encode(reference).decode()


def write_prompt(conversation: Mapping[str, Any], grader: str = "") -> bytes:
    """Spell a conversation as a prompt of a reinforcement, compact and without a newline.

    `grader` names one of Tunesmith's own, which the record then tells; empty for a user's.
    """
    *asked, answered = conversation["messages"]
    system, answer = _joined(conversation.get("system", []), "\n\n"), _joined(answered["content"], "\n")
    beside = {REFERENCE_KEY: answer, **conversation.get(BESIDE, {})}
    if reference_text(beside[REFERENCE_KEY]) != answer:
        beside[RIGHT_KEY] = answer
    turns = [{"role": turn["role"], "content": _joined(turn["content"], "\n")} for turn in asked]
    written = {
        "messages": [*([{"role": "system", "content": system}] if system else []), *turns],
        **beside,
        **({GRADER_KEY: grader} if grader else {}),
    }
    return one_line(msgspec.json.encode(written))


def fit_record(value: Mapping[str, Any], model: Model) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Change a valid conversation so that the model's format holds it; give it and the ids of the changes."""
    system = list(value.get("system", []))
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in value["messages"]]
    changes: list[str] = []
    joins = model.record_format != "converse" or model.one_text_a_turn
    if joins:
        if any(len(turn["content"]) > 1 for turn in turns):
            changes.append("TC003")
        turns = [{**turn, "content": [{"text": _joined(turn["content"], "\n")}]} for turn in turns]
    if len(system) > 1 and (joins or model.one_system_text):
        system = [{"text": _joined(system, "\n\n")}]
        changes.append("TC004")
    if model.record_format == "prompt_completion":
        turns, folded = _pair(system, turns)
        system = []
        changes += folded
    elif model.one_question and len(turns) > len(_ROLES):
        turns, folded = _pair([], turns)
        changes += folded
    elif model.one_system_text and not system:
        system = [{"text": NEUTRAL_SYSTEM_TEXT}]
        changes.append("TC005")
    fitted = {**({"system": system} if system else {}), "messages": turns, **_beside(value)}
    return fitted, tuple(sorted(changes))


def write_record(value: Mapping[str, Any], record_format: RecordFormat) -> bytes:
    """Spell a conversation that `fit_record` made as a line of the format, compact and without a newline."""
    system, messages = value.get("system"), value["messages"]
    written: dict[str, Any]
    if record_format == "openai_chat":
        return write_prompt(value)
    if record_format == "prompt_completion":
        asked, answered = messages
        written = {"prompt": asked["content"][0]["text"], "completion": answered["content"][0]["text"]}
    elif record_format == "text":
        written = {TEXT_KEY: messages[0]["content"][0]["text"]}
    elif record_format == "anthropic_messages":
        turns = [{"role": turn["role"], "content": turn["content"][0]["text"]} for turn in messages]
        written = {**({"system": system[0]["text"]} if system else {}), "messages": turns}
    else:
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in messages]
        written = {
            "schemaVersion": SCHEMA_VERSION,
            **({"system": system} if system else {}),
            "messages": turns,
            **_beside(value),
        }
    return one_line(msgspec.json.encode(written))


def one_line(line: bytes) -> bytes:
    """Spell out what some readers take for the end of a line."""
    if not line.isascii():
        for character, spelled in _LINE_BREAKS.items():
            line = line.replace(character, spelled)
    return line


def _pair(
    system: list[dict[str, Any]], turns: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Fold system text and earlier turns into one prompt."""
    changes = []
    *earlier, asked, answered = turns
    prompt = asked["content"][0]["text"]
    if earlier:
        told = [f"{turn['role'].capitalize()}: {turn['content'][0]['text']}" for turn in [*earlier, asked]]
        prompt = "\n\n".join(told)
        changes.append("TC002")
    if system:
        prompt = f"{system[0]['text']}\n\n{prompt}"
        changes.append("TC001")
    return [{"role": "user", "content": [{"text": prompt}]}, answered], changes


def _beside(value: Mapping[str, Any]) -> dict[str, Any]:
    return {BESIDE: value[BESIDE]} if value.get(BESIDE) else {}


def _whole(value: Any) -> Any:
    """Make plain numbers of those that the rules read, whole ones of those without a fraction."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    return value


def _joined(blocks: list[dict[str, Any]], separator: str) -> str:
    return separator.join(block["text"] for block in blocks)


def _blocks(content: Any) -> Any:
    """Spell a content as Converse's blocks: `{"type": "text", "text": …}` loses its type."""
    if isinstance(content, str):
        return [{"text": content}]
    if not isinstance(content, list):
        return content
    return [
        {key: part for key, part in block.items() if key != "type"}
        if isinstance(block, dict) and block.get("type") == "text"
        else {str(block["type"]): block}
        if isinstance(block, dict) and "type" in block
        else block
        for block in content
    ]
