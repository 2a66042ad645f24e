"""Which rules must a dataset obey as a whole? Each with a stable id, a severity, a reason and what helps.

What a single line must obey stands in `rules`. Numbers of records and sizes are the catalogue's; the
account's quota goes before them where it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from tunesmith.catalogue import Model


@dataclass(frozen=True, slots=True)
class DatasetRule:
    """A rule's id, which never changes, what breaking it means, and what helps.

    An error ends the run before anything is paid; a warning may cost quality; a note only tells.
    """

    id: str
    severity: Literal["error", "warning", "note"]
    reason: str
    fix: str = ""
    """A key of the job file, or what to do about the data; empty where nothing has to be done."""


_ADD: Final = "Add records."
_MEND: Final = "Mend the lines that are listed, or set data.on_error: fix."

DATASET_RULES: Final[Mapping[str, DatasetRule]] = {
    rule.id: rule
    for rule in (
        DatasetRule("TD001", "error", "A file has no records.", _ADD),
        DatasetRule("TD002", "error", "A file cannot be read to its end.", "Save it anew, and upload it."),
        DatasetRule("TD003", "error", "No record of a file is valid.", _MEND),
        DatasetRule("TD004", "error", "Too large a share of a file's records is rejected.", _MEND),
        DatasetRule("TD005", "error", "The files hold fewer different records than the model needs.", _ADD),
        DatasetRule(
            "TD006",
            "error",
            "No record of the test file can be blind, because an earlier version had each elsewhere.",
            "Give other records, or start another project.",
        ),
        DatasetRule("TD007", "error", "No record can be held back as blind test.", "Set data.test."),
        DatasetRule("TD008", "error", "No training record remains beside what is held back.", _ADD),
        DatasetRule(
            "TD009",
            "error",
            "Fewer records are left to train on after the split than the model needs.",
            "Add records, or set data.test and data.validation.",
        ),
        DatasetRule("TD010", "error", "Fewer prompts are left than a distillation needs.", _ADD),
        DatasetRule(
            "TD011",
            "error",
            "There are validation records, and fewer than the model takes.",
            "Add records, or set data.validation_share.",
        ),
        DatasetRule(
            "TD012",
            "error",
            "There are more validation records than the model takes.",
            "Set data.validation_share lower.",
        ),
        DatasetRule(
            "TD013",
            "error",
            "There are more records than the model takes.",
            "Leave some out, or ask AWS for a higher quota.",
        ),
        DatasetRule("TD014", "error", "The training file is larger than the model takes.", "Leave some out."),
        DatasetRule("TD015", "error", "The validation file is larger than the model takes.", "Shorten it."),
        DatasetRule(
            "TD016",
            "error",
            "Some records show images and others videos.",
            "Train on one of the two.",
        ),
        DatasetRule(
            "TD017",
            "error",
            "The metric or the grader cannot go by the answers.",
            "Set another evaluation.metric or grader, or mend the answers.",
        ),
        DatasetRule(
            "TD020",
            "warning",
            "So few records prove nothing once they are split; the run is not promoted by itself.",
            "Set data.test to a file of new records.",
        ),
        DatasetRule(
            "TD021",
            "warning",
            "One group of near-duplicates holds more than 5 % of the records.",
            "Set data.near_duplicates: drop, if they are no meant variants.",
        ),
        DatasetRule(
            "TD022",
            "warning",
            "Records with one prompt have different labels.",
            "Decide on one label for each prompt that is listed.",
        ),
        DatasetRule("TD023", "note", "Records with one prompt have different answers in free text."),
        DatasetRule("TD024", "note", "Exact duplicates are dropped."),
        DatasetRule(
            "TD025",
            "note",
            "Near-duplicates stay together in one part.",
            "Set data.near_duplicates: drop to leave out what is nearly the same as a record that stays.",
        ),
        DatasetRule(
            "TD026", "warning", "Records leave training or validation, because a part held back has the like."
        ),
        DatasetRule(
            "TD027",
            "warning",
            "Records tie together what an earlier version set apart, and are quarantined.",
            "Start another project to split anew.",
        ),
        DatasetRule(
            "TD028",
            "warning",
            "Records hold sensitive data.",
            "Set data.sensitive to mask or refuse.",
        ),
        DatasetRule("TD029", "note", "The model's training takes validation data and makes no use of it."),
        DatasetRule("TD030", "note", "Near-duplicates are dropped, as data.near_duplicates asks."),
        DatasetRule(
            "TD031",
            "warning",
            "A file alone has more records than the model takes by default; the account's quota decides.",
            "Leave some out, or ask AWS for a higher quota.",
        ),
        DatasetRule(
            "TD032",
            "warning",
            "The blind test's answers are free text; the run is not promoted by itself.",
            "Set evaluation.metric to one that fits, if one does.",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatasetFinding:
    """A broken rule, and the reason in one sentence about this dataset."""

    rule: str
    reason: str

    @property
    def severity(self) -> Literal["error", "warning", "note"]:
        """Severity of the rule."""
        return DATASET_RULES[self.rule].severity

    def to_json(self) -> dict[str, Any]:
        """Spell the finding with what its rule says."""
        return {**asdict(self), "severity": self.severity, "fix": DATASET_RULES[self.rule].fix}


def record_count_findings(
    model: Model, kind: str, split: Mapping[str, int], *, quota: Decimal | None = None
) -> Iterator[DatasetFinding]:
    """Hold the records of each part after the split against what the model takes for a kind.

    `split` counts the records of train and validation; `quota` is the account's own most.
    """
    train = split["train"]
    validation = 0 if model.ignores_validation else split["validation"]
    enough = train + (validation if model.minimum_counts_validation else 0)
    if enough < model.minimum_records:
        counted = "train and validate" if model.minimum_counts_validation else "train on"
        yield DatasetFinding(
            "TD009",
            f"{enough} records are left to {counted} after the split, and {model.title} needs at "
            f"least {model.minimum_records}: add records, or give data.test and data.validation yourself",
        )
    if kind == "distillation" and train < model.minimum_prompts:
        yield DatasetFinding(
            "TD010",
            f"{train} records are left to be answered by the teacher, and a distillation needs at "
            f"least {model.minimum_prompts}: add records",
        )
    if 0 < validation < model.minimum_validation:
        yield DatasetFinding(
            "TD011",
            f"{validation} records are left to validate with, and {model.title} needs at least "
            f"{model.minimum_validation} or none: add records, or set data.validation_share",
        )
    if model.maximum_validation is not None and validation > model.maximum_validation:
        yield DatasetFinding(
            "TD012",
            f"{validation:,} records to validate with are more than the {model.maximum_validation:,} that "
            f"{model.title} takes: set data.validation_share lower",
        )
    most = model.maximum_records if quota is None else int(quota)
    if counted_records(model, split) > most:
        told = f"{train:,} records to train on" + (
            f" and {validation:,} to validate with" if validation else ""
        )
        code = f" {model.maximum_records_quota}" if model.maximum_records_quota else ""
        yield DatasetFinding(
            "TD013",
            f"{told} are more than the {most:,} that {model.title} takes: leave some "
            f"out, or ask AWS for a higher quota{code}",
        )


def counted_records(model: Model, split: Mapping[str, int]) -> int:
    """Count the records that the model's maximum is about."""
    return split["train"] + (0 if model.ignores_validation else split["validation"])


def file_size_findings(
    model: Model, kind: str, sizes: Mapping[str, Callable[[], int]]
) -> Iterator[DatasetFinding]:
    """Hold the bytes that are written for training and validation against what the model takes for a kind.

    They are asked for only where it has a limit.
    """
    limits = {
        "train": ("TD014", model.maximum_bytes(kind)),
        "validation": ("TD015", model.maximum_validation_bytes),
    }
    for part, (rule, most) in limits.items():
        if most is not None and (size := sizes[part]()) > most:
            yield DatasetFinding(
                rule, f"the {_FILES[part]} file has {size:,} bytes, and {model.title} takes at most {most:,}"
            )


_FILES: Final = {"train": "training", "validation": "validation"}
