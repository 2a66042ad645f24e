"""What AWS refuses to delete stays, and the stack says so; what AWS deletes later is marked.

moto reports a stack as deleted though its bucket still holds objects, and drops keys at once.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.kms.models import Key, kms_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition

_KEY_WAITS_DAYS = 30


def apply() -> None:
    """Wrap moto's deletion of stacks, and replace that of buckets and keys."""
    FakeBucket.delete_from_cloudformation_json = classmethod(_delete_bucket)
    Key.delete = _delete_key
    delete = CloudFormationBackend.delete_stack

    def delete_or_keep(self: CloudFormationBackend, name_or_stack_id: str) -> None:
        stack = self.stacks.get(name_or_stack_id)
        try:
            delete(self, name_or_stack_id)
        except Exception as error:
            if stack is None:
                raise
            self.stacks[stack.stack_id] = stack
            stack.status = "DELETE_FAILED"
            stack._add_stack_event("DELETE_FAILED", getattr(error, "message", None) or str(error))
            return
        # A second attempt no longer knows the names of the exports, nor does moto then forget them.
        for name in [
            key for key, export in self.exports.items() if export.exporting_stack_id == name_or_stack_id
        ]:
            del self.exports[name]

    CloudFormationBackend.delete_stack = delete_or_keep


def _delete_bucket(
    cls: type[FakeBucket], resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
) -> None:
    if s3_backends[account_id][get_partition(region_name)].delete_bucket(resource_name) is None:
        raise ValidationError(message=f"The bucket {resource_name} you tried to delete is not empty")


def _delete_key(self: Key, account_id: str, region_name: str) -> None:
    kms_backends[account_id][region_name].schedule_key_deletion(self.id, _KEY_WAITS_DAYS)
