"""Scores: the same records for every model, every call paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tunesmith.evaluation.answers import Answer, Question
from tunesmith.evaluation.precision import mean_interval, wilson_interval
from tunesmith.evaluation.scores import TokenPrice, score

QUESTIONS = [Question(id=str(n), system=[], messages=[], reference="yes") for n in range(4)]
PRICE = TokenPrice(Decimal("0.1"), Decimal("0.2"))


def answer(number: int, text: str = "yes", error: str = "") -> Answer:
    if error:
        return Answer(id=str(number), error=error)
    return Answer(id=str(number), text=text, input_tokens=10, output_tokens=5, latency_ms=100 * (number + 1))


def scored(candidate: list[Answer], base: list[Answer]) -> dict[str, Any]:
    sheet: dict[str, Any] = score(
        "exact_match",
        QUESTIONS,
        {"candidate": candidate, "base": base},
        {"candidate": "arn", "base": "id"},
        {"candidate": PRICE, "base": PRICE},
    )
    return sheet


def test_a_record_that_one_model_lost_leaves_for_all() -> None:
    sheet = scored(
        [answer(n) for n in range(4)], [answer(0), answer(1, error="Timeout"), answer(2, "no"), answer(3)]
    )

    assert sheet["records"] == ["0", "2", "3"]
    assert (sheet["n"], sheet["asked"], sheet["lost"]) == (3, 4, 1)
    assert sheet["models"]["base"]["exact_match"] == [1, 0, 1]
    assert sheet["models"]["candidate"]["exact_match"] == [1, 1, 1]
    assert sheet["errors"] == {"Timeout": 1}


def test_an_answer_that_is_missing_counts_as_lost() -> None:
    assert scored([answer(n) for n in range(4)], [answer(0)])["lost"] == 3


def test_every_call_is_paid_also_for_a_record_that_left() -> None:
    sheet = scored(
        [answer(n) for n in range(4)], [answer(0), answer(1, error="Timeout"), answer(2), answer(3)]
    )

    assert sheet["models"]["candidate"]["cost_usd"] == {
        "reads": Decimal("0.004"),
        "answers": Decimal("0.004"),
    }
    assert sheet["models"]["base"]["cost_usd"] == {"reads": Decimal("0.003"), "answers": Decimal("0.003")}


def test_a_summary_tells_lengths_speed_and_price() -> None:
    summary = scored([answer(n) for n in range(4)], [answer(n, "no") for n in range(4)])["models"]["base"][
        "summary"
    ]

    assert (summary["exact_match"], summary["output_tokens_mean"]) == (0.0, 5.0)
    assert (summary["latency_ms_median"], summary["latency_ms_p95"]) == (250.0, 400)
    assert summary["cost_usd_per_1000"] == Decimal(2)


def test_an_untuned_model_that_wraps_a_label_in_words_is_also_read_leniently() -> None:
    questions = [
        Question(id=str(n), system=[], messages=[], reference="refund status" if n % 2 else "refund")
        for n in range(20)
    ]
    wrapped = [answer(n, f"I would say: {question.reference}.") for n, question in enumerate(questions)]
    sheet = score(
        "exact_match",
        questions,
        {
            "candidate": wrapped,
            "base": [*wrapped[:18], answer(18, "neither"), answer(19, "refund or refund status")],
        },
        {"candidate": "arn", "base": "id"},
        {"candidate": PRICE, "base": PRICE},
    )

    assert sheet["models"]["candidate"]["summary"]["exact_match"] == 0
    assert "lenient" not in sheet["models"]["candidate"]
    assert sheet["models"]["base"]["exact_match"] == [0] * 20
    assert sheet["models"]["base"]["lenient"] == [1] * 18 + [0, 0]
    assert sheet["models"]["base"]["summary"]["lenient"] == pytest.approx(0.9)


def test_an_untuned_model_that_wraps_a_number_in_words_is_also_read_leniently() -> None:
    questions = [Question(id=str(n), system=[], messages=[], reference=f"{n + 10}") for n in range(8)]
    told = [answer(n, f"That makes {n + 10 if n < 6 else 99} in all.") for n in range(8)]
    sheet = score(
        "exact_match",
        questions,
        {"candidate": told, "base": told},
        {"candidate": "arn", "base": "id"},
        {"candidate": PRICE, "base": PRICE},
    )

    assert "lenient" not in sheet["models"]["candidate"]
    assert sheet["models"]["base"]["exact_match"] == [0] * 8
    assert sheet["models"]["base"]["lenient"] == [1] * 6 + [0, 0]


def test_each_metric_of_a_run_is_scored_with_an_interval_of_its_own() -> None:
    questions = [Question(id="0", system=[], messages=[], reference="so #### 1,200")]
    given = {"candidate": [answer(0, "That makes $1200.")], "base": [answer(0, "12")]}
    sheet = score("numeric", questions, given, dict.fromkeys(given, "id"), dict.fromkeys(given, PRICE))

    assert (sheet["models"]["candidate"]["numeric"], sheet["models"]["base"]["numeric"]) == ([1], [0])
    assert sheet["models"]["candidate"]["summary"]["interval"] == pytest.approx(wilson_interval(1, 1))


def test_a_model_that_informs_only_takes_no_record_from_the_others() -> None:
    everything = [answer(n) for n in range(4)]
    given = {"candidate": everything, "base": everything, "nova-pro": [answer(0, error="AccessDenied: no")]}
    sheet = score("exact_match", QUESTIONS, given, dict.fromkeys(given, "id"), dict.fromkeys(given, PRICE))

    assert (sheet["n"], sheet["lost"]) == (4, 0)
    assert set(sheet["models"]) == {"candidate", "base"}
    assert sheet["silent"] == {"nova-pro": "AccessDenied: no"}


def test_nothing_answered_has_no_summary() -> None:
    sheet = scored([answer(n, error="no") for n in range(4)], [answer(n) for n in range(4)])

    assert sheet["n"] == 0
    assert sheet["models"]["base"]["summary"] == {}


@pytest.mark.parametrize(
    ("right", "records", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (45, 100, 0.3561, 0.5476)],
)
def test_wilsons_interval_has_its_known_values(right: int, records: int, low: float, high: float) -> None:
    assert wilson_interval(right, records) == pytest.approx((low, high), abs=1e-4)


def test_an_interval_of_a_mean_stays_within_the_scores() -> None:
    assert mean_interval([1.0, 1.0, 0.9]) == pytest.approx((0.9013, 1.0), abs=1e-4)
    assert mean_interval([0.4]) == (0.4, 0.4)


@pytest.mark.parametrize("code", ["ModelErrorException", "ValidationException"])
def test_a_record_on_which_a_model_itself_fails_is_a_wrong_answer_of_that_model(code: str) -> None:
    sheet = scored(
        [answer(0), answer(1, error=f"{code}: no"), answer(2), answer(3)], [answer(n) for n in range(4)]
    )

    assert (sheet["n"], sheet["lost"]) == (4, 0)
    assert sheet["models"]["candidate"]["exact_match"] == [1, 0, 1, 1]
    assert sheet["models"]["base"]["exact_match"] == [1, 1, 1, 1]
    assert sheet["errors"] == {f"{code}: no": 1}


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "AccessDeniedException", "ModelTimeoutException", "ReadTimeoutError"]
)
def test_a_record_that_the_infrastructure_lost_is_no_ones_fault(code: str) -> None:
    sheet = scored(
        [answer(0), answer(1, error=f"{code}: no"), answer(2), answer(3)], [answer(n) for n in range(4)]
    )

    assert (sheet["n"], sheet["lost"]) == (3, 1)
    assert sheet["models"]["candidate"]["exact_match"] == [1, 1, 1]


def test_a_record_that_a_third_model_lost_leaves_for_all_three() -> None:
    everything = [answer(n) for n in range(4)]
    given = {"candidate": everything, "base": everything, "champion": everything[:3]}
    sheet = score("exact_match", QUESTIONS, given, dict.fromkeys(given, "id"), dict.fromkeys(given, PRICE))

    assert sheet["records"] == ["0", "1", "2"]
    assert {len(model["exact_match"]) for model in sheet["models"].values()} == {3}
