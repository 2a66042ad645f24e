"""How does the command speak? Answers on stdout, all else on stderr; colour never carries the meaning."""

from __future__ import annotations

import json
from typing import Any, Final

import typer
from rich.console import Console
from rich.text import Text

_PIPE_WIDTH: Final = 10_000
"""Columns of what is no terminal: wide enough that nothing is wrapped for a program."""


class CommandError(Exception):
    """When a command could not be done; `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def answers() -> Console:
    """Return the console for what was asked for: stdout."""
    return _console(stderr=False)


def progress() -> Console:
    """Return the console for what happens meanwhile: stderr."""
    return _console(stderr=True)


def say(message: str) -> None:
    """Tell of progress."""
    progress().print(message, markup=False)


def tell_error(message: str, hint: str = "") -> None:
    """Say on stderr what went wrong and what to do about it."""
    console = progress()
    console.print(Text.assemble(("error", "bold red"), ": ", message))
    if hint:
        console.print(Text.assemble(("hint", "bold cyan"), ": ", hint))


def confirm(question: str, *, yes: bool) -> bool:
    """Ask a yes-or-no question on stderr, unless it was answered beforehand; tell where nothing happens.

    Raises CommandError where nobody answers.
    """
    if yes:
        return True
    try:
        confirmed = typer.confirm(question, err=True)
    except typer.Abort as error:
        raise CommandError("nobody confirmed; nothing was changed", "answer beforehand with --yes") from error
    if not confirmed:
        say("nothing was changed")
    return confirmed


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value on stdout as JSON, on one line without an indent; Decimals and times become text."""
    # A document is as long as it is: a line that were wrapped would break in the midst of a text.
    answers().print(json.dumps(value, indent=indent, default=str), markup=False, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    # What stands in a user's data between colons stays as it is, and becomes no picture.
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, emoji=False, width=_PIPE_WIDTH)
