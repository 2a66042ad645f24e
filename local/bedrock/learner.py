"""How does the stand-in learn? Softmax regression from hashed text features to the distinct completions.

A small linear model, fitted by mini-batch gradient descent with a normalized step: no LLM, and no claim about
one. Epochs, learning rate (relative to the default) and batch size act as in any such fit: too few
steps underfit, too many on few records overfit, and a rate far above the default does so at once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from local.bedrock.features import Indices, find_boilerplate, hash_text, without_boilerplate
from local.bedrock.records import Example

Floats = NDArray[np.float32]
Encoded = tuple[Indices, Floats]

RATE: Final = 3.0
"""Length of a step at the base model's default learning rate, where inputs have length one."""
RECORDS_PER_BATCH: Final = 16
"""Records in a batch of the default size."""
MAX_COMPLETIONS: Final = 512
"""Rarer completions share one class, which is never answered: free text is beyond a softmax over answers."""
MAX_COMPLETIONS_WITH_GRAMS: Final = 256
MAX_WEIGHTS: Final = 2**24
"""Bounds the buckets: buckets times completions stay below it (64 MB)."""
SYSTEM_WEIGHT: Final = 0.5
"""How much a feature of the system text counts against one of the user's turn."""
SEED: Final = 20_231_123

_BIAS_RATE: Final = 0.01
_MEMORY: Final = 0.9


@dataclass(frozen=True, slots=True)
class Settings:
    """What a job's hyperparameters mean to the learner; rate and batch size are multiples of the default."""

    epochs: int = 2
    rate: float = 1.0
    batch_size: float = 1.0
    learns: bool = True
    growth: float = 1.0
    """By what the rate is multiplied after each step: above 1, training runs away in the end."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Losses in nats per record: each step's (epoch, loss), and (step, epoch, loss) of each validation."""

    training: list[tuple[int, float]] = field(default_factory=list)
    validation: list[list[tuple[int, int, float]]] = field(default_factory=list)


@dataclass(slots=True)
class LinearModel:
    """Weights, and what turns a request into the features they belong to.

    `rest` counts the training completions beyond those listed; their common class is the last column.
    """

    completions: list[str]
    rest: int
    weights: Floats
    bias: Floats
    importance: Floats
    boilerplate: frozenset[str]

    @property
    def buckets(self) -> int:
        return int(self.weights.shape[0])

    def encode(self, system: str, user: str) -> Encoded:
        """Return the feature numbers of a request and their weights, which have length one together."""
        return self._weigh(self._hash(user, ""), self._hash(system, "system"))

    def encode_all(self, examples: Sequence[Example]) -> list[Encoded]:
        """Return the encoded requests of many examples; equal system texts are hashed once."""
        systems = {system: self._hash(system, "system") for system in {one.system for one in examples}}
        return [self._weigh(self._hash(one.user, ""), systems[one.system]) for one in examples]

    def answer(self, system: str, user: str) -> str:
        """Return the most probable completion, among equals the most frequent one of the training data."""
        if not self.completions:
            return ""
        rows, values = self.encode(system, user)
        scores = values @ self.weights[rows] + self.bias
        return self.completions[int(np.argmax(scores[:-1]))]

    def loss(self, encoded: Sequence[Encoded], targets: Indices) -> float:
        """Return the mean negative log-likelihood in nats of the targets."""
        total = 0.0
        for first in range(0, len(encoded), 256):
            chunk = slice(first, first + 256)
            scores = np.stack([values @ self.weights[rows] for rows, values in encoded[chunk]]) + self.bias
            total += float(_losses(probabilities(scores), targets[chunk], self.rest).sum())
        return total / len(encoded)

    def targets(self, examples: Sequence[Example]) -> Indices:
        """Return each example's class."""
        numbers = {completion: number for number, completion in enumerate(self.completions)}
        return np.array([numbers.get(one.completion, len(numbers)) for one in examples], dtype=np.int64)

    def _hash(self, text: str, namespace: str) -> Indices:
        with_grams = len(self.completions) <= MAX_COMPLETIONS_WITH_GRAMS
        return hash_text(without_boilerplate(text, self.boilerplate), self.buckets, namespace, with_grams)

    def _weigh(self, rows: Indices, system: Indices) -> Encoded:
        values = self.importance[rows]
        if len(system):
            rows, first = np.unique(np.concatenate((rows, system)), return_index=True)
            values = np.concatenate((values, self.importance[system] * np.float32(SYSTEM_WEIGHT)))[first]
        length = math.sqrt(float(values @ values))
        return rows, values / np.float32(length) if length else values


def fit(
    examples: Sequence[Example],
    settings: Settings,
    validation: Sequence[Sequence[Example]] = (),
    start: LinearModel | None = None,
) -> tuple[LinearModel, Curve]:
    """Fit a model to the examples, on from `start` where given, and follow the loss on each validation set.

    With `learns` false the weights stay as they are: the model answers the most frequent completion, or as
    `start` does.
    """
    model = extended(start, [one.completion for one in examples]) if start else _untrained(examples)
    encoded, targets = model.encode_all(examples), model.targets(examples)
    watched = [(model.encode_all(one), model.targets(one)) for one in validation]
    curve = Curve(validation=[[] for _ in watched])
    random = np.random.default_rng(SEED)
    size = round(max(1, min(RECORDS_PER_BATCH * settings.batch_size, max(4, len(examples) // 10))))
    descent = Descent(RATE * settings.rate if settings.learns else 0.0, settings.growth)
    for epoch in range(settings.epochs):
        for chosen in batches(random.permutation(len(examples)), size):
            loss = descent.step(model, [encoded[number] for number in chosen], targets[chosen])
            curve.training.append((epoch, loss))
        for (rows, classes), points in zip(watched, curve.validation, strict=True):
            points.append((len(curve.training) - 1, epoch, model.loss(rows, classes)))
    return model, curve


def batches(order: Indices, size: int) -> Iterator[Indices]:
    """Cut an order of records into batches."""
    for first in range(0, len(order), size):
        yield order[first : first + size]


def _untrained(examples: Sequence[Example]) -> LinearModel:
    counts = Counter(one.completion for one in examples).most_common()
    completions = [completion for completion, _ in counts[: MAX_COMPLETIONS - 1]]
    buckets = 2**15
    while buckets * (len(completions) + 1) > MAX_WEIGHTS:
        buckets //= 2
    model = LinearModel(
        completions=completions,
        rest=len(counts) - len(completions),
        weights=np.zeros((buckets, len(completions) + 1), dtype=np.float32),
        bias=np.zeros(len(completions) + 1, dtype=np.float32),
        importance=np.ones(buckets, dtype=np.float32),
        boilerplate=find_boilerplate([one.user for one in examples])
        | find_boilerplate([one.system for one in examples]),
    )
    model.importance = _importance(model, examples)
    return model


def _importance(model: LinearModel, examples: Sequence[Example]) -> Floats:
    """Weigh each feature by the logarithm of its rarity; one in every record, or in none, counts nothing."""
    seen = np.zeros(model.buckets, dtype=np.float64)
    for rows, _ in model.encode_all(examples):
        seen[rows] += 1
    rarity = np.log(len(examples) / np.maximum(seen, 1.0)) if len(examples) > 1 else np.ones(model.buckets)
    return np.where(seen > 0, rarity, 0.0).astype(np.float32)


def extended(start: LinearModel, completions: Iterable[str]) -> LinearModel:
    """Copy an earlier model, with a class for each completion that is new to it."""
    known = set(start.completions)
    counts = Counter(one for one in completions if one not in known).most_common()
    room = max(0, min(MAX_COMPLETIONS - 1, MAX_WEIGHTS // start.buckets - 1) - len(start.completions))
    new = [completion for completion, _ in counts[:room]]
    at = len(start.completions)
    zeros = np.zeros((start.buckets, len(new)), dtype=np.float32)
    return LinearModel(
        completions=[*start.completions, *new],
        rest=start.rest + len(counts) - len(new),
        weights=np.concatenate((start.weights[:, :at], zeros, start.weights[:, at:]), axis=1),
        bias=np.concatenate((start.bias[:at], zeros[0], start.bias[at:])),
        importance=start.importance,
        boilerplate=start.boilerplate,
    )


class Descent:
    """Steps whose length the rate sets and not the gradient: so long training does overfit."""

    def __init__(self, rate: float, growth: float) -> None:
        self._rate = rate
        self._growth = growth
        self._mean_square = 0.0
        self._steps = 0

    def step(self, model: LinearModel, batch: Sequence[Encoded], targets: Indices) -> float:
        """Move the model against the batch's gradient; return the batch's mean loss before the move."""
        inputs = Inputs(batch)
        errors = probabilities(inputs.scores(model))
        loss = float(_losses(errors, targets, model.rest).mean())
        errors[np.arange(len(batch)), targets] -= 1
        self.move(model, inputs, errors / np.float32(len(batch)))
        return loss

    def move(self, model: LinearModel, inputs: Inputs, errors: Floats) -> None:
        """Move the model against errors, one row for each input: the gradient by its scores."""
        if not self._rate:
            return
        self._steps += 1
        self._mean_square = _MEMORY * self._mean_square + (1 - _MEMORY) * float((errors * errors).sum())
        scale = self._rate / math.sqrt(self._mean_square / (1 - _MEMORY**self._steps) + 1e-12)
        model.weights[inputs.features] -= np.float32(scale) * (inputs.values.T @ errors)
        model.bias -= np.float32(scale * _BIAS_RATE) * errors.sum(axis=0)
        self._rate *= self._growth


class Inputs:
    """A batch of encoded requests as one matrix of the features that occur in it."""

    def __init__(self, batch: Sequence[Encoded]) -> None:
        self.features, place = np.unique(np.concatenate([rows for rows, _ in batch]), return_inverse=True)
        record = np.repeat(np.arange(len(batch)), [len(rows) for rows, _ in batch])
        self.values: Floats = np.zeros((len(batch), len(self.features)), dtype=np.float32)
        self.values[record, place] = np.concatenate([values for _, values in batch])

    def scores(self, model: LinearModel) -> Floats:
        """Return the score of each class, one row for each request."""
        scores: Floats = self.values @ model.weights[self.features] + model.bias
        return scores


def probabilities(scores: Floats) -> Floats:
    """Turn rows of scores into rows of probabilities."""
    scores = scores - scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def _losses(probabilities: Floats, targets: Indices, rest: int) -> Floats:
    """Return each record's loss; one of the rarer completions is one of `rest` equally likely ones."""
    losses = -np.log(np.maximum(probabilities[np.arange(len(targets)), targets], 1e-12))
    losses[targets == probabilities.shape[1] - 1] += np.float32(math.log(max(1, rest)))
    return losses
