"""What does the demo train on? Support tickets with a label each, from a seed; all sentences are made up.

    python -m examples.support_triage.generate --out .tunesmith/demo

Some tickets speak of two things and some carry the wrong label, as in real data: no model can be perfect.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from examples.support_triage.vocabulary import ASIDES, CLOSERS, LABELS, OPENERS, WORDS

RECORDS: Final = 1_500
SEED: Final = 7

ASIDE_SHARE: Final = 0.45
"""Share of tickets with a sentence beside the point."""
SECOND_TOPIC_SHARE: Final = 0.06
"""Share of tickets with a second request; the first one counts."""
MISLABELLED_SHARE: Final = 0.07
"""Share of tickets whose label is another one by mistake."""
REPEATED_SHARE: Final = 0.01
"""Share of tickets that came in twice, word for word."""

SYSTEM: Final = (
    "You sort the support tickets of a furniture shop. Read the ticket and answer with exactly one label "
    "from this list and nothing else:\n" + "\n".join(LABELS)
)


def tickets(records: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield that many (ticket, label) pairs, the same ones for the same seed."""
    chance = random.Random(seed)
    labels = list(LABELS)
    sent: list[tuple[str, str]] = []
    while len(sent) < records:
        if sent and chance.random() < REPEATED_SHARE:
            sent.append(chance.choice(sent))
        else:
            label = chance.choice(labels)
            text = _ticket(chance, label, labels)
            if chance.random() < MISLABELLED_SHARE:
                label = chance.choice([other for other in labels if other != label])
            sent.append((text, label))
        yield sent[-1]


def converse_record(text: str, label: str) -> dict[str, Any]:
    """Spell a ticket and its label as a training record of the Converse format."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": SYSTEM}],
        "messages": [
            {"role": "user", "content": [{"text": text}]},
            {"role": "assistant", "content": [{"text": label}]},
        ],
    }


def dataset(records: int = RECORDS, seed: int = SEED) -> bytes:
    """Make the training file: one record a line."""
    lines = (json.dumps(converse_record(text, label)) + "\n" for text, label in tickets(records, seed))
    return "".join(lines).encode()


def _ticket(chance: random.Random, label: str, labels: list[str]) -> str:
    sentences = [_sentence(chance.choice(LABELS[label]))]
    if chance.random() < SECOND_TOPIC_SHARE:
        sentences.append(_sentence("Also, " + chance.choice(LABELS[chance.choice(labels)])))
    if chance.random() < ASIDE_SHARE:
        sentences.insert(chance.randrange(2), chance.choice(ASIDES))
    parts = [chance.choice(OPENERS), *sentences, chance.choice(CLOSERS)]
    return _filled(chance, " ".join(part for part in parts if part))


def _sentence(clause: str) -> str:
    return clause[0].upper() + clause[1:] + ("" if clause.endswith("?") else ".")


def _filled(chance: random.Random, template: str) -> str:
    words = {name: chance.choice(choices) for name, choices in WORDS.items()}
    return template.format(
        amount=f"${chance.randrange(9, 480)}.{chance.choice(('00', '50', '90', '99'))}",
        days=chance.randrange(2, 15),
        number=chance.randrange(1, 180),
        order=chance.randrange(100_000, 999_999),
        year=chance.randrange(2012, 2026),
        **words,
    )


def main() -> None:
    """Read the options and write the file; its path goes to stdout."""
    options = argparse.ArgumentParser(description="Make the support-ticket set of the demo.")
    options.add_argument("--out", type=Path, default=Path(".tunesmith/demo"), help="folder for train.jsonl")
    options.add_argument("--records", type=int, default=RECORDS, help="how many (default %(default)s)")
    options.add_argument(
        "--seed", type=int, default=SEED, help="other seed, other tickets (default %(default)s)"
    )
    chosen = options.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    file = chosen.out / "train.jsonl"
    file.write_bytes(dataset(chosen.records, chosen.seed))
    print(file)


if __name__ == "__main__":
    main()
