"""Does a person have to say yes before a run spends anything, and what is he asked?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from tunesmith.evaluation.metrics_registry import JUDGE, is_asked, is_right_or_wrong
from tunesmith.evaluation.power import Means, RightOrWrong, minimum_detectable_effect, records_to_prove
from tunesmith.job import Job

ASSUMED_DEVIATION: Final = 0.35
"""Standard deviation of the paired differences of scores that are shares, before anything is measured."""

JUDGED_DEVIATION: Final = 0.8
"""The same of pairs that are won, lost or tied: about a third of each."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, up to which amount a yes holds, and for how many hours an answer is waited for."""

    text: str
    usd: Decimal
    hours: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "usd", Decimal(str(self.usd)))

    def to_json(self) -> dict[str, Any]:
        """Spell the question as plain values, which the constructor takes back."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a blind test of so many records can prove, in percentage points."""

    records: int
    smallest_gain: float | None
    """The smallest true gain over the base model that is proven in five of six cases; None where none is."""
    hoped: float | None
    records_wanted: int | None
    """Blind records that would prove the gain that the job file hopes for; None where no test does."""

    @property
    def is_enough(self) -> bool:
        """Whether the gain that is hoped for can be proven; true where none is named."""
        return self.hoped is None or (self.smallest_gain is not None and self.smallest_gain <= self.hoped)

    def sentence(self) -> str:
        """Say it in words."""
        if self.smallest_gain is None:
            told = f"a blind test of {self.records:,} records proves no gain at all"
        else:
            told = (
                f"a blind test of {self.records:,} records proves a gain of {self.smallest_gain:.1f} points"
                " and more in five of six cases"
            )
        if self.is_enough:
            return told
        wanted = (
            f"about {self.records_wanted:,} would be enough"
            if self.records_wanted is not None
            else "no test is large enough"
        )
        return f"{told}; evaluation.expected_gain is {self.hoped:g}: {wanted}"


def proof_of(job: Job, blind_records: int) -> Proof:
    """Tell what a job's blind test can prove, before any model has answered it."""
    spread = (
        RightOrWrong()
        if is_right_or_wrong(job.metric) and not is_asked(job.metric)
        else Means(deviation=JUDGED_DEVIATION if job.metric == JUDGE else ASSUMED_DEVIATION)
    )
    minimum, hoped = job.evaluation.minimum_gain, job.evaluation.expected_gain
    wanted = records_to_prove(hoped, minimum_gain=minimum, spread=spread) if hoped is not None else None
    return Proof(
        records=blind_records,
        smallest_gain=minimum_detectable_effect(blind_records, minimum_gain=minimum, spread=spread),
        hoped=hoped,
        records_wanted=wanted,
    )


def question_of(
    job: Job,
    high_usd: Decimal,
    proof: Proof,
    *,
    approved_usd: Decimal | None,
    afterwards_usd: Decimal = Decimal(0),
) -> Question | None:
    """Put the question that a person has to answer before training; None where there is none.

    `high_usd` is what the run may cost by its policy, `approved_usd` the amount up to which somebody said yes
    to this run before, `afterwards_usd` what a champion of it costs by the hour in its first month: a
    promotion opens that without asking again.
    """
    reasons = []
    ask_above = job.budget.ask_above
    if ask_above is not None and high_usd + afterwards_usd > ask_above:
        then = f" and its champion ${afterwards_usd:,.2f} in the first month" if afterwards_usd else ""
        reasons.append(
            f"the run may cost up to ${high_usd:,.2f}{then}, more than the ${ask_above:,.2f} of"
            " budget.ask_above"
        )
    if not proof.is_enough:
        reasons.append(proof.sentence())
    if not reasons or (approved_usd is not None and high_usd <= approved_usd):
        return None
    return Question(text="; and ".join(reasons), usd=high_usd, hours=job.budget.answer_within_hours)


def message(
    project: str, run: str, question: str, deadline: str, environment: str, plan_uri: str
) -> tuple[str, str]:
    """Write the subject and the text of the message that asks."""
    of = f" --env {environment}"
    body = (
        f"Run {run} of {project} waits before it trains: {question}.\n\n"
        f"Go on:  tunesmith approve {run}{of}\n"
        f"Stop:   tunesmith deny {run}{of}\n\n"
        f"Without an answer until {deadline} it is denied. Nothing was paid so far.\n\n"
        f"The plan: {plan_uri}\n"
    )
    return f"{project}: run {run} asks whether it may go on", body
