"""How are people told? One message to the environment's topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunesmith.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_LONGEST_SUBJECT: Final = 100
"""SNS takes subjects of up to 100 ASCII characters without line breaks."""


def publish(topic_arn: str, subject: str, message: str, client: SNSClient | None = None) -> None:
    """Publish a message; what SNS does not take in a subject is replaced or cut off."""
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in subject)
    (client or clients.sns()).publish(TopicArn=topic_arn, Subject=plain[:_LONGEST_SUBJECT], Message=message)
