"""Gives Bedrock the rewards of sampled answers while it trains by reinforcement; see `training.graders`."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from tunesmith.observability import logger
from tunesmith.training.graders import grade

LOG = logger("grade_answers")


def lambda_handler(event: list[dict[str, Any]], _context: object) -> list[dict[str, Any]]:
    """Return the reward of each sample that Bedrock sends; a fault of the records ends its job."""
    rewards = grade(event)
    mean = fmean(one["aggregate_reward_score"] for one in rewards) if rewards else None
    LOG.info("answers graded", extra={"samples": len(event), "mean_reward": mean})
    return rewards
