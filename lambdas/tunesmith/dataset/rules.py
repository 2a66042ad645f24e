"""Which rules must a line obey? One small check each, with a stable id, a severity and a reason.

Sources: the user guides' pages on preparing data; what differs between models is data in the catalogue. A
record of another format is checked as the conversation that it means.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple, NoReturn

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.formats import PAIR_KEYS, TEXT_KEY, as_conversation, detect_format
from tunesmith.dataset.media import KINDS, block_faults, record_faults
from tunesmith.dataset.records import NEXT_TURN, block_text
from tunesmith.dataset.sensitive import masked_excerpt
from tunesmith.dataset.tokens import HEAVIEST, estimator_for
from tunesmith.suggestions import did_you_mean

MAX_LINE_BYTES: Final = 4 << 20
"""Longest line that is read. 32,000 tokens of 4 characters take 1.5 MB, if JSON spells each in 12 bytes."""

MOST_LEVELS: Final = 32
"""Deepest nesting of what a grader is told."""
_MOST_EXACT: Final = 2.0**53
_MOST_DIGITS: Final = 15
"""Decimal digits by which a float tells all numbers apart."""

OUTVOTED: Final = "TQ001"
UNDECIDED: Final = "TQ002"
BRIDGING: Final = "TQ003"
NEAR: Final = "TQ004"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's id, which never changes, and what breaking it means.

    An error rejects the line; a quarantine keeps a valid record out of every part of the split.
    """

    id: str
    severity: Literal["error", "warning", "quarantine"]
    reason: str


class Finding(NamedTuple):
    """A broken rule and the reason in one sentence about this line."""

    rule: str
    reason: str


RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rule in (
        Rule("TS001", "warning", "The line is blank; it is left out."),
        Rule("TS002", "warning", "The file starts with a byte order mark, which is left out."),
        Rule("TS003", "error", "The line is not UTF-8 text."),
        Rule("TS004", "error", "The line is not valid JSON."),
        Rule("TS005", "error", "The line is JSON but no object."),
        Rule("TS006", "error", "A key stands twice in one object, so one of its values would be lost."),
        Rule("TS007", "error", "The line is longer than any record can be."),
        Rule("TS008", "error", "A key does not belong to the record format."),
        Rule("TS009", "error", "schemaVersion is not text."),
        Rule("TS010", "error", "system is not a list of text blocks."),
        Rule("TS011", "error", "messages is missing or not a list of turns."),
        Rule("TS012", "error", "A turn is not an object with a role and content."),
        Rule("TS013", "error", "A role is neither user nor assistant."),
        Rule("TS014", "error", "The roles do not alternate."),
        Rule("TS015", "error", "The first turn is not the user's."),
        Rule("TS016", "error", "The last turn is not the assistant's."),
        Rule("TS017", "error", "Content is not a list with at least one block."),
        Rule("TS018", "error", "A text is empty."),
        Rule("TS019", "error", "A block is of a kind that may not stand there."),
        Rule("TS020", "error", "A word that the model reserves stands in the record."),
        Rule("TS021", "error", "The record has more tokens than the model trains on."),
        Rule("TS022", "error", "A text holds half a character (a lone surrogate) or a NUL."),
        Rule("TS023", "error", "The record is in another format than the file."),
        Rule("TS024", "error", "prompt or completion is missing or no text."),
        Rule("TS025", "error", "The group key is missing or neither text nor a number."),
        Rule("TS026", "error", "The record holds something sensitive, and data.sensitive is refuse."),
        Rule("TS027", "error", "The file is of another kind than it should be; nothing of it is read."),
        Rule("TS028", "error", "The compressed file cannot be read to its end; what is behind is unknown."),
        Rule("TS029", "error", "What a grader is told cannot be handed to it as it is."),
        Rule("TS030", "error", "An image or a video is not given by its S3 location, as Converse has it."),
        Rule("TS031", "error", "An image or a video has a format that the model does not read."),
        Rule("TS032", "error", "The S3 location of an image or a video is not well-formed."),
        Rule("TS033", "error", "The record shows more images or videos than the model takes."),
        Rule("TS034", "error", "The record shows both images and videos."),
        Rule("TS035", "error", "An image or a video does not lie in the project's folder, or is another's."),
        Rule("TS036", "error", "The object of an image or a video does not exist."),
        Rule("TS037", "error", "The object of an image or a video is empty or larger than the model takes."),
        Rule("TS040", "error", "The row of a table has more or fewer cells than its header."),
        Rule("TS041", "error", "The header of a table lacks a column that a record needs; nothing is read."),
        Rule("TS042", "error", "A quote in a table is never closed; nothing behind it is read."),
        Rule("TS043", "warning", "The columns of a table are separated by semicolons or tabs, and read so."),
        Rule("TS044", "error", "The row of a table is not quoted as CSV has it."),
        Rule(
            "TS045", "error", "The logged call failed, or the log does not hold what was asked or answered."
        ),
        Rule("TS046", "error", "The logged answer was cut off or withheld."),
        Rule("TS047", "error", "The logged request or answer has a shape that is not known."),
        Rule("TS048", "error", "input, the text to learn from, is missing or no text."),
        Rule("TS049", "error", "The record is of another kind of tuning than the job's."),
        Rule(OUTVOTED, "quarantine", "Two thirds of the records with this prompt give another answer."),
        Rule(
            UNDECIDED, "quarantine", "Records with this prompt disagree, without two thirds for one answer."
        ),
        Rule(BRIDGING, "quarantine", "The record ties parts together that an earlier version set apart."),
        Rule(NEAR, "quarantine", "Another record says nearly the same, and data.near_duplicates is drop."),
    )
}


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
        raise UnreadableLineError("TS005", f"The line is {_named(value)}, not an object in braces.")
    return value


def spelled(value: str | float) -> str:
    """Spell a text or a number of a line as JSON, so that no two different ones are spelled alike."""
    return value.written if isinstance(value, _LongNumber) else json.dumps(value)


def find_faults(
    value: Mapping[str, Any], model: Model, record_format: UploadFormat = "converse"
) -> list[Finding]:
    """List every rule that a record breaks for a base model, each rule once, with its first place."""
    found: dict[str, Finding] = {}
    for finding in _format_faults(value, model, record_format):
        found.setdefault(finding.rule, finding)
    return list(found.values())


def grader_faults(told: Mapping[str, Any]) -> list[Finding]:
    """Say what of a prompt's further fields JSON cannot hand on unchanged, the first place only."""
    left = [(part, 1, key) for key, value in told.items() for part in (key, value)]
    while left:
        value, depth, field = left.pop()
        inner: Sequence[Any] = ()
        if isinstance(value, dict):
            inner = [*value, *value.values()]
        elif isinstance(value, list):
            inner = value
        reason = ""
        if depth > MOST_LEVELS:
            reason = f"is nested more than {MOST_LEVELS} levels deep"
        elif isinstance(value, str) and not _encodable(value):
            reason = "holds half a character (a lone surrogate)"
        elif isinstance(value, float) and not abs(value) <= _MOST_EXACT:
            reason = "holds a number with more digits than JSON's readers keep; write it as text"
        if reason:
            return [Finding("TS029", f"{_shown(field)} {reason}.")]
        left += [(each, depth + 1, field) for each in inner]
    return []


def reserved_words_in(text: str, model: Model) -> list[str]:
    """List the words that the model reserves and that stand in a text, in any case."""
    folded = text.casefold()
    return [word for word in model.reserved_words if word.casefold() in folded]


def too_many_tokens(texts: Sequence[str], model: Model) -> list[tuple[str, int, int]]:
    """List which of record, prompt and answer have too many tokens, with their estimate and what is allowed.

    The last text is the answer.
    """
    estimate = estimator_for(model.family).estimate
    parts = (
        ("The record", texts, model.tokens_per_record),
        ("The prompt", texts[:-1], model.tokens_per_prompt),
        ("The answer", texts[-1:], model.tokens_per_answer),
    )
    found = []
    for what, part, most in parts:
        if most is None or HEAVIEST * (sum(map(len, part)) + len(part)) <= most:
            continue
        tokens = estimate(NEXT_TURN.join(part))
        if tokens > most:
            found.append((what, tokens, most))
    return found


# --- reading


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
        raise UnreadableLineError("TS006", f"The key {_shown(twice)} stands twice in one object.")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableLineError("TS004", f"Not valid JSON: {name} is no JSON value.")


# --- the record


def _format_faults(value: Mapping[str, Any], model: Model, record_format: UploadFormat) -> Iterator[Finding]:
    seen = detect_format(value)
    chats = record_format == "openai_chat" and seen == "anthropic_messages" and "system" not in value
    if not chats and seen not in (None, record_format):
        yield Finding("TS023", f"The record is in the format {seen}, the file in {record_format}.")
        return
    if (record_format == "text") != (model.record_format == "text"):
        wanted = '{"input": "…"}' if model.record_format == "text" else "a question and its answer"
        yield Finding("TS049", f"The record is in the format {record_format}; wanted is {wanted}.")
        return
    if record_format == "text":
        yield from _text_record_faults(value, model)
        return
    if record_format == "prompt_completion":
        yield from _unknown_keys(value, PAIR_KEYS, "the record")
        wrong = [key for key in PAIR_KEYS if not isinstance(value.get(key), str)]
        for key in wrong:
            state = f"is {_named(value[key])}, not text" if key in value else "is missing"
            yield Finding("TS024", f"{key} {state}.")
        if wrong:
            return
    yield from _faults(as_conversation(value, record_format), model)


def _text_record_faults(value: Mapping[str, Any], model: Model) -> Iterator[Finding]:
    yield from _unknown_keys(value, (TEXT_KEY,), "a record of continued pre-training")
    text = value.get(TEXT_KEY)
    if not isinstance(text, str):
        state = f"is {_named(text)}, not text" if TEXT_KEY in value else "is missing"
        yield Finding("TS048", f"{TEXT_KEY} {state}.")
        return
    yield from _text_faults(text, TEXT_KEY, model, prompt=True)
    yield from _token_faults(["", text, ""], model)


def _faults(value: Mapping[str, Any], model: Model) -> Iterator[Finding]:
    yield from _unknown_keys(value, ("schemaVersion", "system", "messages"), "the record")
    version = value.get("schemaVersion", "")
    if not isinstance(version, str):
        yield Finding("TS009", f"schemaVersion is {_named(version)}, not text.")
    yield from _system_faults(value.get("system", []), model)
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages:
        state = "is missing" if "messages" not in value else "must be a list with at least two turns"
        yield Finding("TS011", f"messages {state}.")
        return
    for number, turn in enumerate(messages, start=1):
        yield from _turn_faults(turn, number, model)
    yield from (Finding(*fault) for fault in record_faults(value, model))
    roles = [turn.get("role") if isinstance(turn, dict) else None for turn in messages]
    if all(role in ("user", "assistant") for role in roles):
        yield from _order_faults(roles)
    yield from _length_faults(value, model)


def _length_faults(value: Mapping[str, Any], model: Model) -> Iterator[Finding]:
    texts = [" ".join(_block_texts(value.get("system")))]
    texts += [
        " ".join(_block_texts(turn.get("content"))) for turn in value["messages"] if isinstance(turn, dict)
    ]
    yield from _token_faults(texts, model)


def _token_faults(texts: Sequence[str], model: Model) -> Iterator[Finding]:
    for what, tokens, most in too_many_tokens(texts, model):
        yield Finding(
            "TS021",
            f"{what} has about {tokens:,} tokens (estimated); {model.title} trains on at most {most:,}.",
        )


def _system_faults(system: Any, model: Model) -> Iterator[Finding]:
    if not isinstance(system, list):
        yield Finding("TS010", f"system is {_named(system)}; allowed is a list of text blocks.")
        return
    for block in system:
        if not isinstance(block, dict) or not isinstance(block.get("text"), str):
            yield Finding("TS010", 'A block of system is not of the form {"text": "…"}.')
            continue
        yield from _unknown_keys(block, ("text",), "a block of system")
        yield from _text_faults(block["text"], "system", model, prompt=True)


def _turn_faults(turn: Any, number: int, model: Model) -> Iterator[Finding]:
    place = f"turn {number}"
    if not isinstance(turn, dict):
        yield Finding("TS012", f"Turn {number} is {_named(turn)}, not an object with a role and content.")
        return
    yield from _unknown_keys(turn, ("role", "content"), place)
    missing = [key for key in ("role", "content") if key not in turn]
    if missing:
        yield Finding("TS012", f"Turn {number} has no {' and no '.join(missing)}.")
    role = turn.get("role")
    if "role" in turn and role not in ("user", "assistant"):
        hint = "; put it into system" if role == "system" else ""
        yield Finding("TS013", f"The role of turn {number} is {_shown(role)}, not user or assistant{hint}.")
    if "content" in turn:
        yield from _content_faults(turn["content"], role, place, model)


def _content_faults(content: Any, role: Any, place: str, model: Model) -> Iterator[Finding]:
    if not isinstance(content, list) or not content:
        hint = '; write [{"text": "…"}]' if isinstance(content, str) else ""
        yield Finding("TS017", f"The content of {place} is {_named(content)}, not a list of blocks{hint}.")
        return
    for block in content:
        yield from _block_faults(block, role, place, model)
    if role == "assistant" and all(isinstance(b, dict) and "reasoningContent" in b for b in content):
        yield Finding("TS018", f"The answer in {place} has reasoning but no text.")


def _block_faults(block: Any, role: Any, place: str, model: Model) -> Iterator[Finding]:
    if not isinstance(block, dict) or not block:
        yield Finding("TS019", f"A block of {place} is {_named(block)}, not an object with text.")
        return
    kind = next(iter(block))
    if "text" in block and isinstance(block["text"], str):
        yield from _unknown_keys(block, ("text",), f"a block of {place}")
        yield from _text_faults(block["text"], place, model, prompt=role != "assistant")
    elif kind == "reasoningContent" and role == "assistant" and model.reasoning:
        yield from _reasoning_faults(block, place, model)
    elif kind == "text":
        yield Finding("TS019", f"The text of a block of {place} is {_named(block['text'])}, not text.")
    elif kind in model.media and role == "user":
        yield from (Finding(*fault) for fault in block_faults(block, kind, place, model))
    elif kind in KINDS and role == "user":
        reads = " and ".join(("text", *(f"{each}s" for each in model.media)))
        only = reads if model.media else "text only"
        yield Finding("TS019", f"A block of {place} is of kind {kind}; {model.title} reads {only} here.")
    else:
        allowed = "text or reasoningContent" if role == "assistant" and model.reasoning else "text"
        yield Finding("TS019", f"A block of {place} is of kind {_shown(kind)}; allowed there is {allowed}.")


def _reasoning_faults(block: Mapping[str, Any], place: str, model: Model) -> Iterator[Finding]:
    content = block["reasoningContent"]
    if (
        len(block) > 1
        or not isinstance(content, dict)
        or set(content) != {"reasoningText"}
        or not isinstance(content["reasoningText"], dict)
        or set(content["reasoningText"]) != {"text"}
        or not isinstance(content["reasoningText"]["text"], str)
    ):
        yield Finding(
            "TS019", f'Reasoning in {place} is not of the form {{"reasoningText": {{"text": "…"}}}}.'
        )
        return
    yield from _text_faults(content["reasoningText"]["text"], place, model, prompt=False)


def _text_faults(text: str, place: str, model: Model, *, prompt: bool) -> Iterator[Finding]:
    if not text.strip():
        yield Finding("TS018", f"A text in {place} is empty.")
    if "\0" in text or not _encodable(text):
        yield Finding("TS022", f"A text in {place} holds half a character (a lone surrogate) or a NUL.")
    if prompt or model.reserved_in_answers:
        for word in reserved_words_in(text, model):
            yield Finding(
                "TS020", f"The reserved word {word!r} stands in {place}; it would fail the job, so reword it."
            )


def _order_faults(roles: list[Any]) -> Iterator[Finding]:
    for number, (before, after) in enumerate(pairwise(roles), start=1):
        if before == after:
            yield Finding("TS014", f"Turns {number} and {number + 1} are both the {before}'s.")
    if roles[0] != "user":
        yield Finding("TS015", f"The first turn is the {roles[0]}'s, not the user's.")
    if roles[-1] != "assistant":
        yield Finding("TS016", "The last turn is the user's: there is no answer to learn from.")


def _unknown_keys(value: Mapping[str, Any], known: tuple[str, ...], place: str) -> Iterator[Finding]:
    for key in value:
        if key not in known:
            yield Finding(
                "TS008", f"The key {_shown(key)} does not belong in {place}{did_you_mean(key, known)}."
            )


def _block_texts(content: Any) -> Iterator[str]:
    """Give every text of a content that has one where it belongs; what is malformed counts nothing."""
    for block in content if isinstance(content, list) else []:
        try:
            yield block_text(block)
        except (KeyError, TypeError):
            continue


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _named(value: Any) -> str:
    """Name a JSON value's kind, as it reads in a sentence."""
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "true or false", float: "a number", _LongNumber: "a number", str: "text"}
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    return names[type(value)]


def _shown(value: Any) -> str:
    """Quote a key or a role, shortened; what is sensitive in it is not repeated."""
    if not isinstance(value, str):
        return _named(value)
    text = repr(masked_excerpt(value, 80))
    return text if len(text) <= 40 else text[:37] + "...'"
