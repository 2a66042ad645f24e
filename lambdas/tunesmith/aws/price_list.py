"""What does the AWS Price List hold of Amazon Bedrock in a Region? A read that costs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tunesmith.aws import clients

SERVICES: Final = ("AmazonBedrock", "AmazonBedrockService", "AmazonBedrockFoundationModels")
"""Service codes over which Bedrock's prices are spread."""


def bedrock_products(region: str, client: Any = None) -> Iterator[dict[str, Any]]:
    """Yield every product of a Region, with its attributes and terms."""
    pages = (client or clients.price_list()).get_paginator("get_products")
    for service in SERVICES:
        found = pages.paginate(
            ServiceCode=service,
            FormatVersion="aws_v1",
            Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
        )
        for page in found:
            yield from map(json.loads, page["PriceList"])
