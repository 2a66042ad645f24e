"""A reinforcement from upload to the end of its job: prompts, the grader's trial, hours, rewards."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.stub import Stubber

from check_preflight.handler import lambda_handler as check_preflight
from estimate_cost.handler import lambda_handler as estimate_cost
from grade_answers.handler import lambda_handler as grade_answers
from local.bedrock.records import read_prompts
from prepare_dataset.handler import lambda_handler as prepare_dataset
from tests.handlers.data_run import GRADER_ARN, PROJECT, RUN, STEP, DataRun
from tests.handlers.model_run import LATER, RunUnderTest
from tests.handlers.test_families import offer_everything
from tests.tunesmith.training.test_requests import botocores_complaints
from tunesmith.aws import clients
from tunesmith.catalogue import find_model
from tunesmith.cost import OVERRIDE_KEY
from watch_job.handler import lambda_handler as watch_job

MINE = "arn:aws:lambda:us-east-1:123456789012:function:mine"
JOB = f"""
project: {PROJECT}
base_model: nova-2-lite
data: train.jsonl
kind: reinforcement
reinforcement: {{grader: GRADER}}
evaluation: {{metric: numeric}}
budget: {{limit_usd: 500}}
"""
HOUR = b"""prices:
- {model: amazon.nova-2-lite-v1:0, item: reinforcement_hour, usd: 30, per: hour, source: x, date: 2026-11-28}
"""


def uploaded(count: int = 300, **fields: Any) -> bytes:
    """Prompts with references, as the user guide has them."""
    records = (
        {
            "messages": [
                {"role": "system", "content": "Name the last digit."},
                {"role": "user", "content": f"number {n} of the list that begins with {n * n}"},
            ],
            "reference_answer": n % 10,
            "level": {"name": "easy", "points": 3},
            **fields,
        }
        for n in range(count)
    )
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@dataclass
class Functions:
    """Lambda at the edge: each ARN's grader is a callable."""

    graders: dict[str, Callable[[Any], Any]] = field(default_factory=lambda: {GRADER_ARN: _own})
    asked: list[str] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Grade as Lambda would."""
        self.asked.append(FunctionName)
        answer = self.graders[FunctionName](json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def _own(samples: list[dict[str, Any]]) -> Any:
    return grade_answers(samples, None)


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    made = Functions()
    monkeypatch.setattr("tunesmith.aws.clients.functions", lambda: made)
    return made


def preflight() -> dict[str, str]:
    with Stubber(clients.bedrock()) as bedrock, Stubber(clients.service_quotas()) as quotas:
        offer_everything(bedrock, quotas, find_model("nova-2-lite"))
        return check_preflight(STEP, None)


def prepared(data_run: DataRun, grader: str = "numeric", data: bytes | None = None) -> dict[str, str]:
    data_run.admitted(JOB.replace("GRADER", grader), train=data or uploaded())
    return prepare_dataset(STEP, None)


def test_prompts_are_split_sealed_and_written_as_bedrock_takes_them(data_run: DataRun) -> None:
    assert prepared(data_run) == {"outcome": "valid", "reason": ""}

    report = data_run.artifacts.read_json(f"runs/{RUN}/data/report.json")
    assert report["files"]["train"]["rejected"] == 0
    for part in ("train", "validation"):
        content = data_run.artifacts.read(f"runs/{RUN}/data/{part}.jsonl")
        prompts = read_prompts(content, part)
        assert len(prompts) == report["split"][part]["records"]
        for one in prompts:
            assert one.system == "Name the last digit."
            digit = int(one.user.split()[1]) % 10
            level = {"name": "easy", "points": 3}
            assert one.metadata == {"reference_answer": digit, "level": level, "grader": "numeric"}
    blind = data_run.lines(f"blind/{RUN}/test.jsonl")
    assert len(blind) == report["split"]["test"]["records"]
    assert {line["messages"][-1]["content"][0]["text"] for line in blind} <= set("0123456789")


def test_records_with_answers_of_their_own_need_no_reference(data_run: DataRun) -> None:
    lines = [json.loads(line) for line in uploaded().splitlines()]
    answered = b"".join(
        json.dumps(
            {"messages": [*line["messages"], {"role": "assistant", "content": str(line["reference_answer"])}]}
        ).encode()
        + b"\n"
        for line in lines
    )
    assert prepared(data_run, data=answered)["outcome"] == "valid"
    [first, *_] = data_run.lines(f"runs/{RUN}/data/train.jsonl")
    assert set(first) == {"messages", "reference_answer", "grader"}


def test_a_prompt_without_a_reference_is_named(data_run: DataRun) -> None:
    bare = b'{"messages": [{"role": "user", "content": "number 1"}]}\n'
    outcome = prepared(data_run, data=uploaded(100) + bare * 20)
    assert outcome["outcome"] == "invalid"
    assert "TS016" in outcome["reason"]


def test_what_is_sensitive_is_masked_beside_the_turns_too(data_run: DataRun) -> None:
    job = JOB.replace("GRADER", "numeric").replace(
        "data: train.jsonl", "data: {train: train.jsonl, sensitive: mask}"
    )
    data_run.admitted(job, train=uploaded(contact={"mail": ["ann@example.com"]}))
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert b"example.com" not in data_run.artifacts.read(f"runs/{RUN}/data/train.jsonl")
    assert b"example.com" not in data_run.artifacts.read(f"blind/{RUN}/test.jsonl")


def test_a_reference_that_the_grader_cannot_go_by_ends_the_run_before_it_is_paid_for(
    data_run: DataRun,
) -> None:
    outcome = prepared(data_run, "json_fields", uploaded(reference_answer="the last digit is 4"))
    assert outcome["outcome"] == "invalid"
    assert outcome["reason"].startswith(
        "reinforcement.grader is json_fields, but reference 1 does not fit it"
    )


def test_our_grader_is_tried_in_the_version_that_the_job_will_name(
    data_run: DataRun, functions: Functions
) -> None:
    prepared(data_run)
    assert preflight() == {"outcome": "clear", "reason": ""}
    assert functions.asked == [GRADER_ARN]


@pytest.mark.parametrize(
    ("grader", "words"),
    [
        (
            lambda samples: [{"id": one["id"], "aggregate_reward_score": 1} for one in samples],
            "does not tell",
        ),
        (lambda samples: {"statusCode": 200, "count": len(samples)}, "not a list with an object for each"),
    ],
)
def test_a_users_grader_that_teaches_nothing_is_refused_before_it_is_paid_for(
    data_run: DataRun, functions: Functions, grader: Callable[[Any], Any], words: str
) -> None:
    functions.graders[MINE] = grader
    prepared(data_run, MINE)
    outcome = preflight()
    assert outcome["outcome"] == "refused"
    assert outcome["reason"].startswith(f"the grader {MINE} cannot be trained with: it ")
    assert words in outcome["reason"]
    # A grader of the user's own is told nothing of ours.
    assert "grader" not in data_run.lines(f"runs/{RUN}/data/train.jsonl")[0]


def test_the_hours_are_priced_once_somebody_has_looked_up_their_price(data_run: DataRun) -> None:
    prepared(data_run)
    unknown = estimate_cost(STEP, None)
    assert unknown["outcome"] == "over_budget"
    assert "item: reinforcement_hour" in unknown["reason"]

    data_run.uploads.write(OVERRIDE_KEY, HOUR)
    assert estimate_cost(STEP, None)["outcome"] == "affordable"
    estimate = data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")
    training = estimate["items"][0]
    assert (training["what"], training["unit"]) == ("training by rewards", "hour")
    plan = data_run.artifacts.read_json(f"runs/{RUN}/plan.json")
    assert [(cost["policy"], cost["jobs"]) for cost in plan["policies"]] == [
        (policy, [1, 1]) for policy in ("probe", "pair", "chain", "single")
    ]


# --- the job

REWARDED: dict[str, Any] = {
    "base_model": "nova-2-lite",
    "kind": "reinforcement",
    "reinforcement": {"grader": "exact_match", "reasoning_effort": "low"},
    "hyperparameters": {"epochCount": 2},
    "budget": {"limit_usd": 100},
}


def rewarded(run: RunUnderTest) -> None:
    """Let the run be a reinforcement at 30 dollars an hour."""
    run.write_job(**REWARDED)
    estimate = run.read("estimate.json")
    hourly = {"what": "training by rewards", "unit": "hour", "price": "30", "usd": "75", "high_usd": "90"}
    items = [hourly, *(item for item in estimate["items"] if not item["what"].startswith("training"))]
    run.artifacts.write_json(f"{run.prefix}/estimate.json", {**estimate, "items": items, "high_usd": "95"})


def write_rewards(run: RunUnderTest) -> None:
    folder = f"{run.prefix}/training/output/1/model-customization-job-jobjobjobjob"
    steps = "step_number,epoch_number,critic/rewards/mean,actor/pg_loss\n" + "".join(
        f"{step},{step // 10},{step / 20},{9 - step}\n" for step in range(20)
    )
    watched = "step_number,epoch_number,val-score/rewards/mean@1\n9,0,0.4\n19,1,0.8\n"
    run.artifacts.write(f"{folder}/training_artifacts/step_wise_training_metrics.csv", steps.encode())
    run.artifacts.write(f"{folder}/validation_artifacts/x/validation_metrics.csv", watched.encode())


def test_the_request_is_typed_names_our_grader_and_sends_validation_prompts(run: RunUnderTest) -> None:
    rewarded(run)

    request = run.plan_job()["request"]

    assert botocores_complaints(request) == ""
    config = request["CustomizationConfig"]["RftConfig"]
    assert config["GraderConfig"] == {"LambdaGrader": {"LambdaArn": GRADER_ARN}}
    assert config["HyperParameters"]["EpochCount"] == 2
    assert config["HyperParameters"]["LearningRate"] == 1e-05
    assert config["HyperParameters"]["ReasoningEffort"] == "low"
    assert "ValidationDataConfig" in request
    assert json.dumps(request)


def test_a_function_of_the_users_own_is_named_as_it_is(run: RunUnderTest) -> None:
    run.write_job(**{**REWARDED, "reinforcement": {"grader": MINE}})
    config = run.plan_job()["request"]["CustomizationConfig"]["RftConfig"]
    assert config["GraderConfig"] == {"LambdaGrader": {"LambdaArn": MINE}}


def test_rising_rewards_are_no_diverging_loss_and_the_hours_are_watched(run: RunUnderTest) -> None:
    rewarded(run)
    run.plan_job()
    write_rewards(run)
    run.finish_job(metrics=False, status="InProgress", endTime=None, hyperParameters={})

    fine = watch_job(run.event("2026-11-23T12:30:00Z", job=1, told=False), None)
    assert fine["action"] == "wait"

    # Three hours cost 90 dollars, and 5 are set aside for the rest.
    stopped = watch_job(run.event("2026-11-23T13:30:00Z", job=1, told=False), None)
    assert stopped["action"] == "stop"
    assert "set aside for the rest" in stopped["reason"]


def test_a_job_that_is_over_costs_its_hours_and_leaves_the_curve_of_rewards(run: RunUnderTest) -> None:
    rewarded(run)
    run.plan_job()
    write_rewards(run)
    run.finish_job(
        metrics=False,
        hyperParameters={},
        customizationConfig={"rftConfig": {"hyperParameters": {"epochCount": 2, "learningRate": 1e-05}}},
        statusDetails={
            "trainingDetails": {
                "creationTime": datetime(2026, 11, 23, 11, 0, tzinfo=UTC),
                "lastModifiedTime": datetime(2026, 11, 23, 12, 30, tzinfo=UTC),
            }
        },
    )

    run.conclude_job(LATER)

    told = run.read("training/jobs/1.json")
    assert Decimal(told["cost_usd"]) == Decimal(45)
    assert told["measure"] == "reward"
    assert told["curves"]["training"][-1] == [19, 1, 0.95]
    assert told["curves"]["validation"] == [[9, 0, 0.4], [19, 1, 0.8]]
    assert told["hyperparameters"] == {"epochCount": "2", "learningRate": "1e-05"}
    assert "It trained for 1.5 hours" in told["notes"][-1]


def test_a_job_whose_training_bedrock_does_not_time_costs_all_hours_since_it_was_asked_for(
    run: RunUnderTest,
) -> None:
    rewarded(run)
    run.plan_job()
    run.finish_job(metrics=False, status="InProgress", endTime=None, hyperParameters={}, statusDetails={})
    stopped = watch_job(run.event("2026-11-23T13:30:00Z", job=1, told=False), None)
    assert stopped["action"] == "stop"

    run.finish_job(metrics=False, hyperParameters={}, statusDetails={})
    run.conclude_job(LATER)

    told = run.read("training/jobs/1.json")
    # Asked for at 10:00, over at 12:30, at 30 dollars an hour.
    assert Decimal(told["cost_usd"]) == Decimal(75)
    assert "all 2.5 hours since it was asked for" in told["notes"][-1]


def test_without_a_file_of_rewards_the_report_says_where_they_show(run: RunUnderTest) -> None:
    rewarded(run)
    run.plan_job()
    run.finish_job(metrics=False, hyperParameters={})
    run.conclude_job(LATER)
    assert (
        "Bedrock left no training metrics: nothing is known of the reward; Bedrock's console shows it."
        in run.read("training/jobs/1.json")["notes"]
    )
