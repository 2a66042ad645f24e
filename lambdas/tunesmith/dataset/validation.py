"""Which lines of a file break which rule? Every line is judged; most are found valid by the fast path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.fast_path import FastPath, Valid
from tunesmith.dataset.fixes import FIXES, mended, mended_text
from tunesmith.dataset.formats import (
    BESIDE,
    PAIR_KEYS,
    as_conversation,
    detect_format,
    split_prompt,
    told_to_grader,
)
from tunesmith.dataset.json_objects import UnreadableLineError, read_object, spelled
from tunesmith.dataset.lines import BYTE_ORDER_MARK, Batch
from tunesmith.dataset.record_faults import find_faults, grader_faults
from tunesmith.dataset.records import digest
from tunesmith.dataset.rules import RULES, Finding


class Judged(NamedTuple):
    """A line that the rules have looked at."""

    number: int
    offset: int
    body: bytes
    findings: list[Finding]
    conversation: dict[str, Any] | None
    """What the line means, None where it broke a rule."""
    group: bytes
    """Digest of the user's group key, empty without one."""


class Validation:
    """Judges line after line, and knows the file's format once a line has shown it.

    With `mends` a line whose every broken rule has a fix is mended (see `fixes`) and judged again.
    """

    def __init__(
        self,
        model: Model,
        record_format: UploadFormat | None = None,
        group_key: str | None = None,
        *,
        mends: bool = False,
        known: UploadFormat | None = None,
    ) -> None:
        # What is known from earlier lines of the file may still change; what is given may not.
        self.format = record_format or known
        self._is_given = record_format is not None
        self._model = model
        self._group_path = group_key.split(".") if group_key else []
        self.fixed: Counter[str] = Counter()
        """Rule to the number of records that broke it and were mended."""
        self._mends = mends
        self._fast_paths: dict[UploadFormat, FastPath] = {}

    def judge(self, batch: Batch) -> Iterator[tuple[Batch, Valid, list[Judged]]]:
        """Judge a batch in one piece or more; of each give the valid lines, and those the rules looked at."""
        while batch.bodies:
            valid, left = self._read(batch)
            judged = []
            known = self.format
            for index in left:
                fault = batch.fault if index == len(batch.bodies) - 1 else None
                judged.append(
                    self.judge_line(batch.numbers[index], batch.offsets[index], batch.bodies[index], fault)
                )
                if self.format != known:
                    # What is behind has to be read anew.
                    yield batch, valid.before(index), judged
                    batch = batch.behind(index + 1)
                    break
            else:
                yield batch, valid, judged
                return

    def _read(self, batch: Batch) -> tuple[Valid, list[int]]:
        if self.format is None:
            return Valid("converse"), list(range(len(batch.bodies)))
        if self.format not in self._fast_paths:
            field = self._group_path[0] if self._group_path else ""
            self._fast_paths[self.format] = FastPath(self.format, self._model, field, self._raw_group)
        last = len(batch.bodies) - (batch.fault is not None)
        valid, left = self._fast_paths[self.format].read(batch.bodies[:last])
        return valid, [*left, *range(last, len(batch.bodies))]

    def judge_line(self, number: int, offset: int, body: bytes, fault: Finding | None = None) -> Judged:
        """Judge one line by the rules; `fault` says why it cannot be read, where it cannot."""
        findings: list[Finding] = []
        content = body
        if number == 1 and body.startswith(BYTE_ORDER_MARK):
            content = body.removeprefix(BYTE_ORDER_MARK)
            findings.append(Finding("TS002", RULES["TS002"].reason))
        if fault is not None:
            return Judged(number, offset, body, [*findings, fault], None, b"")
        value, group, faults = self._line(content)
        return Judged(number, offset, body, findings + faults, value, group)

    def _line(self, body: bytes) -> tuple[dict[str, Any] | None, bytes, list[Finding]]:
        """Read a line's record, None where it is none, and its group; list what is wrong with it."""
        if not body.strip():
            return None, b"", [Finding("TS001", RULES["TS001"].reason)]
        try:
            value = read_object(body)
        except UnreadableLineError as error:
            return None, b"", [error.finding]
        group, findings = self._take_group(value)
        beside: dict[str, Any] = {}
        if self._model.learns_by_reward:
            faults = grader_faults(told_to_grader(value))
            if faults:
                return None, b"", findings + faults
            value, beside = split_prompt(value)
        self._learn_format(value)
        findings += find_faults(value, self._model, self.format or "converse")
        conversation = as_conversation(value, self.format or "converse")
        if findings and self._mends and all(finding.rule in FIXES for finding in findings):
            found = self._mended(value, conversation)
            if found is not None:
                self.fixed.update(finding.rule for finding in findings)
                return _with(found, beside), group, []
        return (None, b"", findings) if findings else (_with(conversation, beside), group, [])

    def _mended(self, value: dict[str, Any], conversation: dict[str, Any]) -> dict[str, Any] | None:
        """Mend a record and give its conversation, if no rule is broken then."""
        if self.format == "text":
            text = mended_text(value)
            return None if find_faults(text, self._model, "text") else as_conversation(text, "text")
        if self.format == "prompt_completion":
            # A conversation has no place for them, and what is not seen is not judged.
            conversation |= {key: each for key, each in value.items() if key not in PAIR_KEYS}
        found = mended(conversation)
        return None if find_faults(found, self._model) else found

    def _learn_format(self, value: dict[str, Any]) -> None:
        """Take the first format that shows; a chat is OpenAI's once a system turn stands in it."""
        seen = detect_format(value)
        if self.format is None or (
            not self._is_given and (self.format, seen) == ("anthropic_messages", "openai_chat")
        ):
            self.format = seen

    def _take_group(self, value: dict[str, Any]) -> tuple[bytes, list[Finding]]:
        """Take the group key's field out of a record, and digest what stands there."""
        if not self._group_path:
            return b"", []
        found: Any = value.pop(self._group_path[0], None)
        for key in self._group_path[1:]:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, bool) or not isinstance(found, str | float) or found == "":
            path = ".".join(self._group_path)
            return b"", [Finding("TS025", f"{path}, the group key, is missing or neither text nor a number.")]
        return digest(spelled(found).encode()), []

    def _raw_group(self, field: bytes) -> bytes | None:
        """Digest the group key in its field's JSON; None where something is wrong with it."""
        try:
            value = read_object(b'{"":%b}' % field)
        except UnreadableLineError:
            return None
        group, findings = self._take_group({self._group_path[0]: value[""]})
        return None if findings else group


def _with(conversation: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    return conversation | {BESIDE: beside} if beside else conversation
