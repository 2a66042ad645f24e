"""How does the stand-in learn from rewards? It samples its own answers and leans to those that score better.

It begins as an imitation of its base model, over what that answers and the labels that the prompts list. Each
step samples several answers to each prompt of a batch, has them graded, and moves by each answer's advantage
over the others to its prompt: group relative policy optimization (Shao et al., 2024), without clipping and
the penalty on distance, since each sample is used once. No reference answer is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from local.bedrock.base_answers import answer_as_base, find_labels
from local.bedrock.features import Indices
from local.bedrock.learner import (
    RATE,
    SEED,
    Descent,
    Encoded,
    Floats,
    Inputs,
    LinearModel,
    Settings,
    batches,
    extended,
    fit,
    probabilities,
)
from local.bedrock.records import Example, Prompt

REWARD_RATE: Final = 2 * RATE
"""Length of a step at the default learning rate; a reward tells less than an answer."""

Grade = Callable[[Sequence[tuple[Prompt, str]]], list[float]]
"""Scores answers to prompts, each of them any finite number."""


@dataclass(frozen=True, slots=True)
class RewardSettings:
    """What a job's hyperparameters mean to the learner; `rate` is a multiple of the default."""

    epochs: int
    batch_size: int
    samples: int
    rate: float = 1.0
    learns: bool = True
    longest_answer: int = 32_000
    """Characters; what is longer is cut."""
    longest_prompt: int = 32_000
    """Tokens."""
    evaluated_each: int = 10
    """Steps between two looks at the validation prompts."""


@dataclass(frozen=True, slots=True)
class RewardStep:
    """One step: rewards over all its samples; entropy in nats; length in tokens."""

    epoch: int
    mean: float
    highest: float
    lowest: float
    entropy: float
    loss: float
    length: float


@dataclass(frozen=True, slots=True)
class RewardCurve:
    """What training left to look at; a point of the validation is (step, epoch, mean reward)."""

    steps: list[RewardStep] = field(default_factory=list)
    validation: list[tuple[int, int, float]] = field(default_factory=list)


def reinforce(
    prompts: Sequence[Prompt],
    base: str,
    settings: RewardSettings,
    grade: Grade,
    validation: Sequence[Prompt] = (),
    start: LinearModel | None = None,
) -> tuple[LinearModel, RewardCurve]:
    """Let a base model, or an earlier model made from it, earn rewards on the prompts."""
    model = _with_labels(start, prompts) if start else imitation(prompts, base)
    encoded = [model.encode(one.system, one.user) for one in prompts]
    random, curve = np.random.default_rng(SEED), RewardCurve()
    descent = Descent(REWARD_RATE * settings.rate if settings.learns else 0.0, 1.0)
    for epoch in range(settings.epochs):
        for chosen in batches(random.permutation(len(prompts)), settings.batch_size):
            asked = [(prompts[number], encoded[number]) for number in chosen]
            curve.steps.append(_step(model, asked, epoch, settings, descent, grade, random))
            if validation and len(curve.steps) % settings.evaluated_each == 0:
                curve.validation.append(_evaluated(model, validation, settings, grade, curve))
    if validation and (not curve.validation or curve.validation[-1][0] < len(curve.steps) - 1):
        curve.validation.append(_evaluated(model, validation, settings, grade, curve))
    return model, curve


def imitation(prompts: Sequence[Prompt], base: str) -> LinearModel:
    """Fit a policy to what the base model answers, with a class for each label that the prompts list."""
    lessons = [Example(one.system, one.user, answer_as_base(base, one.system, one.user)) for one in prompts]
    model, _ = fit(lessons, Settings(epochs=1))
    return _with_labels(model, prompts)


def _with_labels(model: LinearModel, prompts: Sequence[Prompt]) -> LinearModel:
    texts = {text for one in prompts for text in (one.system, one.user)}
    return extended(model, sorted({label for text in texts for label in find_labels(text)}))


def _step(
    model: LinearModel,
    asked: Sequence[tuple[Prompt, Encoded]],
    epoch: int,
    settings: RewardSettings,
    descent: Descent,
    grade: Grade,
    random: np.random.Generator,
) -> RewardStep:
    inputs = Inputs([encoded for _, encoded in asked])
    # The last class, of answers too rare to be listed, is no text and never sampled.
    policy = probabilities(inputs.scores(model)[:, :-1])
    picked = _sampled(policy, settings.samples, random)
    answers = [
        (prompt, model.completions[number][: settings.longest_answer])
        for (prompt, _), row in zip(asked, picked, strict=True)
        for number in row
    ]
    rewards = np.array(grade(answers), dtype=np.float32).reshape(picked.shape)
    advantages = _advantages(rewards)
    errors = np.zeros((len(asked), len(model.bias)), dtype=np.float32)
    errors[:, :-1] = advantages.sum(axis=1, keepdims=True) * policy
    np.subtract.at(errors, (np.arange(len(asked))[:, None], picked), advantages)
    descent.move(model, inputs, errors / np.float32(picked.size))
    chances = np.maximum(np.take_along_axis(policy, picked, axis=1), 1e-12)
    return RewardStep(
        epoch=epoch,
        mean=float(rewards.mean()),
        highest=float(rewards.max()),
        lowest=float(rewards.min()),
        entropy=float(-(policy * np.log(np.maximum(policy, 1e-12))).sum(axis=1).mean()),
        loss=float(-(advantages * np.log(chances)).mean()),
        length=sum(-(-len(answer) // 4) for _, answer in answers) / len(answers),
    )


def _sampled(policy: Floats, samples: int, random: np.random.Generator) -> Indices:
    """Draw that many classes for each row, with repetition."""
    drawn = random.random((len(policy), samples))[:, :, None]
    return np.minimum((drawn > policy.cumsum(axis=1)[:, None, :]).sum(axis=2), policy.shape[1] - 1)


def _advantages(rewards: Floats) -> Floats:
    """Tell by how many deviations each reward is above the mean of its prompt's; equal ones teach nothing."""
    spread = rewards.std(axis=1, keepdims=True)
    distance = rewards - rewards.mean(axis=1, keepdims=True)
    advantages: Floats = np.divide(distance, spread, out=np.zeros_like(distance), where=spread > 0)
    return advantages


def _evaluated(
    model: LinearModel,
    validation: Sequence[Prompt],
    settings: RewardSettings,
    grade: Grade,
    curve: RewardCurve,
) -> tuple[int, int, float]:
    answers = [(one, model.answer(one.system, one.user)[: settings.longest_answer]) for one in validation]
    return len(curve.steps) - 1, curve.steps[-1].epoch, float(np.mean(grade(answers)))
