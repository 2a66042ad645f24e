"""`tunesmith estimate`: what will a run cost? By the cloud's own checks and prices, before any upload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.check import checked_file
from cli.data_files import data_pieces
from cli.errors import NO
from cli.options import DATA, JSON
from cli.upload import Upload, UploadFile, plan_upload
from cli.voice import CommandError, answers, print_json, say, tell_error
from tunesmith.catalogue import find_model, load_catalogue
from tunesmith.cost import (
    Estimate,
    EstimateItem,
    PriceTable,
    budget_objection,
    estimate_job,
    load_prices,
    models_without_price,
    override_line,
)
from tunesmith.cost.plan import Plan, plan_of
from tunesmith.dataset import CheckedFile, DataReport, check_file
from tunesmith.dataset.guard_files import guard_figures, guard_files, guard_objection
from tunesmith.dataset.log_selection import check_selected
from tunesmith.dataset.preparation import prepare as prepare_files
from tunesmith.errors import UnknownPriceError
from tunesmith.job import Job
from tunesmith.job_sections import CHAMPION_BASE
from tunesmith.reporting.words import money, number


def estimate(
    job: Annotated[Path | None, typer.Argument(metavar="JOB", help="Job file, YAML or JSON.")] = None,
    data: DATA = None,
    prices: Annotated[
        Path | None, typer.Option("--prices", metavar="FILE", help="Your own prices; their lines win.")
    ] = None,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="List the active models whose price is not known instead.")
    ] = False,
    json: JSON = False,
) -> None:
    """Price a job on its data, item by item, and hold it against its budget.

    Needs no AWS account. Exit code 1 where the run would stop: data that cannot be used, a price that nobody
    knows, a cost above `budget.limit_usd`.
    """
    table = load_prices(_read(prices) if prices else None)
    if gaps:
        _show_gaps(table, json=json)
        return
    if job is None:
        raise CommandError("there is no job file to estimate", "name one, or list unknown prices with --gaps")
    upload = plan_upload(job, data or [])
    if upload.job.base_model == CHAMPION_BASE:
        raise CommandError(
            "what the project's champion is based on stands in its environment, not in the job file",
            "estimate with that base model in its place",
        )
    report, guarded = prepare(upload)
    answer: dict[str, Any] = {
        "items": [],
        "total_usd": None,
        "low_usd": None,
        "high_usd": None,
        "afterwards": [],
        "policies": [],
        "proof": None,
        "ceiling": None,
        "findings": [],
        "limit_usd": upload.job.budget.limit_usd,
        "reason": report.reason,
    }
    found, plan = None, None
    if report.outcome == "valid":
        try:
            model = upload.job.model
            price = partial(
                estimate_job, model=model, split=report.split_figures(), prices=table, guarded=guarded
            )
            measured = upload.job.measured_by(report.task.metric)
            plan = plan_of(measured, model, report.to_json(), price)
            found = plan.estimate
            answer |= found.to_json()
            answer |= {name: value for name, value in plan.to_json().items() if name != "estimate"}
            answer["reason"] = budget_objection(found, upload.job.budget.limit_usd)
        except UnknownPriceError as error:
            answer["reason"] = str(error)
    if json:
        print_json(answer)
    elif found is not None and plan is not None:
        _show(found, upload)
        _show_plan(plan)
    if answer["reason"]:
        tell_error(answer["reason"])
        raise typer.Exit(NO)
    say(f"within the {money(float(answer['limit_usd']))} of budget.limit_usd")


def prepare(upload: Upload) -> tuple[DataReport, list[dict[str, Any]]]:
    """Check and split an upload's data as the cloud will for a project's first run.

    With it come the figures of the guardrails' own files.
    """
    job = upload.job
    model = job.model
    files = {file.role: _checked(job, file) for file in upload.files}
    told = f"`tunesmith check --model {model.name} --kind {job.kind}`"
    prepared = prepare_files(job, model, files, rejected_uri=told)
    report, guards = prepared.report, guard_files(files, prepared.split.train)
    if report.outcome == "valid" and (objection := guard_objection(job, guards)):
        report = replace(report, outcome="invalid", reason=objection)
    return report, guard_figures(job, guards, report.estimator.scale)


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise CommandError(f"there is no price file {file}")
    return file.read_bytes()


def _checked(job: Job, file: UploadFile) -> CheckedFile:
    told: dict[str, Any] = {
        "sensitive": job.data.sensitive,
        **job.read_as(file.role),
        "mends": job.data.on_error == "fix",
    }
    model = job.model_of(file.role)
    if file.role == "train" and job.distillation and job.distillation.logs:
        pieces = data_pieces(file.path, job.data.columns, job.data.group_key)
        return check_selected(
            pieces, job.distillation, partial(check_file, model=model, file=str(file.path), **told)
        )
    return checked_file(file.path, model, **told)


def _show(found: Estimate, upload: Upload) -> None:
    console = answers()
    console.print(_table(found.items))
    console.print(f"\n{upload.job.project}: {found.summary()}", markup=False)
    if found.afterwards:
        console.print("\nafterwards, should it become the champion:")
        console.print(_table(found.afterwards))


def _show_plan(plan: Plan) -> None:
    console = answers()
    if plan.policies:
        _show_policies(plan)
    console.print()
    for sentence in plan.findings():
        console.print(sentence, markup=False, soft_wrap=True)


def _show_policies(plan: Plan) -> None:
    console = answers()
    table = Table(box=None, pad_edge=False)
    for name in ("policy", "jobs", "epochs billed", "hours", "cost of the run"):
        table.add_column(name, no_wrap=True, justify="left" if name == "policy" else "right")
    table.add_column("", overflow="fold")
    for one in plan.policies:
        table.add_row(
            f"{one.policy}{' (chosen)' if one.chosen else ''}",
            _between(*one.jobs),
            _between(*one.epochs),
            _between(*one.hours),
            f"{money(float(one.low_usd))} to {money(float(one.high_usd))}",
            one.note,
        )
    console.print("\nways to find the length of training:")
    console.print(table)


def _between(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _table(items: Sequence[EstimateItem]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("what", "quantity", "unit", "price", "expected", "at most"):
        right = name not in ("what", "unit")
        table.add_column(name, no_wrap=True, justify="right" if right else "left")
    table.add_column("source", overflow="fold")
    for item in items:
        table.add_row(
            item.what,
            number(float(item.quantity)),
            item.unit,
            f"${format(item.price.normalize(), 'f')}{'/1K' if item.unit == 'tokens' else ''}",
            money(float(item.usd)),
            money(float(item.high_usd)),
            item.source,
        )
    return table


def _show_gaps(prices: PriceTable, *, json: bool) -> None:
    models = load_catalogue()
    missing: Mapping[str, Sequence[Any]] = models_without_price(models, prices)
    if json:
        print_json([{"model": name, "missing": list(items)} for name, items in missing.items()])
        return
    if not missing:
        say("every active model has a price")
    for name, items in missing.items():
        answers().print(f"{name}: {', '.join(items)}", markup=False)
        for item in items:
            answers().print(f"  {override_line(find_model(name).id, item)}", markup=False)
