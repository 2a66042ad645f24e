"""Which records does a chain of pairs tie together? Connected components, iterated until nothing moves.

By large and small stars in turn (Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii: Connected Components in
MapReduce and Beyond, 2014), which take some logarithm of the longest chain in rounds.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from tunesmith.spark.frames import kept

_PAIR = "low long, high long"


def connected_components(session: SparkSession, pairs: DataFrame) -> DataFrame:
    """Give each row that a pair (`low`, `high`) ties to a lower one the `label` of its component.

    The label is the lowest row in it, which itself is not listed.
    """
    edges = _anew(session, pairs.select("low", "high").distinct())
    before = _digest(edges)
    while True:
        stars = _anew(session, _small_stars(_large_stars(edges)))
        after = _digest(stars)
        edges.unpersist()
        edges = stars
        if after == before:
            return edges.select(sql.col("high").alias("row"), sql.col("low").alias("label"))
        before = after


def _large_stars(edges: DataFrame) -> DataFrame:
    """Tie each row's higher neighbours to the lowest of its neighbours and itself."""
    links = edges.select(sql.col("low").alias("row"), sql.col("high").alias("other")).union(
        edges.select(sql.col("high"), sql.col("low"))
    )
    lowest = links.groupBy("row").agg(sql.least("row", sql.min("other")).alias("lowest"))
    tied = links.where("other > row").join(lowest, "row")
    return tied.select(sql.col("lowest").alias("low"), sql.col("other").alias("high")).distinct()


def _small_stars(edges: DataFrame) -> DataFrame:
    """Tie each row and its lower neighbours to the lowest of them."""
    lowest = edges.groupBy("high").agg(sql.min("low").alias("lowest"))
    among = edges.join(lowest, "high").where("low > lowest").select(sql.col("lowest"), sql.col("low"))
    return lowest.select(sql.col("lowest").alias("low"), "high").union(among).distinct()


def _anew(session: SparkSession, edges: DataFrame) -> DataFrame:
    """Keep the rows of a frame and forget how they came: plans would double from round to round."""
    return kept(session.createDataFrame(edges.rdd, _PAIR, verifySchema=False))


def _digest(edges: DataFrame) -> tuple[int, int]:
    hashed = sql.sum(sql.xxhash64("low", "high").cast("decimal(38,0)")).alias("hashed")
    [row] = edges.agg(sql.count("*").alias("edges"), hashed).collect()
    return row.edges, int(row.hashed or 0)
