"""Which call shall fail for this project? Faults that any AWS client sets as a parameter, taken one by one.

The parameter `/tunesmith-local/faults/<project>` holds JSON: areas (`functions`, `states`, `bedrock`, `job`),
in each some names, and for each name a fault. One of `functions` has `error` (a class name) and `message`,
or `returns`; one of `states` is told in `local.patches.state_faults`; `times` limits how often it strikes.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Collection
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"

_LOCK = threading.Lock()
_RUN = re.compile(r"[0-9a-f]{16}")
_UPLOAD = re.compile(r"datasets/([a-z0-9-]+)/")


def take(project: str, area: str, name: str) -> dict[str, Any] | None:
    """Return the fault set for this call, or None; a fault with `times` is returned that many times.

    Setting the parameter again starts the count anew.
    """
    parameter = _parameter(project)
    fault = None if parameter is None else json.loads(parameter.value).get(area, {}).get(name)
    if fault is None:
        return None
    with _LOCK:
        taken = parameter.__dict__.setdefault("faults_taken", Counter())
        if "times" in fault and taken[area, name] >= fault["times"]:
            return None
        taken[area, name] += 1
    return fault


def is_set(project: str, area: str, names: Collection[str]) -> bool:
    """Tell whether a fault is set for one of these names, without taking it."""
    parameter = _parameter(project)
    return parameter is not None and not json.loads(parameter.value).get(area, {}).keys().isdisjoint(names)


def project_of(event: Any) -> str | None:
    """Return the project that an event is about: by its run in the ledger, or by an uploaded key."""
    if isinstance(event, dict) and _RUN.fullmatch(str(event.get("run", ""))):
        return project_of_run(event["run"])
    upload = _UPLOAD.search(json.dumps(event))
    return upload[1] if upload else None


def project_of_run(run: str) -> str | None:
    """Return the project of a run, from whichever table holds its META item."""
    from moto.dynamodb.models import dynamodb_backends

    backend = dynamodb_backends[ACCOUNT][REGION]
    for table in list(backend.tables.values()):
        if (table.hash_key_attr, table.range_key_attr) != ("pk", "sk"):
            continue
        item = backend.get_item(table.name, {"pk": {"S": f"RUN#{run}"}, "sk": {"S": "META"}})
        if item is not None and "project" in item.attrs:
            return item.attrs["project"].value
    return None


def _parameter(project: str) -> Any:
    from moto.ssm.models import ssm_backends

    return ssm_backends[ACCOUNT][REGION].get_parameter(f"/tunesmith-local/faults/{project}")
