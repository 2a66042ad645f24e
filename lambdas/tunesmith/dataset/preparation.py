"""What becomes of a run's data? Groups, conflicts, split, leaks and the report, the same for any line order.

The cloud's function and the command call this one sequence, with the files that `check_file` gave them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tunesmith.catalogue import Model
from tunesmith.dataset.assignment import (
    LEFT_OUT,
    NOWHERE,
    PLACES,
    QUARANTINED,
    TEST,
    TRAIN,
    VALIDATION,
    Assignment,
    Codes,
)
from tunesmith.dataset.comparison import Comparison, SpooledComparison
from tunesmith.dataset.conflicts import Conflicts, find_conflicts, large_cluster_warning
from tunesmith.dataset.engine import CheckedFile, NearDuplicateFigures, with_problems
from tunesmith.dataset.media import Removal
from tunesmith.dataset.near_duplicates import LARGE_CLUSTER_SHARE
from tunesmith.dataset.placement import Entries, drawn, join_groups, least_rows, place_records
from tunesmith.dataset.record_spool import Keys, Records, Rows, hexadecimal, in_order, numbered
from tunesmith.dataset.report import DataReport, data_report, spelled
from tunesmith.dataset.rules import BRIDGING, NEAR, OUTVOTED, RULES, UNDECIDED, Finding
from tunesmith.dataset.split import Findings, Split
from tunesmith.evaluation.answers import read_questions
from tunesmith.evaluation.tasks import Task, named, task_of
from tunesmith.job import Job

UNPROVEN_TEXTS: Final = (
    "texts hold no answers to judge a model by, and there is no file of questions and answers as data.test"
)
_PARTS: Final[Mapping[str, int]] = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
_GIVEN: Final[Mapping[str, int]] = {**_PARTS, "train": NOWHERE}
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
    removal: Removal | None = None,
) -> Prepared:
    """Split what was checked, by role (train, validation, test), and judge it.

    `previous` is the project's assignment so far: what it placed never moves. A part that the user brought
    is taken as it is; what resembles it leaves the others. Without a `comparison` this process compares. With
    a `removal` the records of the split name the copies of the images and videos that they show.
    """
    files = {role: files[role] for role in _PARTS if role in files}
    comparison = comparison or SpooledComparison({role: checked.records for role, checked in files.items()})
    dataset = _Dataset(files, comparison, has_groups=bool(job.data.group_key))
    return _prepare(job, model, dataset, previous, rejected_uri, removal)


def look_closer(checked: CheckedFile, *, drops_near: bool = False) -> CheckedFile:
    """Add to a file what only its records together show: near-duplicates and conflicts.

    With `drops_near` records that are nearly the same as one that is kept are left out, as a run does it.
    """
    comparison = SpooledComparison({"train": checked.records})
    clusters = comparison.clusters()
    near = _near_figures(clusters, range(len(checked.records)), comparison)
    [prompts] = numbered(checked.records.prompt_keys)
    answers = comparison.answers("train")
    conflicts = find_conflicts(prompts, answers, weights=checked.duplicates.copies)
    looked = replace(checked, near=near, conflicts=conflicts)
    if not drops_near:
        return looked
    labels = answers if conflicts.labels else None
    everything = np.arange(len(checked.records))
    keys = checked.records.content_keys
    dropped = _nearly_repeated(comparison, everything, clusters, keys, labels, Assignment())
    told = [Finding(NEAR, RULES[NEAR].reason)] * len(dropped)
    looked = with_problems(looked, checked.records.take(dropped), told)
    kept = np.delete(everything, dropped)
    return replace(looked, records=checked.records.take(kept), near=replace(near, dropped=len(dropped)))


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
        self.openings = np.concatenate([each.opening_keys for each in records])
        self.prompts, openings = numbered(
            np.concatenate([each.prompt_keys for each in records]), self.openings
        )
        self.keys = np.concatenate([each.content_keys for each in records])
        self.lasting = np.concatenate([each.groups for each in records])
        self.clusters = comparison.clusters()
        # The user's own groups stand in for near-duplicates: templates may tie all of his customers together.
        tied = numbered(self.lasting)[0] if has_groups else self.clusters
        groups = join_groups(self.prompts, openings, tied)
        self.groups = least_rows(groups, in_order(self.keys))
        """Of each record the row of its group's least key, by which the group is named and drawn."""

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

    def repeated(self) -> Rows:
        """List the records that a file further back holds too: test before validation before train."""
        [numbers] = numbered(self.keys)
        last = np.empty(len(self), dtype=np.int64)
        last[numbers] = np.arange(len(self))
        return np.flatnonzero(last[numbers] != np.arange(len(self)))

    def nearly_repeated(self, rows: Rows, previous: Assignment | None, *, labels: bool) -> Rows:
        """List those of some training records that go where near-duplicates are dropped."""
        answers = [self.answers["train"][row] for row in rows.tolist()] if labels else None
        of_rows = (rows, self.clusters[rows], self.keys[rows], answers)
        return _nearly_repeated(self.comparison, *of_rows, previous or Assignment())

    def entries(self, rows: Rows, *, labels: bool) -> Entries:
        """Say what has to be known of records to place them."""
        given = np.concatenate(
            [np.full(len(of_role), _GIVEN[role], dtype=np.int8) for role, of_role in self.ranges.items()]
        )
        return Entries(
            keys=self.keys[rows],
            groups=self.groups[rows],
            labels=self._labels()[rows] if labels else np.zeros(len(rows), dtype=np.int64),
            lasting=self.lasting[rows],
            openings=self.openings[rows],
            given=given[rows],
        )

    def _labels(self) -> Rows:
        """Number each record's answer in the order of the answers."""
        answers = [answer for role in self.files for answer in self.answers[role]]
        numbers = {answer: number for number, answer in enumerate(sorted(set(answers)))}
        return np.array([numbers[answer] for answer in answers], dtype=np.int64)


def _prepare(
    job: Job,
    model: Model,
    dataset: _Dataset,
    previous: Assignment | None,
    rejected_uri: str,
    removal: Removal | None,
) -> Prepared:
    conflicts = {role: dataset.conflicts(role) for role in dataset.ranges}
    refused = _outvoted(conflicts["train"])
    lots = drawn(dataset.keys, job.seed)
    repeated = dataset.repeated()
    is_placed = np.ones(len(dataset), dtype=np.bool_)
    is_placed[repeated] = False
    is_placed[list(refused)] = False
    near = _near_figures(dataset.clusters, range(len(dataset)), dataset.comparison)
    if job.data.near_duplicates == "drop":
        training = np.flatnonzero(is_placed[: len(dataset.ranges["train"])])
        dropped = dataset.nearly_repeated(training, previous, labels=conflicts["train"].labels)
        refused |= dict.fromkeys(dropped.tolist(), Finding(NEAR, RULES[NEAR].reason))
        near = replace(near, dropped=len(dropped))
        is_placed[dropped] = False
    rows = np.flatnonzero(is_placed)
    placement = place_records(
        dataset.entries(rows, labels=conflicts["train"].labels),
        lots[rows],
        previous,
        test_share=0 if job.customization.learns_texts else job.data.test_share,
        validation_share=job.data.validation_share,
    )
    proven, unproven_note = placement.proven, placement.note
    if job.customization.learns_texts:
        proven = "test" in dataset.files
        unproven_note = "" if proven else UNPROVEN_TEXTS
    places = np.full(len(dataset), NOWHERE, dtype=np.int8)
    places[rows] = placement.places
    places[repeated] = LEFT_OUT
    bridging = {
        row: _bridge(dataset, row, previous) for row in np.flatnonzero(places == QUARANTINED).tolist()
    }
    left = {
        role: int(np.count_nonzero(places[of_role.start : of_role.stop] == LEFT_OUT))
        for role, of_role in dataset.ranges.items()
    }
    leaks = _leaks(dataset.comparison, places)
    for part, leaking in leaks.items():
        left[part] = left.get(part, 0) + len(leaking)
        places[leaking] = LEFT_OUT
    split = _split(dataset, places, lots, left, job)
    if removal is not None:
        split = split.moved(removal)
    files = _told(dataset, conflicts, {**refused, **bridging})
    findings = Findings(
        near=near,
        conflicts=conflicts["train"],
        bridging=len(bridging),
        leaked_train=len(leaks["train"]),
        leaked_validation=len(leaks["validation"]),
        proven=proven,
        unproven_note=unproven_note,
    )
    report = data_report(
        files,
        split,
        findings,
        model,
        _task(job, split, conflicts["train"]),
        kind=job.kind,
        seed=job.seed,
        rejected_uri=rejected_uri,
        most_rejected=0 if job.data.on_error == "strict" else job.data.max_rejected_share,
    )
    return Prepared(files=files, split=split, assignment=placement.assignment, report=report)


def _task(job: Job, split: Split, conflicts: Conflicts) -> Task:
    """Take the job file's metric, or look at what the blind test holds; texts say nothing of its answers."""
    if job.evaluation.metric is not None:
        return named(job.evaluation.metric)
    asked = (question for line in spelled(split.test) for question in read_questions(line))
    return task_of(asked, labels=conflicts.labels and not job.customization.learns_texts)


def _nearly_repeated(
    comparison: Comparison,
    rows: Rows,
    clusters: Rows,
    keys: Keys,
    labels: Sequence[str] | None,
    previous: Assignment,
) -> Rows:
    """List the rows that are nearly the same as one that is kept, in a label task one of their label.

    Kept is whatever an earlier version has placed, then what comes first by content and repeats nothing that
    is kept: so no order of the lines and no later version changes it.
    """
    groups = clusters
    if labels is not None:
        names, numbers = np.unique(np.array(labels, dtype=object), return_inverse=True)
        groups = clusters * len(names) + numbers
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    is_old = np.isin(previous.records.find(keys), list(_PARTS.values()))
    order = np.lexsort((keys[:, 1], keys[:, 0], ~is_old))
    order = order[sizes[inverse[order]] > 1]
    return np.sort(comparison.repeating(rows[order], groups[order], is_old[order]))


def _outvoted(conflicts: Conflicts) -> dict[int, Finding]:
    """List the training records that contradict others; those of the user's own test are his word."""
    return {
        **{row: Finding(OUTVOTED, RULES[OUTVOTED].reason) for row in conflicts.outvoted},
        **{row: Finding(UNDECIDED, RULES[UNDECIDED].reason) for row in conflicts.quarantined},
    }


def _bridge(dataset: _Dataset, row: int, previous: Assignment | None) -> Finding:
    [before] = (previous or Assignment()).records.find(dataset.keys[row : row + 1]).tolist()
    if before in _PARTS.values():
        return Finding(BRIDGING, _MOVED.format(given=dataset.role(row), before=PLACES[before]))
    return Finding(BRIDGING, RULES[BRIDGING].reason)


def _leaks(comparison: Comparison, places: Codes) -> dict[str, list[int]]:
    """Join validation and test exactly against train, and test against validation: who has to leave?"""
    rows = {part: np.flatnonzero(places == code).tolist() for part, code in _PARTS.items()}
    return {
        "train": comparison.leaking(rows["train"], rows["test"] + rows["validation"]),
        "validation": comparison.leaking(rows["validation"], rows["test"]),
    }


def _split(dataset: _Dataset, places: Codes, lots: Rows, left: Mapping[str, int], job: Job) -> Split:
    def part(name: str) -> Records:
        # A part comes from the user's own file, where he brought one, or else from the training file.
        role = name if name in dataset.files else "train"
        return dataset.files[role].records.take(rows[name] - dataset.ranges[role].start)

    rows: dict[str, Rows] = {}
    for name, code in _PARTS.items():
        found = np.flatnonzero(places == code)
        rows[name] = found[np.argsort(lots[found])]
    parts = {name: part(name) for name in _PARTS}
    return Split(
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        test_groups=hexadecimal(dataset.keys[dataset.groups[rows["test"]]]),
        left_train=left["train"],
        left_validation=left.get("validation", 0),
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
