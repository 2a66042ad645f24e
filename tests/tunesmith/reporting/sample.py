"""Records of a run that was promoted, as realistic as it takes to judge a page by them."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from examples.support_triage import generate
from tunesmith.cost import estimate_run, load_prices
from tunesmith.dataset.diversity import diversity_report
from tunesmith.dataset.tokens import estimator_for, token_summary
from tunesmith.evaluation.answers import Answer, Question
from tunesmith.evaluation.scores import TokenPrice, score
from tunesmith.evaluation.tasks import named
from tunesmith.evaluation.verdict import decide
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion, Run, Step, StepRecord
from tunesmith.reporting.document import RunRecords
from tunesmith.serving.capacity import NEVER
from tunesmith.training.policies import JobPlan
from tunesmith.training.records import TrainingRecords

RUN = "4f1c9a7be2d05836"
PROJECT = "support-triage"
NOW = "2026-11-23T13:21:40Z"
NAME = f"{PROJECT}-{RUN}"
_ARN = "arn:aws:bedrock:us-east-1:123456789012:"
DEPLOYMENT = f"{_ARN}custom-model-deployment/8x2k4q9s7d1f"
MODEL = f"{_ARN}custom-model/amazon.nova-micro-v1:0:128k/3j5h7k9m2p4r"


def promoted() -> RunRecords:
    """A run whose model was promoted: everything is there to be shown."""
    scores = _scores(500, right=0.912, base_right=0.478)
    verdict = decide(scores, minimum_gain=2.0, seed=1)
    return RunRecords(
        run=Run(
            run=RUN,
            project=PROJECT,
            created="2026-11-23T10:02:11Z",
            attempt=1,
            base_model="amazon.nova-micro-v1:0",
            job_sha256="ab" * 32,
            data={},
            closed="2026-11-23T13:21:30Z",
            outcome="promoted",
            reason=verdict.reason,
            estimated_usd=Decimal("2.52"),
        ),
        steps=_steps(verdict.reason),
        capacity=_capacity(),
        champion=Champion(
            project=PROJECT,
            run=RUN,
            model_arn=MODEL,
            model_name=f"{NAME}-1",
            arn=DEPLOYMENT,
            base_model="amazon.nova-micro-v1:0",
            path="on_demand",
            capacity_name=NAME,
            capacity_run=RUN,
            since="2026-11-23T13:20:58Z",
        ),
        job={
            "kind": "fine-tuning",
            "budget": {"limit_usd": "50"},
            "hyperparameters": {"epochCount": 3},
            "serving": {"answers_per_month": 2_000_000},
        },
        data=data_report(),
        estimate=_estimate(),
        training=_training(),
        scores=scores,
        changes=changes(),
        verdict={
            **verdict.to_json(),
            "replays": [
                {"gain": 0.0, "promoted": 0, "times": 200},
                {"gain": 2.0, "promoted": 3, "times": 200},
            ],
        },
    )


def changes() -> dict[str, Any]:
    """What was picked of the answers that changed, with a text that would be markup if it could."""
    better = {
        "id": "00000000000000ab",
        "gain": 1.0,
        "asked": "Where is my sofa?\nIt was due <b>yesterday</b>.",
        "reference": "delivery/question",
        "candidate": "delivery/question",
        "base": "The text is best described by the label delivery/fault.",
    }
    worse = {**better, "id": "00000000000000cd", "gain": -1.0, "candidate": "", "base": "delivery/question"}
    return {
        "improved": {"records": 211, "shown": [better] * 20},
        "damaged": {"records": 1, "shown": [worse]},
    }


def with_job(records: RunRecords, job: dict[str, Any]) -> RunRecords:
    """The same run with other facts of its one job."""
    return replace(records, training=replace(records.training, told={1: job}))


def inconclusive() -> RunRecords:
    """A run whose small blind test could not tell."""
    records = promoted()
    scores = _scores(140, right=0.80, base_right=0.76)
    verdict = decide(scores, minimum_gain=2.0, seed=1)
    capacity = [
        replace(records.capacity[0], state=CapacityState.RELEASED, purpose="evaluation"),
        records.capacity[1],
        replace(records.capacity[2], purpose="candidate", expires="2026-11-30T10:03:00Z"),
    ]
    run = replace(records.run, outcome="inconclusive", reason=verdict.reason)
    steps = [
        replace(step, summary=verdict.reason) if step.step is Step.DECIDE else step
        for step in records.steps
        if step.step is not Step.SERVE
    ]
    return replace(
        records,
        run=run,
        steps=steps,
        capacity=capacity,
        champion=None,
        scores=scores,
        verdict=verdict.to_json(),
    )


def invalid() -> RunRecords:
    """A run that ended at its data."""
    records = promoted()
    data = data_report()
    data["files"]["train"] |= {"rejected": 412, "valid": 1_700}
    reason = "412 of 2,112 records of train.jsonl (19.5%) were rejected, more than 5%."
    return replace(
        records,
        run=replace(records.run, outcome="invalid", reason=reason),
        steps=[step for step in records.steps if step.step in (Step.ADMIT, Step.PREPARE, Step.RELEASE)],
        capacity=[],
        champion=None,
        data=data,
        estimate=None,
        training=TrainingRecords(),
        scores=None,
        verdict=None,
    )


def second(outcome: str, *, right: float) -> RunRecords:
    """A run beside a champion that is right on about four of five records."""
    records = promoted()
    scores = _scores(500, right=right, base_right=0.478, champion_right=0.8)
    verdict = decide(scores, minimum_gain=2.0, seed=1)
    run = replace(records.run, outcome=outcome, reason=verdict.reason)
    return replace(records, run=run, scores=scores, verdict=verdict.to_json())


def _scores(
    records: int, *, right: float, base_right: float, champion_right: float | None = None
) -> dict[str, Any]:
    draw = random.Random(20231123)
    labels = [f"{area}/{kind}" for area in ("billing", "login", "delivery") for kind in ("question", "fault")]
    questions = [
        Question(id=f"{number:016x}", system=[], messages=[], reference=draw.choice(labels))
        for number in range(records)
    ]

    def answers(share: float, tokens: int, latency: int) -> list[Answer]:
        return [
            Answer(
                id=question.id,
                text=question.reference if draw.random() < share else draw.choice(labels),
                stop_reason="end_turn",
                input_tokens=draw.randint(160, 260),
                output_tokens=max(2, round(draw.gauss(tokens, tokens / 6))),
                latency_ms=max(90, round(draw.gauss(latency, latency / 5))),
            )
            for question in questions
        ]

    price = TokenPrice(Decimal("0.000035"), Decimal("0.00014"))
    given = {"candidate": answers(right, 5, 310), "base": answers(base_right, 9, 340)}
    models = {"candidate": MODEL, "base": "amazon.nova-micro-v1:0"}
    if champion_right is not None:
        given["champion"] = answers(champion_right, 5, 312)
        models["champion"] = DEPLOYMENT
    scored: dict[str, Any] = score("exact_match", questions, given, models, dict.fromkeys(given, price))
    terms = {"input": 0.000035, "output": 0.00014}
    for model in scored["models"].values():
        model |= {"base_model": "amazon.nova-micro-v1:0", "path": "on_demand", "price": terms}
    scored["serving"] = {"usd_per_month": 1.95, "usd_per_hour": 108.15, "on_demand": True}
    return scored


def _steps(reason: str) -> list[StepRecord]:
    told = [
        (Step.ADMIT, "10:02:11", "job.yaml and train.jsonl, 2,112 lines"),
        (Step.PREPARE, "10:02:14", "1,392 records to train on, 196 to validate, 500 sealed as blind test"),
        (Step.PREFLIGHT, "10:02:31", "Amazon Nova Micro is active and can be tuned in us-east-1"),
        (Step.BUDGET, "10:02:36", "$2.52 expected (up to $2.80), below the limit of $50.00"),
        (Step.TRAIN, "10:02:41", "Amazon Nova Micro is tuned"),
        (Step.EVALUATE, "12:48:02", "500 blind records answered by every model, 0 lost"),
        (Step.DECIDE, "13:16:20", reason),
        (Step.SERVE, "13:16:24", f"{NAME}-1 is the champion"),
        (Step.RELEASE, "13:21:30", "nothing to give back"),
        (Step.REPORT, "13:21:38", "report.json and report.html are written"),
    ]
    return [StepRecord(step=step, started=f"2026-11-23T{at}Z", summary=text) for step, at, text in told]


def _capacity() -> list[Capacity]:
    common: dict[str, Any] = {"run": RUN, "project": PROJECT, "since": "2026-11-23T10:02:41Z"}
    return [
        Capacity(
            **common,
            token="deployment",
            kind=CapacityKind.DEPLOYMENT,
            name=NAME,
            purpose="champion",
            state=CapacityState.OPEN,
            expires=NEVER,
            arn=DEPLOYMENT,
        ),
        Capacity(
            **common,
            token="job-1",
            kind=CapacityKind.JOB,
            name=f"{NAME}-1",
            purpose="training",
            state=CapacityState.RELEASED,
            expires="2026-11-30T10:02:41Z",
        ),
        Capacity(
            **common,
            token="model-1",
            kind=CapacityKind.MODEL,
            name=f"{NAME}-1",
            purpose="champion",
            state=CapacityState.OPEN,
            expires=NEVER,
            arn=MODEL,
            usd_per_month=Decimal("1.95"),
        ),
    ]


def _estimate() -> dict[str, Any]:
    estimate = estimate_run(
        load_prices(),
        "amazon.nova-micro-v1:0",
        training_tokens=186_411,
        epochs=3,
        test_records=500,
        test_prompt_tokens=104_220,
        test_answer_tokens=2_610,
        max_tokens=256,
    )
    return estimate.to_json()


def _training() -> TrainingRecords:
    why = "one job of 3 epochs, whose validation curve tells the best length"
    plan = JobPlan(number=1, purpose="probe", epochs=3, why=why)
    decisions = [
        {"at": "2026-11-23T10:02:41Z", "action": "train", "why": why},
        {"at": "2026-11-23T12:48:00Z", "action": "keep", "why": "no rerun: validation was best in the end"},
    ]
    told = {1: {**plan.to_json(), **_job()}}
    return TrainingRecords(plans=[plan], decisions=decisions, told=told)


def _job() -> dict[str, Any]:
    draw = random.Random(4)
    training = [
        [step, step // 87, 0.35 + 2.2 * math.exp(-step / 60) + draw.gauss(0, 0.09)] for step in range(261)
    ]
    validation = [[86, 0, 1.02], [173, 1, 0.571], [260, 2, 0.548]]
    return {
        "name": f"{NAME}-1",
        "arn": f"{_ARN}model-customization-job/amazon.nova-micro-v1:0:128k/1q2w3e4r5t6y",
        "model_arn": MODEL,
        "status": "Completed",
        "reason": "",
        "hyperparameters": {"epochCount": "3", "learningRate": "0.00001"},
        "submitted": "2026-11-23T10:02:43+00:00",
        "ended": "2026-11-23T12:47:31+00:00",
        "cost_usd": "0.559233",
        "curves": {"training": training, "validation": validation},
        "notes": [],
    }


def data_report() -> dict[str, Any]:
    problems = [
        {"line": 18, "offset": 9_211, "rule": "TS016", "reason": "The last turn is the user's."},
        {"line": 407, "offset": 201_377, "rule": "TS018", "reason": "The text of turn 2 is <empty>."},
        {"line": 1_730, "offset": 845_002, "rule": "TS004", "reason": "Not valid JSON: Expecting ',' at 88."},
    ]
    prompts, answers = zip(*generate.tickets(1_392, seed=5), strict=True)
    estimate = estimator_for("nova-1").estimate
    return {
        "outcome": "valid",
        "reason": "",
        "model": "amazon.nova-micro-v1:0",
        "findings": [
            {"rule": "TD024", "reason": "11 exact duplicates in train.jsonl are dropped."},
            {"rule": "TD025", "reason": "40 records are near-duplicates, in 18 groups that stay whole."},
            {"rule": "TD022", "reason": "2 prompts have different answers (such as <refund> or refund)."},
            {"rule": "TD026", "reason": "Left out because a part held back has the like: 9 and 2."},
        ],
        "files": {
            "train": {
                "file": "train.jsonl",
                "records": 2_112,
                "valid": 2_099,
                "rejected": 13,
                "by_rule": {"TS004": 1, "TS016": 3, "TS018": 9},
                "problems": problems,
                "duplicates": {
                    "exact": 11,
                    "near": 40,
                    "near_groups": 18,
                    "near_note": "",
                    "conflicts": 2,
                    "conflict_note": "",
                    "ceiling": 0.998,
                },
                "sensitive": {"policy": "mask", "records": 3, "found": {"payment_card": 1, "email": 2}},
                "tokens": {"total": 282_903, "max": 214, "estimate_error": "off by 6 %"},
                "different": 2_088,
            }
        },
        "split": {
            "train": {"records": 1_392, "tokens": 186_411, "prompt_tokens": 0, "answer_tokens": 0},
            "validation": {"records": 196, "tokens": 26_204, "prompt_tokens": 0, "answer_tokens": 0},
            "test": {"records": 500, "tokens": 66_900, "prompt_tokens": 0, "answer_tokens": 0},
        },
        "left_out": {"train": 9, "validation": 2},
        "near_duplicates": {"groups": 18, "records": 40, "largest": 4, "warning": ""},
        "conflicts": {
            "labels": True,
            "prompts": 2,
            "outvoted": 1,
            "quarantined": 4,
            "ceiling": 0.998,
            "note": "2 prompts have different answers (such as <refund> or refund)",
        },
        "quarantined": 6,
        "bridging": 1,
        "leaked": {"train": 7, "validation": 1},
        "proven": True,
        "unproven_note": "",
        "task": named("exact_match").to_json(),
        "repeated": {"times": 1, "records": 1_392},
        "tokens": {
            **token_summary([40 + estimate(asked) for asked in prompts]),
            "error": "off by 6 %",
            "off": 0.06,
            "scale": 1,
        },
        "diversity": {**diversity_report(prompts, answers).to_json(), "of": 1_392},
        "seed": 1,
        "blind_sha256": "cd" * 32,
        "rejected_uri": f"s3://tunesmith-local-artifacts/runs/{RUN}/data/rejected.jsonl",
    }
