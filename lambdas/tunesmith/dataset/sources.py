"""Does a file hold a record a line, the rows of a table or Bedrock's own logs? Each is read as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Final

from tunesmith.dataset.compression import plain
from tunesmith.dataset.invocation_logs import is_log, read_logs
from tunesmith.dataset.lines import BYTE_ORDER_MARK, Batch, Line, cut_batches, in_batches
from tunesmith.dataset.rules import Finding
from tunesmith.dataset.tables import looks_like_a_table, read_rows
from tunesmith.job_sections import TABLE_SUFFIXES

_MOST_LOOKED_AT: Final = 100
"""Lines in which the first record is looked for; behind so many that hold none a file is JSON lines."""


def read_source(
    chunks: Iterable[bytes],
    *,
    file: str,
    columns: Mapping[str, str] | None = None,
    group_key: str | None = None,
) -> Iterator[Batch]:
    """Give the lines of a JSON file, or what stands for a line in a table or a log.

    Whether a file is a log its first record tells. A table is called `.csv` and begins with no brace;
    `columns` names a table's column for each of `prompt`, `completion`, `system` and the group key.
    """
    batches = cut_batches(plain(chunks))
    seen = []
    first = None
    looked_at = 0
    for batch in batches:
        seen.append(batch)
        lines = islice(batch.lines(), _MOST_LOOKED_AT - looked_at)
        first = next((line for line in lines if line.body.removeprefix(BYTE_ORDER_MARK).strip()), None)
        looked_at += len(batch.bodies)
        if first is not None or looked_at >= _MOST_LOOKED_AT:
            break
    every = chain(seen, batches)
    if first is None or first.fault is not None:
        return every
    start = first.body.removeprefix(BYTE_ORDER_MARK).lstrip()
    if start.startswith(b"{"):
        return in_batches(read_logs(_lines(every), group_key)) if _is_log(start) else every
    if file.lower().endswith(TABLE_SUFFIXES):
        return in_batches(read_rows(_lines(every), columns or {}, group_key))
    if looks_like_a_table(first.body, columns or {}):
        told = "The file is a table with a header, not lines of JSON; name it .csv."
        return in_batches([first._replace(body=start, fault=Finding("TS027", told))])
    return every


def holds_lines(head: bytes) -> bool:
    """Tell whether a file that begins so is certain to be read as JSON lines, plain and no log."""
    start = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    first, newline, _ = start.partition(b"\n")
    return start.startswith(b"{") and bool(newline) and not _is_log(first)


def _lines(batches: Iterable[Batch]) -> Iterator[Line]:
    return chain.from_iterable(batch.lines() for batch in batches)


def _is_log(body: bytes) -> bool:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and is_log(value)
