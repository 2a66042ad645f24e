"""Does a model take one more call? A bucket for each, which holds a second's worth and fills evenly."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from local.bedrock.account import Inference
from local.bedrock.errors import BedrockError


@dataclass(slots=True)
class _Bucket:
    left: float
    seen: float


@dataclass(slots=True)
class RequestRate:
    """The calls that each model of a Region took of late; who calls holds the Region's lock."""

    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, model: str, settings: Inference) -> None:
        """Count a call in real time. Raises ThrottlingException above the model's rate."""
        a_second = settings.requests_per_minute / 60
        if a_second == float("inf"):
            return
        now = time.monotonic()
        bucket = self._buckets.setdefault(model, _Bucket(max(1.0, a_second), now))
        bucket.left = min(max(1.0, a_second), bucket.left + (now - bucket.seen) * a_second)
        bucket.seen = now
        if bucket.left < 1:
            raise BedrockError("ThrottlingException", "Too many requests, please wait before trying again.")
        bucket.left -= 1
