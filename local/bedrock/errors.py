"""Which errors are raised? Bedrock's own, by name; the HTTP code stands in botocore's model."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class BedrockError(ServiceException):
    """An error of the service, under its name in botocore's model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def validation(message: str) -> BedrockError:
    """Make the error of a request that breaks a rule."""
    return BedrockError("ValidationException", message)


def not_found(message: str) -> BedrockError:
    """Make the error of a resource that does not exist."""
    return BedrockError("ResourceNotFoundException", message)


def conflict(message: str) -> BedrockError:
    """Make the error of a name or state that stands in the way."""
    return BedrockError("ConflictException", message)


def unknown(message: str) -> BedrockError:
    """Make the error of an operation that the local cloud lacks."""
    return BedrockError("UnknownOperationException", message)
