"""Buckets get the versioning and the EventBridge notifications of their template; moto drops both."""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition


def apply() -> None:
    """Wrap how moto creates and updates a bucket from a template."""
    create = FakeBucket.create_from_cloudformation_json.__func__
    update = FakeBucket.update_from_cloudformation_json.__func__

    def create_whole(
        cls: type[FakeBucket],
        resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> FakeBucket:
        bucket = create(cls, resource_name, cloudformation_json, account_id, region_name)
        _configure(bucket, cloudformation_json, account_id, region_name)
        return bucket

    def update_whole(
        cls: type[FakeBucket],
        original_resource: FakeBucket,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> FakeBucket:
        cloudformation_json["Properties"].setdefault("BucketName", original_resource.name)
        bucket = update(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        _configure(bucket, cloudformation_json, account_id, region_name)
        return bucket

    FakeBucket.create_from_cloudformation_json = classmethod(create_whole)  # type: ignore[arg-type]
    FakeBucket.update_from_cloudformation_json = classmethod(update_whole)


def _configure(bucket: FakeBucket, template: Any, account_id: str, region_name: str) -> None:
    properties = template.get("Properties", {})
    if "VersioningConfiguration" in properties:
        backend = s3_backends[account_id][get_partition(region_name)]
        backend.put_bucket_versioning(bucket.name, properties["VersioningConfiguration"]["Status"])
    notifications = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
    enabled = str(notifications.get("EventBridgeEnabled", False)).lower() == "true"
    bucket.set_notification_configuration({"EventBridgeConfiguration": {}} if enabled else None)
