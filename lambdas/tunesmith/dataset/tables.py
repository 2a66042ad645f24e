"""Which record is a row of a CSV file? Its named columns, as the JSON line that they mean.

Rows keep the number and the offset of the line that they begin in, since a quoted cell may hold line breaks.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from tunesmith.dataset.lines import BYTE_ORDER_MARK, Line
from tunesmith.dataset.rules import MAX_LINE_BYTES, RULES, Finding
from tunesmith.dataset.sensitive import masked_excerpt
from tunesmith.suggestions import did_you_mean

_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MOST_BLANK: Final = 10
"""Lines in which the header is looked for to learn the separator."""
_SHOWN: Final = 120


def read_rows(
    lines: Iterable[Line], columns: Mapping[str, str], group_key: str | None = None
) -> Iterator[Line]:
    """Read the rows below a header, separated by commas, semicolons or tabs, in memory of one row.

    `columns` maps fields to columns; a field that it does not name is looked for under its own name. What is
    wrong with a row or the header (TS040 to TS044) is its line's fault.
    """
    # The library's limit on a cell holds for the whole process; a row's own bound is in _Feed.
    csv.field_size_limit(2 * MAX_LINE_BYTES)
    feed = _Feed(lines)
    separator = feed.guess_separator(_wanted(columns, group_key))
    reader = csv.reader(feed, delimiter=separator, strict=True)
    header: Header | None = None
    for place, row in _rows(feed, reader):
        if place.fault is not None:
            yield place
            if header is None:
                return
        elif not row:
            yield place._replace(fault=Finding("TS001", RULES["TS001"].reason))
        elif header is None:
            header = Header(row, columns, group_key)
            body = place.body.removeprefix(BYTE_ORDER_MARK)
            faults = (*_said_of_file(place, separator), header.fault)
            yield from (place._replace(body=body, fault=fault) for fault in faults if fault)
            if header.fault is not None:
                return
        elif len(row) != header.width:
            yield place._replace(fault=_ragged(len(row), header.width))
        else:
            yield place._replace(
                body=json.dumps(header.record(header.cells(row)), ensure_ascii=False).encode()
            )


def looks_like_a_table(first_line: bytes, columns: Mapping[str, str]) -> bool:
    """Tell whether a file's first line is a header with the columns that a record needs."""
    text = first_line.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace")
    return _separator(text, _wanted(columns, None)) is not None


class Header:
    """Which column is what: a row's cells by field, and the record that they mean."""

    def __init__(self, names: Sequence[str], columns: Mapping[str, str], group_key: str | None) -> None:
        self.width = len(names)
        stripped = [name.strip() for name in names]
        self.columns = _wanted(columns, group_key)
        """Field to the name of its column."""
        if "system" in stripped:
            self.columns.setdefault("system", "system")
        missing = [column for column in self.columns.values() if column not in stripped]
        twice = [column for column in self.columns.values() if stripped.count(column) > 1]
        self.fault = _wrong_header(missing, twice, stripped) if missing or twice else None
        self._group_key = group_key
        self._places = {
            field: stripped.index(column) for field, column in self.columns.items() if column in stripped
        }

    def cells(self, row: Sequence[str]) -> dict[str, str]:
        """Pick the cells that matter from a row."""
        return {field: row[place] for field, place in self._places.items()}

    def record(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Spell cells as a pair of prompt and completion; with a system text, as Anthropic's messages."""
        record = {field: cells[field] for field in ("prompt", "completion")}
        if "system" in cells:
            roles = {"user": cells["prompt"], "assistant": cells["completion"]}
            turns = [{"role": role, "content": text} for role, text in roles.items()]
            record = {"system": cells["system"], "messages": turns}
        if self._group_key is None:
            return record
        group = cells[self._group_key]
        for key in reversed(self._group_key.split(".")):
            group = {key: group}
        return {**record, **group}


class _Feed:
    """Gives the csv module its lines, and knows where the row began and what was wrong on the way."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self.first: Line | None = None
        """The line that the row begins in."""
        self.undecodable: Finding | None = None
        self.ended = False
        self._taken = 0

    def begin(self) -> None:
        """Begin another row."""
        self.first, self.undecodable, self._taken = None, None, 0

    def guess_separator(self, wanted: Mapping[str, str]) -> str:
        """Look at the header for the separator by which it holds what is wanted; a comma if none does."""
        seen = list(islice(self._lines, _MOST_BLANK))
        self._lines = chain(seen, self._lines)
        bodies = (line.body.removeprefix(BYTE_ORDER_MARK) for line in seen)
        text = next((body.decode("utf-8", "replace") for body in bodies if body.strip()), "")
        return _separator(text, wanted) or ","

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        begins = self.first is None
        self.first = self.first or line
        self._taken += len(line.body)
        if line.fault is not None and (begins or line.fault.rule != "TS007"):
            raise _FaultyLineError(line)
        if self._taken > MAX_LINE_BYTES:
            raise _FaultyLineError(self.first._replace(fault=_unclosed(self.first)))
        body = line.body.removeprefix(BYTE_ORDER_MARK) if line.number == 1 else line.body
        try:
            return body.decode() + "\n"
        except UnicodeDecodeError as error:
            place = f"Byte {error.start + 1} of line {line.number}"
            self.undecodable = Finding("TS003", f"{place} is not UTF-8 text; save the file as UTF-8.")
            return body.decode("utf-8", "replace") + "\n"


class _FaultyLineError(Exception):
    def __init__(self, line: Line) -> None:
        super().__init__(line.fault)
        self.line = line


def _rows(feed: _Feed, reader: Iterator[list[str]]) -> Iterator[tuple[Line, list[str]]]:
    """Give each row with the line that it begins in; a fault has no row."""
    while True:
        feed.begin()
        try:
            row = next(reader)
        except StopIteration:
            return
        except _FaultyLineError as error:
            yield error.line, []
            if error.line.fault is None or error.line.fault.rule != "TS007":
                return
            continue
        except csv.Error as error:
            place = feed.first or Line(1, 0, b"", None)
            yield place._replace(fault=_unclosed(place) if feed.ended else _malformed(error)), []
            continue
        if feed.first is not None:
            yield feed.first._replace(fault=feed.undecodable), row


def _wanted(columns: Mapping[str, str], group_key: str | None) -> dict[str, str]:
    """Name the column of each field that has to be there."""
    asked = {"prompt": "prompt", "completion": "completion", **({group_key: group_key} if group_key else {})}
    return asked | dict(columns)


def _separator(header: str, wanted: Mapping[str, str]) -> str | None:
    try:
        for separator in _SEPARATORS:
            names = {name.strip() for row in csv.reader([header], delimiter=separator) for name in row}
            if names >= set(wanted.values()):
                return separator
    except csv.Error:
        pass
    return None


def _said_of_file(header: Line, separator: str) -> Iterator[Finding]:
    """Say what is unusual in how the file is written."""
    if header.number == 1 and header.body.startswith(BYTE_ORDER_MARK):
        yield Finding("TS002", RULES["TS002"].reason)
    if separator != ",":
        yield Finding("TS043", f"The columns are separated by {_SEPARATORS[separator]}, and read so.")


def _wrong_header(missing: Sequence[str], twice: Sequence[str], names: Sequence[str]) -> Finding:
    if twice:
        return Finding("TS041", f"The header has the column {_quoted(twice[:1])} twice; name each but once.")
    hint = did_you_mean(missing[0], names)
    return Finding(
        "TS041",
        f"The header has no column {_quoted(missing)}{hint}; it has {_quoted(names)}. Say in data.columns, or"
        " with --column FIELD=COLUMN, which of them are prompt and completion.",
    )


def _ragged(cells: int, width: int) -> Finding:
    more, fewer = (
        "a separator or a quote stands in a cell that is not quoted",
        "a cell or a line break is lost",
    )
    why = more if cells > width else fewer
    return Finding("TS040", f"The row has {cells:,} cells and the header {width:,}: {why}.")


def _malformed(error: csv.Error) -> Finding:
    if "new-line" in str(error):
        told = "A carriage return stands alone outside quotes; save the file with the line breaks of Unix."
        return Finding("TS044", told)
    return Finding("TS044", f"The row is no CSV ({error}); a quote within a quoted cell is written twice.")


def _unclosed(place: Line) -> Finding:
    return Finding(
        "TS042",
        f"A quote in the row that begins in line {place.number:,} is not closed within {MAX_LINE_BYTES:,}"
        " bytes or before the file's end; nothing behind it is read.",
    )


def _quoted(names: Sequence[str]) -> str:
    return masked_excerpt(", ".join(map(repr, names)), _SHOWN)
