"""A stack that cannot be created says which resource failed and why, and leaves nothing behind.

moto answers with the failed service's own error, which no client can read, and keeps half a stack.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack

_LONGEST = 800


def apply() -> None:
    """Wrap moto's making of resources and of stacks."""
    parsing.parse_and_create_resource = _telling(parsing.parse_and_create_resource)
    parsing.parse_and_update_resource = _telling(parsing.parse_and_update_resource)
    create = CloudFormationBackend.create_stack

    def create_or_forget(self: CloudFormationBackend, name: str, *args: Any, **kwargs: Any) -> Stack:
        before = set(self.stacks)
        try:
            return create(self, name, *args, **kwargs)
        except Exception:
            for stack_id in set(self.stacks) - before:
                stack = self.stacks.pop(stack_id)
                stack.resource_map.deleted = True  # so that naming its exports creates nothing
                with contextlib.suppress(Exception):  # what cannot be deleted must not hide why it failed
                    stack.delete()
                for export in [
                    key for key, value in self.exports.items() if value.exporting_stack_id == stack_id
                ]:
                    del self.exports[export]
            raise

    CloudFormationBackend.create_stack = create_or_forget


def _telling(make: Callable[..., Any]) -> Callable[..., Any]:
    def make_or_tell(logical_id: str, resource_json: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return make(logical_id, resource_json, *args, **kwargs)
        except ValidationError:
            raise
        except Exception as error:  # every service has its own kinds of error
            reason = f"{type(error).__name__}: {getattr(error, 'message', None) or error}"
            kind = resource_json.get("Type")
            raise ValidationError(message=f"Resource {logical_id} ({kind}): {reason[:_LONGEST]}") from error

    return make_or_tell
