"""What becomes of a run's data? Groups, conflicts, split, leaks and the report, the same for any line order.

The cloud's function and the command call this one sequence, with the files that `check_file` gave them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from tunesmith.catalogue import Model
from tunesmith.dataset.assignment import (
    Assignment,
    Entry,
    Part,
    Place,
    group_names,
    join_groups,
    place_records,
)
from tunesmith.dataset.conflicts import Conflicts, find_conflicts, large_cluster_warning
from tunesmith.dataset.engine import CheckedFile, NearDuplicateFigures, with_problems
from tunesmith.dataset.leakage import find_leaks
from tunesmith.dataset.near_duplicates import LARGE_CLUSTER_SHARE, find_near_duplicates
from tunesmith.dataset.record_spool import Keys, Records, Rows, numbered
from tunesmith.dataset.records import Record, block_text, folded
from tunesmith.dataset.report import DataReport, Findings, Split, data_report
from tunesmith.dataset.rules import BRIDGING, OUTVOTED, RULES, UNDECIDED, Finding
from tunesmith.dataset.shingles import common_shingles
from tunesmith.dataset.text_spool import Texts, TextSpool
from tunesmith.job import Job

_KEY_DIGITS: Final = 32
_PARTS: Final[tuple[Part, ...]] = ("train", "validation", "test")
_GIVEN: Final[Mapping[str, Part | None]] = {"train": None, "validation": "validation", "test": "test"}
_MOVED: Final = (
    "The record stands in a file of your own for {given}, and an earlier version had it in {before}."
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the run works with; the assignment is to be kept with the project if the report says `valid`."""

    files: Mapping[str, CheckedFile]
    split: Split
    assignment: Assignment
    report: DataReport


def prepare(
    job: Job,
    model: Model,
    files: Mapping[str, CheckedFile],
    previous: Assignment | None = None,
    *,
    rejected_uri: str,
) -> Prepared:
    """Split what was checked, by role (train, validation, test), and judge it.

    `previous` is the project's assignment so far: what it placed never moves. A part that the user brought
    is taken as it is; what resembles it leaves the others.
    """
    dataset = _Dataset(files, has_groups=bool(job.data.group_key))
    try:
        return _prepare(job, model, dataset, previous, rejected_uri)
    finally:
        dataset.texts.close()


def look_closer(checked: CheckedFile) -> CheckedFile:
    """Add to a file what only its records together show: near-duplicates and conflicts."""
    with TextSpool(map(_text, checked.records.lines())) as texts:
        near = _near_figures(find_near_duplicates(texts).labels, texts)
    [prompts] = numbered(checked.records.prompt_keys)
    conflicts = find_conflicts(prompts, _Answers(checked.records), weights=checked.duplicates.copies)
    return replace(checked, near=near, conflicts=conflicts)


class _Dataset:
    """The records of all files, one after another: train, validation, test; a row is one record."""

    def __init__(self, files: Mapping[str, CheckedFile], *, has_groups: bool) -> None:
        self.files: dict[str, CheckedFile] = {role: files[role] for role in _PARTS if role in files}
        records = [checked.records for checked in self.files.values()]
        ends = np.cumsum([0, *map(len, records)]).tolist()
        self.ranges: dict[str, range] = {
            role: range(start, end) for role, start, end in zip(self.files, ends[:-1], ends[1:], strict=True)
        }
        self.texts = TextSpool(_text(line) for each in records for line in each.lines())
        self.prompts, self._openings = numbered(
            np.concatenate([each.prompt_keys for each in records]),
            np.concatenate([each.opening_keys for each in records]),
        )
        self.keys = _hexadecimal(np.concatenate([each.content_keys for each in records]))
        self._groups = np.concatenate([each.groups for each in records])
        self.clusters = find_near_duplicates(self.texts).labels
        # The user's own groups stand in for near-duplicates: templates may tie all of his customers together.
        tied = numbered(self._groups)[0] if has_groups else self.clusters
        self.groups = group_names(
            join_groups(self.prompts.tolist(), self._openings.tolist(), tied.tolist()), self.keys
        )

    def __len__(self) -> int:
        return len(self.keys)

    def role(self, row: int) -> str:
        """Tell which file a record stands in."""
        return next(role for role, rows in self.ranges.items() if row in rows)

    def record(self, row: int) -> Record:
        """Read a record."""
        role = self.role(row)
        return self.files[role].records[row - self.ranges[role].start]

    def conflicts(self, role: str) -> Conflicts:
        """Find the prompts of a file that have different answers."""
        rows = self.ranges[role]
        return find_conflicts(
            self.prompts[rows.start : rows.stop],
            _Answers(self.files[role].records),
            weights=self.files[role].duplicates.copies,
        )

    def repeated(self) -> set[int]:
        """List the records that a file further back holds too: test before validation before train."""
        seen: set[str] = set()
        found: set[int] = set()
        for row in reversed(range(len(self))):
            if self.keys[row] in seen:
                found.add(row)
            seen.add(self.keys[row])
        return found

    def entry(self, row: int, *, labels: bool) -> Entry:
        """Say what has to be known of a record to place it."""
        return Entry(
            key=self.keys[row],
            group=self.groups[row],
            label=_answer(self.record(row).line) if labels else "",
            lasting=_hexadecimal(self._groups[row : row + 1])[0] if self._groups[row].any() else "",
            given=_GIVEN[self.role(row)],
        )


def _prepare(
    job: Job, model: Model, dataset: _Dataset, previous: Assignment | None, rejected_uri: str
) -> Prepared:
    conflicts = {role: dataset.conflicts(role) for role in dataset.ranges}
    refused = _outvoted(conflicts["train"])
    repeated = dataset.repeated()
    rows = [row for row in range(len(dataset)) if row not in repeated and row not in refused]
    placement = place_records(
        [dataset.entry(row, labels=conflicts["train"].labels) for row in rows],
        previous,
        seed=job.seed,
        test_share=job.data.test_share,
        validation_share=job.data.validation_share,
    )
    placed: dict[int, Place] = dict(zip(rows, placement.places, strict=True))
    placed.update(dict.fromkeys(repeated, "left_out"))
    bridging = {
        row: _bridge(dataset, row, previous) for row, place in placed.items() if place == "quarantined"
    }
    leaks = _leaks(dataset.texts, placed)
    left = Counter(dataset.role(row) for row, place in placed.items() if place == "left_out")
    for part, rows in leaks.items():
        left[part] += len(rows)
        placed.update(dict.fromkeys(rows, "left_out"))
    split = _split(dataset, placed, left, job.seed)
    files = _told(dataset, conflicts, {**refused, **bridging})
    findings = Findings(
        near=_near_figures(dataset.clusters, dataset.texts),
        conflicts=conflicts["train"],
        bridging=len(bridging),
        leaked_train=len(leaks["train"]),
        leaked_validation=len(leaks["validation"]),
        proven=placement.proven,
        unproven_note=placement.note,
    )
    report = data_report(
        files,
        split,
        findings,
        model,
        seed=job.seed,
        rejected_uri=rejected_uri,
        strict=job.data.on_error == "strict",
    )
    return Prepared(files=files, split=split, assignment=placement.assignment, report=report)


def _outvoted(conflicts: Conflicts) -> dict[int, Finding]:
    """List the training records that contradict others; those of the user's own test are his word."""
    return {
        **{row: Finding(OUTVOTED, RULES[OUTVOTED].reason) for row in conflicts.outvoted},
        **{row: Finding(UNDECIDED, RULES[UNDECIDED].reason) for row in conflicts.quarantined},
    }


def _bridge(dataset: _Dataset, row: int, previous: Assignment | None) -> Finding:
    before = (previous or Assignment()).records.get(dataset.keys[row], "")
    if before in _PARTS:
        return Finding(BRIDGING, _MOVED.format(given=dataset.role(row), before=before))
    return Finding(BRIDGING, RULES[BRIDGING].reason)


def _leaks(texts: Sequence[str], placed: Mapping[int, Place]) -> dict[str, list[int]]:
    """Join validation and test exactly against train, and test against validation: who has to leave?"""
    rows: dict[str, list[int]] = {
        part: sorted(row for row, place in placed.items() if place == part) for part in _PARTS
    }
    if not rows["validation"] and not rows["test"]:
        return {"train": [], "validation": []}
    common = common_shingles(texts)

    def leaving(part: str, held_back: list[int]) -> list[int]:
        found = find_leaks(_Chosen(texts, held_back), _Chosen(texts, rows[part]), common=common)
        return [rows[part][index] for index in found.leaking()]

    return {
        "train": leaving("train", rows["test"] + rows["validation"]),
        "validation": leaving("validation", rows["test"]),
    }


def _split(dataset: _Dataset, placed: Mapping[int, Place], left: Mapping[str, int], seed: int) -> Split:
    def drawn(row: int) -> bytes:
        return hashlib.sha256(f"{seed}:{dataset.keys[row]}".encode()).digest()

    def part(name: str) -> Records:
        # A part comes from the user's own file, where he brought one, or else from the training file.
        role = name if name in dataset.files else "train"
        rows = sorted((row for row, place in placed.items() if place == name), key=drawn)
        return dataset.files[role].records.take([row - dataset.ranges[role].start for row in rows])

    parts = {name: part(name) for name in _PARTS}
    return Split(
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        left_train=left["train"],
        left_validation=left["validation"],
    )


def _told(
    dataset: _Dataset, conflicts: Mapping[str, Conflicts], quarantined: Mapping[int, Finding]
) -> dict[str, CheckedFile]:
    """Give each file its own figures and list what of it was quarantined."""
    told: dict[str, CheckedFile] = {}
    for role, rows in dataset.ranges.items():
        near = _near_figures(dataset.clusters[rows.start : rows.stop], _Chosen(dataset.texts, rows))
        listed = ((dataset.record(row), quarantined[row]) for row in rows if row in quarantined)
        told[role] = replace(with_problems(dataset.files[role], listed), near=near, conflicts=conflicts[role])
    return told


def _near_figures(labels: Rows, texts: Sequence[str]) -> NearDuplicateFigures:
    names, sizes = np.unique(labels, return_counts=True)
    place = int(sizes.argmax()) if sizes.size else 0
    largest = int(sizes.max(initial=0))
    large = largest > 1 and largest > LARGE_CLUSTER_SHARE * len(labels)
    members = np.flatnonzero(labels == names[place]).tolist() if large else []
    return NearDuplicateFigures(
        groups=int(np.count_nonzero(sizes > 1)),
        records=int(sizes[sizes > 1].sum()),
        largest=largest if largest > 1 else 0,
        warning=large_cluster_warning(members, texts),
    )


def _hexadecimal(keys: Keys) -> list[str]:
    return [f"{first:016x}{second:016x}" for first, second in keys.tolist()]


def _text(line: bytes) -> str:
    """Join the text of all turns; the system text, which records share, is left out."""
    turns = msgspec.json.decode(line)["messages"]
    text = "\n".join(block_text(block) for turn in turns for block in turn["content"])
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _answer(line: bytes) -> str:
    """Read the last turn without its reasoning, Unicode and white space folded."""
    blocks = msgspec.json.decode(line)["messages"][-1]["content"]
    return folded(" ".join(block["text"] for block in blocks if "text" in block))


class _Answers(Texts):
    """The answers of records, read when they are asked for."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def _at(self, index: int) -> str:
        return _answer(self._records.line(index))


class _Chosen(Texts):
    """Some of the texts, read when they are asked for."""

    def __init__(self, texts: Sequence[str], rows: Sequence[int]) -> None:
        self._texts, self._rows = texts, rows

    def __len__(self) -> int:
        return len(self._rows)

    def _at(self, index: int) -> str:
        return self._texts[self._rows[index]]
