"""Products in the shape in which the Price List's GetProducts answers."""

from __future__ import annotations

from typing import Any

ON_DEMAND = "On-demand Inference"


def product(
    usage_type: str, usd: str, unit: str = "1K tokens", *, feature: str = ON_DEMAND, **tiers: str
) -> dict[str, Any]:
    """Make a product with one rate, or with more: `tiers` maps names of price dimensions to amounts."""
    return {
        "product": {
            "productFamily": "Amazon Bedrock",
            "attributes": {
                "regionCode": "us-east-1",
                "servicecode": "AmazonBedrock",
                "usagetype": usage_type,
                "feature": feature,
                "operation": "",
            },
            "sku": "ABCDEFGHJKLMNPQR",
        },
        "serviceCode": "AmazonBedrock",
        "terms": {
            "OnDemand": {
                "ABCDEFGHJKLMNPQR.JRTCKXETXF": {
                    "priceDimensions": {
                        name: {
                            "unit": unit,
                            "beginRange": "0",
                            "endRange": "Inf",
                            "appliesTo": [],
                            "pricePerUnit": {"USD": amount},
                        }
                        for name, amount in {"first": usd, **tiers}.items()
                    },
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "termAttributes": {},
                }
            }
        },
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }
