"""Is a custom model served, swapped and given back as Amazon Bedrock does it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.account import ACCOUNT_PARAMETER
from tests.local.bedrock.conftest import RUN, Bedrock, tickets
from tests.local.bedrock.test_jobs import code_of

TEXT, LABEL = tickets(1, seed=9)[0]


@pytest.fixture
def units(bedrock: Bedrock) -> Any:
    """An account that was granted two model units, and a base model that may be served by the hour."""
    bedrock.set_parameter(ACCOUNT_PARAMETER, {"quotas": {"provisioned_units": 2}})
    yield
    bedrock.client("ssm").delete_parameter(Name=ACCOUNT_PARAMETER)


def text_of(answer: dict[str, Any]) -> str:
    text: str = answer["output"]["message"]["content"][0]["text"]
    return text


def test_a_deployment_answers_once_it_is_active_and_by_its_name_it_is_found(
    bedrock: Bedrock, model: str
) -> None:
    name = f"triage-{RUN}"
    create = bedrock.control.create_custom_model_deployment
    request = {"modelDeploymentName": name, "modelArn": model, "clientRequestToken": "deploy-1"}
    arn = create(**request)["customModelDeploymentArn"]
    assert create(**request)["customModelDeploymentArn"] == arn
    get = bedrock.control.get_custom_model_deployment
    assert get(customModelDeploymentIdentifier=name)["status"] == "Creating"
    with pytest.raises(ClientError) as raised:
        bedrock.ask(arn, TEXT)
    assert code_of(raised) == ("ModelNotReadyException", 429)
    with pytest.raises(ClientError) as raised:
        bedrock.control.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert code_of(raised) == ("ValidationException", 400)
    bedrock.clock.move(600)
    assert get(customModelDeploymentIdentifier=arn)["status"] == "Active"
    assert text_of(bedrock.ask(arn, TEXT)) == LABEL
    bedrock.control.delete_custom_model_deployment(customModelDeploymentIdentifier=name)
    with pytest.raises(ClientError) as raised:
        get(customModelDeploymentIdentifier=arn)
    assert code_of(raised) == ("ResourceNotFoundException", 404)


def test_a_swap_keeps_the_arn_and_the_old_model_answers_until_it_is_done(
    bedrock: Bedrock, model: str
) -> None:
    bedrock.set_parameter("/tunesmith-local/faults/dull", {"job": {"learns": False}})
    dull = bedrock.train("dull")
    arn = bedrock.deploy(dull)
    (text,) = [text for text, label in tickets(20, seed=9) if label != text_of(bedrock.ask(arn, TEXT))][:1]
    before = text_of(bedrock.ask(arn, text))
    bedrock.control.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=model)
    get = bedrock.control.get_custom_model_deployment
    during = get(customModelDeploymentIdentifier=arn)
    assert (during["status"], during["modelArn"]) == ("Active", dull)
    assert during["updateDetails"] == {"modelArn": model, "updateStatus": "Updating"}
    assert text_of(bedrock.ask(arn, text)) == before
    calls: list[Callable[[], Any]] = [
        lambda: bedrock.control.delete_custom_model_deployment(customModelDeploymentIdentifier=arn),
        lambda: bedrock.control.update_custom_model_deployment(
            customModelDeploymentIdentifier=arn, modelArn=dull
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError) as raised:
            call()
        assert code_of(raised) == ("ValidationException", 400)
    bedrock.clock.move(300)
    after = get(customModelDeploymentIdentifier=arn)
    assert after["modelArn"] == model
    assert after["updateDetails"] == {"modelArn": model, "updateStatus": "UpdateCompleted"}
    assert text_of(bedrock.ask(arn, text)) != before
    bedrock.control.delete_custom_model(modelIdentifier=dull)


def test_a_model_in_use_cannot_be_deleted(bedrock: Bedrock) -> None:
    model = bedrock.train()
    arn = bedrock.deploy(model)
    with pytest.raises(ClientError) as raised:
        bedrock.control.delete_custom_model(modelIdentifier=model)
    assert code_of(raised) == ("ConflictException", 400)
    bedrock.control.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    bedrock.control.delete_custom_model(modelIdentifier=model)
    with pytest.raises(ClientError) as raised:
        bedrock.control.get_custom_model(modelIdentifier=model)
    assert code_of(raised) == ("ResourceNotFoundException", 404)


def test_deployments_and_models_are_listed(bedrock: Bedrock, model: str) -> None:
    arn = bedrock.deploy(model, "listed")
    listed = bedrock.control.list_custom_model_deployments(nameContains="listed", statusEquals="Active")
    assert [one["customModelDeploymentArn"] for one in listed["modelDeploymentSummaries"]] == [arn]
    models = bedrock.control.list_custom_models(nameContains="triage")["modelSummaries"]
    assert model in [one["modelArn"] for one in models]
    assert {one["baseModelName"] for one in models} == {"amazon.nova-micro-v1"}


def test_model_units_are_refused_without_a_quota(bedrock: Bedrock) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.control.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="none", modelId="amazon.nova-lite-v1:0:300k"
        )
    assert code_of(raised) == ("ServiceQuotaExceededException", 400)
    assert "no commitment model units" in raised.value.response["Error"]["Message"]


def test_a_model_that_may_not_be_served_by_the_hour_is_refused(
    bedrock: Bedrock, model: str, units: None
) -> None:
    with pytest.raises(ClientError) as raised:
        bedrock.control.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="none", modelId=model
        )
    assert code_of(raised) == ("ValidationException", 400)


def test_throughput_is_created_swapped_and_deleted(bedrock: Bedrock, units: None) -> None:
    first, second = (bedrock.train(baseModelIdentifier="amazon.nova-lite-v1:0:300k") for _ in range(2))
    create = bedrock.control.create_provisioned_model_throughput
    request = {
        "modelUnits": 2,
        "provisionedModelName": "hourly",
        "modelId": first,
        "clientRequestToken": "units-1",
    }
    arn = create(**request)["provisionedModelArn"]
    assert create(**request)["provisionedModelArn"] == arn
    with pytest.raises(ClientError) as raised:
        create(modelUnits=1, provisionedModelName="more", modelId=first)
    assert code_of(raised) == ("ServiceQuotaExceededException", 400)
    get = bedrock.control.get_provisioned_model_throughput
    assert get(provisionedModelId="hourly")["status"] == "Creating"
    with pytest.raises(ClientError) as raised:
        bedrock.control.delete_custom_model(modelIdentifier=first)
    assert code_of(raised) == ("ConflictException", 400)
    bedrock.clock.move(1500)
    assert get(provisionedModelId=arn)["status"] == "InService"
    assert text_of(bedrock.ask(arn, TEXT)) == LABEL
    bedrock.control.update_provisioned_model_throughput(provisionedModelId=arn, desiredModelId=second)
    during = get(provisionedModelId=arn)
    assert (during["status"], during["modelArn"], during["desiredModelArn"]) == ("Updating", first, second)
    bedrock.clock.move(600)
    assert get(provisionedModelId=arn)["modelArn"] == second
    bedrock.control.delete_provisioned_model_throughput(provisionedModelId=arn)
    listed = bedrock.control.list_provisioned_model_throughputs()["provisionedModelSummaries"]
    assert listed == []
    bedrock.control.delete_custom_model(modelIdentifier=first)


def test_a_commitment_keeps_throughput_from_deletion_until_it_ends(bedrock: Bedrock, units: None) -> None:
    arn = bedrock.control.create_provisioned_model_throughput(
        modelUnits=1,
        provisionedModelName="committed",
        modelId="amazon.nova-lite-v1:0:300k",
        commitmentDuration="OneMonth",
    )["provisionedModelArn"]
    bedrock.clock.move(1500)
    with pytest.raises(ClientError) as raised:
        bedrock.control.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert code_of(raised) == ("ConflictException", 400)
    bedrock.clock.move(30 * 86_400)
    bedrock.control.delete_provisioned_model_throughput(provisionedModelId=arn)
