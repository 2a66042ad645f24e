"""Are wrong requests refused by the names, codes and rules of botocore's model?"""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import ServiceModel

from local.bedrock import api
from local.bedrock.account import ACCOUNT_PARAMETER
from tests.local.bedrock.conftest import BASE, BUCKET, Bedrock
from tests.local.bedrock.test_jobs import code_of


@pytest.fixture(scope="module")
def service() -> ServiceModel:
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model("bedrock", "service-2"), "bedrock")


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"jobName": "under_score"}, "jobName"),
        ({"jobName": "x" * 64}, "jobName"),
        ({"customModelName": "dot.ted"}, "customModelName"),
        ({"roleArn": "not-a-role"}, "roleArn"),
        ({"clientRequestToken": "-starts-with-a-dash"}, "clientRequestToken"),
        ({"customizationType": "MAGIC"}, "customizationType"),
        ({"outputDataConfig": {"s3Uri": f"s3://{BUCKET}/day=1"}}, "outputDataConfig.s3Uri"),
        ({"trainingDataConfig": {"s3Uri": "https://example.com/x"}}, "trainingDataConfig.s3Uri"),
        ({"jobTags": [{"key": "a#b", "value": "c"}]}, "jobTags.1.member.key"),
        ({"hyperParameters": {"epochCount": "9"}}, "epochCount"),
        ({"hyperParameters": {"epochCount": "two"}}, "epochCount"),
        ({"hyperParameters": {"dropout": "0.1"}}, "dropout"),
        ({"customizationType": "DISTILLATION"}, "DISTILLATION"),
        ({"baseModelIdentifier": "amazon.nova-micro-v1:0"}, "amazon.nova-micro-v1:0"),
        ({"baseModelIdentifier": "amazon.unheard-of-v1:0"}, "model identifier"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_request_that_breaks_a_rule_is_refused_and_the_member_named(
    bedrock: Bedrock, changes: dict[str, Any], member: str
) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.start(**changes)
    assert code_of(raised) == ("ValidationException", 400)
    assert member in raised.value.response["Error"]["Message"]


def test_members_that_the_client_does_not_miss_are_missed_by_the_service(bedrock: Bedrock) -> None:
    client = bedrock.client("bedrock", "us-east-1")
    client.meta.events.register("before-call.bedrock.CreateModelCustomizationJob", _without_body)
    try:
        with pytest.raises(ClientError) as raised:
            bedrock.start()
    finally:
        client.meta.events.unregister("before-call.bedrock.CreateModelCustomizationJob", _without_body)
    assert code_of(raised) == ("ValidationException", 400)
    message = raised.value.response["Error"]["Message"]
    assert all(
        name in message for name in ("jobName", "roleArn", "baseModelIdentifier", "trainingDataConfig")
    )


def _without_body(params: dict[str, Any], **_: Any) -> None:
    params["body"] = b"{}"


def test_a_model_of_another_region_is_refused(bedrock: Bedrock) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.client("bedrock", "us-west-2").create_model_customization_job(**bedrock.request())
    assert code_of(raised) == ("ValidationException", 400)


@pytest.mark.parametrize(
    ("lifecycle", "code", "status"),
    [
        ({"status": "LEGACY"}, "ValidationException", 400),
        (
            {"status": "LEGACY", "endOfLifeTime": "2026-09-10T00:00:00+00:00"},
            "ResourceNotFoundException",
            404,
        ),
    ],
    ids=["legacy", "ended"],
)
def test_a_model_at_the_end_of_its_life_is_not_customized(
    bedrock: Bedrock, lifecycle: dict[str, str], code: str, status: int
) -> None:
    bedrock.set_parameter(ACCOUNT_PARAMETER, {"foundation_models": {"amazon.nova-micro-v1:0": lifecycle}})
    try:
        with pytest.raises(ClientError) as raised:
            bedrock.start()
        listed = bedrock.control.list_foundation_models()["modelSummaries"]
    finally:
        bedrock.client("ssm").delete_parameter(Name=ACCOUNT_PARAMETER)
    assert code_of(raised) == (code, status)
    shown = [one["modelLifecycle"]["status"] for one in listed if one["modelId"] == BASE]
    assert shown == (["LEGACY"] if status == 400 else [])


def test_settings_that_cannot_be_used_are_told(bedrock: Bedrock) -> None:
    bedrock.set_parameter(ACCOUNT_PARAMETER, {"timings": {"que": 1}})
    try:
        with pytest.raises(ClientError) as raised:
            bedrock.control.list_foundation_models()
    finally:
        bedrock.client("ssm").delete_parameter(Name=ACCOUNT_PARAMETER)
    assert "unknown que" in raised.value.response["Error"]["Message"]


def test_foundation_models_are_listed_with_training_id_and_lifecycle(bedrock: Bedrock) -> None:
    tunable = bedrock.control.list_foundation_models(byCustomizationType="FINE_TUNING")["modelSummaries"]
    (micro,) = [one for one in tunable if one["modelId"] == BASE]
    assert micro["modelArn"] == f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}"
    assert micro["modelLifecycle"]["status"] == "ACTIVE"
    assert micro["providerName"] == "Amazon"
    usable = bedrock.control.list_foundation_models(byInferenceType="ON_DEMAND")["modelSummaries"]
    assert "amazon.nova-micro-v1:0" in [one["modelId"] for one in usable]
    got = bedrock.control.get_foundation_model(modelIdentifier=BASE)["modelDetails"]
    assert got == micro
    with pytest.raises(ClientError) as raised:
        bedrock.control.get_foundation_model(modelIdentifier="amazon.unheard-of-v1:0")
    assert code_of(raised) == ("ResourceNotFoundException", 404)


def test_availability_says_where_a_model_is_offered(bedrock: Bedrock) -> None:
    answers = {
        region: bedrock.client("bedrock", region).get_foundation_model_availability(
            modelId="amazon.nova-micro-v1:0"
        )
        for region in ("us-east-1", "us-west-2")
    }
    assert answers["us-east-1"]["regionAvailability"] == "AVAILABLE"
    assert answers["us-west-2"]["regionAvailability"] == "NOT_AVAILABLE"
    assert answers["us-east-1"]["authorizationStatus"] == "AUTHORIZED"


def test_every_operation_that_is_supplied_exists_in_botocore(service: ServiceModel) -> None:
    assert set(api.CONTROL_PLANE) <= set(service.operation_names)


def test_what_is_not_supplied_is_an_error_with_a_name(bedrock: Bedrock) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.control.list_guardrails()
    assert raised.value.response["Error"]["Code"] == "UnknownOperationException"
    assert "ListGuardrails" in raised.value.response["Error"]["Message"]


def test_regions_and_their_resources_are_apart(bedrock: Bedrock, model: str) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.client("bedrock", "us-west-2").get_custom_model(modelIdentifier=model)
    assert code_of(raised) == ("ResourceNotFoundException", 404)
