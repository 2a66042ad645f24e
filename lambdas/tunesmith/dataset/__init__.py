"""Is the data fit to train on, and which part of it proves the result? Rules, duplicates, split, report."""

from tunesmith.dataset.engine import CheckedFile, Problem, check_file
from tunesmith.dataset.formats import CHANGES, conversations
from tunesmith.dataset.report import DataReport, data_report, joined, rejected_rows
from tunesmith.dataset.rules import RULES, Rule
from tunesmith.dataset.sensitive import KINDS, POLICIES
from tunesmith.dataset.split import Split, split_records

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
    "data_report",
    "joined",
    "rejected_rows",
    "split_records",
]
