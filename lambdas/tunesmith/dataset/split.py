"""What became of the records? The parts of the split, and what the records showed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tunesmith.dataset.conflicts import Conflicts
from tunesmith.dataset.engine import NearDuplicateFigures
from tunesmith.dataset.media import Removal
from tunesmith.dataset.record_spool import Records


@dataclass(frozen=True, kw_only=True)
class Split:
    """Disjoint parts, no group in two of them, and how many records left a part for that."""

    train: Records
    validation: Records
    test: Records
    test_groups: Sequence[str]
    """Name of each test record's group."""
    left_train: int
    """Training records left out because validation or test has the like."""
    left_validation: int
    """Validation records left out because the test has the like."""
    repeats: int = 1
    """How often each training record stands in what is trained; the other parts hold each once."""

    def moved(self, removal: Removal) -> Split:
        """Let each part's records name the copies of what they show."""
        moved = {part: records.spelled(removal.spelling(part)) for part, records in self.parts().items()}
        return replace(self, train=moved["train"], validation=moved["validation"], test=moved["test"])

    def parts(self) -> dict[str, Records]:
        """Map train, validation and test, in this order, to their records."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the records of all files together showed."""

    near: NearDuplicateFigures
    conflicts: Conflicts
    """Of the training file; files of the user's own for the other parts are taken as they are."""
    bridging: int
    """Records quarantined because an earlier version of the project set apart what they tie together."""
    leaked_train: int
    """Training records that the exact join with validation and test found, beyond whole groups."""
    leaked_validation: int
    proven: bool
    """False where too few records were split to prove anything: the run is not promoted by itself."""
    unproven_note: str

    @property
    def quarantined(self) -> int:
        """Valid records that stand in no part, by conflict or by bridging."""
        return len(self.conflicts.outvoted) + len(self.conflicts.quarantined) + self.bridging

    def to_json(self) -> dict[str, Any]:
        """Spell the findings as a part of the report."""
        conflicts = self.conflicts
        return {
            "near_duplicates": asdict(self.near),
            "conflicts": {
                "labels": conflicts.labels,
                "prompts": conflicts.prompts,
                "outvoted": len(conflicts.outvoted),
                "quarantined": len(conflicts.quarantined),
                "ceiling": conflicts.ceiling,
                "note": conflicts.note,
            },
            "quarantined": self.quarantined,
            "bridging": self.bridging,
            "leaked": {"train": self.leaked_train, "validation": self.leaked_validation},
            "proven": self.proven,
            "unproven_note": self.unproven_note,
        }
