"""What reward does an answer earn? The graders that Tunesmith brings: metrics of the evaluation, by name.

Bedrock sends samples and takes rewards in the shapes of the user guide's page on reward functions for Nova.
The record itself names its grader, so that one function serves every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tunesmith.dataset.formats import GRADER_KEY, REFERENCE_KEY, reference_text
from tunesmith.evaluation.metrics_registry import METRICS

GRADERS: Final = ("exact_match", "numeric", "multiple_choice", "json_validity", "json_fields", "token_f1")
"""The metrics that grade an answer by itself and quickly; they give 0 to 1."""


def grade(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give each sample its reward; an answer of whatever kind has one.

    Raises ValueError where a record names no grader that there is, or holds no reference that the grader
    can go by: faults of the data that no answer can help, and that would teach the model nonsense.
    """
    return [_graded(sample) for sample in samples]


def unfit_references(grader: str, references: Iterable[str]) -> str:
    """Say which reference a grader cannot go by, and why; empty where it can by all."""
    for number, reference in enumerate(references, start=1):
        try:
            METRICS[grader].score("", reference)
        except ValueError as error:
            return f"reinforcement.grader is {grader}, but reference {number} does not fit it: {error}"
    return ""


def answer_of(sample: Mapping[str, Any]) -> str:
    """Read the text of a sample's last turn, empty where the model answered none."""
    messages = sample.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, Mapping) or last.get("role") in ("user", "system"):
        return ""
    content = last.get("content")
    if isinstance(content, list):
        texts = (block.get("text") for block in content if isinstance(block, Mapping))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _graded(sample: Mapping[str, Any]) -> dict[str, Any]:
    # Some of AWS's own samples have the record's fields beside the messages, and no metadata.
    record = {**sample, **(sample.get("metadata") or {})}
    name = record.get(GRADER_KEY)
    if name not in GRADERS:
        raise ValueError(f"{GRADER_KEY} is {name!r}; allowed are {', '.join(GRADERS)}")
    if REFERENCE_KEY not in record:
        raise ValueError(f"{REFERENCE_KEY} is missing in the sample {sample.get('id')!r}")
    reward = float(METRICS[name].score(answer_of(sample), reference_text(record[REFERENCE_KEY])))
    return {
        "id": sample.get("id"),
        "aggregate_reward_score": reward,
        "metrics_list": [{"name": name, "value": reward, "type": "Reward"}],
    }
