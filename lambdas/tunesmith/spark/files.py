"""What does `prepare` need of files that a cluster has checked? Their figures and keys, not their lines."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from tunesmith.dataset.duplicates import Duplicates
from tunesmith.dataset.engine import CheckedFile
from tunesmith.dataset.record_spool import Records, numbered
from tunesmith.dataset.records import KEY_BYTES
from tunesmith.dataset.sensitive import KINDS
from tunesmith.dataset.slices import SLICE_BYTES
from tunesmith.dataset.tokens import estimator_for
from tunesmith.job import Job
from tunesmith.spark.comparison import ClusterComparison, ClusterSpool
from tunesmith.spark.frames import fetched
from tunesmith.spark.records import ROLES, CheckedSlices, Reader, Source, check_slices, different_records


@dataclass(frozen=True, kw_only=True)
class ClusterFiles:
    """The files by role, and who compares their records: what `prepare` is given."""

    files: Mapping[str, CheckedFile]
    comparison: ClusterComparison


def check_files(
    session: SparkSession,
    sources: Mapping[str, Source],
    read: Reader,
    job: Job,
    *,
    slice_bytes: int = SLICE_BYTES,
    partitions: int | None = None,
) -> ClusterFiles:
    """Check files by role on all machines, with the result that `check_file` has for each."""
    ordered = {role: sources[role] for role in ROLES if role in sources}
    checked = check_slices(session, ordered, read, job, slice_bytes=slice_bytes)
    slices = sum(map(len, checked.plans.values()))
    frame = different_records(checked, partitions or max(slices, session.sparkContext.defaultParallelism))
    spool, copies, ranges = _columns(session, frame, checked)
    files = {}
    for role, rows in ranges.items():
        records = Records(spool, np.arange(rows.start, rows.stop, dtype=np.int64))
        of_role = copies[rows.start : rows.stop]
        files[role] = _checked_file(ordered[role], checked, role, job, records, of_role)
    [prompts] = numbered(Records(spool).prompt_keys)
    return ClusterFiles(files=files, comparison=ClusterComparison(session, frame, ranges, prompts))


def _columns(
    session: SparkSession, frame: DataFrame, checked: CheckedSlices
) -> tuple[ClusterSpool, array[int], dict[str, range]]:
    """Bring what records are compared by to the driver, in the order of their rows."""
    spool = ClusterSpool(session, frame)
    copies = array("I")
    counts = dict.fromkeys(checked.plans, 0)
    no_group = bytes(KEY_BYTES)
    columns = frame.select(
        "part", "at", "role", "slice", "number", "offset", "copies", "content_key", "prompt_key",
        "opening_key", "group_key", "prompt_tokens", "answer_tokens",
    )  # fmt: skip
    for found in fetched(columns):
        for role, slice_number, number, offset in zip(
            found["role"], found["slice"], found["number"], found["offset"], strict=True
        ):
            name = ROLES[role]
            lines, first = checked.whole[name].starts[slice_number]
            counts[name] += 1
            spool.numbers.append(number + lines)
            spool.offsets.append(offset + first)
        copies.extend(found["copies"])
        spool.prompt_tokens.extend(found["prompt_tokens"])
        spool.answer_tokens.extend(found["answer_tokens"])
        spool.content_keys += b"".join(found["content_key"])
        spool.prompt_keys += b"".join(found["prompt_key"])
        spool.opening_keys += b"".join(found["opening_key"])
        spool.groups += b"".join(group or no_group for group in found["group_key"])
    ends = np.cumsum([0, *counts.values()]).tolist()
    ranges = {role: range(start, end) for role, start, end in zip(counts, ends[:-1], ends[1:], strict=True)}
    return spool, copies, ranges


def _checked_file(
    source: Source,
    checked: CheckedSlices,
    role: str,
    job: Job,
    records: Records,
    copies: array[int],
) -> CheckedFile:
    whole, model = checked.whole[role], job.model_of(role)
    [prompts] = numbered(records.prompt_keys)
    return CheckedFile(
        file=source.file,
        read=whole.read,
        valid=whole.valid,
        records=records,
        problems=tuple(whole.problems),
        by_rule=dict(sorted(whole.by_rule.items())),
        duplicates=Duplicates(
            exact=whole.valid - len(records),
            conflicts=int(np.count_nonzero(np.bincount(prompts) > 1)),
            copies=copies,
        ),
        format=whole.format or model.record_format,
        changes=dict(sorted(whole.changes.items())),
        fixed=dict(sorted(whole.fixed.items())),
        showing=dict(sorted(whole.showing.items())),
        policy=job.data.sensitive,
        sensitive={kind: whole.sensitive[kind] for kind in KINDS if whole.sensitive[kind]},
        sensitive_records=whole.sensitive_records,
        estimate_error=estimator_for(model.family).error,
        stopped=whole.stopped,
    )
