"""Notes in the table what came through the queue; refuses keys that say so."""

import json
import os
from typing import Any

import boto3


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    failed = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        key = body["detail"]["object"]["key"]
        table.update_item(
            Key={"pk": f"UPLOAD#{key}", "sk": "META"},
            UpdateExpression="SET body = :body ADD seen :one",
            ExpressionAttributeValues={":body": record["body"], ":one": 1},
        )
        if "refuse" in key:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
