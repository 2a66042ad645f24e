"""Many calls in flight: in order, patient with throttling, failures kept as data."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.validate import ParamValidator

from tunesmith.aws.converse import MOST_ATTEMPTS, Call, answer_all
from tunesmith.evaluation.answers import Question


class Runtime:
    """Answers `echo <text>`, after as many failures as it is told to make of each text."""

    def __init__(self, failures: dict[str, list[Exception]] | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self._failures = failures or {}
        self._running = 0
        self._lock = threading.Lock()
        self.gate: threading.Barrier | None = None

    def converse(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            self.requests.append(request)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        if self.gate is not None:
            self.gate.wait(timeout=10)
        with self._lock:
            self._running -= 1
            text = request["messages"][-1]["content"][0]["text"]
            if self._failures.get(text):
                raise self._failures[text].pop(0)
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": f"echo {text}"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
            "metrics": {"latencyMs": 42},
        }


def call(text: str, system: str = "") -> Call:
    return Call(
        "amazon.nova-micro-v1:0",
        Question(
            id=text,
            system=[{"text": system}] if system else [],
            messages=[{"role": "user", "content": [{"text": text}]}],
            reference="",
        ),
    )


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "why"}}, "Converse")


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def ask(
    runtime: Runtime, calls: list[Call], in_flight: int = 4, clock: Clock | None = None, **more: Any
) -> list[Any]:
    time = clock or Clock()
    return answer_all(
        calls,
        max_tokens=64,
        in_flight=in_flight,
        client=runtime,  # type: ignore[arg-type]
        sleep=time.sleep,
        clock=time,
        **more,
    )


def test_answers_come_in_the_order_of_their_calls() -> None:
    answers = ask(Runtime(), [call(str(number)) for number in range(40)])

    assert [answer.id for answer in answers] == [str(number) for number in range(40)]
    assert answers[7].text == "echo 7"
    assert (answers[7].input_tokens, answers[7].output_tokens, answers[7].latency_ms) == (7, 3, 42)


def test_so_many_calls_are_in_flight_and_no_more() -> None:
    runtime = Runtime()
    runtime.gate = threading.Barrier(4)

    ask(runtime, [call(str(number)) for number in range(16)], in_flight=4)

    assert runtime.most_at_once == 4


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_botocore_takes_the_request(system: str) -> None:
    runtime = Runtime()
    ask(runtime, [call("hello", system)])

    model = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse")
    (request,) = runtime.requests
    assert model.input_shape is not None
    assert ParamValidator().validate(request, model.input_shape).generate_report() == ""
    assert ("system" in request) == bool(system)
    assert request["inferenceConfig"] == {"maxTokens": 64, "temperature": 0.0}


@pytest.mark.parametrize(
    "fault",
    [
        refused("ThrottlingException"),
        refused("ModelNotReadyException"),
        ReadTimeoutError(endpoint_url="https://bedrock"),
    ],
    ids=["throttled", "not ready", "timed out"],
)
def test_what_passes_by_itself_is_waited_for(fault: Exception) -> None:
    clock = Clock()

    (answer,) = ask(Runtime({"a": [fault, fault]}), [call("a")], clock=clock)

    assert (answer.text, answer.error) == ("echo a", "")
    assert len(clock.pauses) >= 2
    assert all(0 <= pause <= 20 for pause in clock.pauses)


def test_patience_has_an_end_and_the_failure_is_kept() -> None:
    runtime = Runtime({"a": [refused("ThrottlingException")] * 50})

    first, second = ask(runtime, [call("a"), call("b")])

    assert first.error == "ThrottlingException: why"
    assert second.text == "echo b"
    asked = Counter(request["messages"][0]["content"][0]["text"] for request in runtime.requests)
    assert asked == {"a": MOST_ATTEMPTS, "b": 1}


def test_a_call_that_is_refused_for_good_is_not_repeated() -> None:
    runtime = Runtime({"a": [refused("ValidationException")] * 9})

    (answer,) = ask(runtime, [call("a")])

    assert answer.error == "ValidationException: why"
    assert len(runtime.requests) == 1


def test_a_fault_of_this_code_is_not_hidden_as_data() -> None:
    with pytest.raises(KeyError):
        ask(Runtime({"a": [KeyError("usage")]}), [call("a")])


def test_answers_are_handed_over_as_they_come_and_every_one_once() -> None:
    kept: list[int] = []

    ask(
        Runtime(),
        [call(str(number)) for number in range(40)],
        keep=lambda found: kept.extend(p for p, _ in found),
    )

    assert sorted(kept) == list(range(40))


def test_what_is_not_kept_yet_counts_as_in_flight() -> None:
    runtime = Runtime()
    unkept: list[int] = []
    kept = 0

    def keep(found: Any) -> None:
        nonlocal kept
        unkept.append(len(runtime.requests) - kept)
        kept += len(found)

    ask(runtime, [call(str(number)) for number in range(64)], in_flight=4, keep=keep)

    assert kept == 64
    assert 1 <= max(unkept) <= 4


def test_no_call_begins_when_time_is_up() -> None:
    runtime = Runtime()

    answers = ask(
        runtime, [call(str(number)) for number in range(400)], in_flight=1, seconds=2, first_rate=10
    )

    begun = [answer for answer in answers if answer is not None]
    assert 20 <= len(begun) == len(runtime.requests) < 60
    assert answers[: len(begun)] == begun


def test_a_model_that_is_throttled_does_not_slow_another() -> None:
    clock = Clock()
    runtime = Runtime({"slow": [refused("ThrottlingException")] * 3})
    other = [Call("meta.llama3-1-8b-instruct-v1:0", call(str(number)).question) for number in range(8)]

    answers = ask(runtime, [call("slow"), *other], in_flight=9, clock=clock)

    assert all(answer.error == "" for answer in answers)
    asked = [request["modelId"] for request in runtime.requests]
    assert Counter(asked) == {"amazon.nova-micro-v1:0": 4, "meta.llama3-1-8b-instruct-v1:0": 8}
