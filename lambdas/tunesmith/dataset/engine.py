"""What is wrong with a file, line by line? A streaming pass that gives records and every problem."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.conflicts import Conflicts
from tunesmith.dataset.duplicates import Duplicates, drop_duplicates
from tunesmith.dataset.formats import as_conversation, detect_format, fit_record
from tunesmith.dataset.lines import BYTE_ORDER_MARK, Line
from tunesmith.dataset.record_spool import Records, RecordSpool
from tunesmith.dataset.records import Record, digest, make_record
from tunesmith.dataset.rules import (
    RULES,
    Finding,
    UnreadableLineError,
    find_faults,
    read_object,
)
from tunesmith.dataset.sensitive import (
    KINDS,
    MARGIN,
    Policy,
    find_sensitive,
    masked_excerpt,
    screen_conversation,
)
from tunesmith.dataset.sources import read_source
from tunesmith.dataset.tokens import estimator_for

EXCERPT_CHARACTERS: Final = 120
MOST_PROBLEMS: Final = 100_000
"""Problems of a file that are held and listed; the rest is counted by rule."""
_ENDS_THE_FILE: Final = ("TS027", "TS028", "TS041", "TS042")
_ESCAPE: Final = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_ESCAPED: Final = {'"': '"', "\\": "\\", "/": "/"}
"""JSON's short escapes that stand for something that is seen; the others are white space."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: line from 1, byte offset of the line from 0, and the start of what stands there."""

    line: int
    offset: int
    rule: str
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class NearDuplicateFigures:
    """Records that say nearly the same as others, by groups of two and more."""

    groups: int
    records: int
    largest: int
    warning: str
    """Set where one group holds more than 5 % of the records, with an example."""


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """A file as the rules see it."""

    file: str
    read: int
    """Lines that hold anything; blank ones are no records."""
    valid: int
    records: Records
    """Valid records without exact duplicates, in an order that the lines' order does not change."""
    problems: tuple[Problem, ...]
    """The first MOST_PROBLEMS of them."""
    by_rule: Mapping[str, int]
    """Rule to the number of all its problems."""
    duplicates: Duplicates
    format: UploadFormat
    near: NearDuplicateFigures | None = None
    """None where nobody looked."""
    conflicts: Conflicts | None = None
    """None where nobody looked; `duplicates` counts the prompts in any case."""
    changes: Mapping[str, int]
    """Change (see `formats.CHANGES`) to the number of valid records that were changed so to fit the model."""
    policy: Policy
    """What is done about sensitive data."""
    sensitive: Mapping[str, int]
    """Kind (see `sensitive.KINDS`), the gravest first, to how often it was found; refused records count."""
    sensitive_records: int
    """Records in which any was found."""
    estimate_error: str
    """What is known of the error of token figures."""
    stopped: str = ""
    """Why the file could not be read to its end; empty where it was."""

    @property
    def lists_all(self) -> bool:
        """Tell whether every problem is held, and none merely counted."""
        return sum(self.by_rule.values()) == len(self.problems)

    @property
    def rejected(self) -> int:
        """Lines that broke a rule whose severity is error."""
        return self.read - self.valid

    def to_json(self) -> dict[str, Any]:
        """Spell the result as `tunesmith check --json` does; token figures count each duplicate once."""
        tokens = self.records.tokens
        return {
            "file": self.file,
            "records": self.read,
            "valid": self.valid,
            "rejected": self.rejected,
            "format": self.format,
            "changes": dict(self.changes),
            "by_rule": dict(self.by_rule),
            "problems": [
                {"line": each.line, "offset": each.offset, "rule": each.rule, "reason": each.reason}
                for each in self.problems
            ],
            "duplicates": {
                "exact": self.duplicates.exact,
                "near": self.near.records if self.near else None,
                "near_groups": self.near.groups if self.near else None,
                "near_note": self.near.warning if self.near else "",
                "conflicts": self.duplicates.conflicts,
                "conflict_note": self.conflicts.note if self.conflicts else "",
                "ceiling": self.conflicts.ceiling if self.conflicts else None,
            },
            "sensitive": {
                "policy": self.policy,
                "records": self.sensitive_records,
                "found": dict(self.sensitive),
            },
            "tokens": {
                "total": int(tokens.sum()),
                "max": int(tokens.max(initial=0)),
                "estimate_error": self.estimate_error,
            },
        }


def check_file(
    chunks: Iterable[bytes],
    model: Model,
    *,
    file: str,
    record_format: UploadFormat | None = None,
    group_key: str | None = None,
    columns: Mapping[str, str] | None = None,
    sensitive: Policy = "report",
) -> CheckedFile:
    """Check every record of a file, given in pieces of any size, against a base model's rules.

    What the file may be, and what `columns` says of a table, `read_source` tells. Without a format the first
    record that shows one decides.
    `group_key` is the dotted path of a field that stands beside the record's own; its first part is dropped.
    `sensitive` says what becomes of sensitive data. Memory holds one line, some 90 bytes a valid record and
    the first problems; the records' lines wait in a temporary file.
    """
    records = RecordSpool()
    problems: list[Problem] = []
    by_rule: Counter[str] = Counter()
    check = _LineCheck(model, record_format, group_key, sensitive)
    read = 0
    stopped = ""
    for line in read_source(chunks, file=file, columns=columns, group_key=group_key):
        record, findings = check.check(line)
        for finding in findings:
            by_rule[finding.rule] += 1
            if finding.rule in _ENDS_THE_FILE:
                stopped = finding.reason
            if len(problems) < MOST_PROBLEMS:
                problems.append(Problem(line.number, line.offset, *finding, _excerpt(line.body)))
        read += record is not None or any(RULES[finding.rule].severity == "error" for finding in findings)
        if record is not None:
            records.append(record)
    different, duplicates = drop_duplicates(Records(records))
    return CheckedFile(
        file=file,
        read=read,
        valid=len(records),
        records=different,
        problems=tuple(problems),
        by_rule=dict(sorted(by_rule.items())),
        duplicates=duplicates,
        format=check.format or model.record_format,
        changes=dict(sorted(check.changes.items())),
        policy=sensitive,
        sensitive={kind: check.sensitive[kind] for kind in KINDS if check.sensitive[kind]},
        sensitive_records=check.sensitive_records,
        estimate_error=estimator_for(model.family).error,
        stopped=stopped,
    )


def with_problems(checked: CheckedFile, records: Records, findings: Sequence[Finding]) -> CheckedFile:
    """Add what is wrong with valid records, a finding to each, to a file's problems, ordered by line."""
    told = zip(records.places(), findings, records.lines(), strict=True)
    problems = [Problem(*place, *finding, _excerpt(line)) for place, finding, line in told]
    ordered = sorted([*checked.problems, *problems], key=lambda each: (each.line, each.rule))
    by_rule = Counter(checked.by_rule) + Counter(problem.rule for problem in problems)
    return replace(checked, problems=tuple(ordered), by_rule=dict(sorted(by_rule.items())))


class _LineCheck:
    """Checks line after line, and knows the file's format once a line has shown it."""

    def __init__(
        self, model: Model, record_format: UploadFormat | None, group_key: str | None, policy: Policy
    ) -> None:
        self.format = record_format
        self._is_given = record_format is not None
        self.changes: Counter[str] = Counter()
        self.sensitive: Counter[str] = Counter()
        self.sensitive_records = 0
        self._model = model
        self._estimator = estimator_for(model.family)
        self._policy: Policy = policy
        self._group_path = group_key.split(".") if group_key else []

    def check(self, line: Line) -> tuple[Record | None, list[Finding]]:
        """Read a line as a record, None where it is none, and list what is wrong with it."""
        body = line.body
        warnings: list[Finding] = []
        if line.number == 1 and body.startswith(BYTE_ORDER_MARK):
            body = body.removeprefix(BYTE_ORDER_MARK)
            warnings.append(Finding("TS002", RULES["TS002"].reason))
        if line.fault is not None:
            return None, [*warnings, line.fault]
        if not body.strip():
            return None, [*warnings, Finding("TS001", RULES["TS001"].reason)]
        try:
            value = read_object(body)
        except UnreadableLineError as error:
            return None, [*warnings, error.finding]
        group, findings = self._take_group(value)
        self._learn_format(value)
        findings += find_faults(value, self._model, self.format or "converse")
        if findings:
            return None, [*warnings, *findings]
        screening = screen_conversation(as_conversation(value, self.format or "converse"), self._policy)
        self.sensitive.update(screening.found)
        self.sensitive_records += bool(screening.found)
        if screening.refused:
            kinds = ", ".join(KINDS[kind] for kind in KINDS if kind in screening.found)
            refused = f"The record holds what data.sensitive refuses: {kinds}."
            return None, [*warnings, Finding("TS026", refused)]
        fitted, changes = fit_record(screening.value, self._model)
        self.changes.update(changes)
        return make_record(fitted, self._estimator, group, (line.number, line.offset)), warnings

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
        return digest(json.dumps(found).encode()), []


def _excerpt(body: bytes) -> str:
    """Quote the start of a line with everything sensitive masked, also what JSON's escapes hide."""
    start = body[: 4 * (EXCERPT_CHARACTERS + MARGIN)].decode("utf-8", errors="replace")
    start = start.strip("\ufeff \t\r")[: EXCERPT_CHARACTERS + MARGIN]
    meant = _ESCAPE.sub(_unescaped, start)
    excerpt = masked_excerpt(meant if find_sensitive(meant) else start, EXCERPT_CHARACTERS)
    return "".join(c if c.isprintable() else "\ufffd" for c in excerpt)


def _unescaped(escape: re.Match[str]) -> str:
    code, short = escape.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(short, " ")
