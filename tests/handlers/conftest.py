"""Fixtures that the handlers' tests share."""

from tests.handlers.model_run import run as run
