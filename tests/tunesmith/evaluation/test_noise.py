"""How often a score flips is measured on few records, and averaged out on all where it is often."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluation.answers import Answer, Question
from tunesmith.evaluation.noise import Noise, asked_twice, measure, times_asked, told
from tunesmith.evaluation.scores import TokenPrice, score
from tunesmith.evaluation.verdict import decide

PRICE = TokenPrice(Decimal(1), Decimal(1))


@given(records=st.integers(0, 700), wanted=st.integers(0, 200))
def test_as_many_records_as_wanted_are_asked_twice_none_of_them_two_times(records: int, wanted: int) -> None:
    ids = [str(number) for number in range(records)]
    chosen = asked_twice(ids, wanted)
    assert len(chosen) == len(set(chosen)) == min(records, wanted)
    assert set(chosen) <= set(ids)


def test_the_records_that_are_asked_twice_are_spread_over_all_shards() -> None:
    chosen = [int(record) for record in asked_twice([str(number) for number in range(5_000)], 100)]
    assert {number // 500 for number in chosen} == set(range(10))


def test_a_model_is_asked_once_twice_or_when_it_wavers_three_times() -> None:
    assert times_asked("a", twice=["b"], averaged=False) == 1
    assert times_asked("b", twice=["b"], averaged=False) == 2
    assert times_asked("a", twice=["b"], averaged=True) == 3


def test_two_flips_in_a_hundred_are_borne_and_three_are_not() -> None:
    steady, wavering = (Noise(records=100, flips=flips, answers=1) for flips in (2, 3))
    assert (steady.wavers, wavering.wavers) == (False, True)
    assert Noise(records=0, flips=0, answers=1).wavers is False


def test_only_records_with_two_answers_of_those_asked_twice_are_counted() -> None:
    found = measure({"a": 1, "b": 0, "c": 1}, {"a": 1, "b": 1, "d": 1}, ["a", "b", "c"], answers=1)
    assert (found.records, found.flips) == (2, 1)


def rounds(texts: dict[str, list[str]]) -> list[list[Answer]]:
    times = max(len(each) for each in texts.values())
    return [
        [
            Answer(id=record, text=each[time], input_tokens=10, output_tokens=1)
            for record, each in texts.items()
            if time < len(each)
        ]
        for time in range(times)
    ]


def sheet(candidate: dict[str, list[str]], base: dict[str, list[str]], **options: Any) -> dict[str, Any]:
    questions = [Question(id=record, system=[], messages=[], reference="42 apples") for record in candidate]
    given = {"candidate": rounds(candidate), "base": rounds(base)}
    return score(
        "exact_match",
        questions,
        {label: first for label, (first, *_) in given.items()},
        {"candidate": "arn", "base": "id"},
        {"candidate": PRICE, "base": PRICE},
        again={label: again for label, (_, *again) in given.items()},
        **options,
    )


def test_a_score_is_the_mean_over_a_wavering_models_answers_and_the_first_of_any_other() -> None:
    candidate = {"a": ["42 apples", "no", "42 apples"], "b": ["no", "no", "no"]}
    base = {"a": ["no", "42 apples"], "b": ["no"]}
    found = sheet(candidate, base, twice=["a"], averaged=["candidate"])

    assert found["models"]["candidate"]["exact_match"] == [0.666667, 0.0]
    assert found["models"]["base"]["exact_match"] == [0, 0]
    assert found["noise"] == {
        "candidate": {"records": 1, "flips": 1, "answers": 3, "share": 1.0},
        "base": {"records": 1, "flips": 1, "answers": 1, "share": 1.0},
    }
    # Six answers of the one and three of the other are paid for.
    assert found["models"]["candidate"]["cost_usd"]["reads"] == Decimal("0.06")
    assert found["models"]["base"]["cost_usd"]["reads"] == Decimal("0.03")


def test_an_answer_that_was_lost_is_left_out_of_the_mean() -> None:
    found = sheet({"a": ["42 apples", "no"]}, {"a": ["no"]}, twice=["a"], averaged=["candidate"])
    assert found["models"]["candidate"]["exact_match"] == [0.5]


def test_where_nothing_is_asked_twice_nothing_is_told_of_noise() -> None:
    assert sheet({"a": ["no"]}, {"a": ["no"]})["noise"] == {}
    assert told({}) == ""
    assert told({"base": Noise(records=100, flips=1, answers=1).to_json()}) == ""


def test_the_verdict_takes_averaged_scores_as_means_and_says_so() -> None:
    records = 240
    candidate = {
        str(n): ["42 apples", "no" if n % 12 == 0 else "42 apples", "42 apples"] for n in range(records)
    }
    base = {str(n): ["42 apples" if n % 3 == 0 else "no"] for n in range(records)}
    twice = asked_twice(list(candidate), 100)
    scores = sheet(candidate, base, twice=twice, averaged=["candidate"])
    verdict = decide(scores, minimum_gain=2.0, seed=1)

    assert verdict.outcome == "better"
    assert verdict.method.startswith("studentized bootstrap")
    flips = sum(int(record) % 12 == 0 for record in twice)
    assert verdict.noise["candidate"]["flips"] == flips
    assert (
        f"candidate on {flips} of 100 ({flips}.0%); so each of their scores is the mean of 3"
        in verdict.reason
    )
