"""Which records does a chain of pairs tie together? Connected components, iterated until nothing moves."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as sql

from tunesmith.spark.frames import kept


def connected_components(pairs: DataFrame) -> DataFrame:
    """Give each row that a pair (`low`, `high`) names the `label` of its component: the lowest row in it.

    In each round a row takes the lowest label among its neighbours and itself, and then that label's own: the
    number of rounds grows with the logarithm of the longest chain.
    """
    links = kept(
        pairs.select(sql.col("low").alias("row"), sql.col("high").alias("other"))
        .union(pairs.select(sql.col("high"), sql.col("low")))
        .distinct()
    )
    labels = kept(links.groupBy("row").agg(sql.least("row", sql.min("other")).alias("label")))
    total = _total(labels)
    while True:
        theirs = labels.select(sql.col("row").alias("other"), sql.col("label").alias("theirs"))
        lowest = links.join(theirs, "other").groupBy("row").agg(sql.min("theirs").alias("lowest"))
        spread = labels.join(lowest, "row").select("row", sql.least("label", "lowest").alias("label"))
        roots = labels.select(sql.col("row").alias("label"), sql.col("label").alias("root"))
        jumped = kept(spread.join(roots, "label").select("row", sql.col("root").alias("label")))
        after = _total(jumped)
        labels.unpersist()
        labels = jumped
        if after == total:  # labels only fall
            links.unpersist()
            return labels
        total = after


def _total(labels: DataFrame) -> int:
    [row] = labels.agg(sql.sum(sql.col("label").cast("decimal(38,0)")).alias("total")).collect()
    return int(row.total or 0)
