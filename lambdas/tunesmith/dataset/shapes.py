"""How does a plainly valid line look in each format? Types that JSON is read into without a detour.

A line that fits no type may be valid all the same: the rules then tell. What fits may still break rules that
no type can spell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.formats import SCHEMA_VERSION


class TextBlock(Struct, forbid_unknown_fields=True, gc=False):
    """A block of text."""

    text: str


class ReasoningText(Struct, forbid_unknown_fields=True, gc=False):
    """What Nova 2 may reason."""

    text: str


class Reasoning(Struct, forbid_unknown_fields=True, gc=False):
    """Reasoning in its wrapping."""

    reasoningText: ReasoningText  # noqa: N815 (Converse's name)


class AnswerBlock(Struct, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """A block of text or of reasoning."""

    text: str | UnsetType = UNSET
    reasoningContent: Reasoning | UnsetType = UNSET  # noqa: N815 (Converse's name)


class Turn(Struct, forbid_unknown_fields=True, gc=False):
    """A turn of text blocks."""

    role: Literal["user", "assistant"]
    content: list[TextBlock]


class ReasoningTurn(Struct, forbid_unknown_fields=True, gc=False):
    """A turn of text blocks and reasoning."""

    role: Literal["user", "assistant"]
    content: list[AnswerBlock]


class Converse(Struct, forbid_unknown_fields=True, gc=False):
    """A conversation of texts."""

    schemaVersion: str | UnsetType = UNSET  # noqa: N815 (Converse's name)
    system: list[TextBlock] | UnsetType = UNSET
    messages: list[Turn] = []


class ReasoningConverse(Struct, forbid_unknown_fields=True, gc=False):
    """A conversation of texts and reasoning."""

    schemaVersion: str | UnsetType = UNSET  # noqa: N815 (Converse's name)
    system: list[TextBlock] | UnsetType = UNSET
    messages: list[ReasoningTurn] = []


class AskingTurn(Struct, forbid_unknown_fields=True, gc=False):
    """A user's turn of one text block."""

    role: Literal["user"]
    content: tuple[TextBlock]


class AnsweringTurn(Struct, forbid_unknown_fields=True, gc=False):
    """An assistant's turn of one text block."""

    role: Literal["assistant"]
    content: tuple[TextBlock]


class ConversePair(Struct, forbid_unknown_fields=True, gc=False):
    """A conversation as most are: a question and its answer, one block everywhere."""

    schemaVersion: str | UnsetType = UNSET  # noqa: N815 (Converse's name)
    system: tuple[TextBlock] | UnsetType = UNSET
    messages: tuple[AskingTurn, AnsweringTurn] | UnsetType = UNSET


class Message(Struct, forbid_unknown_fields=True, gc=False):
    """A turn of one text, as Anthropic and OpenAI spell it."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str


class AnthropicMessages(Struct, forbid_unknown_fields=True, gc=False):
    """A conversation in Anthropic's format."""

    messages: list[Message]
    system: str | UnsetType = UNSET


class OpenaiChat(Struct, forbid_unknown_fields=True, gc=False):
    """A conversation in OpenAI's format."""

    messages: list[Message]


class PromptCompletion(Struct, forbid_unknown_fields=True, gc=False):
    """A pair."""

    prompt: str
    completion: str


class TextRecord(Struct, forbid_unknown_fields=True, gc=False):
    """A text to learn from."""

    input: str


Shown: TypeAlias = tuple[list[str], int, bool]
"""A line with which nothing shows to be wrong: its texts, the system's (empty without one) and each turn's;
how many strings the JSON has, keys and texts; and whether each text is one block. A plain tuple, since a
named one costs as much as reading the JSON."""


class Shape(NamedTuple):
    """How lines of a format are read."""

    decode: Callable[[bytes], Any]
    """Raises msgspec.DecodeError or UnicodeDecodeError."""
    show: Callable[[Any], Shown | None]
    """None where a closer look is needed."""


def commonest_shape(record_format: UploadFormat, group_field: str = "") -> Shape | None:
    """Choose how the commonest lines of a format are read, in less time; None where there are none."""
    if record_format != "converse" or group_field:
        return None
    return Shape(msgspec.json.Decoder(ConversePair).decode, _show_converse_pair)


def shape_of(record_format: UploadFormat, model: Model, group_field: str = "") -> Shape:
    """Choose how a format's lines are read; the group's field, where there is one, is kept raw as `group`."""
    kind, show = _SHAPES[record_format]
    if record_format == "converse" and model.reasoning:
        kind, show = ReasoningConverse, _show_reasoning
    if group_field:
        kind = msgspec.defstruct(
            f"Grouped{kind.__name__}",
            [("group", Raw)],
            bases=(kind,),
            rename={"group": group_field},
            kw_only=True,
            forbid_unknown_fields=True,
            gc=False,
        )
    return Shape(msgspec.json.Decoder(kind).decode, show)


def is_converse(value: Any) -> bool:
    """Tell whether a line's value, each text of which is one block, is spelled as `as_converse` would."""
    return isinstance(value, ConversePair) and value.schemaVersion == SCHEMA_VERSION


def as_converse(texts: Sequence[str]) -> Converse:
    """Spell a system text and the turns' as a conversation, whose fields stand in Converse's order.

    The answer of a text to learn from is empty, and no turn.
    """
    return Converse(
        schemaVersion=SCHEMA_VERSION,
        system=[TextBlock(texts[0])] if texts[0] else UNSET,
        messages=[Turn(_ROLES[place & 1], [TextBlock(text)]) for place, text in enumerate(texts[1:]) if text],
    )


_ROLES: Final[tuple[Literal["user"], Literal["assistant"]]] = ("user", "assistant")


def _show_converse_pair(value: ConversePair) -> Shown | None:
    if value.messages is UNSET:
        return None
    asked, answered = value.messages
    prompt, answer = asked.content[0].text, answered.content[0].text
    if not prompt or not answer or prompt.isspace() or answer.isspace():
        return None
    strings = 11 if value.schemaVersion is UNSET else 13
    if value.system is UNSET:
        return ["", prompt, answer], strings, True
    system = value.system[0].text
    if not system or system.isspace():
        return None
    return [system, prompt, answer], strings + 3, True


def _show_converse(value: Converse) -> Shown | None:
    turns = value.messages
    if not turns or len(turns) & 1:
        return None
    strings = 1 if value.schemaVersion is UNSET else 3
    system: list[TextBlock] = [] if value.system is UNSET else value.system
    if value.system is not UNSET:
        strings += 1 + 2 * len(system)
    if _any_empty(system):
        return None
    whole = len(system) < 2
    texts = [" ".join([block.text for block in system])]
    for turn, wanted in zip(turns, cycle(_ROLES), strict=False):
        if turn.role != wanted or not turn.content or _any_empty(turn.content):
            return None
        texts.append(" ".join([block.text for block in turn.content]))
        strings += 3 + 2 * len(turn.content)
        whole = whole and len(turn.content) == 1
    return texts, strings, whole


def _any_empty(blocks: list[TextBlock]) -> bool:
    return any(not block.text or block.text.isspace() for block in blocks)


def _show_reasoning(value: ReasoningConverse) -> Shown | None:
    """Take reasoning for text, and count what that leaves out of the JSON."""
    strings = 0
    turns = []
    for turn in value.messages:
        blocks = []
        texts = 0
        for block in turn.content:
            if block.text is not UNSET:
                if block.reasoningContent is not UNSET:
                    return None
                texts += 1
                blocks.append(TextBlock(block.text))
            elif block.reasoningContent is UNSET or turn.role == "user":
                return None
            else:
                blocks.append(TextBlock(block.reasoningContent.reasoningText.text))
                strings += 2
        if not texts:
            return None
        turns.append(Turn(turn.role, blocks))
    shown = _show_converse(Converse(value.schemaVersion, value.system, turns))
    return None if shown is None else (shown[0], shown[1] + strings, shown[2])


def _show_messages(value: AnthropicMessages) -> Shown | None:
    if value.system is UNSET:
        return _show_turns("", value.messages, 1)
    if value.system.isspace():
        return None
    return _show_turns(value.system, value.messages, 3)


def _show_chat(value: OpenaiChat) -> Shown | None:
    turns = value.messages
    if turns and turns[0].role in ("system", "developer"):
        text = turns[0].content
        return None if not text or text.isspace() else _show_turns(text, turns[1:], 5)
    return _show_turns("", turns, 1)


def _show_turns(system: str, turns: list[Message], strings: int) -> Shown | None:
    if not turns or len(turns) & 1:
        return None
    texts = [system]
    for turn, wanted in zip(turns, cycle(_ROLES), strict=False):
        text = turn.content
        if turn.role != wanted or not text or text.isspace():
            return None
        texts.append(text)
    return texts, strings + 4 * len(turns), True


def _show_pair(value: PromptCompletion) -> Shown | None:
    texts = ["", value.prompt, value.completion]
    if not value.prompt or not value.completion or value.prompt.isspace() or value.completion.isspace():
        return None
    return texts, 4, True


def _show_text(value: TextRecord) -> Shown | None:
    text = value.input
    return None if not text or text.isspace() else (["", text, ""], 2, True)


_SHAPES: Final[dict[UploadFormat, tuple[type[Struct], Callable[[Any], Shown | None]]]] = {
    "converse": (Converse, _show_converse),
    "anthropic_messages": (AnthropicMessages, _show_messages),
    "openai_chat": (OpenaiChat, _show_chat),
    "prompt_completion": (PromptCompletion, _show_pair),
    "text": (TextRecord, _show_text),
}
