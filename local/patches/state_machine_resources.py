"""State machines from templates: every way to give a definition, created where executions run.

moto reads `DefinitionString` alone, and creates the machine in a backend that executes nothing.
"""

from __future__ import annotations

import json
from typing import Any

from moto.s3.models import s3_backends
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.responses import get_backend
from moto.stepfunctions.utils import cfn_to_api_tags
from moto.utilities.utils import get_partition


def apply() -> None:
    """Replace how moto creates, updates and deletes a machine from a template."""
    StateMachine.create_from_cloudformation_json = classmethod(_create)  # type: ignore[arg-type]
    StateMachine.update_from_cloudformation_json = classmethod(_update)
    StateMachine.delete_from_cloudformation_json = classmethod(_delete)
    get_attribute = StateMachine.get_cfn_attribute
    has_attribute = StateMachine.has_cfn_attr.__func__
    StateMachine.get_cfn_attribute = lambda self, name: (
        self.arn if name == "Arn" else get_attribute(self, name)
    )
    StateMachine.has_cfn_attr = classmethod(lambda cls, name: name == "Arn" or has_attribute(cls, name))


def definition_of(properties: dict[str, Any], account_id: str, region_name: str) -> str:
    """Return the definition that the properties give, with its substitutions made."""
    if "DefinitionS3Location" in properties:
        place = properties["DefinitionS3Location"]
        stored = s3_backends[account_id][get_partition(region_name)].get_object(place["Bucket"], place["Key"])
        definition = stored.value.decode()
    elif "Definition" in properties:
        definition = json.dumps(properties["Definition"])
    else:
        definition = properties["DefinitionString"]
    for name, value in (properties.get("DefinitionSubstitutions") or {}).items():
        definition = definition.replace(f"${{{name}}}", str(value))
    return definition


def _create(
    cls: type[StateMachine],
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **_: Any,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    return get_backend(account_id, region_name).create_state_machine(
        name=properties.get("StateMachineName") or resource_name[:80],
        definition=definition_of(properties, account_id, region_name),
        roleArn=properties["RoleArn"],
        tags=cfn_to_api_tags(properties.get("Tags", [])),
        sm_type=properties.get("StateMachineType"),
    )


def _update(
    cls: type[StateMachine],
    original_resource: StateMachine,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    if properties.get("StateMachineName", original_resource.name) != original_resource.name:
        replacement = _create(cls, new_resource_name, cloudformation_json, account_id, region_name)
        _delete(cls, original_resource.arn, cloudformation_json, account_id, region_name)
        return replacement
    return get_backend(account_id, region_name).update_state_machine(
        original_resource.arn,
        definition=definition_of(properties, account_id, region_name),
        role_arn=properties["RoleArn"],
    )


def _delete(
    cls: type[StateMachine], resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
) -> None:
    get_backend(account_id, region_name).delete_state_machine(resource_name)
