"""What else was looked at beside the gain: do the models repeat themselves?"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any


def steadiness(evaluation: Mapping[str, Any] | None) -> str:
    """Show how often each model's second answer scored otherwise than its first."""
    noise = (evaluation or {}).get("noise")
    if not noise:
        return ""
    rows = "".join(
        f"<tr><th>{escape(label)}</th>"
        f'<td class="n">{figures["flips"]:,} of {figures["records"]:,}</td>'
        f'<td class="n">{100 * figures["share"]:.1f}%</td><td class="n">{figures["answers"]}</td></tr>'
        for label, figures in noise.items()
    )
    return (
        "<section><h2>Do the models repeat themselves?</h2>"
        '<p class="muted">Some records were answered twice. A model whose score flips on more than 2% of them'
        " answered every record three times, and its scores are the means.</p>"
        '<table><thead><tr><th>Model</th><th class="n">Flips</th><th class="n">Share</th>'
        f'<th class="n">Answers for each score</th></tr></thead><tbody>{rows}</tbody></table></section>'
    )
