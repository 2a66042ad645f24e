"""How are many records answered at once? Converse with calls in flight; failures are data."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from tunesmith.aws import clients
from tunesmith.evaluation.answers import Answer, Question, text_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

TRANSIENT_CODES: Final = frozenset(
    {
        "ThrottlingException",
        "ServiceUnavailableException",
        "InternalServerException",
        "ModelNotReadyException",
        "ModelTimeoutException",
    }
)
MOST_ATTEMPTS: Final = 8
MOST_SECONDS: Final = 150.0
"""After so long a call is not repeated: with one last try of at most two minutes it stays below five."""
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 20.0


class Call(NamedTuple):
    """One question to one model; the id may be a foundation model's or a deployment's ARN."""

    model_id: str
    question: Question


def answer_all(
    calls: Sequence[Call],
    *,
    max_tokens: int,
    in_flight: int,
    client: BedrockRuntimeClient | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Answer]:
    """Answer all calls, in their order, with so many in flight; one that fails for good carries its error."""
    runtime = client or clients.bedrock_runtime()
    with ThreadPoolExecutor(max_workers=max(1, in_flight)) as pool:
        return list(pool.map(lambda call: _answer(runtime, call, max_tokens, sleep, clock), calls))


def _answer(
    runtime: BedrockRuntimeClient,
    call: Call,
    max_tokens: int,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> Answer:
    error = ""
    started = clock()
    for attempt in range(MOST_ATTEMPTS):
        if attempt and clock() - started > MOST_SECONDS:
            break
        if attempt:
            # Full jitter: calls that were throttled together do not come back together.
            sleep(random.uniform(0, min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)))  # noqa: S311
        try:
            return _read(call.question.id, runtime.converse(**_request(call, max_tokens)))
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            error = f"{code}: {refused.response['Error'].get('Message', '')}"
            if code not in TRANSIENT_CODES:
                break
        except BotoCoreError as broken:
            # Connections that break and reads that time out; the same call may succeed.
            error = f"{type(broken).__name__}: {broken}"
    return Answer(id=call.question.id, error=error[:500])


def _request(call: Call, max_tokens: int) -> dict[str, Any]:
    request: dict[str, Any] = {
        "modelId": call.model_id,
        "messages": call.question.messages,
        "inferenceConfig": {"maxTokens": max_tokens, "temperature": 0.0},
    }
    if call.question.system:
        request["system"] = call.question.system
    return request


def _read(question: str, response: Any) -> Answer:
    usage = response["usage"]
    return Answer(
        id=question,
        text=text_of(response["output"]["message"]["content"]),
        stop_reason=response["stopReason"],
        input_tokens=usage["inputTokens"],
        output_tokens=usage["outputTokens"],
        latency_ms=response["metrics"]["latencyMs"],
    )
