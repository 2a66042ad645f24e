"""How is a data file on this machine read? In pieces; a Parquet file's rows as JSON lines.

The cloud reads no Parquet, since its library is larger than all that the preparing function may hold: a
Parquet file is checked, priced and uploaded as the lines that stand here for its rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from cli.voice import CommandError
from tunesmith.dataset.compression import FREE_BYTES, MAX_PLAIN_BYTES, UnreadableFileError
from tunesmith.dataset.tables import Header

_CHUNK: Final = 1 << 20
_MAGIC: Final = b"PAR1"
_ROWS: Final = 64
"""Rows in memory at once: a cell may be as long as a record."""
_MOST_GROWTH: Final = 1_000
"""Plain bytes per byte of a real file or of a column in it, beyond the first FREE_BYTES."""
_MEMORY: Final = 1 << 30
"""Bytes that reading some rows may take: far beyond what rows that can be records need."""
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
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{file} is a Parquet file, and pyarrow, which reads those, is not installed",
            "install it, as `make setup` does: pip install pyarrow",
        ) from error
    # Its own allocator has room for a gibibyte from the first byte on, which no limit would hold back.
    arrow.set_memory_pool(arrow.system_memory_pool())
    most = min(MAX_PLAIN_BYTES, FREE_BYTES + _MOST_GROWTH * file.stat().st_size)
    given = 0
    try:
        with parquet.ParquetFile(file, pre_buffer=False) as opened:
            wanted, spell = _read_as(opened, columns, group_key)
            _refuse_growth(opened.metadata)
            batches = opened.iter_batches(batch_size=_ROWS, columns=wanted, use_threads=False)
            while rows := _next_rows(batches):
                # One after another: all at once could be as many long lines.
                for row in rows:
                    line = json.dumps(spell(row)).encode() + b"\n"
                    given += len(line)
                    if given > most:
                        told = f"The Parquet file's rows grow to more than {most >> 20:,} MiB; split it."
                        raise UnreadableFileError("TS028", told)
                    yield line
    except MemoryError as error:
        told = f"Some rows of the Parquet file take more than {_MEMORY >> 20:,} MiB of memory."
        raise UnreadableFileError("TS028", told) from error
    except (OSError, arrow.ArrowException) as error:
        raise UnreadableFileError("TS028", f"The Parquet file is damaged ({error}).") from error


def _next_rows(batches: Iterator[Any]) -> list[dict[str, Any]]:
    """Read the next rows in bounded memory; nothing behind the last."""
    with _at_most(_MEMORY):
        batch = next(batches, None)
        found: list[dict[str, Any]] = [] if batch is None else batch.to_pylist()
        return found


def _refuse_growth(metadata: Any) -> None:
    """Look at what a file says of itself: a bomb that does not lie is not opened."""
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        for number in range(group.num_columns):
            column = group.column(number)
            plain, packed = column.total_uncompressed_size, column.total_compressed_size
            if plain > FREE_BYTES + _MOST_GROWTH * packed:
                told = f"The column {column.path_in_schema} of the Parquet file grows to {plain >> 20:,} MiB"
                limit = f"from {packed:,} bytes: at most {_MOST_GROWTH:,} times are read"
                raise UnreadableFileError("TS028", f"{told} {limit}.")


@contextmanager
def _at_most(memory: int) -> Iterator[None]:
    """Let this process take so many bytes more and no others, where the system can hold it to that.

    A file's own figures may lie, and its library takes what they ask for.
    """
    try:
        limits = import_module("resource")
        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * limits.getpagesize()
    except (ModuleNotFoundError, OSError):
        yield
        return
    before, hard = limits.getrlimit(limits.RLIMIT_AS)
    known = [limit for limit in (before, hard) if limit != limits.RLIM_INFINITY]
    limits.setrlimit(limits.RLIMIT_AS, (min([taken + memory, *known]), hard))
    try:
        yield
    finally:
        limits.setrlimit(limits.RLIMIT_AS, (before, hard))


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
