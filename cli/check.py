"""`tunesmith check`: is a file fit to train on? The cloud's own rules, before anything is uploaded."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from cli.data_files import data_pieces
from cli.errors import NO
from cli.options import JSON
from cli.voice import CommandError, answers
from tunesmith.catalogue import find_model
from tunesmith.dataset import KINDS, POLICIES, CheckedFile, check_file
from tunesmith.dataset.preparation import look_closer
from tunesmith.job import COLUMN_FIELDS

SHOWN: Final = 30
"""Problems shown of a file; `--json` lists all."""


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of records.")],
    model: Annotated[str, typer.Option("--model", metavar="ID", help="Base model, e.g. nova-micro.")],
    group_key: Annotated[
        str, typer.Option("--group-key", metavar="PATH", help="Your own field beside a record's.")
    ] = "",
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=COLUMN", help="A table's column, as data.columns names it."),
    ] = None,
    sensitive: Annotated[
        Literal["report", "mask", "refuse"],
        typer.Option("--sensitive", help="What becomes of sensitive data, as data.sensitive says it."),
    ] = "report",
    json: JSON = False,
) -> None:
    """Name every line of a file that cannot be trained on.

    Each with the rule that it breaks and the reason. With --json one document a line, one for each file.
    """
    base_model = find_model(model)
    columns = _columns(column or [], group_key)
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise CommandError(f"there is no file {', '.join(missing)}")
    broken = False
    for file in files:
        checked = look_closer(
            check_file(
                data_pieces(file, columns, group_key or None),
                base_model,
                file=str(file),
                group_key=group_key or None,
                columns=columns,
                sensitive=sensitive,
            )
        )
        broken = broken or checked.rejected > 0 or checked.valid == 0
        if json:
            answers().print(json_module.dumps(checked.to_json()), markup=False)
        else:
            _show(checked, base_model.title)
    raise typer.Exit(NO if broken else 0)


def _columns(options: list[str], group_key: str) -> dict[str, str]:
    fields = (*COLUMN_FIELDS, *([group_key] if group_key else []))
    columns = {}
    for option in options:
        field, equals, name = option.partition("=")
        if not equals or not name.strip() or field not in fields:
            raise CommandError(
                f"--column {option} names no column",
                f"write --column FIELD=COLUMN, where FIELD is one of {', '.join(fields)}",
            )
        columns[field] = name.strip()
    return columns


def _show(checked: CheckedFile, title: str) -> None:
    console = answers()
    tokens = int(checked.records.tokens.sum())
    console.print(
        Text(f"{checked.file}: {checked.valid:,} of {checked.read:,} records valid for {title}", style="bold")
    )
    notes = [
        f"{checked.rejected:,} rejected" if checked.rejected else "",
        f"{checked.duplicates.exact:,} exact duplicates" if checked.duplicates.exact else "",
        f"{checked.duplicates.conflicts:,} prompts with different answers"
        if checked.duplicates.conflicts
        else "",
        f"{checked.near.records:,} near-duplicates in {checked.near.groups:,} groups"
        if checked.near and checked.near.groups
        else "",
        f"about {tokens:,} tokens without duplicates",
    ]
    console.print("  " + ", ".join(note for note in notes if note))
    for note in (checked.near and checked.near.warning, checked.conflicts and checked.conflicts.note):
        if note:
            console.print(f"  {note}", markup=False)
    if checked.sensitive:
        found = ", ".join(f"{KINDS[kind]} {count:,}" for kind, count in checked.sensitive.items())
        done = POLICIES[checked.policy]
        console.print(f"  {checked.sensitive_records:,} records hold sensitive data, {done}: {found}")
    for problem in checked.problems[:SHOWN]:
        console.print(f"{checked.file}:{problem.line}: {problem.rule} {problem.reason}", markup=False)
    more = sum(checked.by_rule.values()) - SHOWN
    if more > 0:
        which = "all" if len(checked.problems) == more + SHOWN else f"the first {len(checked.problems):,}"
        console.print(f"and {more:,} more problems; --json lists {which}")
