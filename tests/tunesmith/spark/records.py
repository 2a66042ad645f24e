"""Records with everything in them that preparing them is about."""

from __future__ import annotations

import random
from typing import Any

from tests.tunesmith.dataset.converse import pair
from tests.tunesmith.dataset.prepared import said


def paragraph(number: int, length: int = 90, changed: int = 0) -> str:
    """Give words that no other number has, the last few of them changed."""
    drawn = random.Random(number)
    words = [f"w{drawn.randrange(10**6)}" for _ in range(length - changed)]
    return " ".join([*words, *(f"c{changed}x{place}" for place in range(changed))])


def labelled(count: int) -> list[Any]:
    """Give a label task with everything in it that is dropped, grouped, outvoted, quarantined or tied."""
    drawn = random.Random(7)
    records: list[Any] = [pair(said(number), "yes" if number % 3 else "no") for number in range(count)]
    records += [pair(said(number), "yes" if number % 3 else "no") for number in range(0, count, 9)]
    records += [pair(said(number), "maybe") for number in range(0, count, 11)]
    records += [pair(paragraph(number // 3, changed=number % 3), "yes") for number in range(60)]
    # More near-duplicates than a small bucket holds, in fewer words than make a common run.
    long = "".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=150))
    records += [pair(f"{long}{number}", "no") for number in range(40)]
    records += [pair("", "yes"), pair(said("x"), ""), pair("mail a.person@example.com", "no")]
    drawn.shuffle(records)
    return records
