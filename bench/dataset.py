"""How fast is the dataset engine? One command, one table; only ratios within one table hold.

Run it by `make bench`; `make bench ARGS=--short` takes a minute or two.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from bench import near_duplicates, processes, validation
from bench.corpora import Style

STYLES: Final[tuple[Style, ...]] = ("plain", "shared")


NEAR_HEAD: Final = (
    "tool",
    "us a record",
    "of our time",
    "of our processor time",
    "near found",
    "exact found",
    "precision",
)
FULL: Final = {
    "records": 20_000,
    "large": 200_000,
    "rounds": 5,
    "scaling": 250_000,
    "validated": 200_000,
    "checked": 200_000,
}
SHORT: Final = {
    "records": 4_000,
    "large": 0,
    "rounds": 3,
    "scaling": 10_000,
    "validated": 20_000,
    "checked": 30_000,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="small corpora: a minute or two")
    parser.add_argument("--records", type=int, help="records of the corpora for all tools")
    parser.add_argument("--large", type=int, help="records of the corpora for the fast tools alone; 0: none")
    parser.add_argument("--rounds", type=int, help="rounds, of which medians are taken")
    parser.add_argument("--scaling", type=int, help="records that are then taken four times; 0: none")
    parser.add_argument("--validated", type=int, help="records that are judged line by line; 0: none")
    parser.add_argument("--checked", type=int, help="records of the file for two processes; 0: none")
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    chosen = (SHORT if given.pop("short") else FULL) | given
    for malformed in (False, True) if chosen["validated"] else ():
        _validation(chosen["validated"], chosen["rounds"], malformed=malformed)
    for style in STYLES:
        _near(chosen["records"], chosen["rounds"], style, slow=True)
    for style in STYLES if chosen["large"] else ():
        _near(chosen["large"], chosen["rounds"], style, slow=False)
    for style in STYLES if chosen["scaling"] else ():
        _scaling(chosen["scaling"], style)
    if chosen["checked"]:
        title = f"Checking {chosen['checked']:,} records by two processes, medians of {chosen['rounds']}"
        _print(title, [], processes.gains(chosen["checked"], rounds=chosen["rounds"]))


def _validation(records: int, rounds: int, *, malformed: bool) -> None:
    kind = "with malformed lines" if malformed else "clean"
    rows = validation.compare(records, rounds=rounds, malformed=malformed)
    _print(f"Validation, {records:,} records, {kind}, medians of {rounds}", validation.HEAD, rows)


def _near(records: int, rounds: int, style: Style, *, slow: bool) -> None:
    rows = near_duplicates.compare(records, rounds=rounds, style=style, slow=slow)
    _print(f"Near-duplicates, {records:,} records, {style}, medians of {rounds}", NEAR_HEAD, rows)


def _scaling(records: int, style: Style) -> None:
    figures = near_duplicates.scaling(records, rounds=1, style=style)
    rows = [
        ["processor time at four times the records", f"{figures['time_ratio']:.2f}x"],
        ["memory a record", f"{figures['bytes_per_record']:.0f} bytes"],
        ["peak of the process", f"{figures['peak_bytes'] / 1e6:,.0f} MB"],
    ]
    _print(f"Near-duplicates, {records:,} to {4 * records:,} records, {style}", [], rows)


def _print(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = [list(head), ["-" * len(cell) for cell in head], *rows] if head else list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    sys.stdout.write("\n".join([f"\n{title}", *lines, ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
