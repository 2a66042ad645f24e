"""How much of Bedrock may this account have at once? Reads of Service Quotas."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from botocore.exceptions import ClientError

from tunesmith.aws import clients

_NOT_APPLIED: Final = "NoSuchResourceException"
"""Answer for a quota that was never changed in the account, so that its default holds, and for no quota."""
_UNANSWERED: Final = frozenset({_NOT_APPLIED, "AccessDeniedException"})


def bedrock_quotas(codes: Iterable[str]) -> dict[str, Decimal | None]:
    """Map each quota code to its value in this account and Region, None where it is not told."""
    client = clients.service_quotas()
    return {code: _value(client, code) for code in sorted(codes)}


def _value(client: Any, code: str) -> Decimal | None:
    names = {"ServiceCode": "bedrock", "QuotaCode": code}
    try:
        try:
            answer = client.get_service_quota(**names)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NOT_APPLIED:
                raise
            answer = client.get_aws_default_service_quota(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _UNANSWERED:
            raise
        return None
    value = answer["Quota"].get("Value")
    return None if value is None else Decimal(str(value))
