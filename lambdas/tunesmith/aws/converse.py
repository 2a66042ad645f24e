"""How are many records answered at once? Converse with calls in flight; failures are data."""

from __future__ import annotations

import math
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from tunesmith.aws import clients
from tunesmith.evaluation.answers import Answer, Question, text_of
from tunesmith.evaluation.pace import FIRST_RATE, Pace

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

THROTTLED: Final = "ThrottlingException"
TRANSIENT_CODES: Final = frozenset(
    {
        THROTTLED,
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


class Answered(NamedTuple):
    """An answer, and the position of its call among those that were given."""

    position: int
    answer: Answer


def answer_all(
    calls: Sequence[Call],
    *,
    max_tokens: int,
    in_flight: int,
    first_rate: float = FIRST_RATE,
    keep: Callable[[Sequence[Answered]], None] = lambda _: None,
    seconds: float = math.inf,
    client: BedrockRuntimeClient | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Answer | None]:
    """Answer all calls, begun in their order, so many in flight; one that fails for good carries its error.

    `keep` is handed answers as they come, always from the calling thread. An answer that is not kept yet
    counts as in flight: who is killed pays at most `in_flight` calls twice. Behind `seconds` no call begins
    any more, and those that did not begin stay None. Each model has a pace of its own, since each has a rate.
    """
    paces = {call.model_id: Pace(clock(), first_rate=first_rate) for call in calls}
    runtime = client or clients.bedrock_runtime()
    crew = _Crew(calls, paces, max_tokens, runtime, sleep, clock, clock() + seconds)
    answers: list[Answer | None] = [None] * len(calls)
    with ThreadPoolExecutor(max_workers=max(1, in_flight)) as pool:
        workers = [pool.submit(crew.work) for _ in range(max(1, in_flight))]
        try:
            for finished in crew.finished(len(workers)):
                for position, answer in finished:
                    answers[position] = answer
                keep(finished)
                crew.kept(len(finished))
        finally:
            crew.stop(len(workers))
        for worker in workers:
            worker.result()
    return answers


class _Crew:
    """What the threads that make the calls share."""

    def __init__(
        self,
        calls: Sequence[Call],
        paces: Mapping[str, Pace],
        max_tokens: int,
        runtime: BedrockRuntimeClient,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        end: float,
    ) -> None:
        self._calls, self._paces, self._max_tokens = calls, paces, max_tokens
        self._runtime, self._sleep, self._clock = runtime, sleep, clock
        self._end = end
        self._lock = threading.Lock()
        self._next = 0
        self._stopped = False
        self._done: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
        self._kept = threading.Semaphore(0)

    def work(self) -> None:
        """Make one call after the other, until there are none left or time is up."""
        try:
            while (position := self._take()) is not None:
                self._done.put(Answered(position, self._answer(self._calls[position])))
                self._kept.acquire()
        except BaseException:
            self._stopped = True
            raise
        finally:
            self._done.put(None)

    def finished(self, workers: int) -> Iterator[list[Answered]]:
        """Yield what is answered, as soon as anything is, until so many threads have ended."""
        while workers:
            found = [self._done.get()]
            while not self._done.empty():
                found.append(self._done.get())
            answered = [each for each in found if each is not None]
            workers -= len(found) - len(answered)
            if answered:
                yield answered

    def kept(self, count: int) -> None:
        """Let so many threads go on: what they brought is safe."""
        self._kept.release(count)

    def stop(self, workers: int) -> None:
        """Begin no more calls, and let no thread wait for its answer to be kept."""
        self._stopped = True
        self._kept.release(workers)

    def _take(self) -> int | None:
        with self._lock:
            if self._stopped or self._next >= len(self._calls) or self._clock() >= self._end:
                return None
            self._next += 1
            return self._next - 1

    def _answer(self, call: Call) -> Answer:
        error = ""
        started = self._clock()
        for attempt in range(MOST_ATTEMPTS):
            if attempt and self._clock() - started > MOST_SECONDS:
                break
            if attempt:
                # Full jitter: calls that were throttled together do not come back together.
                pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
                self._sleep(random.uniform(0, pause))  # noqa: S311
            self._await_turn(call.model_id)
            try:
                response = self._runtime.converse(**_request(call, self._max_tokens))
            except ClientError as refused:
                code = refused.response["Error"]["Code"]
                error = f"{code}: {refused.response['Error'].get('Message', '')}"
                if code == THROTTLED:
                    with self._lock:
                        self._paces[call.model_id].was_refused(self._clock())
                if code not in TRANSIENT_CODES:
                    break
            except BotoCoreError as broken:
                # Connections that break and reads that time out; the same call may succeed.
                error = f"{type(broken).__name__}: {broken}"
            else:
                with self._lock:
                    self._paces[call.model_id].went_through(self._clock())
                return _read(call.question.id, response)
        return Answer(id=call.question.id, error=error[:500])

    def _await_turn(self, model_id: str) -> None:
        while True:
            with self._lock:
                wait = self._paces[model_id].wait_seconds(self._clock())
            if wait <= 0:
                return
            self._sleep(wait)


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
