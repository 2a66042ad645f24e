"""Which records say nearly the same, and where are their lines? A cluster answers what is asked by row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from tunesmith.dataset.common_text import choose_sample, common_shingles, sample_sum
from tunesmith.dataset.labels import LABEL_CHARACTERS, RECORDS_PER_LABEL
from tunesmith.dataset.leakage import find_leaks
from tunesmith.dataset.record_spool import RecordSpool, Rows
from tunesmith.dataset.repeats import repeated_texts
from tunesmith.dataset.text_spool import Texts
from tunesmith.dataset.words import U64, Flags
from tunesmith.spark.components import connected_components
from tunesmith.spark.frames import Columns, chosen, fetched, kept, mapped
from tunesmith.spark.near import near_pairs
from tunesmith.spark.records import ROLES

_AT_ONCE = 20_000
"""Lines or texts that the driver holds at a time."""
_QUOTED = 200
"""Characters of a long answer that its stand-in keeps: more than is ever quoted or makes a label."""


class ClusterSpool(RecordSpool):
    """Records whose lines stay on the cluster; the driver holds what they are compared by, 90 bytes each."""

    def __init__(self, session: SparkSession, frame: DataFrame) -> None:
        super().__init__()
        self._session, self._frame = session, frame.select("row", "line")

    def line(self, row: int) -> bytes:
        """Fetch a record's line."""
        return next(self.lines(np.array([row])))

    def content(self, rows: Rows) -> Iterator[bytes]:
        """Fetch the lines of rows with their newlines."""
        for line in self.lines(rows):
            yield line + b"\n"

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """Fetch the lines of rows, in their order."""
        wanted = rows.tolist()
        if not wanted:
            return
        found = chosen(self._session, self._frame, wanted, len(self)).select("position", "line")
        if len(wanted) <= _AT_ONCE:
            lines = {
                place: line
                for columns in fetched(found)
                for place, line in zip(columns["position"], columns["line"], strict=True)
            }
            yield from (lines[place] for place in range(len(wanted)))
        else:
            for columns in fetched(found.orderBy("position").select("line")):
                yield from columns["line"]


class ClusterComparison:
    """Compares on the cluster; `frame` has the records of all files with their rows."""

    def __init__(
        self, session: SparkSession, frame: DataFrame, ranges: dict[str, range], prompts: Rows
    ) -> None:
        self._session, self._frame, self._ranges = session, frame, ranges
        self._total = sum(map(len, ranges.values()))
        self._prompts = prompts

    def answers(self, role: str) -> Sequence[str]:
        """Fetch the answers that can be labels or contradict each other; long ones have stand-ins."""
        rows = self._ranges[role]
        of_role = self._frame.where(sql.col("role") == ROLES.index(role))
        [told] = of_role.agg(
            sql.countDistinct("answer").alias("different"),
            sql.max(sql.length("answer")).alias("longest"),
            sql.sum("copies").alias("total"),
        ).collect()
        if not told.total:
            return []
        labels = told.longest <= LABEL_CHARACTERS and RECORDS_PER_LABEL * told.different <= told.total
        if labels:
            wanted = np.arange(len(rows))
        else:
            mine = self._prompts[rows.start : rows.stop]
            wanted = np.flatnonzero(np.bincount(mine)[mine] > 1)
        # An answer that nobody asks for stands for free text, which needs no more than a glance.
        found = ["-" * (LABEL_CHARACTERS + 1)] * len(rows)
        picked = chosen(
            self._session, of_role.select("row", "answer"), (wanted + rows.start).tolist(), self._total
        )
        known: dict[str, str] = {}
        for columns in fetched(mapped(picked, _stand_ins, "row long, answer string")):
            for row, answer in zip(columns["row"], columns["answer"], strict=True):
                found[row - rows.start] = known.setdefault(answer, answer)
        return found

    def clusters(self) -> Rows:
        """Join by bands and follow the chains."""
        return self._clusters

    def least_text(self, rows: Sequence[int]) -> str:
        """Look for it where the texts are."""
        picked = chosen(self._session, self._frame.select("row", "text"), rows, self._total)
        [row] = picked.agg(sql.min("text").alias("least")).collect()
        return str(row.least)

    def leaking(self, part: Sequence[int], held_back: Sequence[int]) -> list[int]:
        """Send what is held back to every machine, which joins it exactly with its share of the part."""
        if not part or not held_back:
            return []
        shared = self._session.sparkContext.broadcast((self._texts(held_back), self._common))

        def leak(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            texts, common = shared.value
            for rows, read in _by_thousands(batches):
                found = find_leaks(texts, read, common=common).leaking()
                if found:
                    yield pa.RecordBatch.from_pydict(
                        {"row": pa.array([rows[index] for index in found], pa.int64())}
                    )

        picked = chosen(self._session, self._frame.select("row", "text"), part, self._total)
        leaking = picked.select("row", "text").mapInArrow(leak, "row long")
        return sorted(row for columns in fetched(leaking) for row in columns["row"])

    def repeating(self, rows: Rows, groups: Rows, stays: Flags) -> Rows:
        """Bring each group to one machine, with its texts in their order."""
        if not len(rows):
            return rows
        shared = self._session.sparkContext.broadcast((groups, stays, self._common))

        def with_group(columns: Columns) -> Columns:
            numbers = shared.value[0][columns["position"]]
            return {"group": numbers.tolist(), "position": columns["position"], "text": columns["text"]}

        def repeat(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            _, stay, common = shared.value
            for numbers, places, texts in _whole_groups(batches):
                at = np.array(places)
                goes = repeated_texts(texts, common, np.array(numbers), stay[at])
                if goes.any():
                    yield pa.RecordBatch.from_pydict({"position": pa.array(at[goes], pa.int64())})

        picked = chosen(self._session, self._frame.select("row", "text"), rows.tolist(), self._total)
        grouped = mapped(picked, with_group, "group long, position long, text string")
        in_order = grouped.repartition("group").sortWithinPartitions("group", "position")
        found = fetched(in_order.mapInArrow(repeat, "position long"))
        return rows[sorted(place for columns in found for place in columns["position"])]

    @cached_property
    def _clusters(self) -> Rows:
        labels = np.arange(self._total, dtype=np.int64)
        pairs = kept(near_pairs(self._frame.select("row", "text"), self._common))
        for columns in fetched(connected_components(self._session, pairs)):
            labels[columns["row"]] = columns["label"]
        return labels

    @cached_property
    def _common(self) -> U64:
        """Find the common shingles in the sample that `common_shingles` would choose."""
        sums, sizes = np.zeros(self._total, np.uint32), np.zeros(self._total, np.uint32)
        summed = mapped(self._frame.select("row", "text"), _summed, "row long, sum long, size long")
        for columns in fetched(summed):
            sums[columns["row"]], sizes[columns["row"]] = columns["sum"], columns["size"]
        sample = choose_sample(sums, sizes)
        texts = dict(zip(sample.tolist(), self._texts(sample.tolist()), strict=True))
        return common_shingles(_Sampled(texts, self._total), sample)

    def _texts(self, rows: Sequence[int]) -> list[str]:
        found = [""] * len(rows)
        for columns in fetched(chosen(self._session, self._frame.select("row", "text"), rows, self._total)):
            for place, text in zip(columns["position"], columns["text"], strict=True):
                found[place] = text
        return found


class _Sampled(Texts):
    """Texts of which only some are at hand."""

    def __init__(self, texts: dict[int, str], total: int) -> None:
        self._texts, self._total = texts, total

    def __len__(self) -> int:
        return self._total

    def _at(self, index: int) -> str:
        return self._texts[index]


def _summed(columns: Columns) -> Columns:
    texts = columns["text"]
    return {"row": columns["row"], "sum": list(map(sample_sum, texts)), "size": list(map(len, texts))}


def _stand_ins(columns: Columns) -> Columns:
    """Shorten long answers to their beginning and a digest: equal ones stay equal, and sort as they did."""
    answers = []
    for answer in columns["answer"]:
        digest = hashlib.sha256(answer.encode()).hexdigest()
        answers.append(answer if len(answer) <= _QUOTED else answer[:_QUOTED] + digest)
    return {"row": columns["row"], "answer": answers}


def _whole_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[list[int], list[int], list[str]]]:
    """Put batches together and part them where a group ends."""
    groups: list[int] = []
    places: list[int] = []
    texts: list[str] = []
    for batch in batches:
        for group, place, text in zip(*batch.to_pydict().values(), strict=True):
            if len(texts) >= _AT_ONCE and group != groups[-1]:
                yield groups, places, texts
                groups, places, texts = [], [], []
            groups.append(group)
            places.append(place)
            texts.append(text)
    if texts:
        yield groups, places, texts


def _by_thousands(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[list[int], list[str]]]:
    """Put batches together: the join makes its index anew for each piece."""
    rows: list[int] = []
    texts: list[str] = []
    for batch in batches:
        columns = batch.to_pydict()
        rows += columns["row"]
        texts += columns["text"]
        if len(rows) >= _AT_ONCE:
            yield rows, texts
            rows, texts = [], []
    if rows:
        yield rows, texts
