"""What is wrong with a file, line by line? A streaming pass that gives records and every problem."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.conflicts import Conflicts
from tunesmith.dataset.duplicates import Duplicates, drop_duplicates
from tunesmith.dataset.fast_path import Valid
from tunesmith.dataset.intake import TAKEN_BYTES, Intake
from tunesmith.dataset.lines import Batch, cut_batches
from tunesmith.dataset.media import Shelf
from tunesmith.dataset.record_spool import Records
from tunesmith.dataset.rules import RULES, Finding
from tunesmith.dataset.sensitive import KINDS, MARGIN, Policy, find_sensitive, masked_excerpt
from tunesmith.dataset.sources import holds_lines, read_source
from tunesmith.dataset.tokens import estimator_for
from tunesmith.dataset.validation import Judged, Validation

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
    dropped: int = 0
    """Records that were dropped because one like them was kept."""


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
    fixed: Mapping[str, int]
    """Rule to the number of valid records that broke it and were mended (see `fixes.FIXES`)."""
    policy: Policy
    """What is done about sensitive data."""
    sensitive: Mapping[str, int]
    """Kind (see `sensitive.KINDS`), the gravest first, to how often it was found; refused records count."""
    sensitive_records: int
    """Records in which any was found."""
    estimate_error: str
    """What is known of the error of token figures."""
    showing: Mapping[str, int]
    """Image or video to the number of valid records that show any."""
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
            "fixed": dict(self.fixed),
            "showing": dict(self.showing),
            "by_rule": dict(self.by_rule),
            "problems": [
                {"line": each.line, "offset": each.offset, "rule": each.rule, "reason": each.reason}
                for each in self.problems
            ],
            "duplicates": {
                "exact": self.duplicates.exact,
                "near": self.near.records if self.near else None,
                "near_groups": self.near.groups if self.near else None,
                "near_dropped": self.near.dropped if self.near else 0,
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
    mends: bool = False,
    shelf: Shelf | None = None,
) -> CheckedFile:
    """Check every record of a file, given in pieces of any size, against a base model's rules.

    What the file may be, and what `columns` says of a table, `read_source` tells. Without a format the first
    record that shows one decides.
    `group_key` is the dotted path of a field that stands beside the record's own; its first part is dropped.
    `sensitive` says what becomes of sensitive data; `mends`, that lines are mended where `fixes` can. Where
    images and videos lie, the `shelf` knows; without one they are not looked for.
    Memory holds one line, some 90 bytes a valid record and the first problems; the records' lines
    wait in a temporary file.
    """
    whole = Pass(model, record_format, group_key, sensitive, mends=mends, shelf=shelf)
    whole.run(read_source(chunks, file=file, columns=columns, group_key=group_key))
    return whole.checked(file)


def shown_format(
    head: bytes, model: Model, record_format: UploadFormat | None, group_key: str | None
) -> UploadFormat | None:
    """Tell the format of a file of plain lines by its first whole ones; None where they do not tell."""
    head = head[: head.rfind(b"\n") + 1]
    if not holds_lines(head):
        return None
    validation = Validation(model, record_format, group_key)
    for batch in cut_batches([head]):
        for _ in validation.judge(batch):
            pass
    return validation.format


class Pass:
    """One pass over the lines of a file, or of a part of it that another pass is joined to."""

    def __init__(
        self,
        model: Model,
        record_format: UploadFormat | None,
        group_key: str | None,
        sensitive: Policy,
        *,
        mends: bool = False,
        known: UploadFormat | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._model = model
        self._policy: Policy = sensitive
        self._told = _Told()
        self._validation = Validation(model, record_format, group_key, mends=mends, known=known)
        self._intake = Intake(model, sensitive, group_key, shelf)

    @property
    def format(self) -> UploadFormat | None:
        """The format that the lines have shown so far."""
        return self._validation.format

    def run(self, batches: Iterable[Batch]) -> None:
        """Judge lines and take in the valid ones."""
        judged: list[Judged] = []
        valid: list[tuple[Batch, Valid]] = []
        waiting = 0
        for whole in batches:
            for batch, found, looked_at in self._validation.judge(whole):
                judged += looked_at
                valid.append((batch, found))
            waiting += sum(map(len, whole.bodies))
            if waiting >= TAKEN_BYTES:
                self._take(judged, valid)
                judged, valid, waiting = [], [], 0
        self._take(judged, valid)

    def _take(self, judged: list[Judged], valid: list[tuple[Batch, Valid]]) -> None:
        self._told.add([*map(self._intake.take, judged), *self._intake.take_all(valid)])

    def join(self, later: Pass) -> None:
        """Add what a pass over the lines behind has found."""
        self._validation.format = later.format
        self._validation.fixed.update(later._validation.fixed)
        self._intake.join(later._intake)
        self._told.join(later._told)

    def state(self) -> tuple[Any, ...]:
        """Give what has to be known of the pass elsewhere, without the lines of the spool."""
        return self._validation.format, self._validation.fixed, self._intake.state(), self._told

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take over the state of this very pass, which ran in a process forked from this one."""
        self._validation.format, self._validation.fixed, intake, self._told = state
        self._intake.restore(intake)

    def checked(self, file: str) -> CheckedFile:
        """Sum up."""
        intake, told = self._intake, self._told
        different, duplicates = drop_duplicates(Records(intake.spool))
        return CheckedFile(
            file=file,
            read=len(intake.spool) + told.rejected,
            valid=len(intake.spool),
            records=different,
            problems=tuple(told.problems),
            by_rule=dict(sorted(told.by_rule.items())),
            duplicates=duplicates,
            format=self.format or self._model.record_format,
            changes=dict(sorted(intake.changes.items())),
            fixed=dict(sorted(self._validation.fixed.items())),
            policy=self._policy,
            showing=dict(sorted(intake.showing.items())),
            sensitive={kind: intake.sensitive[kind] for kind in KINDS if intake.sensitive[kind]},
            sensitive_records=intake.sensitive_records,
            estimate_error=estimator_for(self._model.family).error,
            stopped=told.stopped,
        )


class _Told:
    """What is wrong with the lines so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.by_rule: Counter[str] = Counter()
        self.rejected = 0
        self.stopped = ""

    def add(self, lines: Iterable[Judged]) -> None:
        """Tell of lines, in their order in the file."""
        for line in sorted(lines, key=lambda line: line.number):
            self.rejected += any(RULES[finding.rule].severity == "error" for finding in line.findings)
            for finding in line.findings:
                self.by_rule[finding.rule] += 1
                if finding.rule in _ENDS_THE_FILE:
                    self.stopped = finding.reason
                if len(self.problems) < MOST_PROBLEMS:
                    excerpt = _excerpt(line.body)
                    self.problems.append(Problem(line.number, line.offset, *finding, excerpt))

    def join(self, later: _Told) -> None:
        """Add what is wrong with the lines behind."""
        self.problems += later.problems[: MOST_PROBLEMS - len(self.problems)]
        self.by_rule.update(later.by_rule)
        self.rejected += later.rejected
        self.stopped = self.stopped or later.stopped


def with_problems(checked: CheckedFile, records: Records, findings: Sequence[Finding]) -> CheckedFile:
    """Add what is wrong with valid records, a finding to each, to a file's problems, ordered by line.

    As many are listed as there is room for, the first in the file; all are counted.
    """
    places = records.places()
    room = max(0, MOST_PROBLEMS - len(checked.problems))
    listed = sorted(range(len(places)), key=places.__getitem__)[:room]
    told = zip(listed, records.take(listed).lines(), strict=True)
    problems = [Problem(*places[index], *findings[index], _excerpt(line)) for index, line in told]
    ordered = sorted([*checked.problems, *problems], key=lambda each: (each.line, each.rule))
    by_rule = Counter(checked.by_rule) + Counter(finding.rule for finding in findings)
    return replace(checked, problems=tuple(ordered), by_rule=dict(sorted(by_rule.items())))


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
