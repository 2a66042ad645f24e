"""Lets a judge compare the candidate's answers with each other model's, in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rate_shard.shard import Shard
from tunesmith.aws.converse import Answered, Call, answer_all
from tunesmith.evaluation.answers import CANDIDATE, Answer, Question, read_answers, write_answers
from tunesmith.evaluation.judging import MAX_TOKENS, ORDERS, Pair, pairs_of, words_folder
from tunesmith.job_sections import Judge

RESERVE_SECONDS = 300
"""No call begins with less time left: it may be repeated until it is given up."""


def judge_shard(shard: Shard, judge: Judge, plan: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Ask for what the judge has not said yet, at the pace that it takes."""
    judging, folders = judge.judging, shard.folders
    answers = {label: shard.answers(label) for label in folders}
    keys = {
        label: shard.key(words_folder(judging, folders[CANDIDATE], folder))
        for label, folder in folders.items()
        if label != CANDIDATE
    }
    words = {label: _words(shard, key) for label, key in keys.items()}
    missing = _missing(shard.questions, answers, words)

    def keep(found: Sequence[Answered]) -> None:
        changed = set()
        for position, answer in found:
            label, pair, order = missing[position]
            words[label][pair.asked_as(order)] = answer
            changed.add(label)
        for label in changed:
            shard.artifacts.write_lines(keys[label], write_answers(words[label].values()))

    given = answer_all(
        [Call(plan["judge"], judging.asked(pair, order)) for _, pair, order in missing],
        max_tokens=MAX_TOKENS,
        in_flight=plan["inference"]["in_flight"],
        first_rate=plan["inference"]["first_rate"],
        keep=keep,
        seconds=context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS,
    )
    asked = sum(answer is not None for answer in given)
    failed = sum(bool(answer and answer.error) for answer in given)
    return {"asked": asked, "failed": failed, "unfinished": asked < len(missing)}


def _missing(
    questions: Sequence[Question],
    answers: Mapping[str, Mapping[str, Answer]],
    words: Mapping[str, Mapping[str, Answer]],
) -> list[tuple[str, Pair, int]]:
    """List what the judge was not asked yet: one model's pair after the other's, question by question."""
    return [
        (label, pair, order)
        for question in questions
        for label, known in words.items()
        for pair in pairs_of([question], answers[CANDIDATE], answers[label])
        if pair.plain is None
        for order in ORDERS
        if pair.asked_as(order) not in known
    ]


def _words(shard: Shard, key: str) -> dict[str, Answer]:
    if shard.artifacts.head(key) is None:
        return {}
    return {answer.id: answer for answer in read_answers(shard.artifacts.read(key)) if not answer.error}
