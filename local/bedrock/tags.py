"""How are jobs, models and capacity tagged?"""

from __future__ import annotations

from typing import Any, Final

from local.bedrock.errors import not_found
from local.bedrock.region import Operation, Region


def tag(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags to a resource, or change them."""
    region.set_tags(_known(region, params), params["tags"])
    return {}


def untag(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags by key."""
    tags = region.tags[_known(region, params)]
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """List the tags of a resource."""
    tags = region.tags[_known(region, params)]
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def _known(region: Region, params: dict[str, Any]) -> str:
    arn: str = params["resourceARN"]
    if arn not in region.tags:
        raise not_found(f"The resource {arn} is not found.")
    return arn


OPERATIONS: Final[dict[str, Operation]] = {
    "TagResource": tag,
    "UntagResource": untag,
    "ListTagsForResource": list_tags,
}
