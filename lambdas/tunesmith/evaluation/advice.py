"""Should we tune at all? Answered by what untuned models make of a test, before anything is trained.

Tune where the records show that there is something to learn, and room for it. Do not where nothing is left to
gain or to learn, or a larger model is as good for less. Else it cannot be said, and what would settle it is
told. The thresholds, and why they are such: docs/decisions/0064.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any, Final, NamedTuple

from tunesmith.evaluation.advice_answers import CALLED, AdviceAnswer
from tunesmith.evaluation.answers import BASE, FEW_SHOT
from tunesmith.evaluation.pairs import SETTLED_GAINS
from tunesmith.evaluation.power import (
    FEWEST_RECORDS,
    FEWEST_RECORDS_FOR_MEANS,
    RightOrWrong,
    records_to_prove,
)
from tunesmith.evaluation.statistics import describe_groups, paired_interval
from tunesmith.evaluation.verdict import EQUAL_WITHIN, FEWEST_GROUPS

ERROR: Final = 0.1
"""What lies beyond each bound here: advice is cheaper to take back than a promotion."""
SHARE_LEARNED: Final = 0.5
"""Of the answers that are still wrong, tuning is taken to mend half."""
MONTHS: Final = 12
"""Over so many months what tuning costs is spread, beside a larger model's price."""
LABELLED_TWICE: Final = 100
"""Blind records whose second labels tell how far people agree."""
_RESAMPLES: Final = 2_000
_ANSWERS: Final = 1_000
_MODELS: Final = {BASE: "The base model", FEW_SHOT: "The base model with examples"}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A difference in percentage points, and bounds beyond each of which one case in ten lies."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.1f} points ({self.low:+.1f} to {self.high:+.1f})"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What answers cost, and what tuning would, in US dollars."""

    each_1000: Mapping[str, float]
    """Of 1,000 answers, by label of an untuned model."""
    tuned_1000: float
    """Of 1,000 answers of a model tuned from the base: its prices, the base model's tokens."""
    tuning: float
    """The whole run that would tune and judge, as estimated."""
    month: float
    """Of keeping the tuned model, whatever it is asked."""
    answers_per_month: int | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known before anything is trained. Scores are 0 to 1, record by record in one order."""

    title: str
    """Of the metric."""
    right_or_wrong: bool
    labels: bool
    """Whether the answers are labels, which records that are alike can be expected to share."""
    base: Sequence[float]
    few_shot: Sequence[float] = ()
    """Of the base model behind examples; empty where it was not asked so."""
    larger: Mapping[str, Sequence[float]] = field(default_factory=dict)
    neighbours: Sequence[float]
    """Of the answer that the likest training records give, which costs no model."""
    fewer_neighbours: Sequence[float]
    """The same with a quarter of the training records."""
    guess: Sequence[float]
    """Of the answer that training has most often, whatever is asked."""
    groups: Sequence[Hashable] = ()
    ceiling: float = 1.0
    """Share of right answers that contradicting records leave at most."""
    minimum_gain: float
    """Percentage points."""
    seed: int
    price: Price
    unproven: str = ""
    """Why no measure of this data proves anything; empty where one may."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The answer, why, and what would settle it where it cannot be said."""

    answer: AdviceAnswer
    because: str
    """Id of the rule that answered."""
    reason: str
    settles: tuple[str, ...]
    notes: tuple[str, ...]
    """What the prices mean, whatever the answer is."""
    n: int
    best: str
    """Label of the better of base model and base model with examples; empty without a record."""
    figures: Mapping[str, Figure]
    """`room` above the best untuned answers; what `examples`, `neighbours` and four times the `records` gain;
    and by what `neighbours` are beyond `chance`."""

    def sentence(self) -> str:
        """Say the answer, why, and what would settle it."""
        settles = f" What would settle it: {' '.join(self.settles)}" if self.settles else ""
        return f"{CALLED[self.answer]}: {self.reason[:1].lower()}{self.reason[1:]}{settles}"

    def to_json(self) -> dict[str, Any]:
        """Spell the advice as plain values."""
        return asdict(self)


class _Found(NamedTuple):
    answer: AdviceAnswer
    because: str
    reason: str


def advise(evidence: Evidence) -> Advice:
    """Answer from the evidence; the first rule that holds decides."""
    n = len(evidence.base)
    best = _best(evidence) if n else ""
    figures = _figures(evidence, best) if n else {}
    found = _too_few(evidence) or _weigh(evidence, best, figures)
    return Advice(
        **found._asdict(),
        settles=_settles(evidence, found.because) if found.answer == "cannot_say" else (),
        notes=_notes(evidence, best) if n else (),
        n=n,
        best=best,
        figures=figures,
    )


def _too_few(evidence: Evidence) -> _Found | None:
    """Say why these records tell nothing; None where they may."""
    n, fewest = len(evidence.base), _fewest(evidence)
    groups = describe_groups([0.0] * n, evidence.groups).groups if n else 0
    if n < fewest or groups < FEWEST_GROUPS:
        of = f" in {groups:,} groups" if groups < n else ""
        told = f"{n:,} blind records{of} are too few: it takes {fewest}, in {FEWEST_GROUPS} groups or more."
        return _Found("cannot_say", "too_few", told)
    if evidence.unproven:
        told = f"No measure of these answers proves anything: {evidence.unproven}."
        return _Found("cannot_say", "unproven", told)
    return None


def _weigh(evidence: Evidence, best: str, figures: Mapping[str, Figure]) -> _Found:
    minimum, room = evidence.minimum_gain, figures["room"]
    stands = f"{_MODELS[best]} reaches {100 * fmean(_scores(evidence, best)):.1f}% in {evidence.title}"
    if SHARE_LEARNED * room.high <= minimum:
        told = f"{stands}, which leaves {room}: half of it is no more than the minimum gain of {minimum:g}."
        return _Found("do_not", "good_enough", told)
    larger = _larger(evidence, _scores(evidence, best), room)
    if larger:
        return _Found("do_not", "larger_model", f"{stands}. {larger}")
    if "neighbours" not in figures:
        told = f"{stands}, which leaves {room}. What training records answer by themselves was not scored."
        return _Found("cannot_say", "open", told)
    neighbours, records, chance = (figures[name] for name in ("neighbours", "records", "chance"))
    if neighbours.low > minimum:
        told = (
            f"{stands}, and what the likest training records answer is better by {neighbours}: they hold what"
            f" the model does not know. Left to gain: {room}."
        )
        return _Found("tune", "learnable", told)
    examples = figures.get("examples")
    shown = f"examples from training gain {examples}" if examples else "no examples were shown"
    likeness = f"what the likest training records answer gains {neighbours}"
    helps = examples is not None and examples.low > 0
    # What training records answer by themselves may not be proven worse than the best untuned answers.
    is_near = neighbours.high > 0
    if helps and is_near and records.low > 0 and SHARE_LEARNED * room.low > minimum:
        told = (
            f"{stands}. The records teach: {shown}; {likeness}, and four times as many records {records}."
            f" Left to gain: {room}."
        )
        return _Found("tune", "taught", told)
    if evidence.labels and not helps and chance.low <= 0:
        told = (
            f"{stands}. Nothing shows that the records teach more: {shown}, and the likest training records"
            f" answer better than the most frequent label by {chance}. Labels that contradict each other look"
            " like that."
        )
        return _Found("do_not", "nothing_learned", told)
    told = f"{stands}, which leaves {room}. Whether tuning gets any of it is open: {shown}; {likeness}."
    return _Found("cannot_say", "open", told)


def _fewest(evidence: Evidence) -> int:
    return FEWEST_RECORDS if evidence.right_or_wrong else FEWEST_RECORDS_FOR_MEANS


def _best(evidence: Evidence) -> str:
    """Name the better way to ask the base model."""
    return FEW_SHOT if evidence.few_shot and fmean(evidence.few_shot) > fmean(evidence.base) else BASE


def _scores(evidence: Evidence, label: str) -> Sequence[float]:
    return evidence.few_shot if label == FEW_SHOT else evidence.base


def _figures(evidence: Evidence, best: str) -> dict[str, Figure]:
    scores = _scores(evidence, best)
    wrong = _difference(evidence, [1.0] * len(scores), scores)
    lost = 100 * (1 - evidence.ceiling)
    figures = {"room": Figure(value=wrong.value - lost, low=wrong.low - lost, high=wrong.high - lost)}
    if evidence.few_shot:
        figures["examples"] = _difference(evidence, evidence.few_shot, evidence.base)
    if evidence.neighbours:
        figures["neighbours"] = _difference(evidence, evidence.neighbours, scores)
        figures["records"] = _difference(evidence, evidence.neighbours, evidence.fewer_neighbours)
        figures["chance"] = _difference(evidence, evidence.neighbours, evidence.guess)
    return figures


def _difference(evidence: Evidence, mine: Sequence[float], theirs: Sequence[float]) -> Figure:
    differences = [a - b for a, b in zip(mine, theirs, strict=True)]
    interval = paired_interval(
        differences,
        right_or_wrong=evidence.right_or_wrong and set(differences) <= {-1, 0, 1},
        seed=evidence.seed,
        groups=evidence.groups,
        error=ERROR,
        resamples=_RESAMPLES,
    )
    value, low, high = (100 * figure for figure in interval)
    return Figure(value=value, low=low, high=high)


def _larger(evidence: Evidence, best: Sequence[float], room: Figure) -> str:
    """Say which larger model is as good as tuning is taken to make, and costs no more; empty where none."""
    price = evidence.price
    for name, scores in evidence.larger.items():
        gain = _difference(evidence, scores, best)
        is_as_good = gain.low > evidence.minimum_gain and (
            gain.value >= SHARE_LEARNED * room.value - EQUAL_WITHIN
        )
        is_surpassed = (
            bool(evidence.neighbours) and _difference(evidence, evidence.neighbours, scores).low > 0
        )
        theirs, ours = _cost(price, name), _cost(price)
        if is_as_good and not is_surpassed and theirs <= ours:
            volume = price.answers_per_month
            per = "for 1,000 answers" if volume is None else f"a month at {volume:,} answers"
            return (
                f"{name} is better by {gain} as it is, and costs {_usd(theirs)} {per}; a tuned model would"
                f" cost {_usd(ours)}, what tuning costs spread over {MONTHS} months."
            )
    return ""


def _cost(price: Price, label: str = "") -> float:
    """What a larger model, or the tuned one, costs a month; of 1,000 answers where no volume is stated."""
    each = price.each_1000[label] if label else price.tuned_1000
    if price.answers_per_month is None:
        return each
    return price.answers_per_month * each / _ANSWERS + (0.0 if label else _fixed(price))


def _fixed(price: Price) -> float:
    """What a tuned model costs a month before it is asked anything."""
    return price.month + price.tuning / MONTHS


def _notes(evidence: Evidence, best: str) -> tuple[str, ...]:
    price, told = evidence.price, []
    for name in evidence.larger:
        dearer = price.each_1000[name] - price.tuned_1000
        if dearer > 0:
            volume = _ANSWERS * _fixed(price) / dearer
            told.append(f"Below {volume:,.0f} answers a month {name} costs less than a tuned model.")
    saved = price.each_1000[best] - price.tuned_1000
    if best == FEW_SHOT and saved > 0:
        volume = _ANSWERS * _fixed(price) / saved
        told.append(
            f"Without examples in each prompt 1,000 answers cost {_usd(saved)} less: a tuned model that is"
            f" only as good saves money from {volume:,.0f} answers a month on."
        )
    return tuple(told)


def _settles(evidence: Evidence, because: str) -> tuple[str, ...]:
    """Say what would settle the question, and what it takes."""
    if because == "unproven":
        return ("A metric that fits these answers.",)
    spread = RightOrWrong(fewest=_fewest(evidence))
    needed = {
        gain: records_to_prove(gain, minimum_gain=evidence.minimum_gain, spread=spread)
        for gain in SETTLED_GAINS
    }
    proofs = [
        f"about {math.ceil(records / 10) * 10:,} prove a gain of {gain:g} points"
        for gain, records in needed.items()
        if records is not None
    ]
    told = [f"More blind records: {' and '.join(proofs)}."] if proofs else []
    if because == "open":
        told += [_TWICE, f"A run that tunes, for about {_usd(evidence.price.tuning)}."]
    return tuple(told)


_TWICE: Final = (
    f"A second person's labels for {LABELLED_TWICE} blind records: where two people disagree no model can be"
    " right, and the room is smaller by as much."
)


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= _CENTS else f"${amount:.4f}"


_CENTS: Final = 0.1
