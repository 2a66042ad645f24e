"""What data do the benchmarks run on? Seeded chat files of any size, with the truth about what was planted.

`plain` has Zipf-distributed words throughout; `shared` adds what real chat has: one long system prompt, a few
templates round every request, boilerplate sentences in the answers. Shares are of the records: 5 % exact
duplicates, 5 % near-duplicates whose true Jaccard similarity of five-word shingles is at least 0.7, 0.5 %
malformed lines.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

EXACT: Final = 0.05
NEAR: Final = 0.05
MALFORMED: Final = 0.005
LEAST_SIMILARITY: Final = 0.7

Style = Literal["plain", "shared"]
Shingle: TypeAlias = tuple[str, ...]
Kind = Literal["original", "exact", "near", "malformed"]

_VOCABULARY: Final = 30_000
_LETTERS: Final = "etaoinshrdlucmfwygpb"
_CHUNK: Final = 4_096
_BROKEN: Final = (
    '{"messages": [',
    "not a record",
    '{"system": null, "messages": []}',
    '{"messages": [{"role": "user", "content": []}, {"role": "assistant", "content": [{"text": "a"}]}]}',
    '{"messages": [{"role": "assistant", "content": [{"text": "a"}]}]}',
    '{"messages": [{"role": "user", "content": [{"text": 7}]}]}',
    '{"prompt": "a"}',
    '{"messages": [{"role": "user", "content": [{"text": "a\u0001"}]}]',
)


class ChatRecord(NamedTuple):
    """One line's truth: `origin` is the number of the record it repeats, its own where it repeats none."""

    kind: Kind
    origin: int
    system: str
    request: str
    answer: str
    similarity: float

    @property
    def text(self) -> str:
        """The content without the system turn."""
        return f"{self.request}\n{self.answer}"


@dataclass(frozen=True)
class _Words:
    words: list[str]
    weights: np.ndarray[tuple[int], np.dtype[np.float64]]


def chat_records(count: int, *, style: Style = "plain", seed: int = 1) -> Iterator[ChatRecord]:
    """Generate records one after another; memory holds a few thousand originals to repeat."""
    random = np.random.default_rng(seed)
    words = _vocabulary(np.random.default_rng(0))
    shared = _Shared(words, np.random.default_rng(2)) if style == "shared" else None
    originals: list[tuple[int, ChatRecord]] = []
    number = 0
    while number < count:
        size = min(_CHUNK, count - number)
        kinds = random.random(size)
        for kind in kinds:
            if kind < MALFORMED:
                yield ChatRecord("malformed", number, "", _BROKEN[number % len(_BROKEN)], "", 0.0)
            elif kind < MALFORMED + EXACT and originals:
                origin, record = originals[int(random.integers(len(originals)))]
                yield record._replace(kind="exact", origin=origin, similarity=1.0)
            elif kind < MALFORMED + EXACT + NEAR and originals:
                origin, record = originals[int(random.integers(len(originals)))]
                yield _edited(record, origin, words, shared, random)
            else:
                record = _original(number, words, shared, random)
                if len(originals) < _CHUNK:
                    originals.append((number, record))
                else:
                    originals[int(random.integers(_CHUNK))] = (number, record)
                yield record
            number += 1


def line(record: ChatRecord) -> str:
    """Spell a record as a line of a Converse file."""
    if record.kind == "malformed":
        return record.request
    return json.dumps(
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": record.system}],
            "messages": [
                {"role": "user", "content": [{"text": record.request}]},
                {"role": "assistant", "content": [{"text": record.answer}]},
            ],
        }
    )


def write_corpus(path: Path, count: int, *, style: Style = "plain", seed: int = 1) -> None:
    """Write a corpus as JSONL."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record in chat_records(count, style=style, seed=seed):
            file.write(line(record) + "\n")


def true_similarity(one: str, other: str, shared: Set[Shingle] = frozenset()) -> float:
    """Compare two texts by the five-word shingles of their lower-case words, less the shared ones."""
    first, second = (_five_words(text) - shared for text in (one, other))
    return len(first & second) / max(len(first | second), 1)


def shared_shingles(style: Style) -> Set[Shingle]:
    """Give the five-word shingles of what a corpus' records share."""
    return (
        _Shared(_vocabulary(np.random.default_rng(0)), np.random.default_rng(2)).shingles
        if style == "shared"
        else frozenset()
    )


class _Shared:
    """What records of the harder corpus have in common."""

    def __init__(self, words: _Words, random: np.random.Generator) -> None:
        self.system = _sentences(words, 150, random)
        self.templates = [_sentences(words, 40, random) for _ in range(6)]
        self.contexts = [_sentences(words, 90, random) for _ in range(12)]
        self.boilerplate = [_sentences(words, 14, random) for _ in range(20)]
        pieces = (*self.templates, *self.contexts, *self.boilerplate)
        self.shingles = frozenset(shingle for piece in pieces for shingle in _five_words(piece))


def _original(number: int, words: _Words, shared: _Shared | None, random: np.random.Generator) -> ChatRecord:
    if shared is None:
        request = _sentences(words, int(random.integers(40, 90)), random)
        answer = _sentences(words, int(random.integers(90, 200)), random)
        return ChatRecord("original", number, _SYSTEM, request, answer, 1.0)
    template = shared.templates[int(random.integers(len(shared.templates)))]
    parts = [template]
    if random.random() < 0.3:
        parts.append(shared.contexts[int(random.integers(len(shared.contexts)))])
    parts.append(_sentences(words, int(random.integers(15, 50)), random))
    opening, closing = (shared.boilerplate[int(k)] for k in random.integers(len(shared.boilerplate), size=2))
    body = _sentences(words, int(random.integers(50, 120)), random)
    return ChatRecord("original", number, shared.system, " ".join(parts), f"{opening} {body} {closing}", 1.0)


def _edited(
    record: ChatRecord, origin: int, words: _Words, shared: _Shared | None, random: np.random.Generator
) -> ChatRecord:
    """Replace, drop or insert words, as many as the least similarity bears."""
    common = shared.shingles if shared else frozenset()
    asked = record.request.count(" ") + 1
    tokens = [*record.request.split(" "), *record.answer.split(" ")]
    for edits in range(int(random.integers(1, 9)), 0, -1):
        changed = list(tokens)
        border = asked
        for place, how in zip(
            random.integers(len(tokens) - edits, size=edits), random.integers(3, size=edits), strict=True
        ):
            word = words.words[int(random.integers(_VOCABULARY))]
            changed[place : place + (how != 2)] = [] if how == 1 else [word]
            border += (int(how == 2) - int(how == 1)) * int(place < border)
        edited = record._replace(
            kind="near", origin=origin, request=" ".join(changed[:border]), answer=" ".join(changed[border:])
        )
        similarity = true_similarity(record.text, edited.text, common)
        if similarity >= LEAST_SIMILARITY:
            return edited._replace(similarity=similarity)
    return record._replace(kind="exact", origin=origin)


def _vocabulary(random: np.random.Generator) -> _Words:
    letters = np.array(list(_LETTERS))
    found: dict[str, None] = {}
    while len(found) < _VOCABULARY:
        size = int(np.clip(random.poisson(5), 2, 14))
        found["".join(random.choice(letters, size=size))] = None
    weights = 1 / (np.arange(_VOCABULARY) + 2.7) ** 1.05
    return _Words(list(found), np.cumsum(weights / weights.sum()))


def _sentences(words: _Words, size: int, random: np.random.Generator) -> str:
    picked = np.minimum(np.searchsorted(words.weights, random.random(size)), _VOCABULARY - 1)
    tokens = [words.words[int(index)] for index in picked]
    for start in range(0, size, 12):
        tokens[start] = tokens[start].capitalize()
        tokens[min(start + 11, size - 1)] += "."
    return " ".join(tokens)


def _five_words(text: str) -> set[Shingle]:
    words = text.lower().replace(".", " ").split()
    return {tuple(words[place : place + 5]) for place in range(len(words) - 4)}


_SYSTEM: Final = "You answer briefly, in the customer's own words, and say when you are not sure."


def main() -> None:
    """Write one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--style", choices=("plain", "shared"), default="plain")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    write_corpus(chosen.path, chosen.records, style=chosen.style, seed=chosen.seed)


if __name__ == "__main__":
    main()
