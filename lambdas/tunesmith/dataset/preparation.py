"""What becomes of a run's data? Groups, conflicts, split, leaks and the report, the same for any line order.

The cloud's function and the command call this one sequence, with the files that `check_file` gave them.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

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
from tunesmith.dataset.records import Record, block_text
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
    answers = [_answer(json.loads(record.line)) for record in checked.records]
    with TextSpool(_text(json.loads(record.line)) for record in checked.records) as texts:
        near = _near_figures(find_near_duplicates(texts).labels.tolist(), texts)
    prompts = [record.prompt_key for record in checked.records]
    conflicts = find_conflicts(prompts, answers, weights=checked.duplicates.copies)
    return replace(checked, near=near, conflicts=conflicts)


class _Dataset:
    """The records of all files, one after another: train, validation, test."""

    def __init__(self, files: Mapping[str, CheckedFile], *, has_groups: bool) -> None:
        self.files = files
        self.records: list[Record] = []
        self.roles: list[str] = []
        self.answers: list[str] = []
        self.texts = TextSpool()
        self.ranges: dict[str, range] = {}
        known: dict[str, str] = {}
        for role in (part for part in _PARTS if part in files):
            start = len(self.records)
            for record in files[role].records:
                value = json.loads(record.line)
                answer = _answer(value)
                self.records.append(record)
                self.roles.append(role)
                self.answers.append(known.setdefault(answer, answer))
                self.texts.append(_text(value))
            self.ranges[role] = range(start, len(self.records))
        self.keys = [record.content_key.hex()[:_KEY_DIGITS] for record in self.records]
        self.clusters: list[int] = find_near_duplicates(self.texts).labels.tolist()
        # The user's own groups stand in for near-duplicates: templates may tie all of his customers together.
        self.groups = group_names(
            join_groups(
                [record.prompt_key for record in self.records],
                [record.opening_key for record in self.records],
                [record.group or None for record in self.records] if has_groups else self.clusters,
            ),
            self.keys,
        )

    def conflicts(self, role: str) -> Conflicts:
        """Find the prompts of a file that have different answers."""
        rows = self.ranges[role]
        return find_conflicts(
            [self.records[row].prompt_key for row in rows],
            [self.answers[row] for row in rows],
            weights=self.files[role].duplicates.copies,
        )

    def repeated(self) -> set[int]:
        """List the records that a file further back holds too: test before validation before train."""
        seen: set[str] = set()
        found: set[int] = set()
        for row in reversed(range(len(self.records))):
            if self.keys[row] in seen:
                found.add(row)
            seen.add(self.keys[row])
        return found

    def entry(self, row: int, *, labels: bool) -> Entry:
        """Say what has to be known of a record to place it."""
        record = self.records[row]
        return Entry(
            key=self.keys[row],
            group=self.groups[row],
            label=self.answers[row] if labels else "",
            lasting=record.group.hex()[:_KEY_DIGITS],
            given=_GIVEN[self.roles[row]],
        )


def _prepare(
    job: Job, model: Model, dataset: _Dataset, previous: Assignment | None, rejected_uri: str
) -> Prepared:
    conflicts = {role: dataset.conflicts(role) for role in dataset.ranges}
    refused = _outvoted(conflicts["train"])
    repeated = dataset.repeated()
    rows = [row for row in range(len(dataset.records)) if row not in repeated and row not in refused]
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
    left = Counter(dataset.roles[row] for row, place in placed.items() if place == "left_out")
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
        return Finding(BRIDGING, _MOVED.format(given=dataset.roles[row], before=before))
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

    parts: dict[str, tuple[Record, ...]] = {
        part: tuple(
            dataset.records[row]
            for row in sorted((row for row, place in placed.items() if place == part), key=drawn)
        )
        for part in _PARTS
    }
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
        near = _near_figures([dataset.clusters[row] for row in rows], _Chosen(dataset.texts, rows))
        listed = ((dataset.records[row], quarantined[row]) for row in rows if row in quarantined)
        told[role] = replace(with_problems(dataset.files[role], listed), near=near, conflicts=conflicts[role])
    return told


def _near_figures(labels: Sequence[int], texts: Sequence[str]) -> NearDuplicateFigures:
    sizes = Counter(labels)
    label, largest = max(sizes.items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
    large = largest > 1 and largest > LARGE_CLUSTER_SHARE * len(labels)
    members = [index for index, each in enumerate(labels) if each == label] if large else []
    return NearDuplicateFigures(
        groups=sum(size > 1 for size in sizes.values()),
        records=sum(size for size in sizes.values() if size > 1),
        largest=largest if largest > 1 else 0,
        warning=large_cluster_warning(members, texts),
    )


def _text(value: Mapping[str, Any]) -> str:
    """Join the text of all turns; the system text, which records share, is left out."""
    return unicodedata.normalize(
        "NFKC", "\n".join(block_text(block) for turn in value["messages"] for block in turn["content"])
    )


def _answer(value: Mapping[str, Any]) -> str:
    """Read the last turn without its reasoning, Unicode and white space folded."""
    texts = (block["text"] for block in value["messages"][-1]["content"] if "text" in block)
    return " ".join(unicodedata.normalize("NFKC", " ".join(texts)).split())


class _Chosen(Texts):
    """Some of the texts, read when they are asked for."""

    def __init__(self, texts: Sequence[str], rows: Sequence[int]) -> None:
        self._texts, self._rows = texts, rows

    def __len__(self) -> int:
        return len(self._rows)

    def _at(self, index: int) -> str:
        return self._texts[self._rows[index]]
