"""Functions write into the log group that their template names; moto drops the name."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaFunction


def apply() -> None:
    """Wrap how moto creates and updates a function from a template."""
    create = LambdaFunction.create_from_cloudformation_json.__func__
    update = LambdaFunction.update_from_cloudformation_json.__func__

    def create_with_logs(
        cls: type[LambdaFunction], resource_name: str, cloudformation_json: Any, *args: Any, **more: Any
    ) -> LambdaFunction:
        return _name_logs(create(cls, resource_name, cloudformation_json, *args, **more), cloudformation_json)

    def update_with_logs(
        cls: type[LambdaFunction],
        original_resource: LambdaFunction,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> LambdaFunction:
        updated = update(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        return _name_logs(updated, cloudformation_json)

    LambdaFunction.create_from_cloudformation_json = classmethod(create_with_logs)
    LambdaFunction.update_from_cloudformation_json = classmethod(update_with_logs)


def _name_logs(function: LambdaFunction, template: Any) -> LambdaFunction:
    group = template["Properties"].get("LoggingConfig", {}).get("LogGroup")
    if group:
        function.logs_group_name = group
    return function
