"""How are a reinforcement job's answers graded? By the Lambda function that the job names, in this cloud.

Payload and answer follow the user guide's page on reward functions for Nova. Bedrock tells nobody how many
answers it sends at once; here it is at most 64.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.bedrock.records import BadRecordError, Prompt

AT_ONCE: Final = 64
_SHOWN: Final = 300


class LambdaGrader:
    """Invokes one function; whatever goes wrong with it ends the job."""

    def __init__(self, arn: str, endpoint: str) -> None:
        self._arn = arn
        self._client: Any = boto3.client(  # noqa: TID251 # Bedrock's own
            "lambda",
            endpoint_url=endpoint,
            region_name=arn.split(":")[3],
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 3, "mode": "standard"}),
        )
        self._graded = 0

    def __call__(self, answers: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Grade answers to prompts. Raises BadRecordError, whose text is the job's failureMessage."""
        rewards: list[float] = []
        for first in range(0, len(answers), AT_ONCE):
            rewards += self._invoke([self._sample(*one) for one in answers[first : first + AT_ONCE]])
        return rewards

    def _sample(self, prompt: Prompt, answer: str) -> dict[str, Any]:
        self._graded += 1
        return {
            "id": str(self._graded),
            "messages": [*prompt.messages, {"role": "assistant", "content": answer}],
            "metadata": prompt.metadata,
        }

    def _invoke(self, samples: list[dict[str, Any]]) -> list[float]:
        try:
            answer = self._client.invoke(FunctionName=self._arn, Payload=json.dumps(samples).encode())
            body = answer["Payload"].read().decode(errors="replace")
        except (ClientError, BotoCoreError) as error:
            raise self._failed(str(error)) from error
        if answer.get("FunctionError"):
            raise self._failed(f"it failed with {body[:_SHOWN]}")
        try:
            return read_rewards(json.loads(body), [sample["id"] for sample in samples])
        except ValueError as error:
            raise self._failed(str(error)) from error

    def _failed(self, why: str) -> BadRecordError:
        return BadRecordError(f"Could not grade responses by the Lambda function {self._arn}: {why}.")


def read_rewards(answer: Any, ids: Sequence[str]) -> list[float]:
    """Read the reward of each sample, in their order. Raises ValueError where there is none."""
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise ValueError("the response is not a list of objects")
    rewards = {str(one.get("id")): one.get("aggregate_reward_score") for one in answer}
    for name in ids:
        reward = rewards.get(name)
        if isinstance(reward, bool) or not isinstance(reward, int | float) or not math.isfinite(reward):
            raise ValueError(f"the response has no finite aggregate_reward_score for the sample {name}")
    return [float(rewards[name]) for name in ids]
