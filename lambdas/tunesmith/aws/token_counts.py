"""How many tokens does Bedrock count in a text? A few calls of CountTokens, where it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from botocore import exceptions

from tunesmith.aws import clients
from tunesmith.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

LOG = logger("count_tokens")
_UNANSWERED: Final = (exceptions.ClientError, exceptions.HTTPClientError, exceptions.ConnectionError)
_SHORTEST: Final = "a"
"""What is one token to every model: the rest of its count is what the chat template adds."""


def count_tokens(
    model_id: str, texts: Sequence[str], client: BedrockRuntimeClient | None = None
) -> list[tuple[str, int]]:
    """Pair texts with the tokens that a base model reads in each, without its chat template.

    Ends at the first call that fails, so that a model without CountTokens or a missing permission costs one
    call and no error: what was counted until then is returned.
    """
    asked = client or clients.bedrock_runtime()
    counted: list[tuple[str, int]] = []
    try:
        template = _count(asked, model_id, _SHORTEST) - 1
        counted.extend((text, _count(asked, model_id, text) - template) for text in texts)
    except _UNANSWERED as error:
        LOG.info(
            "tokens not counted", extra={"model": model_id, "counted": len(counted), "reason": str(error)}
        )
    return counted


def _count(client: BedrockRuntimeClient, model_id: str, text: str) -> int:
    answer = client.count_tokens(
        modelId=model_id,
        input={"converse": {"messages": [{"role": "user", "content": [{"text": text}]}]}},
    )
    return answer["inputTokens"]
