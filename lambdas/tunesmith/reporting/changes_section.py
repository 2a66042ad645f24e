"""How do the answers differ? The most improved and the most damaged ones, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_TITLES = {"improved": "Better after tuning", "damaged": "Worse after tuning"}


def changes(section: Mapping[str, Any] | None) -> str:
    """Show both lists, folded; each text is the user's or a model's and is escaped."""
    if section is None or not any(section[name]["records"] for name in _TITLES):
        return ""
    lists = "".join(_list(title, section[name]) for name, title in _TITLES.items())
    return (
        '<section><h2>Answers that changed</h2><p class="muted">Records of the blind test, candidate beside'
        " base model. To train on them, or to mend a prompt by them, makes the test no longer blind.</p>"
        f"{lists}</section>"
    )


def _list(title: str, part: Mapping[str, Any]) -> str:
    if not part["records"]:
        return f"<p>{title}: none.</p>"
    shown = "".join(map(_record, part["shown"]))
    rest = "" if part["records"] == len(part["shown"]) else f", {len(part['shown'])} of them shown"
    records = "1 record" if part["records"] == 1 else f"{part['records']:,} records"
    return f"<details><summary>{title}: {records}{rest}</summary>{shown}</details>"


def _record(one: Mapping[str, Any]) -> str:
    return (
        f'<div class="record"><p class="asked">{escape(one["asked"])}</p>'
        f'<dl class="answers"><div><dt>Expected</dt><dd>{escape(one["reference"])}</dd></div>'
        f"<div><dt>Candidate</dt><dd>{_said(one['candidate'])}</dd></div>"
        f"<div><dt>Base model</dt><dd>{_said(one['base'])}</dd></div></dl></div>"
    )


def _said(text: str) -> str:
    return escape(text) if text.strip() else '<span class="muted">(nothing)</span>'
