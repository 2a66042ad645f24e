"""Fixtures that the handlers' tests share."""

from tests.handlers.data_run import data_run
from tests.handlers.model_run import run

__all__ = ["data_run", "run"]
