"""How do files become the different records of all of them, checked and in order? Slices in, records out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from tunesmith.dataset.comparison import record_answer, record_text
from tunesmith.dataset.engine import CheckedFile
from tunesmith.dataset.slices import (
    Joined,
    Slice,
    SliceFacts,
    changed_format,
    check_slice,
    plan_slices,
    with_format_from,
)
from tunesmith.job import Job
from tunesmith.spark.frames import count_rows, kept

ROLES: Final = ("train", "validation", "test")
Reader = Callable[[str, int], Iterable[bytes]]
"""Gives the content of what a role's source names, from a byte on; it is called on every machine."""

_KEYS: Final = ("content_key", "prompt_key", "opening_key", "group_key")
_CHECKED: Final = (
    "role int, slice int, facts string, number long, offset long, copies long, content_key binary, "
    "prompt_key binary, opening_key binary, group_key binary, prompt_tokens long, answer_tokens long, "
    "line binary"
)
_DIFFERENT: Final = (
    "part int, at long, role int, slice int, number long, offset long, copies long, content_key binary, "
    "prompt_key binary, opening_key binary, group_key binary, prompt_tokens long, answer_tokens long, "
    "line binary, text string, answer string"
)
_ARROW: Final = {"int": pa.int32(), "long": pa.int64(), "string": pa.string(), "binary": pa.binary()}
_BATCH: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of the user's: its name for a person, what the reader asks for, and its size in bytes."""

    file: str
    address: str
    size: int


@dataclass(frozen=True, kw_only=True)
class CheckedSlices:
    """The slices of all files, checked."""

    frame: DataFrame
    plans: Mapping[str, Sequence[Slice]]
    facts: Mapping[str, Sequence[SliceFacts]]
    whole: Mapping[str, Joined]
    """Each file's slices put together."""


def check_slices(
    session: SparkSession,
    sources: Mapping[str, Source],
    read: Reader,
    job: Job,
    *,
    slice_bytes: int,
) -> CheckedSlices:
    """Check the files by role, slice by slice on all machines."""
    plans = {
        role: plan_slices(
            source.size,
            partial(read, source.address),
            job.model_of(role),
            record_format=job.format_of(role),
            group_key=job.data.group_key,
            slice_bytes=slice_bytes,
        )
        for role, source in sources.items()
    }
    while True:
        found = _checked(session, sources, read, job, plans)
        turned = {role: changed_format(plan, found.facts[role]) for role, plan in plans.items()}
        if all(number is None for number in turned.values()):
            return found
        found.frame.unpersist()
        for role, number in turned.items():
            if number is not None:
                shown = found.facts[role][number].format
                plans[role] = with_format_from(plans[role], number, shown)


def different_records(checked: CheckedSlices, partitions: int) -> DataFrame:
    """Keep one record of each content and file, ordered by file and content, with its row from 0."""
    records = checked.frame.where(sql.col("facts").isNull()).drop("facts")
    ordered = records.repartitionByRange(partitions, "role", "content_key").sortWithinPartitions(
        "role", "content_key", "line", "slice", "number"
    )
    return count_rows(kept(ordered.mapInArrow(_first_of_each, _DIFFERENT)), "part", "at")


def _checked(
    session: SparkSession,
    sources: Mapping[str, Source],
    read: Reader,
    job: Job,
    plans: Mapping[str, Sequence[Slice]],
) -> CheckedSlices:
    rows = [
        (ROLES.index(role), number, json.dumps(asdict(part)))
        for role, plan in plans.items()
        for number, part in enumerate(plan)
    ]
    asked = {
        ROLES.index(role): (
            source,
            job.model_of(role),
            job.data.model_copy(update={"format": job.format_of(role)}),
        )
        for role, source in sources.items()
    }

    def check(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for row in (row for batch in batches for row in batch.to_pylist()):
            source, model, data = asked[row["role"]]
            facts, checked = check_slice(
                partial(read, source.address),
                Slice(**json.loads(row["slice"])),
                model,
                file=source.file,
                data=data,
            )
            yield from _record_batches(row["role"], row["number"], facts, checked)

    slices = session.createDataFrame(rows, "role int, number int, slice string").repartition(len(rows))
    frame = kept(slices.mapInArrow(check, _CHECKED))
    told = frame.where(sql.col("facts").isNotNull()).select("role", "slice", "facts").orderBy("role", "slice")
    facts: dict[str, list[SliceFacts]] = {role: [] for role in plans}
    whole = {role: Joined() for role in plans}
    for row in told.toLocalIterator():
        one = SliceFacts.from_json(row.facts)
        whole[ROLES[row.role]].add(one)
        facts[ROLES[row.role]].append(one.without_problems())
    return CheckedSlices(frame=frame, plans=plans, facts=facts, whole=whole)


def _record_batches(
    role: int, number: int, facts: SliceFacts, checked: CheckedFile
) -> Iterator[pa.RecordBatch]:
    types = _arrow_schema(_CHECKED)
    yield pa.RecordBatch.from_pylist(
        [{"role": role, "slice": number, "facts": facts.to_json()}], schema=types
    )
    rows: list[dict[str, Any]] = []
    for record, copies in zip(checked.records, checked.duplicates.copies, strict=True):
        rows.append(
            {
                "role": role,
                "slice": number,
                "facts": None,
                "number": record.place[0],
                "offset": record.place[1],
                "copies": copies,
                "content_key": record.content_key,
                "prompt_key": record.prompt_key,
                "opening_key": record.opening_key,
                "group_key": record.group,
                "prompt_tokens": record.prompt_tokens,
                "answer_tokens": record.answer_tokens,
                "line": record.line,
            }
        )
        if len(rows) == _BATCH:
            yield pa.RecordBatch.from_pylist(rows, schema=types)
            rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=types)


def _first_of_each(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Keep the first of equal records in an ordered part, and count them."""
    schema = _arrow_schema(_DIFFERENT)
    context = TaskContext.get()
    part = context.partitionId() if context else 0
    at = 0
    waiting: list[dict[str, Any]] = []
    for batch in batches:
        for row in batch.to_pylist():
            last = waiting[-1] if waiting else None
            if last and (last["role"], last["content_key"]) == (row["role"], row["content_key"]):
                last["copies"] += row["copies"]
                continue
            if len(waiting) == _BATCH:
                yield pa.RecordBatch.from_pylist(waiting, schema=schema)
                waiting = []
            row.update(part=part, at=at, text=record_text(row["line"]), answer=record_answer(row["line"]))
            at += 1
            waiting.append(row)
    if waiting:
        yield pa.RecordBatch.from_pylist(waiting, schema=schema)


def _arrow_schema(spelled: str) -> pa.Schema:
    fields = (field.split() for field in spelled.split(", "))
    return pa.schema([(name, _ARROW[kind]) for name, kind in fields])
