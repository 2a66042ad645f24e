"""JSONata in state machines: moto calls a Java evaluator that it does not ship; here it is Python."""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import uuid
from functools import lru_cache
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_FORBIDDEN = re.compile(r"\$eval\b")

# One lock for all: an expression takes 0.1 ms, and jsonata-python keeps its evaluator in a thread-local.
_LOCK = threading.Lock()


class ExpressionError(Exception):
    """The expression cannot be parsed, failed, or has no result that is JSON."""


def evaluate(expression: str, bindings: dict[str, Any]) -> Any:
    """Return the JSON value of the expression (without `{% %}`); raise `ExpressionError` if it has none."""
    if _FORBIDDEN.search(expression):
        raise ExpressionError("Function $eval is not supported")
    values = {name: Utils.NULL_VALUE if value is None else value for name, value in bindings.items()}
    with _LOCK:
        try:
            compiled = _compile(expression)
            Jsonata.CURRENT.jsonata = compiled
            result = compiled.evaluate(None, {**_FUNCTIONS, **values})
        except Exception as error:  # jsonata-python raises what Python raises: TypeError, KeyError, …
            raise ExpressionError(str(error)) from error
    if result is None:
        raise ExpressionError("returned nothing (undefined)")
    try:
        return json.loads(json.dumps(result, default=_encode))
    except TypeError as error:
        raise ExpressionError("returned an unsupported result type") from error


@lru_cache(maxsize=2048)
def _compile(expression: str) -> Jsonata:
    compiled = Jsonata(expression)
    compiled.set_output_convert_nulls(False)
    return compiled


def _encode(value: Any) -> Any:
    if value is Utils.NULL_VALUE:
        return None
    raise TypeError(f"{type(value).__name__} is not JSON")


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    return [list(items[start : start + int(size)]) for start in range(0, len(items), int(size))]


def _range(first: int, last: int, step: int) -> list[int]:
    return list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))


def _digest(text: str, algorithm: str) -> str:
    return hashlib.new(_HASHES[algorithm], text.encode()).hexdigest()


def _random(seed: Any = None) -> float:
    # AWS gives $random an optional seed; nothing here is a secret.
    return random.Random(seed).random()


# What Step Functions adds to JSONata's own functions.
_FUNCTIONS = {
    "partition": Jsonata.JLambda(_partition),
    "range": Jsonata.JLambda(_range),
    "hash": Jsonata.JLambda(_digest),
    "random": Jsonata.JLambda(_random),
    "uuid": Jsonata.JLambda(lambda: str(uuid.uuid4())),
    "parse": Jsonata.JLambda(json.loads),
}


def _evaluate_state_expression(self: StringJSONata, env: Environment) -> None:
    store = env.variable_store
    # Dates in the context object become text as they do in moto's own encoding.
    states = json.loads(to_json_str(env.states._states_data))
    bindings = {**store._outer_scope, **store._inner_scope, "states": states}
    try:
        env.stack.append(evaluate(self.expression, bindings))
    except ExpressionError as error:
        raise _failure(env, f"The JSONata expression '{self.expression}' failed: {error}") from error


def _failure(env: Environment, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EvaluationFailedEventDetails(cause=cause, error=name.error_name)
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(evaluationFailedEventDetails=details),
        )
    )


def apply() -> None:
    """Let every `{% … %}` be evaluated from bound values instead of generated source text."""
    StringJSONata._eval_body = _evaluate_state_expression
