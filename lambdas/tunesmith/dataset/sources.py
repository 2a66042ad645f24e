"""Does a file hold a record a line, the rows of a table or Bedrock's own logs? Each is read as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from tunesmith.dataset.compression import plain
from tunesmith.dataset.invocation_logs import is_log, read_logs
from tunesmith.dataset.lines import BYTE_ORDER_MARK, Line, cut_lines
from tunesmith.dataset.rules import Finding
from tunesmith.dataset.tables import looks_like_a_table, read_rows
from tunesmith.job import TABLE_SUFFIXES

_MOST_LOOKED_AT: Final = 100
"""Lines in which the first record is looked for; behind so many that hold none a file is JSON lines."""


def read_source(
    chunks: Iterable[bytes],
    *,
    file: str,
    columns: Mapping[str, str] | None = None,
    group_key: str | None = None,
) -> Iterator[Line]:
    """Give the lines of a JSON file, or what stands for a line in a table or a log.

    Whether a file is a log its first record tells. A table is called `.csv` and begins with no brace;
    `columns` names a table's column for each of `prompt`, `completion`, `system` and the group key.
    """
    lines = cut_lines(plain(chunks))
    seen = []
    first = None
    for line in lines:
        seen.append(line)
        if line.body.removeprefix(BYTE_ORDER_MARK).strip():
            first = line
        if first is not None or len(seen) == _MOST_LOOKED_AT:
            break
    every = chain(seen, lines)
    if first is None or first.fault is not None:
        return every
    start = first.body.removeprefix(BYTE_ORDER_MARK).lstrip()
    if start.startswith(b"{"):
        return read_logs(every, group_key) if _is_log(start) else every
    if file.lower().endswith(TABLE_SUFFIXES):
        return read_rows(every, columns or {}, group_key)
    if looks_like_a_table(first.body, columns or {}):
        told = "The file is a table with a header, not lines of JSON; name it .csv."
        return iter([first._replace(body=start, fault=Finding("TS027", told))])
    return every


def _is_log(body: bytes) -> bool:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and is_log(value)
