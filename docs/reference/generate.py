"""Writes the pages beside it from the code: `python docs/reference/generate.py`. A test holds them equal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from tunesmith.catalogue import Hyperparameter, Model, Source, load_catalogue
from tunesmith.cost import load_prices, models_without_price, override_line
from tunesmith.dataset import CHANGES, RULES
from tunesmith.dataset.dataset_rules import DATASET_RULES
from tunesmith.dataset.fixes import FIXES
from tunesmith.job import Job

FOLDER: Final = Path(__file__).parent
_NOTE: Final = "<!-- Written by docs/reference/generate.py from the code; do not edit. -->"

_JOB_INTRODUCTION: Final = (
    "What each key takes, as the code checks it. The [guide](../guides/job-file.md) says what for; "
    "[job.schema.json](job.schema.json) says the same to an editor. In VS Code with the YAML extension, a "
    "first line `# yaml-language-server: $schema=<path of the schema>` is enough."
)
_PRICES_INTRODUCTION: Final = (
    "A run of these models stops before training until the [override](../guides/job-file.md#prices) has the "
    "lines:"
)
_RULES_INTRODUCTION: Final = (
    "An error rejects the line; a warning does not. A quarantine is found when all records are seen: the "
    "line is valid, but stands in no part of the split. What a fix says is done where `data.on_error` is "
    "`fix` and the record breaks no rule then; a record that breaks a rule without one is never mended."
)
_DATASET_RULES_INTRODUCTION: Final = (
    "Found when all lines are seen. An error ends the run before anything is paid, a warning may cost "
    "quality, a note only tells. The numbers and sizes that a base model takes stand in the "
    "[catalogue](catalogue.md); an account's own quota goes before them."
)
_CHANGES_INTRODUCTION: Final = (
    "What is done to a valid record whose content the base model's format cannot hold as it is, in training, "
    "validation and blind test alike. The run's report counts each."
)


def job_schema() -> str:
    """Spell the job file's JSON Schema, for editors."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Job.model_json_schema(),
        "title": "Tunesmith job file",
        "description": "What to tune, on what, how far, and when to promote.",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def job_page() -> str:
    """Tell every key of a job file, its values and its default."""
    rows = [
        [f"`{key}`", "" if required else _default(default), allowed]
        for key, required, default, allowed in _keys(Job)
    ]
    return _page(
        "Job file: every key",
        [
            _JOB_INTRODUCTION,
            _table(["key", "default", "allowed"], rows),
        ],
    )


def catalogue_page() -> str:
    """Tell what the catalogue knows of each base model."""
    catalogue = load_catalogue()
    active = [model for model in catalogue if model.lifecycle.status == "active"]
    retired = [model for model in catalogue if model.lifecycle.status != "active"]
    missing = models_without_price(catalogue, load_prices())
    by_name = {model.name: model for model in catalogue}
    lines = [
        f"  {override_line(by_name[name].id, item)}" for name, items in missing.items() for item in items
    ]
    return _page(
        "Base models",
        [
            "What the product knows; the account decides what is still offered, and preflight asks it.",
            "## Can be tuned",
            _models(active),
            "## Retired",
            "A job file that names one is refused with its successor, unless the account still offers it.",
            _models(retired),
            "## Hyperparameters",
            _table(
                ["model", "name", "range", "default"],
                [
                    [f"`{model.name}`", f"`{name}`", _range(known), f"{known.default.normalize():f}"]
                    for model in catalogue
                    for name, known in model.hyperparameters.items()
                ],
            ),
            "Bedrock stops a job by itself, with the hyperparameters named `earlyStopping…`, for "
            + " and ".join(f"`{model.name}`" for model in catalogue if model.early_stopping)
            + "; for no model that can be tuned today.",
            "## Prices that are not known",
            _PRICES_INTRODUCTION,
            "\n".join(["```text", "prices:", *lines, "```"]),
            "## What could not be confirmed",
            _table(
                ["model", "fact", "what is known"],
                [
                    [f"`{model.name}`", f"`{fact}`", told]
                    for model in catalogue
                    for fact, told in model.unverified.items()
                ],
            ),
            "## Sources",
            _sources(catalogue),
        ],
    )


def rules_page() -> str:
    """Tell every rule of the dataset check, and every change that a record may undergo."""
    return _page(
        "Rules of the dataset check",
        [
            _RULES_INTRODUCTION,
            _table(
                ["rule", "severity", "what", "fix"],
                [
                    [f"`{each.id}`", each.severity, each.reason, FIXES.get(each.id, "")]
                    for each in RULES.values()
                ],
            ),
            "## The dataset as a whole",
            _DATASET_RULES_INTRODUCTION,
            _table(
                ["rule", "severity", "what", "what helps"],
                [[f"`{each.id}`", each.severity, each.reason, each.fix] for each in DATASET_RULES.values()],
            ),
            "## Changes",
            _CHANGES_INTRODUCTION,
            _table(["change", "what"], [[f"`{name}`", told] for name, told in CHANGES.items()]),
        ],
    )


PAGES: Final[dict[str, Callable[[], str]]] = {
    "job.schema.json": job_schema,
    "job-file.md": job_page,
    "catalogue.md": catalogue_page,
    "dataset-rules.md": rules_page,
}


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n\n".join([_NOTE, f"# {title}", *parts]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, bool, Any, str]]:
    for name, field in model.model_fields.items():
        key, annotation = prefix + name, field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if field.is_required():
                yield key, True, None, field.description or ""
            yield from _keys(annotation, f"{key}.")
        else:
            yield key, field.is_required(), field.default, field.description or ""


def _default(value: object) -> str:
    if value is None or value == {}:
        return "see allowed"
    if isinstance(value, tuple):
        return "all"
    return f"`{value}`" if isinstance(value, str) else str(value)


def _models(models: Sequence[Model]) -> str:
    return _table(
        [
            "`base_model`",
            "trained as",
            "called as",
            "Regions",
            "records",
            "format",
            "tokens a record",
            "served",
            "life",
        ],
        [
            [
                f"`{model.name}`",
                f"`{model.training_id}`",
                f"`{model.invocation_id}`",
                ", ".join(model.regions),
                _records(model),
                model.record_format,
                _tokens(model),
                " or ".join(model.serving_paths),
                _life(model),
            ]
            for model in models
        ],
    )


def _sources(catalogue: Iterable[Model]) -> str:
    """Tell each source once, with what was read there and when."""
    read: dict[Source, dict[str, list[str]]] = {}
    for model in catalogue:
        for group, source in model.sources.items():
            read.setdefault(source, {}).setdefault(group, []).append(f"`{model.name}`")
    return _table(
        ["source", "read", "for"],
        [
            [
                f"[{source.url.rsplit('/', 1)[-1]}]({source.url})",
                source.date,
                "; ".join(f"{group} of {', '.join(models)}" for group, models in groups.items()),
            ]
            for source, groups in read.items()
        ],
    )


def _records(model: Model) -> str:
    counted = "with validation" if model.minimum_counts_validation else "to train on"
    most = f"{model.minimum_records:,} {counted}, to {model.maximum_records:,}"
    return f"{most} (quota {model.maximum_records_quota})" if model.maximum_records_quota else most


def _tokens(model: Model) -> str:
    parts = (("prompt", model.tokens_per_prompt), ("answer", model.tokens_per_answer))
    told = [f"{what} {most:,}" for what, most in parts if most]
    return f"{model.tokens_per_record:,}" + (f" ({', '.join(told)})" if told else "")


def _life(model: Model) -> str:
    life = model.lifecycle
    ended = f" {life.end_of_life}" if life.end_of_life else ""
    return f"{life.status}{ended}" + (f", now `{life.successor}`" if life.successor else "")


def _range(known: Hyperparameter) -> str:
    if known.min == known.max:
        return f"{_plain(known.min)} alone"
    return f"{_plain(known.min)} to {_plain(known.max)}" + (", whole" if known.integer else "")


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


if __name__ == "__main__":
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), "utf-8")
