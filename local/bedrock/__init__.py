"""A stand-in for Amazon Bedrock inside moto's server, which really learns: by a small linear model, no LLM.

Its losses, scores and verdicts are computed from the training file, by softmax regression on hashed text
features (`learner.py`), and its base models answer by overlap of words (`base_answers.py`). They show that
the pipeline works, and say nothing about what a model of AWS would score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock.region import SimulatedClock


def install(clock: SimulatedClock, **options: Any) -> None:
    """Replace moto's Bedrock by the stand-in, on this clock; options as in `takeover.take_over`."""
    from local.bedrock.takeover import take_over  # late: the process that fits needs no moto

    take_over(clock, **options)
