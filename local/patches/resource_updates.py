"""A resource whose template changes takes the change, and stays the same resource.

Of a template's changes moto drops those to tables, keys and log groups, and makes rules and topics anew under
another name, which loses a topic's subscriptions and changes what `Ref` gives.
"""

from __future__ import annotations

import json
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, Table, dynamodb_backends
from moto.events.models import EventPattern, Rule, events_backends
from moto.kms.models import Key
from moto.logs.models import LogGroup, logs_backends
from moto.sns.models import Topic


def apply() -> None:
    """Replace the updates, and complete the creations that drop the same properties."""
    Rule.update_from_cloudformation_json = classmethod(_update_rule)
    Topic.update_from_cloudformation_json = classmethod(_update_topic)
    LogGroup.update_from_cloudformation_json = classmethod(_update_log_group)
    Table.update_from_cloudformation_json = classmethod(_update_table)
    Key.update_from_cloudformation_json = classmethod(_update_key)
    _complete_new(Key, _configure_key)
    _complete_new(LogGroup, _configure_log_group)
    _complete_new(Table, _configure_table)


def _complete_new(model: Any, configure: Any) -> None:
    create = model.create_from_cloudformation_json.__func__

    def create_whole(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        made = create(cls, resource_name, cloudformation_json, account_id, region_name)
        configure(made, cloudformation_json["Properties"], account_id, region_name)
        return made

    model.create_from_cloudformation_json = classmethod(create_whole)  # type: ignore[arg-type]


def _update_rule(
    cls: type[Rule],
    original_resource: Rule,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Rule:
    properties, rule = cloudformation_json["Properties"], original_resource
    pattern = properties.get("EventPattern")
    rule.event_pattern = EventPattern.load(json.dumps(pattern) if pattern else None)
    rule.scheduled_expression = properties.get("ScheduleExpression")
    rule.description = properties.get("Description")
    rule.state = properties.get("State") or "ENABLED"
    rule.role_arn = properties.get("RoleArn")
    rule.targets = []
    if properties.get("Targets"):
        bus = properties.get("EventBusName", "default")
        events_backends[account_id][region_name].put_targets(rule.name, bus, properties["Targets"])
    return rule


def _update_topic(
    cls: type[Topic],
    original_resource: Topic,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Topic:
    properties, topic = cloudformation_json["Properties"], original_resource
    topic.display_name = properties.get("DisplayName", "")
    topic.kms_master_key_id = properties.get("KmsMasterKeyId", "")
    return topic


def _update_key(
    cls: type[Key],
    original_resource: Key,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Key:
    _configure_key(original_resource, cloudformation_json["Properties"], account_id, region_name)
    return original_resource


def _configure_key(key: Key, properties: Any, account_id: str, region_name: str) -> None:
    key.policy = json.dumps(properties["KeyPolicy"])  # its API reads text, and fails on what a template holds
    key.description = properties.get("Description") or ""
    key.key_rotation_status = str(properties.get("EnableKeyRotation", False)).lower() == "true"


def _update_log_group(
    cls: type[LogGroup],
    original_resource: LogGroup,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> LogGroup:
    _configure_log_group(original_resource, cloudformation_json["Properties"], account_id, region_name)
    return original_resource


def _configure_log_group(group: LogGroup, properties: Any, account_id: str, region_name: str) -> None:
    days = properties.get("RetentionInDays")
    logs_backends[account_id][region_name].groups[group.name].set_retention_policy(days and int(days))
    group.kms_key_id = properties.get("KmsKeyId")


def _update_table(
    cls: type[Table],
    original_resource: Table,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Table:
    properties, table = cloudformation_json["Properties"], original_resource
    backend = dynamodb_backends[account_id][region_name]
    table.attr = properties["AttributeDefinitions"]
    table.tags = properties.get("Tags", [])
    table.deletion_protection_enabled = properties.get("DeletionProtectionEnabled", False)
    _change_indexes(backend, table, properties.get("GlobalSecondaryIndexes", []))
    _configure_table(table, properties, account_id, region_name)
    return table


def _change_indexes(backend: DynamoDBBackend, table: Table, wanted: list[dict[str, Any]]) -> None:
    present = {index.name for index in table.global_indexes}
    names = {index["IndexName"] for index in wanted}
    changes: list[dict[str, Any]] = [{"Delete": {"IndexName": name}} for name in present - names]
    changes += [{"Create": index} for index in wanted if index["IndexName"] not in present]
    backend.update_table_global_indexes(table, changes)


def _configure_table(table: Table, properties: Any, account_id: str, region_name: str) -> None:
    backend = dynamodb_backends[account_id][region_name]
    recovery = properties.get("PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False})
    enabled = str(recovery.get("PointInTimeRecoveryEnabled", False)).lower() == "true"
    backend.update_continuous_backups(table.name, {**recovery, "PointInTimeRecoveryEnabled": enabled})
    expiry = properties.get("TimeToLiveSpecification")
    if expiry:
        enabled = str(expiry["Enabled"]).lower() == "true"
        backend.update_time_to_live(table.name, {**expiry, "Enabled": enabled})
    else:
        table.ttl["TimeToLiveStatus"] = "DISABLED"
