"""What do the definitions say, in plain Python and without any of the engine's code?

Run it to print the figures of the real data: `python -m tests.tunesmith.dataset.brute_force`.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence, Set
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("TUNESMITH_DATA") or Path(__file__).parents[4] / "shared/data")


def data_file(name: str) -> Path:
    """Give a file of the real data, or skip the test."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not there: set TUNESMITH_DATA to the folder of the real data")
    return path


def banking77(part: str) -> list[str]:
    """Read the messages of Banking77's train or test file."""
    with data_file(f"banking77_{part}.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def gsm8k(part: str) -> list[str]:
    """Read the questions of GSM8K's train or test file."""
    lines = data_file(f"gsm8k_{part}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def tatqa(name: str = "tatqa_dev.json") -> list[str]:
    """Read TAT-QA's questions with the table and the text that each is about."""
    contexts = json.loads(data_file(name).read_text(encoding="utf-8"))
    texts = []
    for context in contexts:
        table = "\n".join(" | ".join(row) for row in context["table"]["table"])
        around = "\n".join(paragraph["text"] for paragraph in context["paragraphs"])
        texts += [f"{table}\n{around}\n{each['question']}" for each in context["questions"]]
    return texts


def folded(text: str) -> str:
    """Fold case and white space."""
    return " ".join(text.lower().split())


def words(text: str) -> list[str]:
    """Split a text into lower-case words."""
    return re.findall(r"\w+", text.lower())


def by_characters(text: str) -> set[str]:
    """Give the five-character shingles of a text's words."""
    line = " ".join(words(text))
    return {line[place : place + 5] for place in range(max(len(line) - 4, 1))} if line else set()


def by_words(text: str) -> set[tuple[str, ...]]:
    """Give the five-word shingles of a text."""
    found = words(text)
    return {tuple(found[place : place + 5]) for place in range(len(found) - 4)}


def jaccard(one: Set[Hashable], other: Set[Hashable]) -> float:
    """Divide what two sets share by what they hold together."""
    return len(one & other) / len(one | other) if one | other else 0.0


def pairs_at(
    held_back: Sequence[str],
    train: Sequence[str],
    threshold: float,
    shingles: Callable[[str], Set[Hashable]] = by_characters,
) -> dict[tuple[int, int], float]:
    """Find all pairs of two lists at a threshold.

    Two sets as alike as that share one of the m - ceil(threshold * m) + 1 rarest of their m shingles; a test
    compares this with the plain double loop.
    """
    known = [shingles(text) for text in train]
    counts = Counter(shingle for found in known for shingle in found)

    def rarest(found: Set[Hashable]) -> list[Hashable]:
        ordered = sorted(found, key=lambda shingle: (counts[shingle], shingle))
        return ordered[: len(found) - math.ceil(threshold * len(found) - 1e-9) + 1]

    places: dict[Hashable, list[int]] = defaultdict(list)
    for number, found in enumerate(known):
        for shingle in rarest(found):
            places[shingle].append(number)
    pairs = {}
    for number, text in enumerate(held_back):
        mine = shingles(text)
        for other in {place for shingle in rarest(mine) for place in places.get(shingle, ())}:
            similarity = jaccard(mine, known[other])
            if similarity >= threshold:
                pairs[number, other] = similarity
    return pairs


def neighbours(
    held_back: Sequence[str], train: Sequence[str], threshold: float = 0.7
) -> dict[tuple[int, int], float]:
    """Find all pairs that are alike: of two texts of 50 words and more by words, else by characters.

    Characters compare texts of fewer than 72 words, of which one has fewer than 50.
    """
    sizes, others = [len(words(text)) for text in held_back], [len(words(text)) for text in train]

    def pairs(mine: list[int], theirs: list[int], shingles: Any) -> dict[tuple[int, int], float]:
        found = pairs_at([held_back[n] for n in mine], [train[n] for n in theirs], threshold, shingles)
        return {(mine[one], theirs[other]): value for (one, other), value in found.items()}

    long = pairs(_among(sizes, 50), _among(others, 50), by_words)
    lesser = pairs(_among(sizes, 0, 72), _among(others, 0, 72), by_characters)
    return long | {pair: value for pair, value in lesser.items() if min(sizes[pair[0]], others[pair[1]]) < 50}


def _among(sizes: Sequence[int], least: int, limit: float = math.inf) -> list[int]:
    return [number for number, size in enumerate(sizes) if least <= size < limit]


def figures(train: Sequence[str], test: Sequence[str]) -> dict[str, int]:
    """Count what is repeated within train, what stands in both parts, and tests with a neighbour in train."""
    known = {folded(text) for text in train}
    return {
        "train": len(train),
        "test": len(test),
        "repeated": len(train) - len(known),
        "shared": sum(folded(text) in known for text in test),
        "neighbours": len({one for one, _ in neighbours(test, train)}),
    }


def main() -> None:
    """Print the figures of each data set."""
    for name, parts in (
        ("banking77", (banking77("train"), banking77("test"))),
        ("gsm8k", (gsm8k("train"), gsm8k("test"))),
        ("tatqa", (tatqa(), tatqa("tatqa_test_gold.json"))),
    ):
        sys.stdout.write(f"{name}: {figures(*parts)}\n")


if __name__ == "__main__":
    main()
