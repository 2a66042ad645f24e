"""Which runs of five words tell no text from another? Those of templates and contexts, found in a sample.

A run that many texts hold is left out of every comparison, or all texts under one template would be alike.
Near-copies of one text, if they are many, hold its runs, too, and are told apart: under a template each text
has words of its own, at places where all texts differ; copies differ by edits, at places where most of them
go on alike, or at one place, as by a number, and have one answer. What only copies hold is not left out.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.words import (
    SHINGLE,
    U64,
    Flags,
    Ints,
    Words,
    batches,
    begins_run,
    mix,
    ranges,
    runs_of_five,
    runs_of_four,
    words_of,
)

COMMON_SHARE: Final = 0.01
COMMON_LEAST: Final = 10
"""A run of five words is common if it stands in more than 1 % of the texts and in more than ten."""
COMMON_SAMPLE: Final = 2_000
"""Of more texts, a sample of this size tells what is common; content chooses it, so order is no matter."""

_OWN_WORDS: Final = 0.25
"""A text of whose question more stands outside familiar runs, those half as frequent, is mostly its own."""
_USUAL: Final = 2 / 3
"""How many texts go one way at a place that the others were edited at."""
_PARTED: Final = 0.25
"""A run is a template's if so many of the texts that hold it part ways with most of the others."""
_ONE_ANSWER: Final = 0.9
"""How many texts have one answer at a place where they differ in something that does not count."""
_ANSWER_WORDS: Final = 4
"""A shorter answer may be a label, which many different questions share."""
_SAMPLE_CHARACTERS: Final = 1 << 25
_SAMPLE_LEAST: Final = 500
_ROUGH_BITS: Final = 17
_FILTER_BITS: Final = 16
_PLACE_STEP: Final = np.uint64(0x9E3779B97F4A7C15)

Seen: TypeAlias = tuple[Words, Ints]
"""The words of some texts, and the texts' indices."""


def common_shingles(texts: Sequence[str], sample: Ints | None = None, seen: list[Seen] | None = None) -> U64:
    """Find the runs of five words that stand in more than 1 % of the texts that are no copies, sorted.

    Only the sample's texts are read where `choose_sample` has chosen it already. Their words are added to
    `seen`, for whoever shingles the same texts next: some 8 KB for a text of 250 words.
    """
    sample = _sample(texts) if sample is None else sample
    limit = max(COMMON_SHARE * sample.size, COMMON_LEAST * sample.size / max(len(texts), 1))
    read: list[_Read] = []
    for batch, indices in batches(texts, sample):
        words = words_of(batch)
        if seen is not None:
            seen.append((words, indices))
        read.append(_Read(words.hashes, words.counts, words.prompts))
    runs, owners = _frequent(read, limit / 2)
    familiar, number, counts = np.unique(runs, return_inverse=True, return_counts=True)
    is_common = counts > limit
    if not is_common.any():
        return familiar[is_common]
    company = _company(read, familiar, limit)
    parting = company[owners] < _USUAL * counts[number]
    parted = np.bincount(number, weights=parting, minlength=counts.size)
    return familiar[is_common & (parted > limit) & (parted >= _PARTED * counts)]


def sample_sum(text: str) -> int:
    """Sum up a text's content: the sample is chosen by these sums."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def choose_sample(sums: NDArray[np.uint32], sizes: NDArray[np.uint32]) -> Ints:
    """Choose texts by their sums and their sizes in characters: 2,000, fewer where they are long."""
    order = np.argsort(sums, kind="stable")
    whole = int(np.searchsorted(np.cumsum(sizes[order], dtype=np.int64), _SAMPLE_CHARACTERS, side="right"))
    wanted = min(max(whole, _SAMPLE_LEAST), COMMON_SAMPLE, sums.size)
    # All texts of the last sum come along: which of equal sums is first would depend on the order.
    return np.flatnonzero(sums <= sums[order[wanted - 1]]) if wanted else order


def among(values: U64, common: U64) -> Flags:
    """Tell which values are common: a table that fits the cache holds nearly all others back."""
    bits = max(_FILTER_BITS, int(common.size).bit_length() + 3)
    many = np.bincount((common >> np.uint64(48 - bits)).astype(np.int64), minlength=1 << bits)
    begins = np.cumsum(many) - many
    head = (values >> np.uint64(64 - bits)).view(np.int64)
    found: Flags = (many > 0).take(head)
    places = np.flatnonzero(found)
    first, short = begins.take(head.take(places)), values.take(places) >> np.uint64(16)
    alike = np.zeros(places.size, dtype=np.bool_)
    for later in range(int(many.max())):
        alike |= common.take(first + later, mode="clip") == short
    found[places] = alike
    return found


def is_covered(hits: Flags, words: int) -> Flags:
    """Tell which of so many words stand in the runs that begin where `hits` says."""
    covered = np.zeros(words, dtype=np.bool_)
    for place in range(SHINGLE if hits.size else 0):
        covered[place : place + hits.size] |= hits
    return covered


def _sample(texts: Sequence[str]) -> Ints:
    sums, sizes = array("I"), array("I")
    for text in texts:
        sums.append(sample_sum(text))
        sizes.append(len(text))
    return choose_sample(np.frombuffer(sums, dtype=np.uint32), np.frombuffer(sizes, dtype=np.uint32))


@dataclass(frozen=True, slots=True)
class _Read:
    """The words of some texts, without what they were read from."""

    hashes: U64
    counts: Ints
    prompts: Ints

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """Put texts one after another."""
        return cls(
            hashes=np.concatenate([part.hashes for part in parts]),
            counts=np.concatenate([part.counts for part in parts]),
            prompts=np.concatenate([part.prompts for part in parts]),
        )

    def chosen(self, wanted: Flags) -> Self:
        """Keep some of the texts."""
        return type(self)(
            self.hashes[np.repeat(wanted, self.counts)], self.counts[wanted], self.prompts[wanted]
        )

    def places(self) -> Ints:
        """Count the words before each word in its text."""
        return ranges(np.zeros_like(self.counts), self.counts)


def _frequent(read: Sequence[_Read], least: float) -> tuple[U64, Ints]:
    """Give the runs that more than `least` texts hold, with these texts, each once."""
    found, bounds = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    for part in read:
        valid = begins_run(part.counts)
        values = runs_of_five(part.hashes)
        found.append(values[valid[: values.size]] >> np.uint64(16))
        bounds.append(np.maximum(part.counts - (SHINGLE - 1), 0))
    values, ends = np.concatenate(found), np.cumsum(np.concatenate(bounds))
    # A rough count first, one that may only be too high, leaves so few that each can be counted by text.
    rough = (values >> np.uint64(48 - _ROUGH_BITS)).astype(np.int64)
    frequent = np.bincount(rough, minlength=1 << _ROUGH_BITS) > least
    kept = np.flatnonzero(frequent.take(rough))
    owners, values = np.searchsorted(ends, kept, side="right"), values[kept]
    order = np.lexsort((owners, values))
    owners, values = owners[order], values[order]
    once = np.ones(values.size, dtype=np.bool_)
    once[1:] = (values[1:] != values[:-1]) | (owners[1:] != owners[:-1])
    values, owners = values[once], owners[once]
    starts = np.flatnonzero(np.diff(values, prepend=~values[:1]))
    sizes = np.diff(starts, append=values.size)
    held = np.repeat(sizes > least, sizes)
    return values[held], owners[held]


def _company(read: Sequence[_Read], familiar: U64, limit: float) -> Ints:
    """Tell for each text how many go its way where the fewest do; none if it is mostly its own."""
    mostly_own, others = [], []
    for part in read:
        hits = among(runs_of_five(part.hashes), familiar)
        hits &= begins_run(part.counts)[: hits.size]
        is_open = ~is_covered(hits, part.hashes.size)
        is_open &= part.places() < np.repeat(part.prompts, part.counts)
        before = np.concatenate(([0], np.cumsum(is_open)))
        ends = np.cumsum(part.counts)
        mostly_own.append(before[ends] - before[ends - part.counts] > _OWN_WORDS * part.prompts)
        others.append(part.chosen(~mostly_own[-1]))
    is_own = np.concatenate(mostly_own)
    company = np.zeros(is_own.size, dtype=np.int64)
    company[~is_own] = _company_where_ways_part(_Read.together(others), limit)
    return company


def _company_where_ways_part(texts: _Read, limit: float) -> Ints:
    """Look where the texts go on from four words, or come to them, in front of their answer in several ways.

    A way that most go is left by edits alone. Where no way is such, it does not count if the texts that part
    there have one answer.
    """
    company = np.full(texts.counts.size, np.iinfo(np.int64).max)
    fives, valid = runs_of_five(texts.hashes), np.flatnonzero(begins_run(texts.counts))
    if not fives.size:
        return company
    valid = valid[valid < fives.size]
    fours = runs_of_four(texts.hashes)
    _, run, counts = np.unique(fives[valid], return_inverse=True, return_counts=True)
    owners = np.repeat(np.arange(texts.counts.size), texts.counts)[valid]
    answers = _answers(texts)
    for shared, word in ((fours[valid], valid + SHINGLE - 1), (fours[valid + 1], valid)):
        _, place, totals = np.unique(shared, return_inverse=True, return_counts=True)
        most = np.zeros(totals.size, dtype=np.int64)
        np.maximum.at(most, place, counts[run])
        is_parting = (most < _USUAL * totals) & (totals >= limit / 2)
        in_prompt = texts.places()[word] < texts.prompts[owners]
        parting = np.flatnonzero(is_parting[place] & in_prompt)
        parting = parting[~_answered_alike(place[parting], answers[owners[parting]])]
        np.minimum.at(company, owners[parting], counts[run[parting]])
    return company


def _answers(texts: _Read) -> U64:
    """Number each text's answer; 0 where it may be a label."""
    places = texts.places() - np.repeat(texts.prompts, texts.counts)
    hashes = np.where(places >= 0, mix(texts.hashes + places.astype(np.uint64) * _PLACE_STEP), np.uint64(0))
    ends = np.cumsum(texts.counts)
    before = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(hashes)))
    sums: U64 = before[ends] - before[ends - texts.counts]
    return np.where(texts.counts - texts.prompts >= _ANSWER_WORDS, sums | np.uint64(1), np.uint64(0))


def _answered_alike(places: Ints, answers: U64) -> Flags:
    """Tell of texts that part at places which of them have the answer of nearly all there."""
    _, place, totals = np.unique(places, return_inverse=True, return_counts=True)
    _, answer = np.unique(answers, return_inverse=True)
    pairs = place * (int(answer.max(initial=0)) + 1) + answer
    _, pair, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    found: Flags = (counts[pair] >= _ONE_ANSWER * totals[place]) & (answers > 0)
    return found
