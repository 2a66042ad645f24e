"""Greets; fails, sleeps or prints when asked to."""

import os
import sys
import time
from typing import Any

import boto3


class GreetingRefused(Exception):  # noqa: N818
    """Asked for by the event."""


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    print("greeting", event)  # noqa: T201
    if event.get("refuse"):
        raise GreetingRefused("no greeting today")
    if event.get("exit"):
        os._exit(3)
    if event.get("sleep"):
        time.sleep(event["sleep"])
    return {
        "greeting": os.environ["GREETING"],
        "account": boto3.client("sts").get_caller_identity()["Account"] if event.get("ask") else None,
        "arn": context.invoked_function_arn,
        "seconds_left": context.get_remaining_time_in_millis() / 1000,
        "variables": sorted(os.environ),
        "process": os.getpid(),
        "path": sys.path[0],
    }
