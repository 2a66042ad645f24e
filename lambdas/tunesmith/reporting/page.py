"""How does a run look to a person? One self-contained page, rendered from report.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tunesmith.reporting.words import HEADLINES


def render_page(document: Mapping[str, Any]) -> str:
    """Render the page: no script, no outside resource, every text of the user escaped."""
    return f"<!doctype html><title>{escape(document['project'])}</title><h1>{HEADLINES[document['outcome']]}</h1>"
