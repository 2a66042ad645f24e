"""What does a model answer, in how many tokens and what time? Converse, InvokeModel for Nova, CountTokens.

Rules of the stand-in: a token is four characters; a call takes 150 ms and, times the model's size (1 to 3),
0.02 ms for each token read and 6 ms for each token written. The same request gets the same answer,
unless a fault says that the model wavers.
"""

from __future__ import annotations

import json
import random
from typing import Any, Final

from local.bedrock import deployments, throughput
from local.bedrock.base_answers import answer_as_base, size_of
from local.bedrock.base_models import PROFILE_GROUPS
from local.bedrock.errors import BedrockError, not_found, validation
from local.bedrock.fit import CHARACTERS_PER_TOKEN, count_tokens
from local.bedrock.foundation import FoundationModel
from local.bedrock.judge import judge
from local.bedrock.names import project_of
from local.bedrock.region import CustomModel, Operation, Region

START_MS: Final = 150.0
READ_MS: Final = 0.02
WRITE_MS: Final = 6.0
INVALID: Final = "The provided model identifier is invalid."


def converse(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Answer a conversation's last user turn."""
    model = _resolve(region, params["modelId"])
    system = _text(params.get("system", []))
    turns = [(message["role"], _text(message["content"])) for message in params.get("messages", [])]
    if not turns or turns[0][0] != "user":
        raise validation("A conversation must start with a user message.")
    if turns[-1][0] != "user":
        raise validation("The conversation must end with a user message.")
    user = turns[-1][1]
    if not user.strip():
        raise validation("The text field in the ContentBlock object at messages is blank.")
    base = model if isinstance(model, FoundationModel) else model.job.base
    if isinstance(model, CustomModel):
        answer = _answer_as_tuned(region, model, system, user)
    else:
        answer = judge(user, region.account().judge_bias) or answer_as_base(
            model.model_id, system, user, _examples(turns)
        )
    answer, reason = _shortened(answer, params.get("inferenceConfig", {}))
    read, written = count_tokens(system, *(text for _, text in turns)), count_tokens(answer)
    latency = START_MS + size_of(base.model_id) * (READ_MS * read + WRITE_MS * written)
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": answer}]}},
        "stopReason": reason,
        "usage": {"inputTokens": read, "outputTokens": written, "totalTokens": read + written},
        "metrics": {"latencyMs": round(latency)},
    }


def _answer_as_tuned(region: Region, model: CustomModel, system: str, user: str) -> str:
    """Return a custom model's answer; one that is told to waver answers at random now and then."""
    answer = model.learned.answer(system, user)
    share = region.surroundings.read_faults(project_of(model.name), "answers").get("waver", 0.0)
    if not share:
        return answer
    model.asked[user] += 1
    chance = random.Random(f"{user}:{model.asked[user]}")
    return chance.choice(model.learned.completions) if chance.random() < share else answer


def _examples(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pair the turns before the last one: what was asked and what was answered."""
    return [
        (asked, answered)
        for (role, asked), (_, answered) in zip(turns[:-1:2], turns[1:-1:2], strict=False)
        if role == "user"
    ]


def invoke(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Answer a Nova body, which is Converse's in all that the stand-in reads."""
    try:
        body = json.loads(params.get("body") or b"{}")
        request = {key: body[key] for key in ("messages", "system", "inferenceConfig") if key in body}
        answer = converse(region, {"modelId": params["modelId"], **request})
    except (ValueError, KeyError, TypeError) as error:
        raise validation("Malformed input request, please reformat your input and try again.") from error
    return {
        "body": json.dumps({key: answer[key] for key in ("output", "stopReason", "usage")}),
        "contentType": "application/json",
    }


def count(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Count a request's tokens; base models alone have a tokenizer here, as in Bedrock."""
    model = _resolve(region, params["modelId"])
    if isinstance(model, CustomModel):
        raise validation("The provided model doesn't support counting tokens.")
    asked = params["input"].get("converse")
    if asked is None:
        raise validation("The local cloud counts the tokens of a conversation alone.")
    texts = [_text(asked.get("system", [])), *(_text(turn["content"]) for turn in asked.get("messages", []))]
    return {"inputTokens": count_tokens(*texts)}


def _resolve(region: Region, identifier: str) -> CustomModel | FoundationModel:
    kind = identifier.rsplit(":", 1)[-1].partition("/")[0] if identifier.startswith("arn:") else ""
    if kind == "custom-model-deployment":
        return _deployed(region, identifier)
    if kind == "provisioned-model":
        return _provisioned(region, identifier)
    if kind == "custom-model":
        raise validation(
            "Invocation of a custom model by its ARN is not supported: deploy it, and use the ARN of the "
            "deployment or of its Provisioned Throughput."
        )
    name = identifier.rsplit("/", 1)[-1]
    group, _, rest = name.partition(".")
    model = region.foundation_model(rest if group in PROFILE_GROUPS else name, to_ask=True)
    if model is None or "ON_DEMAND" not in model.inference_types:
        raise validation(INVALID)
    if model.ended(region.now()):
        raise not_found(
            "This model version has reached the end of its life. Please refer to the AWS documentation "
            "for more details."
        )
    return model


def _deployed(region: Region, arn: str) -> CustomModel:
    deployment = deployments.find(region, arn)
    if deployments.status_of(region, deployment) != "Active":
        raise BedrockError(
            "ModelNotReadyException", f"The custom model deployment {arn} is not ready for inference."
        )
    return deployment.model


def _provisioned(region: Region, arn: str) -> CustomModel | FoundationModel:
    found = throughput.find(region, arn)
    if throughput.status_of(region, found) == "Creating":
        raise BedrockError(
            "ModelNotReadyException", f"The provisioned model {arn} is not ready for inference."
        )
    return found.model


def _shortened(answer: str, config: dict[str, Any]) -> tuple[str, str]:
    reason = "end_turn"
    for sequence in config.get("stopSequences", []):
        if sequence and sequence in answer:
            answer, reason = answer[: answer.index(sequence)], "stop_sequence"
    most = config.get("maxTokens")
    if most is not None and len(answer) > most * CHARACTERS_PER_TOKEN:
        return answer[: most * CHARACTERS_PER_TOKEN], "max_tokens"
    return answer, reason


def _text(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(block["text"] for block in blocks if "text" in block)


OPERATIONS: Final[dict[str, Operation]] = {
    "Converse": converse,
    "InvokeModel": invoke,
    "CountTokens": count,
}
