"""What is wrong with a dataset as a whole, and what is worth telling? Findings by `dataset_rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

from tunesmith.catalogue import Model
from tunesmith.dataset.conflicts import Conflicts
from tunesmith.dataset.dataset_rules import DatasetFinding, file_size_findings
from tunesmith.dataset.engine import CheckedFile, NearDuplicateFigures
from tunesmith.dataset.media import KINDS
from tunesmith.dataset.placement import PROVEN_RECORDS, usual_test_size
from tunesmith.dataset.rules import RULES
from tunesmith.dataset.sensitive import KINDS as SENSITIVE
from tunesmith.dataset.sensitive import POLICIES
from tunesmith.dataset.split import Findings, Split
from tunesmith.evaluation.tasks import Task

_EXAMPLES: Final = 3


def dataset_problems(
    files: Mapping[str, CheckedFile],
    split: Split,
    model: Model,
    *,
    kind: str,
    sizes: Mapping[str, Callable[[], int]],
    most_rejected: float,
) -> list[DatasetFinding]:
    """List what makes a dataset unusable: of each file, else of all together, else of the split.

    `files` maps the role to the checked file, `sizes` train and validation to what tells the bytes that are
    written of them; `most_rejected` is the share of a file's records that may be rejected.
    """
    found = [each for checked in files.values() for each in file_problems(checked, most_rejected)]
    if not found:
        counted = [files["train"]]
        if model.minimum_counts_validation and "validation" in files:
            counted.append(files["validation"])
        found = list(_too_few(counted, model))
    if not found:
        found = list(_media_problems(list(files.values())))
    if not found:
        found = list(_split_problems(files, split, model))
    return found or list(file_size_findings(model, kind, sizes))


def dataset_notes(
    files: Mapping[str, CheckedFile], split: Split, findings: Findings, model: Model, task: Task
) -> list[DatasetFinding]:
    """List what a usable dataset's owner should know."""
    found = [note for checked in files.values() for note in _file_notes(checked)]
    found += _near_notes(findings.near)
    found += _conflict_notes(findings.conflicts)
    if split.left_train or split.left_validation:
        found.append(
            DatasetFinding(
                "TD026",
                f"Left out because a part held back has the like: {split.left_train:,} of training and "
                f"{split.left_validation:,} of validation; {findings.leaked_train:,} and "
                f"{findings.leaked_validation:,} of these were found by the exact comparison, the others by "
                "their groups.",
            )
        )
    if findings.bridging:
        found.append(
            DatasetFinding(
                "TD027",
                f"{findings.bridging:,} records were quarantined that tie together what an earlier version "
                "of the project set apart.",
            )
        )
    if not findings.proven:
        found.append(DatasetFinding("TD020", _sentence(findings.unproven_note)))
    if task.unproven:
        found.append(DatasetFinding("TD032", _sentence(task.unproven)))
    if model.ignores_validation and len(split.validation):
        found.append(
            DatasetFinding(
                "TD029",
                f"{model.title} makes no use of validation data while it trains; its "
                f"{len(split.validation):,} records still choose between models.",
            )
        )
    return found


def judge_file(
    checked: CheckedFile, model: Model, part: Literal["train", "validation", "test"], *, most_rejected: float
) -> list[DatasetFinding]:
    """Judge one file as a part's, with what its records showed together, without the others."""
    found = list(file_problems(checked, most_rejected)) or list(_media_problems([checked]))
    different = len(checked.records)
    if part == "train" and not found:
        found += _too_few([checked], model)
        if not found and model.record_format == "text":
            told = "Texts prove nothing by themselves: bring a test file of questions and answers too."
            found.append(DatasetFinding("TD020", told))
        elif not found and different < PROVEN_RECORDS:
            found.append(
                DatasetFinding(
                    "TD020",
                    f"Fewer than {PROVEN_RECORDS} different records prove nothing when they are split: as a "
                    "training file this one wants a test file beside it.",
                )
            )
        left = different - usual_test_size(different)
        if left > model.maximum_records:
            found.append(
                DatasetFinding(
                    "TD031",
                    f"{left:,} records or more are left beside the blind test, and {model.title} takes "
                    f"{model.maximum_records:,} unless AWS has raised the account's quota.",
                )
            )
    if part == "validation" and not found:
        found += _validation_count(different, model)
    found += _file_notes(checked)
    if checked.near is not None:
        found += _near_notes(checked.near)
    if checked.conflicts is not None:
        found += _conflict_notes(checked.conflicts)
    return found


def file_problems(checked: CheckedFile, most_rejected: float) -> Iterator[DatasetFinding]:
    """Say why a file cannot be used, if it cannot."""
    if checked.stopped:
        yield DatasetFinding("TD002", f"{checked.file} cannot be read: {checked.stopped.rstrip('.')}")
        return
    if not checked.read:
        yield DatasetFinding("TD001", f"{checked.file} has no records")
        return
    errors = [problem for problem in checked.problems if RULES[problem.rule].severity == "error"]
    share = checked.rejected / checked.read
    examples = "; ".join(f"line {each.line}, {each.rule}: {each.reason}" for each in errors[:_EXAMPLES])
    if not checked.valid:
        yield DatasetFinding(
            "TD003",
            f"no valid record remains in {checked.file}: {checked.rejected} were rejected ({examples})",
        )
    elif share > most_rejected:
        limit = f"more than {most_rejected:.0%}" if most_rejected else "and none may be"
        yield DatasetFinding(
            "TD004",
            f"{checked.rejected} of {checked.read} records of {checked.file} ({share:.1%}) were rejected, "
            f"{limit} ({examples})",
        )


def _media_problems(files: list[CheckedFile]) -> Iterator[DatasetFinding]:
    showing = {kind: sum(checked.showing.get(kind, 0) for checked in files) for kind in KINDS}
    if all(showing.values()):
        told = " and ".join(f"{count:,} show {kind}s" for kind, count in showing.items())
        yield DatasetFinding("TD016", f"of the records {told}, and a dataset may have one of the two")


def _too_few(counted: list[CheckedFile], model: Model) -> Iterator[DatasetFinding]:
    usable = sum(len(checked.records) for checked in counted)
    if usable < model.minimum_records:
        needed = f"{model.title} needs at least {model.minimum_records}"
        yield DatasetFinding(
            "TD005", f"{counted[0].file} has {_counted(usable, 'different valid record')}, and {needed}"
        )


def _split_problems(files: Mapping[str, CheckedFile], split: Split, model: Model) -> Iterator[DatasetFinding]:
    if not split.test and "test" in files:
        yield DatasetFinding(
            "TD006",
            f"no record of {files['test'].file} can be the blind test, because an earlier version of the "
            "project had each in training or validation; give other records, or start another project",
        )
    elif not split.test and model.record_format != "text":
        yield DatasetFinding(
            "TD007",
            "no record can be held back for the blind test, because nearly all are of one group; give a test "
            "file as data.test",
        )
    elif not split.train:
        yield DatasetFinding(
            "TD008", "no training record remains, because validation or test has the like of each"
        )


def _validation_count(different: int, model: Model) -> Iterator[DatasetFinding]:
    if different < model.minimum_validation:
        yield DatasetFinding(
            "TD011",
            f"there are {different} different records to validate with, and {model.title} needs at least "
            f"{model.minimum_validation} or none",
        )
    if model.maximum_validation is not None and different > model.maximum_validation:
        yield DatasetFinding(
            "TD012",
            f"{different:,} records to validate with are more than the {model.maximum_validation:,} that "
            f"{model.title} takes",
        )


def _file_notes(checked: CheckedFile) -> Iterator[DatasetFinding]:
    if checked.duplicates.exact:
        yield DatasetFinding(
            "TD024", f"{_counted(checked.duplicates.exact, 'exact duplicate')} in {checked.file} left out."
        )
    if checked.sensitive:
        found = ", ".join(f"{SENSITIVE[kind]} {count:,}" for kind, count in checked.sensitive.items())
        yield DatasetFinding(
            "TD028",
            f"{_counted(checked.sensitive_records, 'record')} of {checked.file} "
            f"{'holds' if checked.sensitive_records == 1 else 'hold'} sensitive data, "
            f"{POLICIES[checked.policy]}: {found}.",
        )


def _near_notes(near: NearDuplicateFigures) -> Iterator[DatasetFinding]:
    if near.dropped:
        yield DatasetFinding(
            "TD030", f"{near.dropped:,} records were dropped as near-duplicates of others that stay."
        )
        return
    if near.groups:
        yield DatasetFinding(
            "TD025",
            f"{near.records:,} records are near-duplicates, in {near.groups:,} groups that stay whole; the "
            f"largest has {near.largest:,}.",
        )
    if near.warning:
        yield DatasetFinding("TD021", _sentence(near.warning))


def _conflict_notes(conflicts: Conflicts) -> Iterator[DatasetFinding]:
    if conflicts.note:
        yield DatasetFinding("TD022" if conflicts.labels else "TD023", _sentence(conflicts.note))


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _sentence(words: str) -> str:
    return words if words.endswith((".", '"')) else f"{words}."
