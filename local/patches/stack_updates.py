"""Stacks can be updated and deleted as `cdk deploy` and `cdk destroy` do it.

moto's update creates resources before it changes those that they depend on, deletes what a policy retains,
forgets resources that it cannot update, and loses parameters and exports; its delete re-creates resources.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import Export, ResourceMap

_PASSES = 5
_RETAINED = ("Retain", "RetainExceptOnCreate")


def apply() -> None:
    """Replace moto's update of resources, and wrap its update and delete of stacks."""
    ResourceMap.update = _update_resources
    _resolve_parameters_with_defaults()
    _link_exports_of_updates()
    _create_nothing_while_deleting()


def _update_resources(
    self: ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None = None
) -> None:
    before = copy.deepcopy(self._resource_json_map)
    changes = self.build_resource_diff(template, parameters)
    self._template = template
    self._resource_json_map = template["Resources"]
    if parameters:
        self.input_parameters = parameters
    self.load_mapping()
    self.load_parameters()
    self.load_conditions()
    for name in in_dependency_order(template["Resources"]):
        if name in changes["Modify"] and name in self._parsed_resources:
            self._parsed_resources[name] = _updated(self, name, template["Resources"][name])
        elif name in changes["Add"] or name in changes["Modify"]:
            self[name]
    removed = [name for name in reversed(in_dependency_order(before)) if name in changes["Remove"]]
    for name in removed:
        resource = self._parsed_resources.pop(name, None)
        if resource is not None and before[name].get("DeletionPolicy") not in _RETAINED:
            self._delete_resource(resource, before[name])


def _updated(resources: ResourceMap, name: str, definition: dict[str, Any]) -> Any:
    """Return the updated resource; one of a type that moto cannot update stays as it is."""
    updated = parsing.parse_and_update_resource(
        name, definition, resources, account_id=resources._account_id, region_name=resources._region_name
    )
    return resources._parsed_resources[name] if updated is None else updated


def in_dependency_order(resources: dict[str, Any]) -> list[str]:
    """Return the logical ids so that each comes after all that it refers to."""
    ordered: dict[str, None] = {}
    visiting: set[str] = set()

    def visit(name: str) -> None:
        if name in ordered or name in visiting:
            return
        visiting.add(name)
        for reference in _references(resources[name]):
            if reference in resources:
                visit(reference)
        ordered[name] = None

    for name in resources:
        visit(name)
    return list(ordered)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            elif key == "DependsOn":
                yield from [item] if isinstance(item, str) else item
            elif key == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                yield from re.findall(r"\$\{([A-Za-z0-9]+)", text)
            yield from _references(item)


def _resolve_parameters_with_defaults() -> None:
    resolve = CloudFormationBackend._resolve_update_parameters

    def with_defaults(
        self: CloudFormationBackend, instance: Any, incoming_params: list[dict[str, Any]]
    ) -> dict[str, str]:
        declared = instance.template_dict.get("Parameters", {}) if isinstance(instance, Stack) else {}
        for name, parameter in declared.items():
            if "Default" in parameter:
                instance.parameters.setdefault(name, parameter["Default"])
        return resolve(self, instance=instance, incoming_params=incoming_params)

    CloudFormationBackend._resolve_update_parameters = with_defaults


def _link_exports_of_updates() -> None:
    update = CloudFormationBackend.update_stack

    def update_and_export(self: CloudFormationBackend, name: str, *args: Any, **kwargs: Any) -> Stack:
        stack = self.get_stack(name)
        for export in stack.exports:
            self.exports.pop(export.name, None)
        try:
            # The stack's own view of other stacks' exports is this very dictionary.
            return update(self, name, *args, **kwargs)
        finally:
            for export in stack.exports:
                self.exports[export.name] = export

    CloudFormationBackend.update_stack = update_and_export


def _create_nothing_while_deleting() -> None:
    delete = ResourceMap.delete
    get = ResourceMap.__getitem__
    outputs, exports = Stack.outputs.fget, Stack.exports.fget

    def delete_for_good(self: ResourceMap) -> None:
        self.deleted = True
        delete(self)

    def get_without_creating(self: ResourceMap, key: str) -> Any:
        if getattr(self, "deleted", False) and key not in self._parsed_resources:
            return None
        return get(self, key)

    def outputs_of_what_exists(self: Stack) -> list[Any]:
        return [] if getattr(self.resource_map, "deleted", False) else outputs(self)

    def exports_of_what_exists(self: Stack) -> list[Export]:
        return [] if getattr(self.resource_map, "deleted", False) else exports(self)

    ResourceMap.delete = delete_for_good
    ResourceMap.__getitem__ = get_without_creating
    Stack.outputs = property(outputs_of_what_exists)
    Stack.exports = property(exports_of_what_exists)
