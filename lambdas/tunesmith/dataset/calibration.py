"""How far is the token estimate off for this very data? Scaled to what Bedrock counts in a sample of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from tunesmith.dataset.record_spool import Records
from tunesmith.dataset.records import block_text
from tunesmith.dataset.report import DataReport
from tunesmith.dataset.tokens import FEWEST_PAIRS, calibrated

SAMPLED: Final = 30
"""Records that are counted; the median of so many ratios is off by a few per cent at most."""


def texts_to_count(records: Records) -> list[str]:
    """Choose records at even distances, and give the whole text of each."""
    step = max(1, len(records) // SAMPLED)
    return [_text(line) for line in records[::step][:SAMPLED].lines()]


def with_counts(report: DataReport, counted: Sequence[tuple[str, int]]) -> DataReport:
    """Scale a report's token figures to texts whose tokens were counted; too few leave it as it is."""
    if len(counted) < FEWEST_PAIRS:
        return report
    return replace(report, estimator=calibrated(report.estimator, counted))


def _text(line: bytes) -> str:
    value = msgspec.json.decode(line)
    turns = [value.get("system", []), *(turn["content"] for turn in value["messages"])]
    return "\n".join(block_text(block) for blocks in turns for block in blocks)
