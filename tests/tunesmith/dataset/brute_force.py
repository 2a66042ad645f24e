"""What do the definitions say, in plain Python and without any of the engine's code?"""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

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


def tatqa() -> list[str]:
    """Read TAT-QA's questions with the table and the text that each is about."""
    contexts = json.loads(data_file("tatqa_dev.json").read_text(encoding="utf-8"))
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


def jaccard(one: set[object], other: set[object]) -> float:
    """Divide what two sets share by what they hold together."""
    return len(one & other) / len(one | other) if one | other else 0.0


def pairs_at(
    held_back: Sequence[str],
    train: Sequence[str],
    threshold: float,
    shingles: Callable[[str], set[str]] | Callable[[str], set[tuple[str, ...]]] = by_characters,
) -> dict[tuple[int, int], float]:
    """Find all pairs of two lists at a threshold by counting what each pair shares."""
    known = [shingles(text) for text in train]
    places = defaultdict(list)
    for number, found in enumerate(known):
        for shingle in found:
            places[shingle].append(number)
    pairs = {}
    for number, text in enumerate(held_back):
        mine = shingles(text)
        shared = Counter(other for shingle in mine for other in places.get(shingle, ()))
        for other, count in shared.items():
            similarity = count / (len(mine) + len(known[other]) - count)
            if similarity >= threshold:
                pairs[number, other] = similarity
    return pairs
