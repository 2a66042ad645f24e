"""How does a function log? One structured JSON line per finding, under the function's own name."""

from __future__ import annotations

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger(service: str) -> Logger:
    """Make (once) the logger of a function; `service` is the function's folder name."""
    return Logger(service=service)
