"""The estimate names what is paid for, and the budget is held against its high bound."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.catalogue import find_model, load_catalogue
from tunesmith.cost import Estimate, budget_objection, estimate_job, estimate_run, load_prices
from tunesmith.cost.answers import CHOICE
from tunesmith.cost.estimates import models_without_price, tokens_between
from tunesmith.dataset.tokens import estimator_for
from tunesmith.errors import UnknownPriceError
from tunesmith.evaluation.judging import DEFAULT_CRITERIA, overhead_text
from tunesmith.job import Job, parse_job

SPLIT = {
    "train": {"records": 1000, "tokens": 500_000, "prompt_tokens": 450_000, "answer_tokens": 50_000},
    "validation": {"records": 100, "tokens": 50_000, "prompt_tokens": 45_000, "answer_tokens": 5_000},
    "test": {"records": 200, "tokens": 110_000, "prompt_tokens": 100_000, "answer_tokens": 10_000},
}


def job_estimate(text: str = "", noise_records: int = 0) -> Estimate:
    body = f"project: p\nbase_model: nova-micro\ndata: t.jsonl\n{text}".encode()
    job = asking_twice(parse_job(body, source="job.yaml"), noise_records)
    return estimate_job(job, find_model("nova-micro"), SPLIT, load_prices())


def asking_twice(job: Job, records: int) -> Job:
    return job.model_copy(update={"evaluation": job.evaluation.model_copy(update={"noise_records": records})})


def test_training_is_tokens_times_epochs_times_price() -> None:
    items = {item.what: item for item in job_estimate("hyperparameters: {epochCount: 3}").items}
    training = items["training, 3 x 500,000 tokens"]
    assert (training.quantity, training.unit, training.usd) == (Decimal(1_500_000), "tokens", Decimal("1.5"))
    assert items["stored custom model"].usd == Decimal("1.95")
    assert items["evaluation, candidate reads"].usd == Decimal("0.0035")
    assert items["evaluation, base model answers"].usd == Decimal("0.0014")
    assert items["evaluation, base model answers"].high_usd == Decimal("0.007168")


def test_examples_and_models_that_inform_are_priced_too() -> None:
    text = "evaluation: {compare_with: [nova-pro]}"
    items = {item.what: item for item in job_estimate(text).items}
    reads = items["evaluation, base model with examples reads"]
    # 100 validation records behind 2, 4 and 8 examples of 500 tokens, and 200 blind ones behind 4.
    assert reads.quantity == 100 * 500 * (3 + 14) + 100_000 + 200 * 4 * 500
    assert reads.low_usd < reads.usd < reads.high_usd
    answers = items["evaluation, base model with examples answers"]
    assert answers.quantity == 50 * (200 + 3 * 100)
    assert items["evaluation, nova-pro reads"].usd == Decimal("0.08")
    without = {item.what for item in job_estimate("evaluation: {few_shot: false}").items}
    assert set(items) - without == {
        "evaluation, base model with examples reads",
        "evaluation, base model with examples answers",
        "evaluation, nova-pro reads",
        "evaluation, nova-pro answers",
    }


def test_records_that_are_answered_twice_are_priced_and_all_three_times_at_most() -> None:
    text = "evaluation: {compare_with: [nova-pro]}"
    once, twice = ({item.what: item for item in job_estimate(text, records).items} for records in (0, 100))
    asked = [name for name in once if name.startswith("evaluation") and "examples" not in name]
    assert len(asked) == 6
    for name in asked:  # half of the 200 records a second time
        assert twice[name].quantity == Decimal("1.5") * once[name].quantity
        assert twice[name].usd == Decimal("1.5") * once[name].usd
        assert twice[name].low_usd == pytest.approx(Decimal("1.5") * once[name].low_usd)
        assert twice[name].high_usd == pytest.approx(3 * once[name].high_usd)
    shown = "evaluation, base model with examples"
    assert twice[f"{shown} answers"].quantity == once[f"{shown} answers"].quantity + 100 * 50
    assert twice[f"{shown} reads"].quantity == once[f"{shown} reads"].quantity + 50_000 + 100 * 4 * 500
    assert job_estimate(noise_records=1000) == job_estimate(noise_records=200)


def test_guardrails_own_records_are_asked_once_of_candidate_base_and_champion() -> None:
    job = asking_twice(
        parse_job(b"project: p\nbase_model: nova-micro\ndata: t.jsonl", source="job.yaml"), 100
    )
    figures = {"name": "a", "records": 300, "prompt_tokens": 30_000, "answer_tokens": 3_000}
    small = {**figures, "records": 299}
    items = {
        item.what: item
        for item in estimate_job(
            job,
            find_model("nova-micro"),
            SPLIT,
            load_prices(),
            champion_path="on_demand",
            champion_base="amazon.nova-micro-v1:0",
            guarded=[figures, figures, small],
        ).items
        if item.what.startswith("guardrails")
    }
    assert set(items) == {
        f"guardrails, {who} {part}"
        for who in ("candidate", "base model", "champion")
        for part in ("reads", "answers")
    }
    assert items["guardrails, base model reads"].quantity == 60_000
    answers = items["guardrails, candidate answers"]
    assert answers.quantity == 6_000
    assert answers.high_usd == answers.price * 600 * 256 / 1000


def test_the_number_of_epochs_that_so_many_records_get_is_priced() -> None:
    assert job_estimate().items[0].what.startswith("training, 3 x")


def test_the_total_lies_between_its_bounds_and_is_the_sum_of_the_items() -> None:
    estimate = job_estimate()
    assert estimate.low_usd < estimate.total_usd < estimate.high_usd
    assert abs(estimate.total_usd - sum(item.usd for item in estimate.items)) < Decimal("0.0001")


def test_the_json_names_every_item_with_its_source() -> None:
    told = json.loads(json.dumps(job_estimate().to_json(), default=str))
    assert set(told) == {"items", "total_usd", "low_usd", "high_usd", "afterwards"}
    assert set(told["items"][0]) >= {"what", "quantity", "unit", "price", "usd", "source"}
    assert told["items"][1]["source"].startswith("AWS Price List API")


@pytest.mark.parametrize(
    ("model", "low", "high"), [("nova-micro", 1.27, 0.73), ("llama-3.3-70b", 1.29, 0.71)]
)
def test_the_bounds_of_tokens_are_what_the_family_s_estimator_says_of_its_error(
    model: str, low: float, high: float
) -> None:
    fewest, most = tokens_between(model)
    assert (float(1 / fewest), float(1 / most)) == pytest.approx((low, high))
    assert f"{100 * (low - 1):.0f} %" in estimator_for(find_model(model).family).error


def test_the_budget_is_held_against_the_high_bound() -> None:
    estimate = job_estimate()
    assert budget_objection(estimate, estimate.high_usd) == ""
    objection = budget_objection(estimate, estimate.total_usd)
    assert "budget.limit_usd" in objection
    assert "the largest item is training, 3 x" in objection


def test_sentences_and_figures_agree() -> None:
    estimate = job_estimate("hyperparameters: {epochCount: 2}")
    assert estimate.summary() == "about $3.01, between $2.78 and $4.14"
    assert estimate.figures()["total_usd"] == estimate.total_usd
    assert "$0.0010" in budget_objection(estimate, Decimal("0.001"))


@pytest.mark.parametrize(
    ("text", "expected", "most"),
    [
        ("stopping: {policy: single}\nhyperparameters: {epochCount: 2}", 2, 2),
        ("stopping: {policy: probe}\nhyperparameters: {epochCount: 2}", 2, 3),
        ("stopping: {policy: pair}\nhyperparameters: {epochCount: 5}", 8, 8),
        ("stopping: {policy: chain}\nhyperparameters: {epochCount: 5}", 5, 10),
        ("sweep: {}", 9, 9),
        ("sweep: {over: [learningRate, learningRateWarmupSteps], settings: 5}", 15, 15),
        ("sweep: {}\nhyperparameters: {learningRate: 0.00006}", 6, 6),
        ("sweep: {data_shares: [0.25, 0.5, 1]}", Decimal("11.25"), Decimal("11.25")),
        ("sweep: {over: [learningRateWarmupSteps]}\nhyperparameters: {learningRateWarmupSteps: 0}", 12, 12),
    ],
)
def test_all_epochs_that_a_policy_may_bill_are_priced(
    text: str, expected: int | Decimal, most: int | Decimal
) -> None:
    training = job_estimate(text).items[0]
    assert training.quantity == expected * 500_000
    most_tokens = tokens_between("nova-micro")[1]
    assert training.high_usd == pytest.approx(Decimal("0.5") * most * most_tokens)


def test_answers_by_which_models_are_chosen_are_priced() -> None:
    pair = {
        item.what: item
        for item in job_estimate("stopping: {policy: pair}\nhyperparameters: {epochCount: 5}").items
    }
    single = {item.what for item in job_estimate("stopping: {policy: single}").items}
    assert pair[CHOICE[0]].quantity == 2 * 45_000
    assert pair[CHOICE[1]].quantity == 2 * 5_000
    assert pair[CHOICE[1]].high_usd > pair[CHOICE[1]].usd
    assert not single & set(CHOICE)


def hourly(text: str = "", *, champion_path: str = "") -> Estimate:
    body = f"project: p\nbase_model: nova-2-lite\ndata: t.jsonl\n{text}".encode()
    return estimate_job(
        asking_twice(parse_job(body, source="job.yaml"), 0),
        find_model("nova-2-lite"),
        SPLIT,
        load_prices(),
        champion_path=champion_path,
        champion_base="amazon.nova-micro-v1:0" if champion_path else "",
    )


def test_provisioned_throughput_is_priced_by_hours_and_units_and_not_by_the_candidate_s_tokens() -> None:
    estimate = hourly("serving: {path: provisioned, model_units: 3}")
    items = {item.what: item for item in estimate.items}
    hours = items["evaluation, candidate's provisioned throughput (3 model units)"]
    assert (hours.quantity, hours.unit, hours.price) == (Decimal(6), "hour", Decimal("60.50"))
    assert (hours.low_usd, hours.usd, hours.high_usd) == (Decimal("181.5"), Decimal(363), Decimal(1089))
    assert not any(what.startswith("evaluation, candidate reads") for what in items)
    assert "evaluation, base model reads" in items
    assert "the largest item is evaluation, candidate's provisioned throughput" in budget_objection(
        estimate, Decimal(50)
    )


def test_the_champion_s_first_30_days_stand_apart_from_the_run() -> None:
    estimate = hourly("serving: {path: provisioned}")
    [month] = estimate.afterwards
    assert month.usd == Decimal(43_560)
    assert estimate.high_usd < month.usd
    assert estimate.summary().endswith(
        "a champion's provisioned throughput for 30 days (1 model unit) costs $43,560.00"
    )
    assert hourly().afterwards == ()


def test_the_units_of_candidate_and_champion_are_paid_while_one_replaces_the_other() -> None:
    alone, beside = (
        hourly("serving: {path: provisioned}", champion_path=path) for path in ("", "provisioned")
    )
    [overlap] = [item for item in beside.items if item.what.startswith("overlap")]
    assert overlap.usd == Decimal("60.50")
    assert beside.total_usd - alone.total_usd == overlap.usd
    assert hourly(champion_path="provisioned").total_usd == hourly().total_usd


def test_a_champion_that_is_paid_by_the_token_answers_the_blind_test_at_its_own_models_price() -> None:
    alone, beside = (hourly(champion_path=path) for path in ("", "on_demand"))
    more = {item.what: item for item in beside.items if "champion" in item.what}
    assert set(more) == {"evaluation, champion reads", "evaluation, champion answers"}
    assert more["evaluation, champion reads"].usd == Decimal("0.0035")  # 100,000 tokens of Nova Micro
    assert beside.total_usd - alone.total_usd == sum(item.usd for item in more.values())


def test_an_unknown_price_is_no_estimate() -> None:
    with pytest.raises(UnknownPriceError):
        estimate_run(
            load_prices(),
            "amazon.nova-pro-v1:0",
            training_tokens=1,
            epochs=1,
            test_records=1,
            test_prompt_tokens=1,
            test_answer_tokens=1,
            max_tokens=1,
        )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.integers(0, 10**9),
    st.integers(1, 5),
    st.integers(0, 1000),
    st.integers(0, 10**7),
    st.integers(1, 5000),
)
def test_more_of_anything_never_costs_less(
    tokens: int, epochs: int, records: int, answers: int, longest: int
) -> None:
    def usd(extra: int) -> Estimate:
        return estimate_run(
            load_prices(),
            "amazon.nova-2-lite-v1:0",
            training_tokens=tokens + extra,
            epochs=epochs + extra,
            test_records=records + extra,
            test_prompt_tokens=answers + extra,
            test_answer_tokens=answers + extra,
            max_tokens=longest,
        )

    less, more = usd(0), usd(1)
    assert less.low_usd <= less.total_usd <= less.high_usd
    assert less.total_usd <= more.total_usd
    assert less.high_usd <= more.high_usd


def test_a_distillation_pays_its_teacher_and_at_most_the_longest_training() -> None:
    estimate = job_estimate("kind: distillation\ndistillation: {teacher: nova-pro, max_response_tokens: 200}")
    items = {item.what: item for item in estimate.items}
    assert items["training, 5 x 500,000 tokens"].usd == Decimal("2.5")
    assert items["teacher, nova-pro reads"].usd == Decimal("0.36")
    answers = items["teacher, nova-pro answers"]
    assert (answers.usd, answers.high_usd) == (Decimal("0.16"), Decimal("0.64"))


def test_a_distillation_on_logged_answers_pays_no_teacher() -> None:
    logged = "kind: distillation\ndistillation: {teacher: nova-pro, logs: {use_logged_answers: %s}}"
    paid, free = ({item.what for item in job_estimate(logged % asked).items} for asked in ("false", "true"))
    assert paid - free == {"teacher, nova-pro reads", "teacher, nova-pro answers"}
    assert free < paid


REWARDED = """
kind: reinforcement
reinforcement: {grader: exact_match}
serving: {path: on_demand}
"""
HOURLY = b"""prices:
- {model: amazon.nova-2-lite-v1:0, item: reinforcement_hour, usd: 30, per: hour, source: x, date: 2026-11-28}
"""


def rewarded_estimate(prices: bytes | None = HOURLY, deadline: int = 24) -> Estimate:
    text = f"project: p\nbase_model: nova-2-lite\ndata: t.jsonl\ntraining: {{deadline_hours: {deadline}}}"
    job = parse_job((text + REWARDED).encode(), source="job.yaml")
    return estimate_job(job, job.model, SPLIT, load_prices(prices))


def test_a_reinforcement_is_priced_by_the_hour_with_the_bounds_of_its_forecast() -> None:
    [training] = [item for item in rewarded_estimate().items if item.what.startswith("training")]
    assert (training.quantity, training.unit, training.price) == (Decimal("2.5"), "hour", Decimal(30))
    assert (training.low_usd, training.usd, training.high_usd) == (Decimal(25), Decimal(75), Decimal(225))
    [capped] = [item for item in rewarded_estimate(deadline=3).items if item.what.startswith("training")]
    assert (capped.usd, capped.high_usd) == (Decimal(75), Decimal(90))


def test_a_price_per_hour_that_is_not_known_stops_the_run_with_the_line_to_add() -> None:
    with pytest.raises(UnknownPriceError, match=r"item: reinforcement_hour, usd: .*, per: hour"):
        rewarded_estimate(prices=None)


JUDGED = "evaluation: {metric: judge, judge: {model: llama-3.3-70b}, compare_with: [nova-pro]}"


def test_a_judge_reads_every_pair_twice_and_says_a_word() -> None:
    estimate = job_estimate(JUDGED, noise_records=100)
    items = {item.what: item for item in estimate.items}
    reads = items["evaluation, judge Meta Llama 3.3 70B Instruct reads"]
    overhead = estimator_for("llama").estimate(overhead_text(DEFAULT_CRITERIA))
    # Base model, base model with examples and nova-pro, in two orders each.
    assert reads.quantity == 6 * (200 * overhead + 100_000 + 3 * 10_000)
    assert reads.low_usd == 0, "equal answers are not judged"
    assert reads.high_usd > reads.usd
    answers = items["evaluation, judge Meta Llama 3.3 70B Instruct answers"]
    assert answers.high_usd == 16 * answers.usd == Decimal("0.00072") * 6 * 200 * 16 / 1000
    twice = {item.what: item.quantity for item in job_estimate(JUDGED).items}
    assert {item.what: item.quantity for item in estimate.items} == twice, "nothing is answered twice"


def test_a_judge_without_a_price_stops_the_run_with_the_lines_to_add() -> None:
    with pytest.raises(UnknownPriceError, match=r"input and output for mistral\.mistral-large-2407-v1:0"):
        job_estimate("evaluation: {metric: judge, judge: {model: 'mistral.mistral-large-2407-v1:0'}}")


def test_a_question_whether_to_tune_costs_the_answers_of_untuned_models_alone() -> None:
    text = "evaluation: {compare_with: [nova-pro]}\n"
    asked, tuned = job_estimate(f"{text}kind: advise"), job_estimate(text)
    untuned = ("base model", "base model with examples", "nova-pro")
    assert [item.what for item in asked.items] == [
        f"evaluation, {who} {part}" for who in untuned for part in ("reads", "answers")
    ]
    assert set(asked.items) < set(tuned.items)
    assert asked.high_usd < tuned.total_usd / 2


def test_what_tuning_would_cost_has_to_be_known_before_anybody_asks_whether_to() -> None:
    name = next(iter(models_without_price(load_catalogue(), load_prices())))
    body = f"project: p\nbase_model: {name}\ndata: t.jsonl\nkind: advise"
    job = parse_job(body.encode(), source="job.yaml")
    with pytest.raises(UnknownPriceError):
        estimate_job(job, job.model, SPLIT, load_prices())
