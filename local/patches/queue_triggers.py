"""Queues trigger functions: polled in batches, retried after the visibility timeout, then dead-lettered.

moto invokes the function inside SendMessage, once for each message, and shows a failed message again at once.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.awslambda.utils import get_backend
from moto.core.utils import unix_time_millis
from moto.sqs import sqs_backends
from moto.sqs.models import Message, Queue

from local.clock import Clock

_POLL_SECONDS = 0.1
_HIDDEN_SECONDS = (
    3600  # real; a function takes as long here as in AWS, so its message stays hidden till it ends
)
_INVOCATIONS = 5


def apply(clock: Clock) -> None:
    """Give every queue mapping a poller of its own."""
    create = LambdaBackend.create_event_source_mapping

    def create_and_poll(self: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
        mapping = create(self, spec)
        queue = _queue_of(mapping)
        if queue is not None:
            queue.lambda_event_source_mappings.clear()
            threading.Thread(target=_poll, args=(self, mapping, clock), daemon=True).start()
        return mapping

    LambdaBackend.create_event_source_mapping = create_and_poll


def _queue_of(mapping: EventSourceMapping) -> Queue | None:
    queues = list(sqs_backends[mapping.account_id][mapping.region].queues.values())
    return next((queue for queue in queues if queue.queue_arn == mapping.event_source_arn), None)


def _poll(backend: LambdaBackend, mapping: EventSourceMapping, clock: Clock) -> None:
    free = threading.Semaphore(_INVOCATIONS)
    with ThreadPoolExecutor(max_workers=_INVOCATIONS) as invocations:
        while backend.get_event_source_mapping(mapping.uuid) is mapping:
            queue = _queue_of(mapping)
            if queue is None:
                return
            if not mapping.enabled or not queue.messages:
                time.sleep(_POLL_SECONDS)
                continue
            free.acquire()
            messages = sqs_backends[mapping.account_id][mapping.region].receive_message(
                queue.name, mapping.batch_size, 0, _HIDDEN_SECONDS
            )
            task = invocations.submit(_invoke, mapping, queue, messages, clock)
            task.add_done_callback(lambda _: free.release())


def _invoke(mapping: EventSourceMapping, queue: Queue, messages: list[Message], clock: Clock) -> None:
    if not messages:
        return
    records = [_record(message, mapping, clock) for message in messages]
    headers: dict[str, str] = {}
    body = get_backend(mapping.account_id, mapping.region).invoke(
        mapping.function_arn, None, json.dumps({"Records": records}), {}, headers
    )
    failed = _failed(mapping, messages, body, errored="x-amz-function-error" in headers)
    shown_again = unix_time_millis() + clock.real_seconds(float(queue.visibility_timeout)) * 1000
    for message in messages:
        if message.id in failed:
            for original in queue._messages:
                if original.id == message.id:
                    original.visible_at = shown_again
        else:
            queue.delete_message(message.receipt_handle)


def _failed(mapping: EventSourceMapping, messages: list[Message], body: Any, errored: bool) -> set[str]:
    everything = {message.id for message in messages}
    if errored:
        return everything
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []):
        return set()
    reported = {item.get("itemIdentifier") for item in (json.loads(body) or {}).get("batchItemFailures", [])}
    return reported if reported <= everything else everything


def _record(message: Message, mapping: EventSourceMapping, clock: Clock) -> dict[str, Any]:
    now = str(int(clock.now().timestamp() * 1000))
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": now,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": now,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.event_source_arn,
        "awsRegion": mapping.region,
    }
