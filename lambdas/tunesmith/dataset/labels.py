"""Are a task's answers labels?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

RECORDS_PER_LABEL: Final = 5
"""In a label task an answer stands in at least so many records on average."""
LABEL_CHARACTERS: Final = 100


def is_label_task(answers: Sequence[str], weights: Sequence[int] | None = None) -> bool:
    """Tell whether answers are labels: short, more than one, and each in five records on average."""
    total = sum(weights) if weights is not None else len(answers)
    different: set[str] = set()
    for answer in answers:
        different.add(answer)
        # Free text shows soon, and need not be read to its end.
        if len(answer) > LABEL_CHARACTERS or RECORDS_PER_LABEL * len(different) > total:
            return False
    return len(different) > 1
