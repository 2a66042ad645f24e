"""Lets a user's own function score the answers of every compared model, without telling whose they are."""

from __future__ import annotations

import json
from typing import Any

from rate_shard.shard import Shard
from tunesmith.aws.graders import METRIC, ask_grader
from tunesmith.errors import MetricFunctionError
from tunesmith.evaluation.function_metric import batches, items_of, read_scores, scores_folder
from tunesmith.evaluation.noise import TIMES

RESERVE_SECONDS = 180
"""No request begins with less time left: the function may take two minutes."""


def score_shard(shard: Shard, arn: str, context: Any) -> dict[str, Any]:
    """Ask for the scores that are not known yet, request by request; each is kept before the next begins.

    Raises MetricFunctionError where the function fails or its answer cannot be used.
    """
    key = shard.key(scores_folder(arn))
    known: dict[str, float] = shard.artifacts.read_json(key) if shard.artifacts.head(key) else {}
    # All models' answers to a question stand together, and equal ones are scored once.
    answers = [shard.answers(label, time) for label in shard.folders for time in range(1, 1 + TIMES)]
    wanted = [
        item
        for question in shard.questions
        for given in answers
        for item in items_of([question], given)
        if item.mark not in known
    ]
    asked = 0
    for batch in batches(wanted):
        if context.get_remaining_time_in_millis() / 1000 < RESERVE_SECONDS:
            return {"asked": asked, "failed": 0, "unfinished": True}
        reply = ask_grader(arn, [item.sample() for item in batch], named=METRIC)
        if reply.problem:
            raise MetricFunctionError(f"the metric {arn} cannot be asked: {reply.problem}")
        try:
            known |= read_scores([item.mark for item in batch], reply.answer)
        except MetricFunctionError as error:
            raise MetricFunctionError(f"the metric {arn} cannot be used: {error}") from error
        shard.artifacts.write(key, json.dumps(known).encode(), "application/json")
        asked += len(batch)
    return {"asked": asked, "failed": 0, "unfinished": False}
