"""Can a grader tell right answers from wrong ones? Tried on a few records, before hours of training are paid.

A reward that is the same for every answer teaches nothing, and a grader that fails ends its job.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

import msgspec

from tunesmith.dataset.formats import REFERENCE_KEY, write_prompt

TRIAL_RECORDS: Final = 8
"""Training records that the grader is tried on."""
WRONG_ANSWERS: Final = ("", "I do not know.")
"""Answers that are right for no record; the right answer to another record is a third one."""
_RIGHT: Final = "right"
_SHOWN: Final = 200

TrialRecord = Mapping[str, Any]
"""`prompt`, a training record as Bedrock is sent it, and `right`, the answer that it should be given."""


def trial_records(conversations: Iterable[bytes], grader: str) -> list[dict[str, Any]]:
    """Take the first records with different answers from lines of conversations, as many as there are."""
    chosen: dict[str, dict[str, Any]] = {}
    for line in conversations:
        conversation = msgspec.json.decode(line)
        right = "\n".join(
            block["text"] for block in conversation["messages"][-1]["content"] if "text" in block
        )
        prompt = msgspec.json.decode(write_prompt(conversation, grader))
        chosen.setdefault(right, {"prompt": prompt, "right": right})
        if len(chosen) == TRIAL_RECORDS:
            break
    return list(chosen.values())


def trial_samples(records: Sequence[TrialRecord]) -> list[dict[str, Any]]:
    """Spell what the grader is asked, in Bedrock's payload: each record, answered rightly and wrongly."""
    samples = []
    for number, record in enumerate(records):
        others = [other["right"] for other in records if other["right"] != record["right"]]
        wrong = [*WRONG_ANSWERS, *others[:1]]
        answers = {_RIGHT: record["right"], **{f"wrong-{place}": text for place, text in enumerate(wrong)}}
        metadata = {key: value for key, value in record["prompt"].items() if key != "messages"}
        samples += [
            {
                "id": f"{number}-{name}",
                "messages": [*record["prompt"]["messages"], {"role": "assistant", "content": text}],
                "metadata": metadata,
            }
            for name, text in answers.items()
        ]
    return samples


def trial_objection(samples: Sequence[Mapping[str, Any]], answer: Any) -> str:
    """Say why a grader that answered so cannot be trained with; empty where it can."""
    if not isinstance(answer, list) or not all(isinstance(one, Mapping) for one in answer):
        return f"it answered {_shown(answer)}, not a list with an object for each sample"
    rewards = {str(one.get("id")): one.get("aggregate_reward_score") for one in answer}
    missing = [sample["id"] for sample in samples if sample["id"] not in rewards]
    if missing:
        return f"it left out {len(missing)} of {len(samples)} samples, that with the id {missing[0]!r} first"
    for sample in samples:
        reward = rewards[sample["id"]]
        if isinstance(reward, bool) or not isinstance(reward, int | float) or not math.isfinite(reward):
            return (
                f"its aggregate_reward_score for the answer {_shown(_answer(sample))} is {_shown(reward)}, "
                "not a finite number"
            )
    right = [float(rewards[one["id"]]) for one in samples if one["id"].endswith(_RIGHT)]
    wrong = [float(rewards[one["id"]]) for one in samples if not one["id"].endswith(_RIGHT)]
    if fmean(right) > fmean(wrong):
        return ""
    return (
        f"it does not tell right answers from wrong ones: {len(right)} right answers were given "
        f"{fmean(right):.3g} on average, and {len(wrong)} wrong ones {fmean(wrong):.3g}; right is the last "
        f"assistant turn of a record, or else its {REFERENCE_KEY}"
    )


def _answer(sample: Mapping[str, Any]) -> str:
    return str(sample["messages"][-1]["content"])


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
