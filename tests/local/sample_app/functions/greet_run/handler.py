"""Greets; fails, sleeps or prints when asked to."""

import os
import sys
import time

import boto3


class GreetingRefused(Exception):  # noqa: N818
    """Asked for by the event."""


def lambda_handler(event, context):
    print("greeting", event)  # noqa: T201
    if event.get("refuse"):
        raise GreetingRefused("no greeting today")
    if event.get("exit"):
        os._exit(3)
    if event.get("sleep"):
        time.sleep(event["sleep"])
    return {
        "greeting": os.environ["GREETING"],  # noqa: TID251
        "account": boto3.client("sts").get_caller_identity()["Account"] if event.get("ask") else None,  # noqa: TID251
        "arn": context.invoked_function_arn,
        "seconds_left": context.get_remaining_time_in_millis() / 1000,
        "variables": sorted(os.environ),  # noqa: TID251
        "process": os.getpid(),
        "path": sys.path[0],
    }
