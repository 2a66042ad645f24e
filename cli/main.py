"""The `tunesmith` command: which subcommands are there?"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from cli import (
    approve,
    capacity,
    check,
    destroy,
    estimate,
    label,
    local,
    prices,
    promote,
    report,
    resume,
    rollback,
    runs,
    score,
    submit,
    watch,
)
from cli.errors import Tellable, tell


class _Tunesmith(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read our output has seen enough: typer ends quietly
        except Tellable as error:
            raise typer.Exit(tell(error)) from error


app = typer.Typer(
    name="tunesmith",
    cls=_Tunesmith,
    help="Turn an S3 upload into a better model on Amazon Bedrock.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("check")(check.check)
app.command("estimate")(estimate.estimate)
app.command("submit")(submit.submit)
app.command("watch")(watch.watch)
app.command("runs")(runs.runs)
app.command("report")(report.report)
app.command("approve")(approve.approve)
app.command("deny")(approve.deny)
app.command("resume")(resume.resume)
app.command("promote")(promote.promote)
app.command("rollback")(rollback.rollback)
app.command("capacity")(capacity.capacity)
app.command("destroy")(destroy.destroy)
app.command("label")(label.label)
app.command("score")(score.score_command)
app.add_typer(prices.app, name="prices")
app.add_typer(local.app, name="local")


def main() -> None:
    """Run the command that the shell asked for."""
    app(prog_name="tunesmith")
