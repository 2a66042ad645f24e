"""What of Tunesmith's does Bedrock have? Found by name, since names derive from run ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith import names
from tunesmith.aws import clients
from tunesmith.ledger import CapacityKind
from tunesmith.serving.overdue import Existing

_OURS: Final = re.compile(rf"{names.PROJECT_PATTERN}-(?P<run>[0-9a-f]{{16}})(-(?P<number>\d+))?")


def existing_capacity() -> Iterator[Existing]:
    """List deployments, provisioned throughput, jobs in progress and stored models named after a run."""
    for kind, name, arn in _all_capacity():
        ours = _OURS.fullmatch(name)
        if ours is not None:
            yield Existing(kind=kind, name=name, run=ours["run"], arn=arn, number=int(ours["number"] or 0))


def _all_capacity() -> Iterator[tuple[CapacityKind, str, str]]:
    bedrock = clients.bedrock()
    for page in bedrock.get_paginator("list_custom_model_deployments").paginate():
        for deployment in page.get("modelDeploymentSummaries", []):
            yield (
                CapacityKind.DEPLOYMENT,
                deployment["customModelDeploymentName"],
                deployment["customModelDeploymentArn"],
            )
    for throughputs in bedrock.get_paginator("list_provisioned_model_throughputs").paginate():
        for throughput in throughputs.get("provisionedModelSummaries", []):
            yield (
                CapacityKind.THROUGHPUT,
                throughput["provisionedModelName"],
                throughput["provisionedModelArn"],
            )
    for jobs in bedrock.get_paginator("list_model_customization_jobs").paginate(statusEquals="InProgress"):
        for job in jobs.get("modelCustomizationJobSummaries", []):
            yield CapacityKind.JOB, job["jobName"], job["jobArn"]
    for models in bedrock.get_paginator("list_custom_models").paginate(isOwned=True):
        for model in models.get("modelSummaries", []):
            yield CapacityKind.MODEL, model["modelName"], model["modelArn"]
