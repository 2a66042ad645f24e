"""What does a judge cost that compares answers? It reads each pair twice, and says a word."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tunesmith.catalogue.judges import JudgeModel, find_judge
from tunesmith.cost.items import EstimateItem, priced
from tunesmith.cost.prices import Item, PriceTable
from tunesmith.dataset.tokens import estimator_for
from tunesmith.evaluation.judging import MAX_TOKENS, ORDERS, overhead_text
from tunesmith.job import Job

PRICED: Final = (Item.INPUT, Item.OUTPUT)


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """Who judges, what he is shown beside request, reference and answers, and whose answers."""

    judge: JudgeModel
    overhead_tokens: int
    models: int
    """Whose answers are compared with the candidate's."""


def judge_items_name(title: str, part: str) -> str:
    """Name what a judge reads or answers, in the estimate and in what was paid."""
    return f"evaluation, judge {title} {part}"


def comparing_of(job: Job, models: int) -> Comparing | None:
    """Tell what the job's judge does; None where none is asked. `models` are those beside the candidate."""
    if job.evaluation.judge is None:
        return None
    judge = find_judge(job.evaluation.judge.model)
    around = overhead_text(job.evaluation.judge.criteria)
    tokens = estimator_for(judge.family).estimate(around)
    return Comparing(judge=judge, overhead_tokens=tokens, models=models)


def judge_items(
    comparing: Comparing,
    prices: PriceTable,
    *,
    records: int,
    tokens: tuple[int, int],
    max_tokens: int,
    most_off: Decimal,
) -> list[EstimateItem]:
    """Price a judge of a blind test, whose questions and references have so many tokens.

    Answers are expected to be as long as the references, and are `max_tokens` at most. Pairs of equal
    answers cost nothing, so at least nothing is paid.
    """
    read, said = (prices.price(comparing.judge.id, item) for item in PRICED)
    asked, answered = tokens
    calls = len(ORDERS) * comparing.models
    around = records * comparing.overhead_tokens
    expected = calls * (around + asked + 3 * answered)
    most = calls * ((around + asked + answered) * most_off + 2 * records * max_tokens)
    words = calls * records
    return [
        priced(
            judge_items_name(comparing.judge.title, "reads"),
            read,
            (Decimal(expected), "tokens", read.cost(1000)),
            (Decimal(0), read.cost(expected), max(read.cost(expected), read.cost(most))),
        ),
        priced(
            judge_items_name(comparing.judge.title, "answers"),
            said,
            (Decimal(words), "tokens", said.cost(1000)),
            (Decimal(0), said.cost(words), said.cost(words * MAX_TOKENS)),
        ),
    ]
