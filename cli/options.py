"""Which arguments and options do several commands take?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUN = Annotated[str, typer.Argument(metavar="RUN", help="Run id, 16 hex digits, as `submit` prints it.")]
JOB = Annotated[Path, typer.Argument(metavar="JOB", help="Job file, YAML or JSON.")]
DATA = Annotated[
    list[Path] | None,
    typer.Option("--data", metavar="FILE", help="Data file; repeat for more. Default: beside the job file."),
]
ENVIRONMENT = Annotated[
    str,
    typer.Option(
        "--env",
        envvar="TUNESMITH_ENV",
        metavar="ENV",
        help="Environment to talk to; `local` is the local cloud that runs here.",
    ),
]
JSON = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
YES = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
WATCH = Annotated[bool, typer.Option("--watch", help="Follow the run to its verdict.")]
PROJECT = Annotated[str, typer.Argument(metavar="PROJECT", help="Project, as its job file names it.")]
