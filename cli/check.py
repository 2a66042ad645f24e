"""`tunesmith check`: is a file fit to train on? The cloud's own rules, before anything is uploaded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from cli.data_files import data_pieces, is_parquet
from cli.errors import NO
from cli.options import JSON
from cli.voice import CommandError, answers, print_json
from tunesmith.catalogue import Model, UploadFormat, find_model
from tunesmith.catalogue.kinds import KINDS
from tunesmith.dataset import RULES, CheckedFile, check_file
from tunesmith.dataset.dataset_rules import DATASET_RULES, DatasetFinding
from tunesmith.dataset.fixes import FIXES
from tunesmith.dataset.judgement import judge_file
from tunesmith.dataset.parallel import check_path
from tunesmith.dataset.preparation import look_closer
from tunesmith.dataset.sensitive import Policy
from tunesmith.job_sections import COLUMN_FIELDS, DATA_SUFFIXES, MOST_REJECTED_SHARE

MOST_PROCESSES: Final = 8
_GRAVEST: Final = ("error", "quarantine", "warning", "note")
EXAMPLES: Final = 5
"""Problems shown of a rule; `--json` lists all."""


def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files of records, or folders of them.")
    ],
    model: Annotated[str, typer.Option("--model", metavar="ID", help="Base model, e.g. nova-micro.")],
    kind: Annotated[
        str, typer.Option("--kind", help=f"What the records are for: {', '.join(KINDS)}.")
    ] = "fine-tuning",
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
    part: Annotated[
        Literal["train", "validation", "test"],
        typer.Option("--as", help="What the files are for: a test file may be as small as it likes."),
    ] = "train",
    drop_near_duplicates: Annotated[
        bool,
        typer.Option(
            "--drop-near-duplicates",
            help="Leave out what nearly repeats a record that stays, as data.near_duplicates: drop does.",
        ),
    ] = False,
    json: JSON = False,
) -> None:
    """Name every line of a file that cannot be trained on, and what is wrong with the file as a whole.

    Each with the rule that it breaks and the reason; of a folder every data file in it. With --json one
    document a line, one for each file.
    """
    if kind not in KINDS:
        raise CommandError(f"--kind {kind} is no kind of run", f"use one of {', '.join(KINDS)}")
    asks = part == "test" and KINDS[kind].learns_texts
    base_model = find_model(model).as_tuned_by("fine-tuning" if asks else kind)
    columns = _columns(column or [], group_key)
    found = find_files(files)
    broken = False
    for file in found:
        checked = look_closer(
            checked_file(file, base_model, group_key or None, columns, sensitive, mends=policy == "fix"),
            drops_near=drop_near_duplicates and part == "train",
        )
        judged = judge_file(checked, base_model, part, most_rejected=max_rejected_share)
        ends = any(finding.severity == "error" for finding in judged)
        is_fit = not ends and not (policy == "strict" and checked.rejected)
        broken = broken or not is_fit
        if json:
            told = {**checked.to_json(), "fit": is_fit, "findings": [each.to_json() for each in judged]}
            print_json(told, indent=None)
        else:
            _show(checked, base_model, judged)
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


def _show(checked: CheckedFile, model: Model, judged: Sequence[DatasetFinding]) -> None:
    console = answers()
    console.print(
        Text(
            f"{checked.file}: {checked.valid:,} of {checked.read:,} records valid for {model.title}",
            style="bold",
        )
    )
    tokens = int(checked.records.tokens.sum())
    notes = [
        f"{checked.rejected:,} rejected" if checked.rejected else "",
        f"{len(checked.records):,} different" if len(checked.records) != checked.valid else "",
        f"about {tokens:,} tokens without duplicates",
    ]
    console.print("  " + ", ".join(note for note in notes if note))
    for rule in sorted(checked.by_rule, key=lambda rule: (_GRAVEST.index(RULES[rule].severity), rule)):
        _show_rule(checked, rule)
    for rule, count in checked.fixed.items():
        console.print(f"  {count:,} records mended of {rule}: {FIXES[rule]}", markup=False)
    for finding in sorted(judged, key=lambda finding: _GRAVEST.index(finding.severity)):
        help_ = f" {DATASET_RULES[finding.rule].fix}" if DATASET_RULES[finding.rule].fix else ""
        reason = finding.reason.rstrip(".")
        console.print(f"{finding.severity} {finding.rule}: {reason}.{help_}", markup=False, highlight=False)
    console.print(f"  {_outlook(checked, judged)}", markup=False)


def _show_rule(checked: CheckedFile, rule: str) -> None:
    console, count = answers(), checked.by_rule[rule]
    examples = list(islice((each for each in checked.problems if each.rule == rule), EXAMPLES))
    for problem in examples:
        console.print(f"{checked.file}:{problem.line}: {rule} {problem.reason}", markup=False)
    if count > len(examples):
        listed = "--json lists all" if checked.lists_all else f"--json lists {len(checked.problems):,} in all"
        console.print(f"{rule} in {count - len(examples):,} more lines; {listed}", markup=False)


def _outlook(checked: CheckedFile, judged: Sequence[DatasetFinding]) -> str:
    """Say what the findings mean for a run."""
    if any(finding.severity == "error" for finding in judged):
        return "A run would end before it costs anything."
    if checked.rejected:
        return "A run would leave the rejected records out and go on."
    return "A run would take the file as it is."
