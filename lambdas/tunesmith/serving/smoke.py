"""Does a deployed model answer at all?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunesmith.errors import SmokeTestError
from tunesmith.evaluation.answers import Answer

RECORDS: Final = 3
_GOOD_ENDS: Final = frozenset({"end_turn", "max_tokens", "stop_sequence"})


def judge(answers: Sequence[Answer]) -> tuple[bool, str]:
    """Pass where every call was answered with text and ended as an answer does; else say what was wrong.

    A call that failed says nothing of the model: SmokeTestError.
    """
    if not answers:
        return False, "The smoke test had no record to ask."
    for number, answer in enumerate(answers, start=1):
        which = f"record {number} of {len(answers)}"
        if answer.error:
            raise SmokeTestError(f"the smoke test got no answer to {which}: {answer.error}")
        if answer.stop_reason not in _GOOD_ENDS:
            return False, f"The smoke test's answer to {which} ended with {answer.stop_reason!r}."
        if not answer.text.strip():
            return False, f"The smoke test got an empty answer to {which}."
    return True, f"All {len(answers)} records of the smoke test were answered."
