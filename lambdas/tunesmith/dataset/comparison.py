"""Which records say nearly the same, and what do they answer? Asked by row; this process looks into a file.

Rows number the records of all files, one file after another. A cluster of machines answers the same questions
in `tunesmith.spark`.
"""

from __future__ import annotations

import unicodedata
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import msgspec

from tunesmith.dataset.common_text import common_shingles
from tunesmith.dataset.leakage import find_leaks
from tunesmith.dataset.media import shown_by, words_of
from tunesmith.dataset.near_duplicates import find_near_duplicates
from tunesmith.dataset.record_spool import Records, Rows
from tunesmith.dataset.records import block_text, folded
from tunesmith.dataset.repeats import repeated_texts
from tunesmith.dataset.text_spool import ChosenTexts, Texts, TextSpool
from tunesmith.dataset.words import ANSWER_MARK, U64, Flags


class Comparison(Protocol):
    """Whoever compares the records."""

    def answers(self, role: str) -> Sequence[str]:
        """Give the answers of a file's records, as `record_answer` reads them."""

    def clusters(self) -> Rows:
        """Give each record the lowest row among its near-duplicates."""

    def least_text(self, rows: Sequence[int]) -> str:
        """Give the first of these records' texts in alphabetical order."""

    def leaking(self, part: Sequence[int], held_back: Sequence[int]) -> list[int]:
        """List the rows of a part that are nearly the same as one that is held back, ascending."""

    def repeating(self, rows: Rows, groups: Rows, stays: Flags) -> Rows:
        """Give those of the rows that go because they are nearly the same as one that is kept before them.

        Each is held against the rows of its group alone; one that `stays` is kept whatever it repeats.
        """


class SpooledComparison:
    """Compares in this process; the texts wait in a temporary file."""

    def __init__(self, files: Mapping[str, Records]) -> None:
        self._files = files
        self._texts = TextSpool(record_text(line) for records in files.values() for line in records.lines())
        weakref.finalize(self, self._texts.close)

    def answers(self, role: str) -> Sequence[str]:
        """Read answers when they are asked for."""
        return _Answers(self._files[role])

    def clusters(self) -> Rows:
        """Compare all records."""
        return find_near_duplicates(self._texts).labels

    def least_text(self, rows: Sequence[int]) -> str:
        """Read the texts one by one."""
        return min(self._texts[row] for row in rows)

    def leaking(self, part: Sequence[int], held_back: Sequence[int]) -> list[int]:
        """Join the two exactly."""
        if not part or not held_back:
            return []
        others, own = ChosenTexts(self._texts, held_back), ChosenTexts(self._texts, part)
        return [part[index] for index in find_leaks(others, own, common=self._common).leaking()]

    def repeating(self, rows: Rows, groups: Rows, stays: Flags) -> Rows:
        """Compare within the groups."""
        return rows[repeated_texts(ChosenTexts(self._texts, rows.tolist()), self._common, groups, stays)]

    @cached_property
    def _common(self) -> U64:
        return common_shingles(self._texts)


def record_text(line: bytes) -> str:
    """Join the text of all turns, and words for what they show; the system text, often shared, is not.

    The answer stands behind a mark.
    """
    value = msgspec.json.decode(line)
    *turns, last = value["messages"]
    said = "\n".join(block_text(block) for turn in turns for block in turn["content"])
    mark = ANSWER_MARK if last["role"] == "assistant" else "\n"
    text = said + mark * bool(turns) + "\n".join(map(block_text, last["content"]))
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if b'"s3Location"' not in line:
        return text
    return f"{text}\n{words_of(shown_by(value), text)}"


def record_answer(line: bytes) -> str:
    """Read the last turn without its reasoning, Unicode and white space folded."""
    blocks = msgspec.json.decode(line)["messages"][-1]["content"]
    return folded(" ".join(block["text"] for block in blocks if "text" in block))


class _Answers(Texts):
    def __init__(self, records: Records) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def _at(self, index: int) -> str:
        return record_answer(self._records.line(index))
