"""Which entries of an invocation log does a distillation learn from? Those that its metadata filters leave.

The filters are Bedrock's own for logs (RequestMetadataFilters of its service model), held against what each
caller said of a request. They are applied here, so that what is trained on was split and counted before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tunesmith.catalogue.teachers import find_teacher
from tunesmith.dataset.compression import plain
from tunesmith.dataset.engine import CheckedFile
from tunesmith.dataset.invocation_logs import is_log
from tunesmith.dataset.json_objects import UnreadableLineError, read_object
from tunesmith.dataset.lines import BYTE_ORDER_MARK, cut_batches
from tunesmith.job_sections import Distillation, MetadataFilter, MetadataFilters


def check_selected(
    chunks: Iterable[bytes], distillation: Distillation, check: Callable[[Iterable[bytes]], CheckedFile]
) -> CheckedFile:
    """Check the entries of a log that a distillation learns from; lines are numbered among those.

    A file in which there are none, or that holds anything else, comes back as one that cannot be read.
    """
    selection = _Selection(distillation)
    checked = check(selection.of(chunks))
    objection = selection.fault or selection.objection()
    return replace(checked, stopped=checked.stopped or objection)


def matches(filters: MetadataFilters | None, metadata: Mapping[str, Any]) -> bool:
    """Tell whether the metadata of a request passes; one without a filter's key is equal to nothing."""
    if filters is None:
        return True
    if filters.and_all:
        return all(_passes(one, metadata) for one in filters.and_all)
    if filters.or_all:
        return any(_passes(one, metadata) for one in filters.or_all)
    return _passes(filters, metadata)


def _passes(one: MetadataFilter, metadata: Mapping[str, Any]) -> bool:
    if one.equals is not None:
        return all(metadata.get(key) == value for key, value in one.equals.items())
    return all(metadata.get(key) != value for key, value in (one.not_equals or {}).items())


class _Selection:
    """One pass over a log, and what it found."""

    def __init__(self, distillation: Distillation) -> None:
        logs, teacher = distillation.logs, find_teacher(distillation.teacher)
        self._filters = logs.filters if logs else None
        self._answered_by = (
            {teacher.id, teacher.invocation_id} if distillation.learns_logged_answers else None
        )
        self._teacher = teacher.title
        self._entries = self._selected = self._others = 0
        self.fault = ""

    def of(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for batch in cut_batches(plain(chunks)):
            if batch.fault is not None:
                self.fault = batch.fault.reason
            for body in batch.bodies:
                entry = body.removeprefix(BYTE_ORDER_MARK)
                if entry.strip() and self._is_selected(entry):
                    self._selected += 1
                    yield entry + b"\n"

    def objection(self) -> str:
        """Say why the file cannot be learned from; empty where it can."""
        if self._others:
            return (
                f"{self._others:,} of its lines are no entries of an invocation log, and distillation.logs "
                "says that it is one"
            )
        if not self._selected:
            by = f" answered by {self._teacher}" if self._answered_by else ""
            return f"none of its {self._entries:,} entries{by} passes the filters of distillation.logs"
        return ""

    def _is_selected(self, body: bytes) -> bool:
        try:
            entry = read_object(body)
        except (UnreadableLineError, RecursionError):
            self._others += 1
            return False
        if not is_log(entry):
            self._others += 1
            return False
        self._entries += 1
        metadata = entry.get("requestMetadata")
        model = str(entry.get("modelId", "")).rpartition("/")[2]
        if not matches(self._filters, metadata if isinstance(metadata, dict) else {}):
            return False
        # Of logs whose answers are learned Bedrock takes the teacher's, to one question each.
        return self._answered_by is None or (model in self._answered_by and _asks_once(entry))


def _asks_once(entry: Mapping[str, Any]) -> bool:
    match entry:
        case {"input": {"inputBodyJson": {"messages": [_, _, *_]}}}:
            return False
    return True
