"""Is the data fit to train on, and which part of it proves the result? Rules, duplicates, split, report."""

from tunesmith.dataset.engine import CheckedFile, Problem, check_file
from tunesmith.dataset.formats import CHANGES, conversations
from tunesmith.dataset.report import DataReport, Split, joined, rejected_rows
from tunesmith.dataset.rules import RULES, Rule
from tunesmith.dataset.sensitive import KINDS, POLICIES

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
    "conversations",
    "joined",
    "rejected_rows",
]
