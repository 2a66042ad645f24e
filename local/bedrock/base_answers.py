"""What does an untuned model answer? The label that the prompt lists and the user's words overlap most with.

It stands for a base model that knows the words and not the task. Examples in the conversation help: where
one is much like the question, its answer is repeated. Every model compares words and their first four
letters; larger ones see more of the overlap, by runs of three letters too, and so are slightly better.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_LABEL_CHARACTERS: Final = 60
MAX_LABEL_WORDS: Final = 8
STEM: Final = 4
MUCH_ALIKE: Final = 0.3
"""Cosine from which on an example's answer is repeated."""
RUN_WEIGHTS: Final = {2: 0.15, 3: 0.3}
"""What a shared run of three letters counts, by the model's size, where a shared word counts 1."""

_WORDS = re.compile(r"[a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+(\S.*?)\s*$")
_BARE = re.compile(r"^\s*([\w\-/&'?]+(?: [\w\-/&'?]+){0,4})\s*$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_TERSE = re.compile(r"\b(?:only|just|exactly|nothing (?:else|but))\b", re.IGNORECASE)
_SIZES: Final = (
    (3, re.compile(r"pro|premier|70b|90b|405b|sonnet|opus")),
    (2, re.compile(r"lite|8b|11b|3b|haiku")),
)


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a prompt, and which features point to which, weighed by their rarity among the labels."""

    names: tuple[str, ...]
    pointers: dict[str, list[tuple[int, float]]]


def answer_as_base(
    model_id: str,
    system: str,
    user: str,
    examples: Sequence[tuple[str, str]] = (),
    favour: Callable[[str], float] | None = None,
) -> str:
    """Return a base model's answer: a listed label, or where none is, the prompt's most similar sentence.

    `favour` adds to a label's overlap.
    """
    size = size_of(model_id)
    if examples and (repeated := _repeated(examples, user, size)):
        return repeated
    labels = _labels(system, size)
    text = user
    if labels is None and (labels := _labels(user, size)):
        text = _without_list(user, labels.names)
    if labels is None:
        return _nearest_sentence(system, user)
    label = _best(labels, text, size, favour)
    terse = _TERSE.search(system) or _TERSE.search(user)
    return label if terse else f'The text is best described by the label "{label}".'


def _repeated(examples: Sequence[tuple[str, str]], user: str, size: int) -> str:
    """Return the answer of the example that is most like the question; empty where none is much like it.

    Likeness is the cosine between the features of both; what all examples share tells nothing.
    """
    asked = [_features(question, size) for question, _ in examples]
    shared = set.intersection(*(set(one) for one in asked)) if len(asked) > 1 else set()
    mine = {name: weight for name, weight in _features(user, size).items() if name not in shared}
    likeness = []
    for features in asked:
        theirs = {name: weight for name, weight in features.items() if name not in shared}
        lengths = math.hypot(*mine.values()) * math.hypot(*theirs.values())
        inner = sum(weight * theirs.get(name, 0.0) for name, weight in mine.items())
        likeness.append(inner / lengths if lengths else 0.0)
    best = max(likeness)
    return examples[likeness.index(best)][1] if best >= MUCH_ALIKE else ""


@lru_cache(maxsize=256)
def size_of(model_id: str) -> int:
    """Return 1, 2 or 3 by the words in the model's id: how much of an overlap it sees."""
    return next((size for size, words in _SIZES if words.search(model_id)), 1)


def find_labels(prompt: str) -> tuple[str, ...]:
    """Return the labels that a prompt lists: bulleted or bare lines, or a line's list behind a colon."""
    lines = prompt.splitlines()
    bulleted = [match[1] for line in lines if (match := _BULLET.match(line))]
    bare = [match[1] for line in lines if (match := _BARE.match(line))]
    candidates = [bulleted, bare]
    for line in lines:
        _, colon, after = line.rpartition(":")
        after = after.strip().rstrip(".") if colon else ""
        candidates += [[part.strip() for part in after.split(separator)] for separator in (",", "|", ";")]
    candidates = [[_unquoted(label) for label in one] for one in candidates]
    fitting = [tuple(dict.fromkeys(one)) for one in candidates if len(one) > 1 and all(map(_is_label, one))]
    return max(fitting, key=len, default=())


def _without_list(text: str, names: tuple[str, ...]) -> str:
    """Return the lines that name at most one label and say more than it."""
    kept = [
        line
        for line in text.splitlines()
        if sum(name in line for name in names) < 2 and line.strip(" -*•\"'`") not in names
    ]
    return "\n".join(kept)


def _unquoted(label: str) -> str:
    return label.strip("\"'`")


def _is_label(text: str) -> bool:
    return bool(text) and len(text) <= MAX_LABEL_CHARACTERS and len(text.split()) <= MAX_LABEL_WORDS


@lru_cache(maxsize=64)
def _labels(prompt: str, size: int) -> Labels | None:
    names = find_labels(prompt)
    if len(names) < 2:
        return None
    features = [_features(_CAMEL.sub(" ", name), size) for name in names]
    counts: defaultdict[str, int] = defaultdict(int)
    for one in features:
        for feature in one:
            counts[feature] += 1
    pointers: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, one in enumerate(features):
        weights = {
            feature: weight * math.log1p(len(names) / counts[feature]) for feature, weight in one.items()
        }
        length = math.sqrt(math.hypot(*weights.values())) or 1.0
        for feature, weight in weights.items():
            pointers[feature].append((number, weight / length))
    return Labels(names, dict(pointers))


def _best(labels: Labels, user: str, size: int, favour: Callable[[str], float] | None) -> str:
    scores = [favour(name) if favour else 0.0 for name in labels.names]
    for feature in _features(user, size):
        for number, weight in labels.pointers.get(feature, ()):
            scores[number] += weight
    return labels.names[scores.index(max(scores))]


@lru_cache(maxsize=8_192)
def _features(text: str, size: int) -> dict[str, float]:
    words = _WORDS.findall(text.lower().replace("_", " "))
    features = dict.fromkeys(words, 1.0)
    features |= {f"{word[:STEM]}~": 1.0 for word in words if len(word) >= STEM}
    if size > 1:
        weight = RUN_WEIGHTS[size]
        features |= {f"~{word[at : at + 3]}~": weight for word in words for at in range(len(word) - 2)}
    return features


def _nearest_sentence(system: str, user: str) -> str:
    sentences = [one.strip() for one in _SENTENCE.split(f"{system}\n{user}") if one.strip()]
    if not sentences:
        return "I need more information to answer."
    question = set(_WORDS.findall(sentences[-1].lower()))
    others = sentences[:-1] or sentences
    return max(others, key=lambda sentence: len(question & set(_WORDS.findall(sentence.lower()))))
