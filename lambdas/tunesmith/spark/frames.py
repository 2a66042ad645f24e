"""How do batches of Arrow columns go through Python functions on the cluster, and to the driver?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

Columns = dict[str, list[Any]]
SESSION: Final = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
}
"""Batches of 2,000 records of some kilobytes stay small in each worker."""


def mapped(frame: DataFrame, function: Callable[[Columns], Columns], schema: str) -> DataFrame:
    """Put each batch of a frame through a function of plain columns; `schema` names what it gives."""
    names = [word.split()[0] for word in schema.split(",")]

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = function(batch.to_pydict())
            if found[names[0]]:
                yield as_batch(found, names)

    return frame.mapInArrow(run, schema)


def as_batch(columns: Columns, names: Sequence[str]) -> pa.RecordBatch:
    """Spell columns as Arrow, in an order."""
    return pa.RecordBatch.from_pydict({name: columns[name] for name in names})


def kept(frame: DataFrame) -> DataFrame:
    """Keep what was computed on the executors' disks, so that it is not computed again."""
    return frame.persist(StorageLevel.DISK_ONLY)


def fetched(frame: DataFrame) -> Iterator[Columns]:
    """Bring columns to the driver, batch by batch: for figures and keys, and texts that are few."""

    def packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            yield pa.RecordBatch.from_pydict({"packed": [sink.getvalue().to_pybytes()]})

    for row in frame.mapInArrow(packed, "packed binary").toLocalIterator(prefetchPartitions=True):
        yield pa.ipc.open_stream(row.packed).read_all().to_pydict()


def chosen(session: SparkSession, frame: DataFrame, rows: Sequence[int], total: int) -> DataFrame:
    """Keep the records of some rows, with the column `position` for their place among those rows."""
    places = np.full(total, -1, dtype=np.int64)
    places[np.asarray(rows, dtype=np.int64)] = np.arange(len(rows))
    shared = session.sparkContext.broadcast(places)
    names = frame.columns

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            position: NDArray[np.int64] = shared.value[batch.column("row").to_numpy()]
            wanted = position >= 0
            if wanted.any():
                table = pa.Table.from_batches([batch]).filter(pa.array(wanted))
                table = table.append_column("position", pa.array(position[wanted]))
                yield from table.to_batches()

    schema = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in frame.schema)
    assert "row" in names  # noqa: S101
    return frame.mapInArrow(run, f"{schema}, position long")


def count_rows(frame: DataFrame, parts: str, at: str) -> DataFrame:
    """Number a frame's records from 0, in the order of their part and of their place in it."""
    sizes = {row[parts]: row["count"] for row in frame.groupBy(parts).count().toLocalIterator()}
    first, before = [], 0
    for part in range(max(sizes, default=-1) + 1):
        first.append(before)
        before += sizes.get(part, 0)
    begins = sql.array(*[sql.lit(start).cast("long") for start in first or [0]])
    return frame.withColumn("row", sql.element_at(begins, sql.col(parts) + 1) + sql.col(at))
