"""Does Converse answer as Amazon Bedrock Runtime does, from what was learnt?"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.local.bedrock.conftest import SYSTEM, Bedrock, tickets
from tests.local.bedrock.test_jobs import code_of

MICRO = "amazon.nova-micro-v1:0"
TEST = tickets(150, seed=5)


@pytest.fixture(scope="module")
def deployment(bedrock: Bedrock, model: str) -> str:
    return bedrock.deploy(model)


def test_the_tuned_model_is_better_than_its_base(bedrock: Bedrock, deployment: str) -> None:
    assert bedrock.accuracy(deployment, TEST) > 0.95 > 0.6 > bedrock.accuracy(MICRO, TEST)


def test_an_answer_has_usage_by_the_rule_of_four_characters_and_the_latency_of_its_length(
    bedrock: Bedrock, deployment: str
) -> None:
    text, label = TEST[0]
    answer = bedrock.ask(deployment, text)
    read, written = -(-len(SYSTEM + text) // 4), -(-len(label) // 4)
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": label}]}
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"] == {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}
    assert answer["metrics"] == {"latencyMs": round(150 + 0.02 * read + 6 * written)}


def test_every_answer_says_that_no_llm_gave_it(bedrock: Bedrock, deployment: str) -> None:
    answers = [
        bedrock.ask(deployment, "hello"),
        bedrock.control.get_custom_model_deployment(customModelDeploymentIdentifier=deployment),
    ]
    headers = [answer["ResponseMetadata"]["HTTPHeaders"]["x-tunesmith-local"] for answer in answers]
    assert all("no LLM" in text for text in [*headers, answers[1]["description"]])


def test_a_larger_model_takes_longer(bedrock: Bedrock) -> None:
    took = [
        bedrock.ask(f"amazon.nova-{size}-v1:0", TEST[0][0])["metrics"]["latencyMs"]
        for size in ("micro", "pro")
    ]
    assert took[0] < took[1]


def test_inference_profiles_and_arns_name_the_same_model(bedrock: Bedrock) -> None:
    ids = (
        MICRO,
        f"us.{MICRO}",
        f"arn:aws:bedrock:us-east-1::foundation-model/{MICRO}",
        f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{MICRO}",
    )
    answers = [bedrock.ask(name, TEST[1][0])["output"] for name in ids]
    assert all(answer == answers[0] for answer in answers)


def test_an_answer_is_cut_at_the_token_limit(bedrock: Bedrock, deployment: str) -> None:
    (text,) = [text for text, label in TEST if label == "warranty"][:1]
    answer = bedrock.ask(deployment, text, inferenceConfig={"maxTokens": 1})
    assert (answer["output"]["message"]["content"], answer["stopReason"]) == (
        [{"text": "warr"}],
        "max_tokens",
    )


@pytest.mark.parametrize(
    ("model_id", "code"),
    [
        ("amazon.unheard-of-v1:0", "ValidationException"),
        ("amazon.nova-micro-v1:0:128k", "ValidationException"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl",
            "ResourceNotFoundException",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
            "ResourceNotFoundException",
        ),
    ],
)
def test_what_cannot_be_invoked_is_refused(bedrock: Bedrock, model_id: str, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.ask(model_id, "hello")
    assert code_of(raised)[0] == code


def test_a_custom_model_is_not_invoked_by_its_own_arn(bedrock: Bedrock, model: str) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.ask(model, "hello")
    assert code_of(raised) == ("ValidationException", 400)


def test_a_conversation_must_end_with_the_user(bedrock: Bedrock) -> None:
    messages = [{"role": role, "content": [{"text": "hello"}]} for role in ("user", "assistant")]
    with pytest.raises(ClientError) as raised:
        bedrock.runtime.converse(modelId=MICRO, messages=messages)
    assert code_of(raised) == ("ValidationException", 400)


def test_invoke_model_takes_a_nova_body(bedrock: Bedrock, deployment: str) -> None:
    text, label = TEST[2]
    body = {"system": [{"text": SYSTEM}], "messages": [{"role": "user", "content": [{"text": text}]}]}
    answer = json.loads(
        bedrock.runtime.invoke_model(modelId=deployment, body=json.dumps(body))["body"].read()
    )
    assert answer["output"]["message"]["content"][0]["text"] == label
    with pytest.raises(ClientError) as raised:
        bedrock.runtime.invoke_model(modelId=deployment, body="not json")
    assert code_of(raised) == ("ValidationException", 400)


def test_tokens_are_counted_for_base_models_by_the_rule_of_four_characters(
    bedrock: Bedrock, deployment: str
) -> None:
    text = TEST[0][0]
    asked = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    told = bedrock.runtime.count_tokens(
        modelId=MICRO, input={"converse": {**asked, "system": [{"text": SYSTEM}]}}
    )
    assert told["inputTokens"] == bedrock.ask(MICRO, text)["usage"]["inputTokens"]
    for model, wanted in ((deployment, {"converse": asked}), (MICRO, {"invokeModel": {"body": b"{}"}})):
        with pytest.raises(ClientError) as refused:
            bedrock.runtime.count_tokens(modelId=model, input=wanted)
        assert code_of(refused)[0] == "ValidationException"
