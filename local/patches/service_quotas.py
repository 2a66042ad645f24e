"""Service Quotas knows Bedrock: moto has the quotas of VPCs alone. The values are the local account's."""

from __future__ import annotations

from typing import Any

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend

from local.bedrock.account import read_account
from local.bedrock.region import Region
from tunesmith.catalogue import load_catalogue

UNITS_ACROSS_CUSTOM_MODELS = "L-BE77399C"
DEPLOYMENTS = "L-1EF80F3E"


def apply() -> None:
    """Answer GetServiceQuota for the codes that Bedrock's stand-in keeps to."""
    answer = ServiceQuotasBackend.get_service_quota

    def get_service_quota(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        if service_code != "bedrock":
            return answer(self, service_code, quota_code)
        value = _values(self).get(quota_code)
        if value is None:
            raise NoSuchResource
        arn = f"arn:aws:servicequotas:{self.region_name}:{self.account_id}:bedrock/{quota_code}"
        return {
            "ServiceCode": "bedrock",
            "ServiceName": "Amazon Bedrock",
            "QuotaArn": arn,
            "QuotaCode": quota_code,
            "QuotaName": quota_code,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }

    ServiceQuotasBackend.get_service_quota = get_service_quota


def _values(backend: Any) -> dict[str, int]:
    quotas = read_account(backend.account_id, backend.region_name, Region.surroundings.account).quotas
    units = {model.units_quota: quotas.provisioned_units for model in load_catalogue()}
    records = {model.maximum_records_quota: model.maximum_records for model in load_catalogue()}
    known = {**units, **records, UNITS_ACROSS_CUSTOM_MODELS: quotas.provisioned_units}
    known[DEPLOYMENTS] = quotas.deployments
    return {code: value for code, value in known.items() if code}
