"""EventBridge rules reach Step Functions, SQS, SNS and Lambda, with Input, InputPath and InputTransformer.

moto knows SQS of these, raises inside the caller's request for the others, and sends S3 events untransformed.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
from moto.events.models import Rule, events_backends
from moto.utilities.arns import parse_arn

LOG = logging.getLogger(__name__)

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
# A target that starts a machine or runs a function must not hold up whoever caused the event.
_DISPATCHER = ThreadPoolExecutor(max_workers=4, thread_name_prefix="event-targets")


def apply() -> None:
    """Replace how a rule sends an event that it matches."""
    Rule.send_to_targets = _send_to_targets


def publish(
    *,
    account: str,
    region: str,
    source: str,
    detail_type: str,
    resources: list[str],
    detail: dict[str, Any],
    time: datetime,
) -> None:
    """Put an event of an AWS service on the default bus."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": resources,
        "detail": detail,
    }
    for rule in list(events_backends[account][region].event_buses["default"].rules.values()):
        rule.send_to_targets(event)


def _send_to_targets(self: Rule, original_event: dict[str, Any], transform_input: bool = True) -> None:
    if (
        self.state != "ENABLED"
        or self.scheduled_expression
        or not self.event_pattern.matches_event(original_event)
    ):
        return
    event = json.loads(json.dumps(original_event))
    if isinstance(event["time"], int | float):
        event["time"] = iso_8601_datetime_without_milliseconds(utcfromtimestamp(event["time"]))
    for target in list(self.targets):
        _DISPATCHER.submit(_deliver, self, target, event)


def _deliver(rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    try:
        _send(target["Arn"], message_for(target, event, rule.arn), target, event)
    except Exception as error:  # noqa: BLE001 - as in AWS, a target that fails harms nobody else
        LOG.warning("%s could not reach %s: %s", rule.name, target["Arn"], error)
        dead_letters = target.get("DeadLetterConfig", {}).get("Arn")
        if dead_letters:
            _send(dead_letters, json.dumps(event), {}, event)


def message_for(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """Return the text that the target gets, as its Input, InputPath or InputTransformer says."""
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        values = {
            name: _select(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()
        }
        values |= {"aws.events.event.json": event, "aws.events.event": event, "aws.events.rule-arn": rule_arn}
        return _fill(transformer["InputTemplate"], values)
    if "InputPath" in target:
        return json.dumps(_select(event, target["InputPath"]))
    return target.get("Input") or json.dumps(event)


def _select(event: Any, path: str) -> Any:
    for part in path.removeprefix("$").strip(".").split("."):
        if part:
            event = event.get(part) if isinstance(event, dict) else None
    return event


def _fill(template: str, values: dict[str, Any]) -> str:
    """Replace `<name>`: by its JSON outside of quotes, by its bare text inside of them."""
    filled, end = [], 0
    for match in _PLACEHOLDER.finditer(template):
        filled.append(template[end : match.start()])
        value = values.get(match[1])
        quoted = len(re.findall(r'(?<!\\)"', template[: match.start()])) % 2 == 1
        text = value if isinstance(value, str) else json.dumps(value)
        filled.append(json.dumps(text)[1:-1] if quoted else json.dumps(value))
        end = match.end()
    return "".join([*filled, template[end:]])


def _send(arn: str, message: str, target: dict[str, Any], event: dict[str, Any]) -> None:
    destination = parse_arn(arn)
    account, region = destination.account, destination.region
    if destination.service == "states":
        from moto.stepfunctions.parser.models import stepfunctions_parser_backends

        name = f"{event['id']}_{uuid.uuid4()}"[:80]
        stepfunctions_parser_backends[account][region].start_execution(arn, name, message)
    elif destination.service == "sqs":
        from moto.sqs import sqs_backends

        group = target.get("SqsParameters", {}).get("MessageGroupId")
        sqs_backends[account][region].send_message(destination.resource_id, message, group_id=group)
    elif destination.service == "sns":
        from moto.sns import sns_backends

        sns_backends[account][region].publish(message=message, arn=arn)
    elif destination.service == "lambda":
        from moto.awslambda.utils import get_backend

        get_backend(account, region).invoke(arn, None, message, {}, {})
    else:
        raise NotImplementedError(f"Events cannot be sent to {destination.service} here")
