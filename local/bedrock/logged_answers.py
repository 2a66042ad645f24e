"""What does a distillation learn from an invocation log? Its entries, as the records that the fit reads.

Read is what Tunesmith sends: entries of Converse with one question and one answer. Others are dropped, as
Bedrock drops what it cannot use; too few left fail the job's validation.
"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any, Final

from local.bedrock.errors import validation
from local.bedrock.records import BadRecordError

_SCHEMA: Final = "bedrock-conversation-2024"


def source_of(config: dict[str, Any]) -> str:
    """Return the S3 URI of a job's training data; raises ValidationException for what is not supplied."""
    if "s3Uri" in config:
        uri: str = config["s3Uri"]
        return uri
    logs = config.get("invocationLogsConfig", {})
    if logs.get("requestMetadataFilters"):
        raise validation("requestMetadataFilters are not supplied by this local stand-in.")
    found: str | None = logs.get("invocationLogSource", {}).get("s3Uri")
    if found is None:
        raise validation("trainingDataConfig needs s3Uri or invocationLogsConfig.")
    return found


def learns_logged(config: dict[str, Any]) -> bool:
    """Tell whether the log's answers are learned, in place of a teacher's new ones."""
    return bool(config.get("invocationLogsConfig", {}).get("usePromptResponse"))


def records_of(log: bytes, source: str, answered_by: str) -> bytes:
    """Spell a compressed log as Converse records; where a model is named, those that it answered."""
    try:
        lines = gzip.decompress(log).splitlines()
    except (OSError, EOFError, zlib.error):
        raise BadRecordError(f"The invocation log {source} is no gzip file.") from None
    found = (_record(json.loads(line), answered_by) for line in lines if line.strip())
    return b"".join(json.dumps(record).encode() + b"\n" for record in found if record is not None)


def _record(entry: dict[str, Any], answered_by: str) -> dict[str, Any] | None:
    match entry:
        case {
            "modelId": str(model),
            "input": {"inputBodyJson": {"messages": [question], **asked}},
            "output": {"outputBodyJson": {"output": {"message": answer}}},
        }:
            if answered_by and model.rpartition("/")[2] != answered_by.rpartition("/")[2]:
                return None
            system = {"system": asked["system"]} if "system" in asked else {}
            return {"schemaVersion": _SCHEMA, **system, "messages": [question, answer]}
    return None
