"""Is the data fit to train on, and which part of it proves the result? Rules, duplicates, split, report.

What reads files needs numpy, which not every function's package has: it is imported once it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tunesmith.dataset.formats import CHANGES, conversations
from tunesmith.dataset.sensitive import KINDS, POLICIES

if TYPE_CHECKING:
    from tunesmith.dataset.engine import CheckedFile, Problem, check_file
    from tunesmith.dataset.report import DataReport, contents, rejected_rows
    from tunesmith.dataset.rules import RULES, Rule
    from tunesmith.dataset.split import Split

__all__ = [
    "CHANGES",
    "KINDS",
    "POLICIES",
    "RULES",
    "CheckedFile",
    "DataReport",
    "Problem",
    "Rule",
    "Split",
    "check_file",
    "contents",
    "conversations",
    "rejected_rows",
]

_MODULES: Final = {
    **dict.fromkeys(("CheckedFile", "Problem", "check_file"), "engine"),
    **dict.fromkeys(("DataReport", "contents", "rejected_rows"), "report"),
    "Split": "split",
    **dict.fromkeys(("RULES", "Rule"), "rules"),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
