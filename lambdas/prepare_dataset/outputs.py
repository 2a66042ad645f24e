"""What is left behind of a dataset that was checked? Split, seal, report and the ledger's step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from prepare_dataset.guards import checked_guards, metadata_of_test, write_guards
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.media import copy_media
from tunesmith.aws.objects import (
    Bucket,
    assignment_key,
    blind_test_key,
    media_folders,
    metadata_key,
    run_prefix,
)
from tunesmith.aws.token_counts import count_tokens
from tunesmith.catalogue import Model
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.dataset import CheckedFile, contents, rejected_rows
from tunesmith.dataset.assignment import Assignment
from tunesmith.dataset.calibration import texts_to_count, with_counts
from tunesmith.dataset.comparison import Comparison
from tunesmith.dataset.formats import REFERENCE_KEY, reference_text, write_prompt
from tunesmith.dataset.guard_files import guard_figures, guard_objection
from tunesmith.dataset.invocation_logs import write_logs
from tunesmith.dataset.media import Removal, Shelf
from tunesmith.dataset.preparation import Prepared, prepare
from tunesmith.dataset.record_spool import Records
from tunesmith.dataset.report import spelled
from tunesmith.errors import AssignmentChangedError, SealBrokenError
from tunesmith.evaluation.answers import read_questions, record_id
from tunesmith.evaluation.function_metric import trial_records as trial_records_of
from tunesmith.evaluation.metrics_registry import is_function, misfit
from tunesmith.job import Job
from tunesmith.ledger import Run, Step
from tunesmith.observability import logger
from tunesmith.training.grader_trial import trial_records
from tunesmith.training.graders import unfit_references
from tunesmith.training.requests import TRAINED_LOG

LOG = logger("prepare_dataset")
TRIES: Final = 5
"""How often a split is made anew because another run of the project was faster to keep its own."""


def write_prepared(
    run: Run,
    job: Job,
    files: Mapping[str, CheckedFile],
    now: str,
    *,
    ledger: LedgerTable,
    artifacts: Bucket,
    comparison: Comparison | None = None,
    shelf: Shelf | None = None,
) -> dict[str, str]:
    """Split checked files and write what the run goes on with; give `valid`, or `invalid` with the reason.

    Images and videos are copied from the shelf. Raises ValueError where records show some and there is none,
    as on a cluster; SealBrokenError where the run has another blind test already, and AssignmentChangedError.
    """
    model, data = job.model, f"{run_prefix(run.run)}/data"
    removal = _removal(run, files, artifacts, shelf)
    prepared = _prepared(job, model, files, run, artifacts, comparison, removal)
    split, report = prepared.split, prepared.report
    guards = checked_guards(run, job, split.train)
    if report.outcome == "valid" and (objection := guard_objection(job, guards)):
        report = replace(report, outcome="invalid", reason=objection)
    artifacts.write_lines(f"{data}/rejected.jsonl", rejected_rows({**prepared.files, **guards}))
    if report.outcome == "valid":
        if removal is not None:
            # What a record names has to be there before the record is.
            for part, records in split.parts().items():
                copies = removal.copies(records.as_taken_in().lines(), part)
                copy_media(removal.shelf, Bucket(removal.shelf.bucket), artifacts, copies)
        # The seal first: a blind test without one is never read, a seal without one is written again.
        ledger.update_run(run.run, blind_sha256=report.blind_sha256)
        artifacts.write_pieces(blind_test_key(run.run), contents(split.test))
        # Which of its records hang together is no secret, and the verdict has to know.
        ids = map(record_id, spelled(split.test))
        artifacts.write_json(f"{data}/test_groups.json", dict(zip(ids, split.test_groups, strict=True)))
        artifacts.write_json(metadata_key(run.run), metadata_of_test(run, job, split.test))
        write_guards(run, guards, artifacts)
        # What is trained is in the model's format; the blind test is asked through Converse, by any model.
        for part, records, times in (
            ("train", split.train, split.repeats),
            ("validation", split.validation, 1),
        ):
            pieces = (piece for _ in range(times) for piece in _contents(job, model, records))
            artifacts.write_pieces(f"{data}/{part}.jsonl", pieces)
        if job.distillation and job.distillation.learns_logged_answers:
            entries = write_logs(spelled(split.train), model_id=find_teacher(job.distillation.teacher).id)
            artifacts.write(f"{data}/{TRAINED_LOG}", entries, "application/gzip")
        if job.reinforcement:
            trial = trial_records(spelled(split.train), job.reinforcement.own_grader)
            artifacts.write_json(f"{data}/grader_trial.json", trial)
        if is_function(prepared.report.task.metric) and not job.customization.learns_texts:
            questions = (each for line in spelled(split.train) for each in read_questions(line))
            artifacts.write_json(f"{data}/metric_trial.json", trial_records_of(questions))
        report = with_counts(report, count_tokens(model.id, texts_to_count(split.train)))
    figures = guard_figures(job, guards, report.estimator.scale)
    artifacts.write_json(f"{data}/report.json", {**report.to_json(), "guardrails": figures})
    ledger.begin_step(run.run, Step.PREPARE, now, report.summary(), report.figures())
    LOG.info("dataset prepared", extra={"run": run.run, "outcome": report.outcome, **report.figures()})
    return {"outcome": report.outcome, "reason": report.reason}


def _removal(
    run: Run, files: Mapping[str, CheckedFile], artifacts: Bucket, shelf: Shelf | None
) -> Removal | None:
    """Say where images and videos go; None where no record shows any."""
    if not any(checked.showing for checked in files.values()):
        return None
    if shelf is None:
        raise ValueError("records that show images or videos are prepared by the function, not on a cluster")
    folders = {part: artifacts.uri(prefix) for part, prefix in media_folders(run.run, run.project).items()}
    return Removal(shelf=shelf, folders=folders)


def _contents(job: Job, model: Model, records: Records) -> Iterator[bytes]:
    """Spell what Bedrock is sent; a prompt names which of Tunesmith's graders it is for."""
    if job.reinforcement is None:
        yield from contents(records, model.record_format)
        return
    for line in map(msgspec.json.decode, spelled(records)):
        yield write_prompt(line, job.reinforcement.own_grader) + b"\n"


def _prepared(
    job: Job,
    model: Model,
    files: Mapping[str, CheckedFile],
    run: Run,
    artifacts: Bucket,
    comparison: Comparison | None,
    removal: Removal | None,
) -> Prepared:
    """Split the files; where they are valid, keep the assignment with the project.

    A repeat finds its own assignment and gives the same split: what was placed never moves.
    """
    key = assignment_key(run.project)
    rejected_uri = artifacts.uri(f"{run_prefix(run.run)}/data/rejected.jsonl")
    for _ in range(TRIES):
        kept, tag = artifacts.read_json_and_tag(key)
        previous = Assignment.from_json(kept) if kept is not None else None
        split = prepare(
            job,
            model,
            files,
            previous,
            rejected_uri=rejected_uri,
            comparison=comparison,
            removal=removal,
        )
        prepared = _measurable(job, split)
        if prepared.report.outcome != "valid":
            return prepared
        if run.blind_sha256 not in ("", prepared.report.blind_sha256):
            raise SealBrokenError(f"the blind test of run {run.run} was sealed already, with other content")
        if prepared.assignment == previous or artifacts.replace_json(key, prepared.assignment.to_json(), tag):
            return prepared
    raise AssignmentChangedError(
        f"{TRIES} times another run of {run.project} changed what stands in which part; "
        f"go on with `tunesmith resume {run.run}` when it is over"
    )


def _measurable(job: Job, prepared: Prepared) -> Prepared:
    """Find a dataset invalid that metric or grader cannot go by: late, that costs a job."""
    asked = (question for line in spelled(prepared.split.test) for question in read_questions(line))
    unfit = misfit(prepared.report.task.metric, (question.reference for question in asked))
    if job.reinforcement and job.reinforcement.own_grader and not unfit:
        prompts = map(msgspec.json.decode, _contents(job, job.model, prepared.split.train))
        told = (reference_text(prompt[REFERENCE_KEY]) for prompt in prompts)
        unfit = unfit_references(job.reinforcement.own_grader, told)
    if prepared.report.outcome != "valid" or not unfit:
        return prepared
    return replace(prepared, report=prepared.report.unfit(unfit))
