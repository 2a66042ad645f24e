"""plan_evaluation to decide_promotion: a sealed test, the same records for all models, a verdict."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from answer_shard.handler import RESERVE_SECONDS
from answer_shard.handler import lambda_handler as answer_shard
from choose_examples.handler import lambda_handler as choose_examples
from decide_promotion.handler import lambda_handler as decide_promotion
from plan_capacity.handler import lambda_handler as plan_capacity
from plan_evaluation.handler import lambda_handler as plan_evaluation
from score_answers.handler import lambda_handler as score_answers
from tests.handlers.model_run import (
    DEPLOYMENT_ARN,
    LATER,
    MODEL_ARN,
    MUCH_TIME,
    PROJECT,
    RUN,
    RunUnderTest,
    TimeLeft,
    record,
    refusal,
)
from tunesmith.aws.objects import blind_test_key
from tunesmith.catalogue import find_model
from tunesmith.errors import BudgetReachedError, RecordMissingError, SealBrokenError
from tunesmith.evaluation import shards
from tunesmith.evaluation.tasks import named
from tunesmith.ledger import CapacityKind, Step
from tunesmith.serving.capacity import model_capacity

BASE = "amazon.nova-micro-v1:0"


def last_digit(text: str) -> str:
    return text[-1]


def a_guess(text: str) -> str:
    return "0"


@pytest.fixture
def trained(run: RunUnderTest, monkeypatch: pytest.MonkeyPatch) -> RunUnderTest:
    """The run after its training, with a candidate that knows the answer and a base model that guesses."""
    monkeypatch.setattr(shards, "FIRST_RATE", 2_000)
    run.plan_job()
    run.finish_job()
    run.conclude_job()
    run.bedrock.answers = {DEPLOYMENT_ARN: last_digit, BASE: a_guess}
    return run


def open_deployment(run: RunUnderTest) -> list[str]:
    """Plan the evaluation and do what the state machines do next; returns the shards."""
    plan = plan_evaluation(run.event(LATER), None)
    plan_capacity(run.event(LATER, job=0), None)
    run.ledger.update_capacity(RUN, "serving", arn=DEPLOYMENT_ARN, state="open")
    shards: list[str] = plan["shards"]
    return shards


def evaluate(run: RunUnderTest) -> dict[str, str]:
    for shard in open_deployment(run):
        answer_shard(run.event(LATER, shard=shard), MUCH_TIME)
    score_answers(run.event(LATER), None)
    decision: dict[str, str] = decide_promotion(run.event(LATER), None)
    return decision


def test_the_plan_cuts_the_blind_test_into_shards(
    trained: RunUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "RECORDS_PER_SHARD", 60)
    plan = plan_evaluation(trained.event(LATER), None)

    assert plan == {"shards": ["0000", "0001"], "most_turns": 500, "rated": False, "candidate": True}
    assert plan_evaluation(trained.event(LATER), None) == plan


def test_capacity_is_entered_with_its_expiry_before_it_is_asked_for(trained: RunUnderTest) -> None:
    plan = plan_capacity(trained.event(LATER, job=0), None)

    assert (plan["path"], plan["name"], plan["model_arn"]) == ("on_demand", f"{PROJECT}-{RUN}", MODEL_ARN)
    assert plan["client_token"] == f"{RUN}-serving-1"
    entered = next(item for item in trained.ledger.open_capacity() if item.token == "serving")
    assert (entered.kind, entered.expires) == ("deployment", "2026-11-25T13:00:00Z")
    assert plan_capacity(trained.event(LATER, job=0), None) == plan


def test_capacity_without_a_model_is_not_planned(run: RunUnderTest) -> None:
    with pytest.raises(RecordMissingError):
        plan_capacity(run.event(job=0), None)


def test_a_blind_test_that_was_changed_is_not_used(trained: RunUnderTest) -> None:
    content = trained.artifacts.read(blind_test_key(RUN))
    trained.artifacts.write(blind_test_key(RUN), content.replace(b"number 7", b"number 8", 1))

    with pytest.raises(SealBrokenError):
        plan_evaluation(trained.event(LATER), None)
    assert "serving" not in {item.token for item in trained.ledger.capacity(RUN)}


def test_without_a_model_there_is_nothing_to_evaluate(run: RunUnderTest) -> None:
    with pytest.raises(RecordMissingError):
        plan_evaluation(run.event(), None)


def test_every_model_answers_every_record_once(
    trained: RunUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "RECORDS_PER_SHARD", 60)
    results = [
        answer_shard(trained.event(LATER, shard=shard), MUCH_TIME) for shard in open_deployment(trained)
    ]

    assert results == [
        {"shard": "0000", "asked": 120, "failed": 0, "unfinished": False},
        {"shard": "0001", "asked": 120, "failed": 0, "unfinished": False},
    ]
    assert len(trained.bedrock.asked) == 240
    assert len(set(trained.bedrock.asked)) == 240


def test_a_repeated_shard_asks_nothing_again(trained: RunUnderTest) -> None:
    shard = open_deployment(trained)[0]
    answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)
    content = trained.artifacts.read(f"{trained.prefix}/answers/candidate-1/{shard}.jsonl")
    trained.bedrock.asked.clear()

    assert answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)["asked"] == 0
    assert trained.bedrock.asked == []
    assert trained.artifacts.read(f"{trained.prefix}/answers/candidate-1/{shard}.jsonl") == content


def test_answers_of_another_jobs_model_are_not_taken_for_those_of_the_chosen_one(
    trained: RunUnderTest,
) -> None:
    shard = open_deployment(trained)[0]
    first = answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)
    plan = trained.read("evaluation/plan.json")
    folders = {model["label"]: model["folder"] for model in plan["models"]}
    trained.ledger.enter_capacity(
        model_capacity(
            project=PROJECT, run=RUN, number=2, now=LATER, deadline_hours=24, usd_per_month=Decimal(0)
        )
    )
    trained.ledger.update_capacity(RUN, "model-2", arn=MODEL_ARN, state="open")
    trained.ledger.update_run(RUN, chosen=2)

    plan_evaluation(trained.event(LATER), None)
    again = answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)

    now = {model["label"]: model["folder"] for model in trained.read("evaluation/plan.json")["models"]}
    assert now["candidate"] != folders["candidate"]
    assert now["base"] == folders["base"], "the base model is asked no second time"
    assert again["asked"] == first["asked"] // 2


def test_a_shard_stops_before_its_time_is_out_and_a_repeat_goes_on_where_it_stopped(
    trained: RunUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FIRST_RATE", 40)
    shard = open_deployment(trained)[0]

    first = answer_shard(trained.event(LATER, shard=shard), TimeLeft(RESERVE_SECONDS + 0.3))
    asked = first["asked"]
    assert first == {"shard": shard, "asked": asked, "failed": 0, "unfinished": True}
    assert 0 < asked == len(trained.bedrock.asked) < 240

    rest = answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)
    assert rest == {"shard": shard, "asked": 240 - asked, "failed": 0, "unfinished": False}
    assert len(trained.bedrock.asked) == len(set(trained.bedrock.asked)) == 240


def test_without_capacity_no_shard_is_answered(trained: RunUnderTest) -> None:
    shard = plan_evaluation(trained.event(LATER), None)["shards"][0]
    with pytest.raises(RecordMissingError, match="no capacity"):
        answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)


def test_a_failed_call_is_kept_as_data_and_asked_again_by_a_repeat(trained: RunUnderTest) -> None:
    shard = open_deployment(trained)[0]

    def refuses_seven(text: str) -> str:
        if text == "number 7":
            raise refusal("ValidationException")
        return last_digit(text)

    trained.bedrock.answers[DEPLOYMENT_ARN] = refuses_seven
    assert answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)["failed"] == 1

    trained.bedrock.answers[DEPLOYMENT_ARN] = last_digit
    trained.bedrock.asked.clear()
    assert answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)["failed"] == 0
    assert trained.bedrock.asked == [(DEPLOYMENT_ARN, "number 7")]


def test_models_are_compared_on_the_records_that_both_answered(trained: RunUnderTest) -> None:
    lost = threading.Lock()

    def loses_three(text: str) -> str:
        with lost:
            if text in ("number 1", "number 2", "number 3"):
                raise refusal("AccessDeniedException")
        return a_guess(text)

    trained.bedrock.answers[BASE] = loses_three
    decision = evaluate(trained)

    scores = trained.read("evaluation/scores.json")
    assert (scores["asked"], scores["lost"], scores["n"]) == (120, 3, 117)
    assert {len(model["exact_match"]) for model in scores["models"].values()} == {117}
    assert decision["outcome"] == "better"


def test_a_candidate_that_knows_more_is_better(trained: RunUnderTest) -> None:
    decision = evaluate(trained)

    assert decision["outcome"] == "better"
    scores = trained.read("evaluation/scores.json")
    assert scores["models"]["candidate"]["summary"]["exact_match"] == 1.0
    assert scores["models"]["base"]["summary"]["exact_match"] == 0.1
    # 120 records of 20 tokens read at $0.000035 and 3 tokens written at $0.00014 for 1,000 tokens.
    assert Decimal(scores["models"]["base"]["cost_usd"]["reads"]) == Decimal("0.000084")
    assert Decimal(scores["models"]["base"]["cost_usd"]["answers"]) == Decimal("0.0000504")
    verdict = trained.read("evaluation/verdict.json")
    assert verdict["gain"]["value"] == 90.0
    assert (verdict["only_candidate_right"], verdict["only_comparator_right"]) == (108, 0)
    step = next(step for step in trained.ledger.steps(RUN) if step.step is Step.DECIDE)
    assert step.figures["gain"] == Decimal(90)


def test_a_candidate_that_knows_less_is_rejected(trained: RunUnderTest) -> None:
    trained.bedrock.answers = {DEPLOYMENT_ARN: a_guess, BASE: last_digit}

    assert evaluate(trained)["outcome"] == "rejected"


def test_a_decision_made_again_is_the_same_decision_and_another_runs_is_the_next_one(
    trained: RunUnderTest,
) -> None:
    sealed = trained.ledger.run(RUN)
    for number in range(4):
        assert trained.ledger.count_decision(replace(sealed, run=f"{number:016x}"), LATER) == number + 1

    evaluate(trained)
    again = decide_promotion(trained.event(LATER), None)

    assert trained.read("evaluation/verdict.json")["decision"] == 5
    assert "decision 5 on the same blind test" in again["reason"]
    assert "bring fresh records" in again["reason"]
    assert trained.ledger.count_decision(replace(sealed, run="f" * 16), LATER) == 6
    assert trained.ledger.count_decision(replace(sealed, run="f" * 16, blind_sha256="another"), LATER) == 1


def test_records_of_one_group_prove_less(trained: RunUnderTest) -> None:
    trained.bedrock.answers = {DEPLOYMENT_ARN: last_digit, BASE: lambda text: str(int(last_digit(text)) % 9)}
    evaluate(trained)
    assert trained.read("evaluation/verdict.json")["effective_n"] == 120

    # Ten numbers end alike, and the models differ on one digit alone.
    trained.group({record(number): last_digit(str(number)) for number in range(120)})
    score_answers(trained.event(LATER), None)
    decision = decide_promotion(trained.event(LATER), None)

    verdict = trained.read("evaluation/verdict.json")
    assert verdict["effective_n"] == pytest.approx(10, abs=0.5)
    assert "records in 10 groups" in verdict["method"]
    assert decision["outcome"] == "inconclusive"
    assert "fewer than 20 groups" in decision["reason"]


def test_a_small_test_decides_nothing(trained: RunUnderTest) -> None:
    trained.hold(range(99))

    decision = evaluate(trained)

    assert decision["outcome"] == "inconclusive"
    assert "Fewer than 100" in decision["reason"]


def test_the_bootstrap_decides_where_the_metric_is_a_mean(trained: RunUnderTest) -> None:
    trained.write_job(evaluation={"few_shot": False, "noise_records": 0, "metric": "token_f1"})
    trained.hold(range(240))

    assert evaluate(trained)["outcome"] == "better"
    assert "bootstrap" in trained.read("evaluation/verdict.json")["method"]


def test_the_data_tells_the_metric_where_the_job_file_does_not(trained: RunUnderTest) -> None:
    task = named("token_f1").to_json()
    report = {**trained.read("data/report.json"), "task": task}
    trained.artifacts.write_json(f"{trained.prefix}/data/report.json", report)
    trained.hold(range(240))

    assert evaluate(trained)["outcome"] == "better"
    assert trained.read("evaluation/scores.json")["metric"] == "token_f1"


def test_a_better_model_on_data_that_proves_nothing_is_not_promoted(trained: RunUnderTest) -> None:
    note = "250 records are too few: give a test file as data.test"
    report = {**trained.read("data/report.json"), "unproven_note": note}
    trained.artifacts.write_json(f"{trained.prefix}/data/report.json", report)
    decision = evaluate(trained)
    assert decision["outcome"] == "inconclusive"
    assert decision["reason"].endswith(f"But {note}.")
    assert trained.read("evaluation/verdict.json")["outcome"] == "inconclusive"


def test_a_model_that_answers_nothing_leaves_the_verdict_open(trained: RunUnderTest) -> None:
    def refuses(text: str) -> str:
        raise refusal("AccessDeniedException")

    trained.bedrock.answers[DEPLOYMENT_ARN] = refuses
    decision = evaluate(trained)

    assert decision["outcome"] == "inconclusive"
    assert "AccessDeniedException" in decision["reason"]


def test_prices_that_a_user_laid_down_win(trained: RunUnderTest) -> None:
    line = f"{{model: '{BASE}', item: input, usd: '1', per: 1K tokens, source: contract, date: 2026-11-01}}"
    trained.artifacts._client.put_object(
        Bucket="datasets", Key="settings/prices.yaml", Body=f"prices:\n- {line}\n".encode()
    )
    evaluate(trained)

    scores = trained.read("evaluation/scores.json")
    assert Decimal(scores["models"]["base"]["cost_usd"]["reads"]) == Decimal("2.4")


def provisioned(run: RunUnderTest, **prices: str) -> None:
    """Let the job ask for two units of provisioned throughput, at prices that the user lays down."""
    run.write_job(base_model="nova-2-lite", serving={"path": "provisioned", "model_units": 2})
    rows = "".join(
        f"- {{model: '{find_model('nova-2-lite').id}', item: {item}, usd: '{usd}', per: hour,"
        " source: contract, date: 2026-11-01}\n"
        for item, usd in prices.items()
    )
    run.artifacts._client.put_object(
        Bucket="datasets", Key="settings/prices.yaml", Body=f"prices:\n{rows}".encode()
    )


def test_throughput_is_entered_with_its_price_per_hour_and_an_early_expiry(trained: RunUnderTest) -> None:
    provisioned(trained, provisioned_hour="12.5")

    plan = plan_capacity(trained.event(LATER, job=0), None)

    assert (plan["path"], plan["model_units"]) == ("provisioned", 2)
    entered = next(item for item in trained.ledger.open_capacity() if item.token == "serving")
    assert (entered.kind, entered.usd_per_hour) == (CapacityKind.THROUGHPUT, Decimal(25))
    assert entered.expires == "2026-11-23T19:00:00Z"
    assert plan_capacity(trained.event("2026-11-23T14:00:00Z", job=0), None) == plan
    again = next(item for item in trained.ledger.open_capacity() if item.token == "serving")
    assert again == entered, "a repeat does not lengthen what is paid by the hour"


def test_capacity_is_not_opened_above_what_the_budget_leaves(trained: RunUnderTest) -> None:
    estimate = trained.read("estimate.json")
    trained.write_job(budget={"limit_usd": float(estimate["high_usd"])})
    plan_capacity(trained.event(LATER, job=0), None)

    job = trained.read("training/jobs/1.json")
    job["cost_usd"] = str(Decimal(job["cost_usd"]) + 3)
    trained.artifacts.write_json(f"{trained.prefix}/training/jobs/1.json", job)
    with pytest.raises(BudgetReachedError, match=r"with \$3\.\d+ spent, that is above the"):
        plan_capacity(trained.event(LATER, job=0), None)

    trained.ledger.close_run(RUN, outcome="failed", reason="", now=LATER)
    trained.ledger.reopen_run(RUN, by_hand="promoted by hand by ana")
    assert plan_capacity(trained.event(LATER, job=0), None)["path"] == "on_demand"


# --- answers that waver


def asked_of(run: RunUnderTest, model: str) -> int:
    return sum(asked == model for asked, _ in run.bedrock.asked)


def test_a_hundred_records_are_answered_twice_by_each_model_and_once_by_models_that_repeat_themselves(
    trained: RunUnderTest,
) -> None:
    scores, decision = compared(trained, few_shot=False, noise_records=100)

    assert (asked_of(trained, DEPLOYMENT_ARN), asked_of(trained, BASE)) == (220, 220)
    assert scores["noise"] == {
        label: {"records": 100, "flips": 0, "answers": 1, "share": 0.0} for label in ("candidate", "base")
    }
    assert trained.read("evaluation/verdict.json")["noise"] == scores["noise"]
    assert decision["outcome"] == "better"
    # Each second answer is paid for: 220 times 20 tokens read at $0.000035 for 1,000.
    assert Decimal(scores["models"]["base"]["cost_usd"]["reads"]) == Decimal("0.000154")


class Wavering:
    """Answers right, but for every so many times that it is asked the same."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, text: str) -> str:
        with self._lock:
            self._asked[text] += 1
            wrong = self._asked[text] == 2 and int(text.rsplit(maxsplit=1)[-1]) % 10 == 0
        return "?" if wrong else last_digit(text)


def test_a_model_whose_answers_waver_answers_everything_three_times_and_its_scores_are_means(
    trained: RunUnderTest,
) -> None:
    trained.hold(range(240))
    trained.bedrock.answers[DEPLOYMENT_ARN] = Wavering()
    trained.write_job(evaluation={"few_shot": False, "noise_records": 240})
    shards = open_deployment(trained)

    def answer() -> list[int]:
        return [answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)["asked"] for shard in shards]

    assert answer() == [2 * 2 * 240]
    assert score_answers(trained.event(LATER), None) == {"outcome": "ask_again"}
    assert trained.read("evaluation/averaged.json") == ["candidate-1"]
    assert answer() == [240]  # the third answers of the one that wavers
    assert score_answers(trained.event(LATER), None) == {"outcome": "scored"}
    assert answer() == [0]
    assert score_answers(trained.event(LATER), None) == {"outcome": "scored"}

    scores = trained.read("evaluation/scores.json")
    assert scores["noise"]["candidate"] == {"records": 240, "flips": 24, "answers": 3, "share": 0.1}
    means = scores["models"]["candidate"]["exact_match"]
    assert sorted(set(means)) == [0.666667, 1.0]
    decision = decide_promotion(trained.event(LATER), None)
    verdict = trained.read("evaluation/verdict.json")
    assert decision["outcome"] == "better"
    assert verdict["method"].startswith("studentized bootstrap")
    assert verdict["gain"]["value"] == pytest.approx(100 * sum(means) / 240 - 10)
    assert "candidate on 24 of 240 (10.0%); so each of their scores is the mean of 3" in decision["reason"]


def test_a_second_round_that_is_cut_off_goes_on_where_it_stopped(
    trained: RunUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FIRST_RATE", 40)
    trained.write_job(evaluation={"few_shot": False, "noise_records": 100})
    shard = open_deployment(trained)[0]
    trained.artifacts.write_json(f"{trained.prefix}/evaluation/averaged.json", ["candidate-1"])

    first = answer_shard(trained.event(LATER, shard=shard), TimeLeft(RESERVE_SECONDS + 0.3))
    rest = answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)

    assert first["unfinished"]
    assert first["asked"] + rest["asked"] == 3 * 120 + 220
    assert len(trained.bedrock.asked) == 3 * 120 + 220


# --- examples and models that inform


def compared(trained: RunUnderTest, **evaluation: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Play a whole evaluation with other comparators; return scores and verdict."""
    trained.write_job(evaluation={"noise_records": 0, **evaluation})
    shards = open_deployment(trained)
    choose_examples(trained.event(LATER), MUCH_TIME)
    for shard in shards:
        answer_shard(trained.event(LATER, shard=shard), MUCH_TIME)
    score_answers(trained.event(LATER), None)
    return trained.read("evaluation/scores.json"), decide_promotion(trained.event(LATER), None)


def test_the_base_model_also_answers_behind_examples_whose_number_validation_chose(
    trained: RunUnderTest,
) -> None:
    scores, _ = compared(trained, few_shot=True)

    chosen = trained.read("evaluation/examples.json")
    assert chosen["number"] == 2  # the guesser is no better behind more
    assert chosen["validation_records"] == 50
    assert set(scores["models"]) == {"candidate", "base", "few_shot"}
    # 3 x 50 validation records, then 120 blind ones by each of the three.
    assert len(trained.bedrock.asked) == 150 + 3 * 120
    turns = [len(request["messages"]) for request in trained.bedrock.requests]
    assert sorted(set(turns)) == [1, 5, 9, 17]
    choice = Decimal(chosen["tokens"]["input"]) * Decimal("0.000035") / 1000
    blind = Decimal(20 * 120) * Decimal("0.000035") / 1000
    assert Decimal(scores["models"]["few_shot"]["cost_usd"]["reads"]) == choice + blind


def test_the_number_of_examples_is_chosen_once(trained: RunUnderTest) -> None:
    trained.write_job(evaluation={"few_shot": True, "noise_records": 0})
    open_deployment(trained)
    first = choose_examples(trained.event(LATER), MUCH_TIME)
    asked = len(trained.bedrock.asked)

    assert choose_examples(trained.event(LATER), MUCH_TIME) == first == {"examples": 2}
    assert len(trained.bedrock.asked) == asked == 150


def test_examples_are_never_blind_records(trained: RunUnderTest) -> None:
    compared(trained, few_shot=True)

    shown = {
        turn["content"][0]["text"]
        for request in trained.bedrock.requests
        for turn in request["messages"][:-1]
        if turn["role"] == "user"
    }
    assert shown
    assert shown <= {f"number {number}" for number in range(1000, 1400)}


def test_a_larger_model_is_asked_and_informs(trained: RunUnderTest) -> None:
    trained.bedrock.answers["amazon.nova-pro-v1:0"] = last_digit
    scores, decision = compared(trained, few_shot=False, compare_with=["nova-pro"])

    assert scores["models"]["nova-pro"]["summary"]["exact_match"] == 1
    assert decision["outcome"] == "better"
    assert "Over nova-pro it is +0.0 points: it informs only." in decision["reason"]


def test_a_larger_model_that_this_account_cannot_ask_spoils_nothing(trained: RunUnderTest) -> None:
    def refuse(_: str) -> str:
        raise refusal("AccessDeniedException")

    trained.bedrock.answers["amazon.nova-pro-v1:0"] = refuse
    scores, decision = compared(trained, few_shot=False, compare_with=["nova-pro"])

    assert scores["n"] == 120
    assert scores["silent"]["nova-pro"].startswith("AccessDeniedException")
    assert decision["outcome"] == "better"


def test_without_a_blind_test_nothing_is_asked_and_nobody_decides(trained: RunUnderTest) -> None:
    trained.hold(range(0))
    report = trained.read("data/report.json")
    report["unproven_note"] = "texts hold no answers"
    trained.artifacts.write_json(f"{trained.prefix}/data/report.json", report)
    assert plan_evaluation(trained.event(LATER), None)["shards"] == []
    decision = decide_promotion(trained.event(LATER), None)
    assert decision == {"outcome": "inconclusive", "reason": "Nothing was proven: texts hold no answers."}
    trained.ledger.update_run(RUN, by_hand="promoted by hand")
    assert decide_promotion(trained.event(LATER), None)["outcome"] == "better"
