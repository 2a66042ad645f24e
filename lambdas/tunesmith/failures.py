"""Why did a run fail, in plain words? Step Functions wraps what was said in JSON, level by level."""

from __future__ import annotations

import json
from typing import Any, Final

LONGEST: Final = 1_500
"""Characters of a reason in the ledger, the report and the notification."""
_DEEPEST = 5


def plain_reason(reason: str) -> str:
    """Unwrap `Error: Cause` to the innermost error and its message.

    A child execution's cause is what DescribeExecution says of it, with `Error` and `Cause` of its own; a
    function's holds `errorType` and `errorMessage`. What is neither stays as it is.
    """
    error, separator, cause = reason.partition(": ")
    for _ in range(_DEEPEST):
        inner = _read(cause)
        if "errorMessage" in inner:
            error, cause = inner.get("errorType") or error, inner["errorMessage"]
        elif "Cause" in inner or "Error" in inner:
            error, cause = inner.get("Error") or error, inner.get("Cause") or ""
        elif "Status" in inner:
            cause = f"the execution {inner.get('Name', '')} ended {inner['Status']}"
        else:
            break
    return f"{error}{separator}{cause}"[:LONGEST]


def _read(cause: str) -> dict[str, Any]:
    try:
        found = json.loads(cause)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
