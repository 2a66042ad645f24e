"""What becomes of a run's data? Groups, conflicts, split, leaks and the report, the same for any line order.

The cloud's function and the command call this one sequence, with the files that `check_file` gave them.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

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
from tunesmith.dataset.comparison import Comparison, SpooledComparison
from tunesmith.dataset.conflicts import Conflicts, find_conflicts, large_cluster_warning
from tunesmith.dataset.engine import CheckedFile, NearDuplicateFigures, with_problems
from tunesmith.dataset.near_duplicates import LARGE_CLUSTER_SHARE
from tunesmith.dataset.record_spool import Keys, Records, Rows, numbered
from tunesmith.dataset.report import DataReport, Findings, Split, data_report
from tunesmith.dataset.rules import BRIDGING, OUTVOTED, RULES, UNDECIDED, Finding
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
    comparison: Comparison | None = None,
) -> Prepared:
    """Split what was checked, by role (train, validation, test), and judge it.

    `previous` is the project's assignment so far: what it placed never moves. A part that the user brought
    is taken as it is; what resembles it leaves the others. Without a `comparison` this process compares.
    """
    files = {role: files[role] for role in _PARTS if role in files}
    comparison = comparison or SpooledComparison({role: checked.records for role, checked in files.items()})
    dataset = _Dataset(files, comparison, has_groups=bool(job.data.group_key))
    return _prepare(job, model, dataset, previous, rejected_uri)


def look_closer(checked: CheckedFile) -> CheckedFile:
    """Add to a file what only its records together show: near-duplicates and conflicts."""
    comparison = SpooledComparison({"train": checked.records})
    near = _near_figures(comparison.clusters(), range(len(checked.records)), comparison)
    [prompts] = numbered(checked.records.prompt_keys)
    conflicts = find_conflicts(prompts, comparison.answers("train"), weights=checked.duplicates.copies)
    return replace(checked, near=near, conflicts=conflicts)


class _Dataset:
    """The records of all files, one after another: train, validation, test; a row is one record."""

    def __init__(self, files: Mapping[str, CheckedFile], comparison: Comparison, *, has_groups: bool) -> None:
        self.files = files
        self.comparison = comparison
        self.answers = {role: comparison.answers(role) for role in files}
        records = [checked.records for checked in self.files.values()]
        ends = np.cumsum([0, *map(len, records)]).tolist()
        self.ranges: dict[str, range] = {
            role: range(start, end) for role, start, end in zip(self.files, ends[:-1], ends[1:], strict=True)
        }
        self.prompts, self._openings = numbered(
            np.concatenate([each.prompt_keys for each in records]),
            np.concatenate([each.opening_keys for each in records]),
        )
        self.keys = _hexadecimal(np.concatenate([each.content_keys for each in records]))
        self._groups = np.concatenate([each.groups for each in records])
        self.clusters = comparison.clusters()
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

    def conflicts(self, role: str) -> Conflicts:
        """Find the prompts of a file that have different answers."""
        rows = self.ranges[role]
        return find_conflicts(
            self.prompts[rows.start : rows.stop],
            self.answers[role],
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
        role = self.role(row)
        return Entry(
            key=self.keys[row],
            group=self.groups[row],
            label=self.answers[role][row - self.ranges[role].start] if labels else "",
            lasting=_hexadecimal(self._groups[row : row + 1])[0] if self._groups[row].any() else "",
            given=_GIVEN[role],
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
    leaks = _leaks(dataset.comparison, placed)
    left = Counter(dataset.role(row) for row, place in placed.items() if place == "left_out")
    for part, rows in leaks.items():
        left[part] += len(rows)
        placed.update(dict.fromkeys(rows, "left_out"))
    split = _split(dataset, placed, left, job)
    files = _told(dataset, conflicts, {**refused, **bridging})
    findings = Findings(
        near=_near_figures(dataset.clusters, range(len(dataset)), dataset.comparison),
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
        most_rejected=0 if job.data.on_error == "strict" else job.data.max_rejected_share,
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


def _leaks(comparison: Comparison, placed: Mapping[int, Place]) -> dict[str, list[int]]:
    """Join validation and test exactly against train, and test against validation: who has to leave?"""
    rows: dict[str, list[int]] = {
        part: sorted(row for row, place in placed.items() if place == part) for part in _PARTS
    }
    return {
        "train": comparison.leaking(rows["train"], rows["test"] + rows["validation"]),
        "validation": comparison.leaking(rows["validation"], rows["test"]),
    }


def _split(dataset: _Dataset, placed: Mapping[int, Place], left: Mapping[str, int], job: Job) -> Split:
    def drawn(row: int) -> bytes:
        return hashlib.sha256(f"{job.seed}:{dataset.keys[row]}".encode()).digest()

    def part(name: str) -> Records:
        # A part comes from the user's own file, where he brought one, or else from the training file.
        role = name if name in dataset.files else "train"
        return dataset.files[role].records.take([row - dataset.ranges[role].start for row in rows[name]])

    rows: dict[str, list[int]] = {
        name: sorted((row for row, place in placed.items() if place == name), key=drawn) for name in _PARTS
    }
    parts = {name: part(name) for name in _PARTS}
    return Split(
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        test_groups=[dataset.groups[row] for row in rows["test"]],
        left_train=left["train"],
        left_validation=left["validation"],
        repeats=max(1, math.ceil((job.data.repeat_to or 0) / max(1, len(parts["train"])))),
    )


def _told(
    dataset: _Dataset, conflicts: Mapping[str, Conflicts], quarantined: Mapping[int, Finding]
) -> dict[str, CheckedFile]:
    """Give each file its own figures and list what of it was quarantined."""
    told: dict[str, CheckedFile] = {}
    for role, rows in dataset.ranges.items():
        near = _near_figures(dataset.clusters[rows.start : rows.stop], rows, dataset.comparison)
        listed = [row for row in rows if row in quarantined]
        records = dataset.files[role].records.take([row - rows.start for row in listed])
        checked = with_problems(dataset.files[role], records, [quarantined[row] for row in listed])
        told[role] = replace(checked, near=near, conflicts=conflicts[role])
    return told


def _near_figures(labels: Rows, rows: range, comparison: Comparison) -> NearDuplicateFigures:
    names, sizes = np.unique(labels, return_counts=True)
    place = int(sizes.argmax()) if sizes.size else 0
    largest = int(sizes.max(initial=0))
    warning = ""
    if largest > 1 and largest > LARGE_CLUSTER_SHARE * len(labels):
        members = np.flatnonzero(labels == names[place]) + rows.start
        warning = large_cluster_warning(largest, len(labels), comparison.least_text(members.tolist()))
    return NearDuplicateFigures(
        groups=int(np.count_nonzero(sizes > 1)),
        records=int(sizes[sizes > 1].sum()),
        largest=largest if largest > 1 else 0,
        warning=warning,
    )


def _hexadecimal(keys: Keys) -> list[str]:
    return [f"{first:016x}{second:016x}" for first, second in keys.tolist()]
