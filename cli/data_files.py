"""How is a data file on this machine read? In pieces; a Parquet file's rows as JSON lines.

The cloud reads no Parquet, since its library is larger than all that the preparing function may hold: a
Parquet file is checked, priced and uploaded as the lines that stand here for its rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from cli.voice import CommandError
from tunesmith.dataset.compression import MAX_PLAIN_BYTES, UnreadableFileError
from tunesmith.dataset.tables import Header

_CHUNK: Final = 1 << 20
_MAGIC: Final = b"PAR1"
_ROWS: Final = 64
"""Rows in memory at once: a cell may be as long as a record."""
_RECORD_KEYS: Final = ("schemaVersion", "system", "messages")


def data_pieces(
    file: Path, columns: Mapping[str, str] | None = None, group_key: str | None = None
) -> Iterator[bytes]:
    """Read a file in pieces of about a mebibyte; of a Parquet file, whose first bytes tell, its rows' lines.

    A damaged Parquet file raises UnreadableFileError, as the engine expects of what gives it pieces.
    """
    if is_parquet(file):
        yield from _parquet_lines(file, columns or {}, group_key)
        return
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


def is_parquet(file: Path) -> bool:
    """Tell by its first bytes whether a file is a Parquet file."""
    with file.open("rb") as opened:
        return opened.read(len(_MAGIC)) == _MAGIC


def _parquet_lines(file: Path, columns: Mapping[str, str], group_key: str | None) -> Iterator[bytes]:
    try:
        parquet = import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{file} is a Parquet file, and pyarrow, which reads those, is not installed",
            "install it, as `make setup` does: pip install pyarrow",
        ) from error
    given = 0
    try:
        with parquet.ParquetFile(file) as opened:
            wanted, spell = _read_as(opened, columns, group_key)
            for batch in opened.iter_batches(batch_size=_ROWS, columns=wanted, use_threads=False):
                piece = b"".join(json.dumps(spell(row)).encode() + b"\n" for row in batch.to_pylist())
                given += len(piece)
                if given > MAX_PLAIN_BYTES:
                    told = f"The Parquet file holds more than {MAX_PLAIN_BYTES >> 30} GiB; split it."
                    raise UnreadableFileError("TS028", told)
                yield piece
    except (OSError, import_module("pyarrow").ArrowException) as error:
        raise UnreadableFileError("TS028", f"The Parquet file is damaged ({error}).") from error


def _read_as(
    opened: Any, columns: Mapping[str, str], group_key: str | None
) -> tuple[list[str], Callable[[dict[str, Any]], dict[str, Any]]]:
    """Choose the columns to read, and how a row of them is spelled as a record."""
    names: list[str] = opened.schema_arrow.names
    if not columns and "messages" in names:
        beside = (group_key or "").partition(".")[0]
        return [name for name in names if name in (*_RECORD_KEYS, beside)], _present
    # A column of structs is named by its path, as meta.customer.
    paths = [opened.schema.column(place).path for place in range(len(opened.schema.names))]
    header = Header([*names, *(path for path in paths if path not in names)], columns, group_key)
    if header.fault is not None:
        raise UnreadableFileError(*header.fault)

    def spell(row: dict[str, Any]) -> dict[str, Any]:
        return header.record({field: _text(_at(row, column)) for field, column in header.columns.items()})

    return [*header.columns.values()], spell


def _at(row: Mapping[str, Any], column: str) -> Any:
    if column in row:
        return row[column]
    found: Any = row
    for key in column.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _text(cell: Any) -> Any:
    """Spell a cell as text; an empty one is an empty text, and what can be none stays for the rules."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str | list | dict) else _plain(cell)


def _present(value: Any) -> Any:
    """Leave out what is absent: a column of structs has every key in every row."""
    if isinstance(value, dict):
        return {key: _present(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_present(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else _plain(value)


def _plain(value: Any) -> Any:
    """Spell numbers, dates and times as text, and bytes as the text that they are, or as nothing."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    return str(value.normalize() if isinstance(value, Decimal) else value)
