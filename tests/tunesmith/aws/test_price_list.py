"""Every page of every service that Bedrock's prices are spread over is read, for one Region."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.stub import Stubber

from tests.tunesmith.cost.listed import product
from tunesmith.aws import clients
from tunesmith.aws.price_list import SERVICES, bedrock_products

CLIENT = boto3.client("pricing", region_name="us-east-1")


def asked(service: str, token: str = "") -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "ServiceCode": service,
        "FormatVersion": "aws_v1",
        "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-central-1"}],
    }
    return wanted | ({"NextToken": token} if token else {})


def test_all_pages_of_all_services_are_read() -> None:
    listed = [product(f"EUC1-NovaMicro-{number}", "1") for number in range(3)]
    spelled = [json.dumps(item) for item in listed]
    with Stubber(CLIENT) as stubber:
        stubber.add_response(
            "get_products", {"PriceList": spelled[:2], "NextToken": "more"}, asked(SERVICES[0])
        )
        stubber.add_response("get_products", {"PriceList": spelled[2:]}, asked(SERVICES[0], "more"))
        for service in SERVICES[1:]:
            stubber.add_response("get_products", {"PriceList": []}, asked(service))
        assert list(bedrock_products("eu-central-1", CLIENT)) == listed
        stubber.assert_no_pending_responses()


def test_the_price_list_is_asked_where_it_is_served() -> None:
    regions = boto3.session.Session().get_available_regions("pricing")
    assert clients.price_list().meta.region_name in regions
    clients.forget()
