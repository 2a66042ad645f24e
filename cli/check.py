"""`tunesmith check`: is a file fit to train on? The cloud's own rules, before anything is uploaded."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from cli.data_files import data_pieces, is_parquet
from cli.errors import NO
from cli.options import JSON
from cli.voice import CommandError, answers
from tunesmith.catalogue import Model, UploadFormat, find_model
from tunesmith.dataset import KINDS, POLICIES, RULES, CheckedFile, check_file
from tunesmith.dataset.fixes import FIXES
from tunesmith.dataset.parallel import check_path
from tunesmith.dataset.placement import PROVEN_RECORDS
from tunesmith.dataset.preparation import look_closer
from tunesmith.dataset.sensitive import Policy
from tunesmith.job import COLUMN_FIELDS, DATA_SUFFIXES, MOST_REJECTED_SHARE

MOST_PROCESSES: Final = 8
EXAMPLES: Final = 5
"""Problems shown of a rule; `--json` lists all."""


def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files of records, or folders of them.")
    ],
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
    policy: Annotated[
        Literal["strict", "drop", "fix"],
        typer.Option("--policy", help="Which bad records make the answer no, as data.on_error says it."),
    ] = "strict",
    max_rejected_share: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share that may be left out, unless the policy is strict.")
    ] = MOST_REJECTED_SHARE,
    json: JSON = False,
) -> None:
    """Name every line of a file that cannot be trained on.

    Each with the rule that it breaks and the reason; of a folder every data file in it. With --json one
    document a line, one for each file.
    """
    base_model = find_model(model)
    columns = _columns(column or [], group_key)
    found = find_files(files)
    broken = False
    for file in found:
        checked = look_closer(
            checked_file(file, base_model, group_key or None, columns, sensitive, mends=policy == "fix")
        )
        share = 0 if policy == "strict" else max_rejected_share
        is_fit = checked.valid and not checked.stopped and checked.rejected <= share * checked.read
        broken = broken or not is_fit
        if json:
            answers().print(json_module.dumps(checked.to_json()), markup=False)
        else:
            _show(checked, base_model, max_rejected_share)
    raise typer.Exit(NO if broken else 0)


def checked_file(
    file: Path,
    model: Model,
    group_key: str | None,
    columns: Mapping[str, str],
    sensitive: Policy,
    record_format: UploadFormat | None = None,
    *,
    mends: bool = False,
) -> CheckedFile:
    """Check a file of this machine, a large one by all its processors."""
    if is_parquet(file):
        return check_file(
            data_pieces(file, columns, group_key),
            model,
            file=str(file),
            record_format=record_format,
            group_key=group_key,
            columns=columns,
            sensitive=sensitive,
            mends=mends,
        )
    return check_path(
        file,
        model,
        processes=min(os.cpu_count() or 1, MOST_PROCESSES),
        record_format=record_format,
        group_key=group_key,
        columns=columns,
        sensitive=sensitive,
        mends=mends,
    )


def find_files(paths: Sequence[Path]) -> list[Path]:
    """List files, and in the place of a folder the data files in it and below, in the order of their names.

    Raises CommandError with all that cannot be read.
    """
    found, problems = [], []
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        files = [each for each in inside if each == path or each.name.endswith(DATA_SUFFIXES)]
        if not files:
            problems.append(f"the folder {path} holds no data file ({', '.join(DATA_SUFFIXES)})")
        for file in files:
            if problem := _unreadable(file):
                problems.append(problem)
            else:
                found.append(file)
    if problems:
        raise CommandError("; ".join(problems))
    return found


def _unreadable(file: Path) -> str:
    if not file.exists():
        return f"there is no file {file}"
    if not file.is_file():
        return f"{file} is neither a file nor a folder"
    try:
        with file.open("rb"):
            return ""
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"


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


def _show(checked: CheckedFile, model: Model, share: float) -> None:
    console = answers()
    tokens = int(checked.records.tokens.sum())
    console.print(
        Text(
            f"{checked.file}: {checked.valid:,} of {checked.read:,} records valid for {model.title}",
            style="bold",
        )
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
    for rule in sorted(checked.by_rule, key=lambda rule: (RULES[rule].severity != "error", rule)):
        _show_rule(checked, rule)
    for rule, count in checked.fixed.items():
        console.print(f"  {count:,} records mended of {rule}: {FIXES[rule]}", markup=False)
    for sentence in _advice(checked, model, share):
        console.print(f"  {sentence}", markup=False)


def _show_rule(checked: CheckedFile, rule: str) -> None:
    console, count = answers(), checked.by_rule[rule]
    examples = list(islice((each for each in checked.problems if each.rule == rule), EXAMPLES))
    for problem in examples:
        console.print(f"{checked.file}:{problem.line}: {rule} {problem.reason}", markup=False)
    if count > len(examples):
        listed = "--json lists all" if checked.lists_all else f"--json lists {len(checked.problems):,} in all"
        console.print(f"{rule} in {count - len(examples):,} more lines; {listed}", markup=False)


def _advice(checked: CheckedFile, model: Model, share: float) -> Iterator[str]:
    """Say what the figures mean for a run."""
    if checked.stopped or not checked.read:
        yield (
            "There is nothing to train on."
            if not checked.read
            else "A run would end before it costs anything."
        )
        return
    different = len(checked.records)
    if checked.rejected > share * checked.read:
        yield (
            f"More than {share:.0%} of the records are rejected, so a run would end before it"
            " costs anything: mend them first."
        )
    elif checked.rejected:
        yield "A run would leave the rejected records out and go on."
    if different < model.minimum_records:
        yield f"{model.title} needs at least {model.minimum_records} different records to train on."
    elif different < PROVEN_RECORDS:
        yield (
            f"Fewer than {PROVEN_RECORDS} different records prove nothing when they are split: as a training"
            " file this one wants a test file beside it."
        )
