"""What a rule's target gets: Input, InputPath and InputTransformer."""

from __future__ import annotations

import json

import pytest

from local.patches.event_targets import message_for

EVENT = {"id": "1", "source": "aws.s3", "detail": {"name": 'a "b"', "size": 3, "tags": ["x"]}}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({}, EVENT),
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.tags"}, ["x"]),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {
                        "n": "$.detail.name",
                        "s": "$.detail.size",
                        "t": "$.detail.tags",
                        "no": "$.no",
                    },
                    "InputTemplate": '{"name":<n>,"size":<s>,"told":"<n>, <s>","tags":<t>,"absent":<no>}',
                }
            },
            {"name": 'a "b"', "size": 3, "told": 'a "b", 3', "tags": ["x"], "absent": None},
        ),
        ({"InputTransformer": {"InputTemplate": '{"by":<aws.events.rule-arn>}'}}, {"by": "arn:rule"}),
    ],
)
def test_a_target_gets_what_it_asked_for(target: dict[str, object], message: object) -> None:
    assert json.loads(message_for(target, EVENT, "arn:rule")) == message
