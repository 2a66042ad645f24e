"""Is the data fit to train on, and which part of it proves the result? Rules, duplicates, split, report."""

from tunesmith.dataset.engine import CheckedFile, Problem, check_file
from tunesmith.dataset.report import data_report, objection
from tunesmith.dataset.split import Split, split_records

__all__ = [
    "CheckedFile",
    "Problem",
    "Split",
    "check_file",
    "data_report",
    "objection",
    "split_records",
]
