"""S3's events as EventBridge gets them; moto's have one id, one sequencer and a number for a time."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from moto.s3 import notifications

from local.clock import Clock
from local.patches.event_targets import publish

_SEQUENCE = itertools.count(0x0061_7F08_2993_29D1)
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}


def apply(clock: Clock) -> None:
    """Replace how moto tells EventBridge about an object."""

    def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        name = getattr(event_name, "value", event_name).removeprefix("s3:")
        item = {
            "key": key.name,
            "size": key.size,
            "etag": key.etag.strip('"'),
            "sequencer": f"{next(_SEQUENCE):016X}",
        }
        if bucket.is_versioned:
            item["version-id"] = key.version_id
        publish(
            account=account_id,
            region=bucket.region_name,
            source="aws.s3",
            detail_type=notifications._detail_type(event_name),
            resources=[bucket.arn],
            detail={
                "version": "0",
                "bucket": {"name": bucket.name},
                "object": item,
                "request-id": uuid.uuid4().hex[:16].upper(),
                "requester": account_id,
                "source-ip-address": "127.0.0.1",
                "reason": _REASONS.get(name, name),
            },
            time=clock.now(),
        )

    notifications._send_event_bridge_message = send
