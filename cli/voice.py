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


def print_json(value: Any) -> None:
    """Print a value on stdout as JSON; Decimals and times become text."""
    answers().print(json.dumps(value, indent=2, default=str), markup=False)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=_PIPE_WIDTH)
