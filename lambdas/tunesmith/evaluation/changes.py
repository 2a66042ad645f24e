"""Which answers did tuning change most? Records of the blind test, for a person to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tunesmith.evaluation.answers import BASE, CANDIDATE, Answer, Question, text_of

MOST_SHOWN: Final = 20
"""Of the improved ones, and as many of the damaged ones."""
MOST_CHARACTERS: Final = 600
"""Of each text; the rest is cut off, and said to be."""


def most_changed(
    scores: Mapping[str, Any], questions: Sequence[Question], answers: Mapping[str, Sequence[Answer]]
) -> dict[str, Any]:
    """Pick the records on which the candidate gained and lost most beside its base model.

    Records that changed alike are picked by their id, a hash of their content: by chance, and the same ones
    each time. `improved` and `damaged` count all of them.
    """
    metric, models = scores["metric"], scores["models"]
    gains = {
        record: mine - other
        for record, mine, other in zip(
            scores["records"], models[CANDIDATE][metric], models[BASE][metric], strict=True
        )
    }
    asked = {question.id: question for question in questions}
    said = {label: {answer.id: answer.text for answer in answers[label]} for label in (CANDIDATE, BASE)}

    def shown(records: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {
                "id": record,
                "gain": gains[record],
                "asked": _cut(text_of(asked[record].messages[-1]["content"])),
                "reference": _cut(asked[record].reference),
                **{label: _cut(said[label].get(record, "")) for label in (CANDIDATE, BASE)},
            }
            for record in records[:MOST_SHOWN]
        ]

    improved = sorted((one for one in gains if gains[one] > 0), key=lambda one: (-gains[one], one))
    damaged = sorted((one for one in gains if gains[one] < 0), key=lambda one: (gains[one], one))
    return {
        "improved": {"records": len(improved), "shown": shown(improved)},
        "damaged": {"records": len(damaged), "shown": shown(damaged)},
    }


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]} … ({len(text) - MOST_CHARACTERS:,} more characters)"
