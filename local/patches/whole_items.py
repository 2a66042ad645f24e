"""DynamoDB's calls come one after another: moto's threads would show each other items half written."""

from __future__ import annotations

from threading import RLock
from typing import Any

from moto.dynamodb.responses import DynamoHandler


def apply() -> None:
    """Wrap moto's handling of a call."""
    call, lock = DynamoHandler.call_action, RLock()

    def call_alone(self: DynamoHandler) -> Any:
        with lock:
            return call(self)

    DynamoHandler.call_action = call_alone
