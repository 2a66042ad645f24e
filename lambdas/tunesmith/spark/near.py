"""Which records say nearly the same? Pairs that meet in a band, verified by their true similarity.

The sketches, the bands and the similarity are those of `tunesmith.dataset.near_duplicates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sql

from tunesmith.dataset.near_duplicates import LEADERS, SMALL_BUCKET, THRESHOLD, index_texts
from tunesmith.dataset.similarity import text_similarities
from tunesmith.dataset.words import U64
from tunesmith.spark.frames import as_batch, kept

_PAIR: Final = ("low", "high")
_SKETCH: Final = "row long, by_words boolean, short boolean, print long, keys array<long>"


def near_pairs(texts: DataFrame, common: U64) -> DataFrame:
    """Find pairs (`low`, `high`) of rows whose texts (`row`, `text`) are similar at the threshold.

    Every pair is compared that shares a bucket of at most SMALL_BUCKET; in a larger one, one text after
    another with all that were not like an earlier one, so that time stays linear in its size.
    """
    sketches = kept(
        texts.select("row", "text").mapInArrow(lambda batches: _sketched(batches, common), _SKETCH)
    )
    of_print = sketches.groupBy("print").agg(
        sql.min_by(sql.struct("row", "by_words", "short", "keys"), "row").alias("first"),
        sql.collect_set("row").alias("equals"),
    )
    of_print = kept(of_print)
    equal = of_print.select(sql.col("first.row").alias("low"), sql.explode("equals").alias("high"))
    members = sql.struct("row", "by_words", "short").alias("member")
    entries = of_print.select("first.*").select(members, sql.posexplode("keys").alias("band", "key"))
    buckets = entries.groupBy("band", "key").agg(sql.collect_list("member").alias("members"))
    buckets = kept(buckets.where(sql.size("members") > 1))
    small = buckets.where(sql.size("members") <= SMALL_BUCKET)
    pairs = _comparable(
        small.select("members", sql.explode("members").alias("one")).select(
            "one", sql.explode("members").alias("other")
        )
    )
    found = equal.where("low < high").union(_verified(pairs.distinct(), texts, common))
    large = buckets.where(sql.size("members") > SMALL_BUCKET)
    found = found.union(_tied_to_leaders(large, texts, common))
    return found.distinct()


def _tied_to_leaders(buckets: DataFrame, texts: DataFrame, common: U64) -> DataFrame:
    """Bring each large bucket to one machine, with its texts."""
    members = buckets.select("band", "key", sql.explode("members").alias("member"))
    with_texts = members.select("band", "key", "member.*").join(texts.select("row", "text"), "row")
    in_order = with_texts.repartition("band", "key").sortWithinPartitions("band", "key", "row")

    def tie(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in batch.to_pylist())
        for _, bucket in groupby(rows, lambda row: (row["band"], row["key"])):
            pairs = _led(list(bucket), common)
            if pairs:
                low, high = zip(*pairs, strict=True)
                yield as_batch({"low": pa.array(low, pa.int64()), "high": pa.array(high, pa.int64())}, _PAIR)

    return in_order.mapInArrow(tie, "low long, high long")


def _led(members: list[dict[str, Any]], common: U64) -> list[tuple[int, int]]:
    """Compare one text after another with all those that were not like an earlier one."""
    pairs: list[tuple[int, int]] = []
    for _ in range(LEADERS):
        if len(members) < 2:
            break
        leader, *others = members
        fits = [each for each in others if _may_be_compared(leader, each)]
        texts = [leader["text"], *(each["text"] for each in fits)]
        places = np.arange(1, len(texts), dtype=np.int64)
        similar = text_similarities(texts, common, np.zeros_like(places), places)
        alike = {each["row"] for each, value in zip(fits, similar, strict=True) if value >= THRESHOLD}
        pairs += [(leader["row"], row) for row in sorted(alike)]
        members = [each for each in others if each["row"] not in alike]
    return pairs


def _may_be_compared(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["row"] == other["row"] or one["by_words"] != other["by_words"]:
        return False
    return bool(one["by_words"] or one["short"] or other["short"])


def _comparable(pairs: DataFrame) -> DataFrame:
    """Keep pairs of members in one order that may be compared: by words, or by characters if one is short."""
    return pairs.where(
        "one.row < other.row and one.by_words = other.by_words and (one.by_words or one.short or other.short)"
    ).select(
        sql.col("one.row").alias("low"),
        sql.col("other.row").alias("high"),
    )


def _verified(pairs: DataFrame, texts: DataFrame, common: U64) -> DataFrame:
    """Keep the pairs whose shingles' Jaccard similarity reaches the threshold."""
    one = texts.select(sql.col("row").alias("low"), sql.col("text").alias("one"))
    other = texts.select(sql.col("row").alias("high"), sql.col("text").alias("other"))

    def compare(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = batch.to_pydict()
            count = len(columns["low"])
            places = np.arange(count, dtype=np.int64)
            read = [*columns["one"], *columns["other"]]
            alike = text_similarities(read, common, places, places + count) >= THRESHOLD
            if alike.any():
                named = {name: batch.column(name).filter(pa.array(alike)) for name in _PAIR}
                yield as_batch(named, _PAIR)

    compared = pairs.join(one, "low").join(other, "high").select("low", "high", "one", "other")
    return compared.mapInArrow(compare, "low long, high long")


def _sketched(batches: Iterable[pa.RecordBatch], common: U64) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = batch.column("row").to_numpy()
        index = index_texts(batch.column("text").to_pylist(), common)
        if not index.texts.size:
            continue
        keys = np.concatenate(index.batches, axis=1).T.astype(np.int64)
        found = {
            "row": rows[index.texts],
            "by_words": index.by_words,
            "short": index.short,
            "print": index.prints.view(np.int64),
            "keys": list(keys),
        }
        yield as_batch(found, tuple(found))
