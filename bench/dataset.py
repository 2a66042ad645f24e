"""How fast is the dataset engine? One command, one table; only ratios within one table hold.

Run it by `make bench`, or `python -m bench.dataset --records 20000 --rounds 5`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from bench import near_duplicates, validation
from bench.corpora import Style

STYLES: Final[tuple[Style, ...]] = ("plain", "shared")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000, help="records of the compared corpora")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which medians are taken")
    parser.add_argument("--scaling", type=int, default=250_000, help="records that are then taken four times")
    parser.add_argument("--scaling-rounds", type=int, default=1)
    parser.add_argument("--validated", type=int, default=200_000, help="records that are judged line by line")
    chosen = parser.parse_args()
    for malformed in (False, True) if chosen.validated else ():
        kind = "with malformed lines" if malformed else "clean"
        title = f"Validation, {chosen.validated:,} records, {kind}, medians of {chosen.rounds}"
        rows = validation.compare(chosen.validated, rounds=chosen.rounds, malformed=malformed)
        _print(title, validation.HEAD, rows)
    for style in STYLES:
        rows = near_duplicates.compare(chosen.records, rounds=chosen.rounds, style=style)
        title = f"Near-duplicates, {chosen.records:,} records, {style}, medians of {chosen.rounds}"
        _print(
            title,
            [
                "tool",
                "us a record",
                "of our time",
                "of our processor time",
                "near found",
                "exact found",
                "precision",
            ],
            rows,
        )
    for style in STYLES:
        if chosen.scaling:
            figures = near_duplicates.scaling(chosen.scaling, rounds=chosen.scaling_rounds, style=style)
            rows = [
                ["processor time at four times the records", f"{figures['time_ratio']:.2f}x"],
                ["memory a record", f"{figures['bytes_per_record']:.0f} bytes"],
                ["peak of the process", f"{figures['peak_bytes'] / 1e6:,.0f} MB"],
            ]
            _print(
                f"Near-duplicates, {chosen.scaling:,} to {4 * chosen.scaling:,} records, {style}", [], rows
            )


def _print(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = [list(head), ["-" * len(cell) for cell in head], *rows] if head else list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    sys.stdout.write("\n".join([f"\n{title}", *lines, ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
