"""Which rules does a record break? One small check for each, and its first place in the record.

Sources: the user guides' pages on preparing data; what differs between models is data in the catalogue. A
record of another format is checked as the conversation that it means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.formats import PAIR_KEYS, TEXT_KEY, as_conversation, detect_format
from tunesmith.dataset.json_objects import named, shown
from tunesmith.dataset.media import KINDS, block_faults, record_faults
from tunesmith.dataset.records import NEXT_TURN, block_text
from tunesmith.dataset.rules import Finding
from tunesmith.dataset.tokens import HEAVIEST, estimator_for
from tunesmith.suggestions import did_you_mean

MOST_LEVELS: Final = 32
"""Deepest nesting of what a grader is told."""
_MOST_EXACT: Final = 2.0**53


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
            return [Finding("TS029", f"{shown(field)} {reason}.")]
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
            state = f"is {named(value[key])}, not text" if key in value else "is missing"
            yield Finding("TS024", f"{key} {state}.")
        if wrong:
            return
    yield from _faults(as_conversation(value, record_format), model)


def _text_record_faults(value: Mapping[str, Any], model: Model) -> Iterator[Finding]:
    yield from _unknown_keys(value, (TEXT_KEY,), "a record of continued pre-training")
    text = value.get(TEXT_KEY)
    if not isinstance(text, str):
        state = f"is {named(text)}, not text" if TEXT_KEY in value else "is missing"
        yield Finding("TS048", f"{TEXT_KEY} {state}.")
        return
    yield from _text_faults(text, TEXT_KEY, model, prompt=True)
    yield from _token_faults(["", text, ""], model)


def _faults(value: Mapping[str, Any], model: Model) -> Iterator[Finding]:
    yield from _unknown_keys(value, ("schemaVersion", "system", "messages"), "the record")
    version = value.get("schemaVersion", "")
    if not isinstance(version, str):
        yield Finding("TS009", f"schemaVersion is {named(version)}, not text.")
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
        yield Finding("TS010", f"system is {named(system)}; allowed is a list of text blocks.")
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
        yield Finding("TS012", f"Turn {number} is {named(turn)}, not an object with a role and content.")
        return
    yield from _unknown_keys(turn, ("role", "content"), place)
    missing = [key for key in ("role", "content") if key not in turn]
    if missing:
        yield Finding("TS012", f"Turn {number} has no {' and no '.join(missing)}.")
    role = turn.get("role")
    if "role" in turn and role not in ("user", "assistant"):
        hint = "; put it into system" if role == "system" else ""
        yield Finding("TS013", f"The role of turn {number} is {shown(role)}, not user or assistant{hint}.")
    if "content" in turn:
        yield from _content_faults(turn["content"], role, place, model)


def _content_faults(content: Any, role: Any, place: str, model: Model) -> Iterator[Finding]:
    if not isinstance(content, list) or not content:
        hint = '; write [{"text": "…"}]' if isinstance(content, str) else ""
        yield Finding("TS017", f"The content of {place} is {named(content)}, not a list of blocks{hint}.")
        return
    for block in content:
        yield from _block_faults(block, role, place, model)
    if role == "assistant" and all(isinstance(b, dict) and "reasoningContent" in b for b in content):
        yield Finding("TS018", f"The answer in {place} has reasoning but no text.")


def _block_faults(block: Any, role: Any, place: str, model: Model) -> Iterator[Finding]:
    if not isinstance(block, dict) or not block:
        yield Finding("TS019", f"A block of {place} is {named(block)}, not an object with text.")
        return
    kind = next(iter(block))
    if "text" in block and isinstance(block["text"], str):
        yield from _unknown_keys(block, ("text",), f"a block of {place}")
        yield from _text_faults(block["text"], place, model, prompt=role != "assistant")
    elif kind == "reasoningContent" and role == "assistant" and model.reasoning:
        yield from _reasoning_faults(block, place, model)
    elif kind == "text":
        yield Finding("TS019", f"The text of a block of {place} is {named(block['text'])}, not text.")
    elif kind in model.media and role == "user":
        yield from (Finding(*fault) for fault in block_faults(block, kind, place, model))
    elif kind in KINDS and role == "user":
        reads = " and ".join(("text", *(f"{each}s" for each in model.media)))
        only = reads if model.media else "text only"
        yield Finding("TS019", f"A block of {place} is of kind {kind}; {model.title} reads {only} here.")
    else:
        allowed = "text or reasoningContent" if role == "assistant" and model.reasoning else "text"
        yield Finding("TS019", f"A block of {place} is of kind {shown(kind)}; allowed there is {allowed}.")


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
    key = next((key for key in value if key not in known), None)
    if key is not None:
        # The first alone is told, and a line of 4 MiB may have 200,000.
        hint = did_you_mean(key, known)
        yield Finding("TS008", f"The key {shown(key)} does not belong in {place}{hint}.")


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
