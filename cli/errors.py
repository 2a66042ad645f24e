"""What does a user see when a command could not be done? What happened, and what to do about it."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from cli.voice import CommandError, tell_error
from local.cloud import LocalCloudError, LocalDeployError
from tunesmith.errors import JobFileError, TunesmithError

NO: Final = 1
COULD_NOT_BE_DONE: Final = 2

Tellable: Final = (
    CommandError,
    TunesmithError,
    LocalCloudError,
    LocalDeployError,
    BotoCoreError,
    ClientError,
    OSError,
)
"""Errors that a user can do something about; any other is a fault of ours and shows its traceback."""


def tell(error: Exception) -> int:
    """Tell one of the tellable errors on stderr; returns the exit code."""
    if isinstance(error, JobFileError):
        count = "1 problem" if len(error.problems) == 1 else f"{len(error.problems)} problems"
        tell_error("\n  ".join([f"the job file has {count}", *error.problems]))
        return NO
    if isinstance(error, CommandError):
        tell_error(str(error), error.hint)
    elif isinstance(error, NoCredentialsError | NoRegionError):
        tell_error(
            f"AWS cannot be asked: {error}",
            "set AWS_REGION and credentials (`aws configure`), or use the local cloud: --env local",
        )
    elif isinstance(error, ClientError):
        told = error.response["Error"]
        tell_error(f"AWS refused {error.operation_name}: {told.get('Code')}: {told.get('Message')}")
    elif isinstance(error, BotoCoreError):
        tell_error(f"AWS cannot be reached: {error}")
    else:
        tell_error(str(error))
    return COULD_NOT_BE_DONE
