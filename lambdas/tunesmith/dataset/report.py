"""Can this dataset be used, and what is in it? The objection in words, the figures for the run's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tunesmith.catalogue import Model
from tunesmith.dataset.engine import CheckedFile
from tunesmith.dataset.records import ESTIMATE_ERROR, Record
from tunesmith.dataset.rules import RULES
from tunesmith.dataset.split import Split

MOST_REJECTED_SHARE: Final = 0.05
"""Share of a file's records that may be rejected before the whole dataset is in doubt."""

_EXAMPLES: Final = 3
_LISTED: Final = 20


def objection(files: Mapping[str, CheckedFile], split: Split, model: Model, *, rejected_uri: str) -> str:
    """Say why a dataset cannot be used, with the first examples; empty where it can.

    `files` maps the role (train, validation, test) to the checked file; `rejected_uri` names the full list.
    """
    objections = [_file_objection(checked) for checked in files.values()]
    usable = len(files["train"].records)
    if not any(objections) and usable < model.minimum_records:
        objections.append(
            f"{files['train'].file} has {usable} different valid records, and {model.title} needs at least "
            f"{model.minimum_records}"
        )
    if not any(objections):
        objections.append(_split_objection(split))
    told = [each for each in objections if each]
    if not told:
        return ""
    listed = any(checked.problems for checked in files.values())
    where = f". Every problem is listed in {rejected_uri}" if listed else ""
    return "; ".join(told) + where + "."


def data_report(
    files: Mapping[str, CheckedFile],
    split: Split,
    model: Model,
    *,
    objection: str,
    seed: int,
    blind_sha256: str,
    rejected_uri: str,
) -> dict[str, Any]:
    """Gather the figures of a prepared dataset; of each file's problems only the first 20 are quoted."""
    return {
        "outcome": "invalid" if objection else "valid",
        "reason": objection,
        "model": model.id,
        "files": {role: _file_figures(checked) for role, checked in files.items()},
        "split": {
            part: _part_figures(records)
            for part, records in (
                ("train", split.train),
                ("validation", split.validation),
                ("test", split.test),
            )
        },
        "left_out": {"train": split.left_train, "validation": split.left_validation},
        "estimate_error": ESTIMATE_ERROR,
        "seed": seed,
        "blind_sha256": blind_sha256,
        "rejected_uri": rejected_uri,
    }


def _file_objection(checked: CheckedFile) -> str:
    if not checked.read:
        return f"{checked.file} has no records"
    errors = [problem for problem in checked.problems if RULES[problem.rule].severity == "error"]
    share = checked.rejected / checked.read
    examples = "; ".join(f"line {each.line}, {each.rule}: {each.reason}" for each in errors[:_EXAMPLES])
    if not checked.valid:
        return f"no valid record remains in {checked.file}: {checked.rejected} were rejected ({examples})"
    if share > MOST_REJECTED_SHARE:
        return (
            f"{checked.rejected} of {checked.read} records of {checked.file} ({share:.1%}) were rejected, more "
            f"than {MOST_REJECTED_SHARE:.0%} ({examples})"
        )
    return ""


def _split_objection(split: Split) -> str:
    if not split.test:
        return (
            "no record can be held back for the blind test, because nearly all have one prompt; give a test "
            "file as data.test"
        )
    if not split.train:
        return "no training record remains, because validation or test has the prompt of each"
    return ""


def _file_figures(checked: CheckedFile) -> dict[str, Any]:
    figures = checked.to_json()
    return {**figures, "problems": figures["problems"][:_LISTED], "different": len(checked.records)}


def _part_figures(records: Sequence[Record]) -> dict[str, int]:
    return {
        "records": len(records),
        "tokens": sum(record.tokens for record in records),
        "prompt_tokens": sum(record.prompt_tokens for record in records),
        "answer_tokens": sum(record.answer_tokens for record in records),
    }
