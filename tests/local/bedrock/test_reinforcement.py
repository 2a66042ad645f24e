"""Does a model earn higher rewards from a function that grades, and is what cannot be graded refused?"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction
from moto.core.utils import get_service_model

from local.bedrock import api
from local.bedrock.account import Timings
from local.bedrock.base_answers import answer_as_base
from local.bedrock.errors import BedrockError
from local.bedrock.grading import read_rewards
from local.bedrock.region import Region
from local.bedrock.requests import check_request
from tests.local.bedrock.conftest import SYSTEM, Bedrock, jsonl, tickets

BASE = "amazon.nova-2-lite-v1:0:256k"
NUMBERS = {"epochCount": 2, "batchSize": 32, "trainingSamplePerPrompt": 4, "evalInterval": 5}
TRUST = '{"Version": "2012-10-17", "Statement": []}'
Grader = Callable[[list[dict[str, Any]]], Any]


def rewarded(samples: list[dict[str, Any]]) -> Any:
    """One for the reference answer; the payload is the user guide's."""
    return [
        {
            "id": sample["id"],
            "aggregate_reward_score": float(
                sample["messages"][-1]
                == {"role": "assistant", "content": sample["metadata"]["reference_answer"]}
            ),
        }
        for sample in samples
    ]


class Account:
    """The stand-in's account with one function, whose code is a callable of the test."""

    def __init__(self, bedrock: Bedrock) -> None:
        self.bedrock = bedrock
        self.grader: Grader = rewarded
        self.asked: list[dict[str, Any]] = []
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("handler.py", "")
        self.role = self.make_role("training", "*")
        self.function: str = bedrock.client("lambda").create_function(
            FunctionName="grade",
            Runtime="python3.13",
            Role=self.role,
            Handler="handler.handle",
            Code={"ZipFile": packed.getvalue()},
            Publish=True,
        )["FunctionArn"]

    def make_role(self, name: str, resource: str, effect: str = "Allow") -> str:
        iam = self.bedrock.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        statement = {"Effect": effect, "Action": ["lambda:InvokeFunction"], "Resource": resource}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(RoleName=name, PolicyName="grade", PolicyDocument=json.dumps(policy))
        return arn

    def invoke(self, event: list[dict[str, Any]]) -> tuple[str, bool, str]:
        self.asked += event
        try:
            return json.dumps(self.grader(event)), False, ""
        except ZeroDivisionError as error:
            body = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return json.dumps(body), True, ""

    def request(self, **changes: Any) -> dict[str, Any]:
        config = {
            "graderConfig": {"lambdaGrader": {"lambdaArn": changes.pop("grader", self.function)}},
            "hyperParameters": {**NUMBERS, **changes.pop("numbers", {})},
        }
        return {
            "customizationType": "REINFORCEMENT_FINE_TUNING",
            "baseModelIdentifier": BASE,
            "roleArn": self.role,
            "customizationConfig": {"rftConfig": config},
            **changes,
        }


@pytest.fixture(scope="module")
def account(bedrock: Bedrock) -> Iterator[Account]:
    made = Account(bedrock)
    Region.surroundings.endpoint = bedrock.endpoint
    patch = pytest.MonkeyPatch()
    patch.setattr(LambdaFunction, "_invoke_lambda", lambda _, event=None: made.invoke(event))
    yield made
    patch.undo()


@pytest.fixture(autouse=True)
def data(bedrock: Bedrock, account: Account) -> None:
    account.grader, account.asked = rewarded, []
    bedrock.put("train.jsonl", prompts(250, seed=1))
    bedrock.put("validation.jsonl", prompts(40, seed=2))


def prompts(count: int, seed: int) -> bytes:
    records = (
        {
            "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}],
            "reference_answer": label,
            "level": "easy",
        }
        for text, label in tickets(count, seed)
    )
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rewards_rise_and_the_model_answers_better_than_its_base(bedrock: Bedrock, account: Account) -> None:
    validators = {"validators": [{"s3Uri": "s3://artifacts-of-the-tests/validation.jsonl"}]}
    job = bedrock.finish(bedrock.start(**account.request(validationDataConfig=validators)))

    assert (job["status"], job["customizationType"]) == ("Completed", "REINFORCEMENT_FINE_TUNING")
    assert job["customizationConfig"]["rftConfig"]["hyperParameters"] == NUMBERS
    assert "trainingMetrics" not in job
    files = bedrock.artifacts(job)
    steps = rows(files["training_artifacts/step_wise_training_metrics.csv"])
    earned = [float(step["critic/rewards/mean"]) for step in steps]
    assert len(earned) == 2 * 8
    assert sum(earned[-4:]) > 1.3 * sum(earned[:4])
    assert {step["epoch_number"] for step in steps} == {"0", "1"}
    watched = rows(
        files["validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"]
    )
    assert [point["step_number"] for point in watched] == ["4", "9", "14", "15"]
    assert float(watched[-1]["val-score/rewards/mean@1"]) > float(watched[0]["val-score/rewards/mean@1"])

    fresh = tickets(150, seed=3)
    base = sum(answer_as_base(BASE, SYSTEM, text) == label for text, label in fresh) / len(fresh)
    assert bedrock.accuracy(bedrock.deploy(job["outputModelArn"]), fresh) > base + 0.1
    # Four samples for each prompt and epoch, and the validation prompts at each look.
    assert len(account.asked) == 2 * 4 * 250 + 4 * 40
    assert {one["metadata"]["level"] for one in account.asked} == {"easy"}
    assert len({one["id"] for one in account.asked}) == len(account.asked)


def test_rewards_show_while_it_trains_where_that_is_asked_for(bedrock: Bedrock, account: Account) -> None:
    bedrock.set_parameter("/tunesmith-local/faults/early", {"job": {"metrics": "early", "seconds": 1_000}})
    arn = bedrock.start("early", **account.request())
    process = api.regions["123456789012"]["us-east-1"].jobs[arn].process
    assert process is not None
    assert process.wait(timeout=60) == 0
    waits = Timings()
    bedrock.clock.move(waits.validation + waits.data_processing + waits.queue + 500)
    job = bedrock.job(arn)
    assert job["status"] == "InProgress"
    shown = bedrock.artifacts(job)["training_artifacts/step_wise_training_metrics.csv"]
    assert 3 < len(shown.splitlines()) < 16
    assert not shown.endswith("\n")


def test_a_custom_model_can_be_the_base_and_keeps_what_it_learned(bedrock: Bedrock, account: Account) -> None:
    tuned = bedrock.train(
        baseModelIdentifier=BASE,
        trainingDataConfig={"s3Uri": bedrock.put("tuned.jsonl", jsonl(tickets(300, 1)))},
    )
    job = bedrock.finish(bedrock.start(**account.request(baseModelIdentifier=tuned)))
    assert (job["status"], job["baseModelArn"].rsplit("/", 1)[-1]) == ("Completed", BASE)
    steps = rows(bedrock.artifacts(job)["training_artifacts/step_wise_training_metrics.csv"])
    assert float(steps[0]["critic/rewards/mean"]) > 0.9


def test_a_grader_that_says_the_same_of_every_answer_teaches_nothing(
    bedrock: Bedrock, account: Account
) -> None:
    account.grader = lambda samples: [{"id": one["id"], "aggregate_reward_score": 0.5} for one in samples]
    job = bedrock.finish(bedrock.start(**account.request()))
    steps = rows(bedrock.artifacts(job)["training_artifacts/step_wise_training_metrics.csv"])
    assert {float(step["critic/rewards/mean"]) for step in steps} == {0.5}
    assert {float(step["actor/pg_loss"]) for step in steps} == {0.0}


@pytest.mark.parametrize(
    ("grader", "words"),
    [
        (
            lambda samples: [{"id": one["id"], "aggregate_reward_score": 1 / 0} for one in samples],
            "ZeroDivision",
        ),
        (lambda samples: rewarded(samples)[1:], "no finite aggregate_reward_score for the sample 1"),
    ],
)
def test_a_grader_that_cannot_be_used_fails_the_job_in_its_words(
    bedrock: Bedrock, account: Account, grader: Grader, words: str
) -> None:
    account.grader = grader
    job = bedrock.finish(bedrock.start(**account.request()))
    assert job["status"] == "Failed"
    assert words in job["failureMessage"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"rewards": 2}, "not a list of objects"),
        ([1.0, 1.0], "not a list of objects"),
        ([{"id": "1", "aggregate_reward_score": "1"}], "no finite aggregate_reward_score for the sample 1"),
        ([{"id": "1", "aggregate_reward_score": True}], "no finite aggregate_reward_score for the sample 1"),
        ([{"id": "1", "aggregate_reward_score": 1e999}], "no finite aggregate_reward_score for the sample 1"),
        ([{"id": "1", "aggregate_reward_score": 1}], "no finite aggregate_reward_score for the sample 2"),
    ],
)
def test_an_answer_without_a_number_for_each_sample_is_none(answer: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_rewards(answer, ["1", "2"])


def test_rewards_are_taken_by_id_in_any_order() -> None:
    answer = [{"id": "2", "aggregate_reward_score": -1}, {"id": "1", "aggregate_reward_score": 0.5}]
    assert read_rewards(answer, ["1", "2"]) == [0.5, -1.0]


def test_a_job_whose_role_may_not_invoke_the_grader_fails_before_it_trains(
    bedrock: Bedrock, account: Account
) -> None:
    other = account.make_role("other", account.function + "0")
    denied = account.make_role("denied", "*", effect="Deny")
    gone = account.function.replace("grade", "gone")
    for changes, words in (
        ({"roleArn": other}, "InvokeFunction permissions"),
        ({"roleArn": denied}, "InvokeFunction permissions"),
        ({"roleArn": "arn:aws:iam::123456789012:role/nobody"}, "InvokeFunction permissions"),
        ({"grader": gone}, "does not exist"),
    ):
        job = bedrock.finish(bedrock.start(**account.request(**changes)))
        assert (job["status"], words in job["failureMessage"]) == ("Failed", True), job["failureMessage"]
        assert job["statusDetails"]["trainingDetails"]["status"] == "NotStarted"
    assert account.asked == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (prompts(99, seed=1), "is 99; it must be from 100 to"),
        (b'{"messages": [{"role": "user", "content": "Why?"}]}\n', "'reference_answer' is missing"),
        (
            b'{"messages": [{"role": "assistant", "content": "So."}], "reference_answer": 1}\n',
            "must end with a user turn",
        ),
        (
            b'{"messages": [{"role": "user", "content": [{}]}], "reference_answer": 1}\n',
            "content must be text",
        ),
    ],
)
def test_prompts_that_cannot_be_used_fail_the_job(
    bedrock: Bedrock, account: Account, body: bytes, words: str
) -> None:
    bedrock.put("train.jsonl", body)
    job = bedrock.finish(bedrock.start(**account.request()))
    assert (job["status"], words in job["failureMessage"]) == ("Failed", True), job["failureMessage"]


def test_a_prompt_longer_than_the_job_says_fails_it(bedrock: Bedrock, account: Account) -> None:
    job = bedrock.finish(bedrock.start(**account.request(numbers={"maxPromptLength": 20})))
    assert "exceeds limit of 20" in job["failureMessage"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"numbers": {"maxPromptLength": 64_000}}, "maxPromptLength must be from 1 to 32000"),
        ({"numbers": {"epochCount": 51}}, "less than or equal to 50"),
        ({"numbers": {"trainingSamplePerPrompt": 17}}, "less than or equal to 16"),
        ({"hyperParameters": {"epochCount": "2"}}, "use rftConfig.hyperParameters"),
        ({"customizationConfig": {"rftConfig": {}}}, "graderConfig is required"),
        ({"customizationType": "FINE_TUNING"}, "rftConfig is not allowed"),
        ({"baseModelIdentifier": "amazon.nova-micro-v1:0:128k"}, "does not support customization type"),
        ({"grader": "arn:aws:lambda:us-east-1:1:function:grade"}, "regular expression pattern"),
    ],
)
def test_what_bedrock_does_not_take_is_refused(
    bedrock: Bedrock, account: Account, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words) as raised:
        bedrock.start(**account.request(**changes))
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_text_is_no_number_of_a_reinforcement(bedrock: Bedrock, account: Account) -> None:
    """Botocore would not send it; Step Functions, which takes any JSON, does."""
    shape = get_service_model("bedrock").operation_model("CreateModelCustomizationJob").input_shape
    for wrong in ("2", 2.5, True):
        with pytest.raises(BedrockError, match=r"epochCount.* must be of type integer"):
            check_request(shape, bedrock.request(**account.request(numbers={"epochCount": wrong})))


def test_the_list_of_models_has_no_word_for_reinforcement(bedrock: Bedrock) -> None:
    shown = {
        one["modelId"]: one["customizationsSupported"]
        for one in bedrock.control.list_foundation_models()["modelSummaries"]
    }
    assert shown[BASE] == ["FINE_TUNING"]
