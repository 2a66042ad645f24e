"""How do the models do on what a guardrail looks at, and what goes wrong in their answers?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.evaluation.answers import BASE, Answer, Question, guarded_models, text_of
from tunesmith.evaluation.scores import LENIENT, Ratings, TokenPrice, paired_scores, score, task_labels
from tunesmith.evaluation.slices import by_length, describe
from tunesmith.evaluation.watch import WATCHED, TrainingText, watched_scores


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A set of questions and what each model answered: its first answers, then any further ones."""

    questions: Sequence[Question]
    given: Mapping[str, Sequence[Sequence[Answer]]]
    models: Mapping[str, str]
    prices: Mapping[str, TokenPrice]
    twice: Collection[str] = ()
    averaged: Collection[str] = ()

    @property
    def first(self) -> dict[str, Sequence[Answer]]:
        """Each model's first answers."""
        return {label: rounds[0] for label, rounds in self.given.items()}

    def scores(self, metric: str, ratings: Ratings | None = None) -> dict[str, Any]:
        """Score every model by a metric of the registry, or by what somebody was asked for."""
        return score(
            metric,
            self.questions,
            self.first,
            self.models,
            self.prices,
            again={label: again for label, (_, *again) in self.given.items()},
            twice=self.twice,
            averaged=self.averaged,
            ratings=ratings,
        )

    def watched(self, sheet: Mapping[str, Any], training: TrainingText) -> dict[str, dict[str, list[int]]]:
        """Score each kept record of each model by what is watched, on first answers."""
        asked = {question.id: question for question in self.questions}
        kept = [asked[record] for record in sheet["records"]]
        labels = task_labels([question.reference for question in self.questions])
        found = {}
        for label in sheet["models"]:
            answers = {answer.id: answer for answer in self.given[label][0]}
            repeated = training.repeated(kept, answers)
            found[label] = watched_scores(sheet["metric"], kept, answers, labels, repeated)
        return found


def scored(
    guardrail: Mapping[str, Any],
    over: str,
    sheet: Mapping[str, Any],
    watched: Mapping[str, Mapping[str, Sequence[int]]],
    *,
    groups: Mapping[str, str],
    among: Collection[str] | None = None,
) -> dict[str, Any]:
    """Give what a guardrail (a job file's) goes by: its records' scores, by candidate and comparators.

    `sheet` is scored by the guardrail's metric, `watched` takes its place where the metric is none of the
    registry's. `among` are the records of its slice, all where None; `groups` name the record's group.
    """
    places = [place for place, record in enumerate(sheet["records"]) if among is None or record in among]
    metric = guardrail["metric"]

    def figures(label: str) -> dict[str, list[float]]:
        if metric in WATCHED:
            return {metric: [watched[label][metric][place] for place in places]}
        model = sheet["models"][label]
        return {name: [model[name][place] for place in places] for name in (metric, LENIENT) if name in model}

    asked = sheet["asked"] if among is None else len(among)
    return {
        "name": guardrail["name"],
        "metric": metric,
        "margin": guardrail["margin"],
        "over": over,
        "n": len(places),
        "lost": asked - len(places),
        "models": {label: figures(label) for label in guarded_models(sheet["models"])},
        "groups": [groups[sheet["records"][place]] for place in places] if groups else [],
    }


def counts(watched: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, dict[str, int]]:
    """Count, model by model, the answers with which something is wrong."""
    return {
        label: {name: len(scores) - sum(scores) for name, scores in found.items()}
        for label, found in watched.items()
    }


def slices(
    sheet: Mapping[str, Any], questions: Sequence[Question], fields: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Describe the gain over the base model by label, by length of the question and by metadata.

    `fields` maps a record to the values of its metadata's fields.
    """
    if not sheet["n"]:
        return []
    asked = {question.id: question for question in questions}
    kept = [asked[record] for record in sheet["records"]]
    differences = [mine - other for mine, other in zip(*paired_scores(sheet, BASE), strict=True)]
    lengths = [len(text_of(question.messages[-1]["content"])) for question in kept]
    values = {"length of the question": by_length(lengths)}
    if task_labels([question.reference for question in questions]):
        values["label"] = [question.reference for question in kept]
    for field in sorted({name for found in fields.values() for name in found}):
        values[field] = [fields.get(question.id, {}).get(field, "") for question in kept]
    return [one.to_json() for by, each in values.items() for one in describe(by, each, differences)]
