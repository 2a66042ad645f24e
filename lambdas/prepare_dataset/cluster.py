"""Is a run's data prepared by the deployed cluster, and for how much? Size, prices and budget tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.aws.objects import Bucket, cluster_cost_key
from tunesmith.cost import OVERRIDE_KEY, PriceTable, load_prices
from tunesmith.cost.cluster import (
    cluster_at_most,
    cluster_billed,
    cluster_objection,
    cost_document,
    earlier_cost,
    with_earlier,
)
from tunesmith.cost.items import EstimateItem
from tunesmith.errors import UnknownPriceError
from tunesmith.job import Job
from tunesmith.ledger import Run
from tunesmith.settings import ClusterLimits


def hand_over(
    run: Run, job: Job, limits: ClusterLimits | None, *, uploads: Bucket, artifacts: Bucket
) -> dict[str, Any] | None:
    """Answer `cluster` with its time, or `over_budget` with the reason; None where the function does it.

    What the cluster may cost is written down before it starts. A log's entries the function selects itself.
    """
    selects = job.distillation is not None and job.distillation.logs is not None
    if limits is None or selects or _size(run) <= limits.above_bytes:
        return None
    try:
        items = cluster_at_most(limits, _prices(uploads))
    except UnknownPriceError as error:
        return {"outcome": "over_budget", "reason": str(error)}
    earlier = _earlier(run, artifacts)
    objection = cluster_objection(with_earlier(items, earlier), job.budget)
    if objection:
        return {"outcome": "over_budget", "reason": objection}
    _write(run, items, earlier, artifacts, billed=False)
    return {"outcome": "cluster", "reason": "", "minutes": limits.minutes}


def note_bill(run: Run, billed: Mapping[str, Any], *, uploads: Bucket, artifacts: Bucket) -> None:
    """Put what EMR billed in the place of what it might have been at most; that stays where EMR told nothing.

    The prices are those that were enough to start the cluster.
    """
    items = cluster_billed(billed, _prices(uploads))
    if items is not None:
        _write(run, items, _earlier(run, artifacts), artifacts, billed=True)


def _earlier(run: Run, artifacts: Bucket) -> tuple[EstimateItem, ...]:
    document, _ = artifacts.read_json_and_tag(cluster_cost_key(run.run))
    return earlier_cost(document, run.attempt)


def _write(
    run: Run,
    items: Sequence[EstimateItem],
    earlier: Sequence[EstimateItem],
    artifacts: Bucket,
    *,
    billed: bool,
) -> None:
    document = cost_document(items, billed=billed, attempt=run.attempt, earlier=earlier)
    artifacts.write_json(cluster_cost_key(run.run), document)


def _size(run: Run) -> int:
    """Add up the uploads' bytes."""
    heads = [Bucket(pinned["bucket"]).head(pinned["key"], pinned["version"]) for pinned in run.data.values()]
    return sum(head["size"] for head in heads if head)


def _prices(uploads: Bucket) -> PriceTable:
    return load_prices(uploads.read(OVERRIDE_KEY) if uploads.head(OVERRIDE_KEY) else None)
