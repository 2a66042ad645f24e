"""Words: short enough for a mail, money that can be told from nothing, durations a person reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tunesmith.reporting import sample
from tests.tunesmith.reporting.test_document import document
from tunesmith.ledger import Step
from tunesmith.reporting.words import data_findings, duration, headline, message, money, price, subject

URI = "s3://artifacts/runs/4f1c9a7be2d05836/report.html"


def test_a_subject_fits_sns() -> None:
    records = sample.promoted()
    longest = replace(records, run=replace(records.run, project="ü" * 200))

    for told in (records, longest, sample.invalid()):
        line = subject(document(told))
        assert len(line) <= 100
        assert line.isascii()


def test_the_message_says_outcome_gain_cost_report_and_what_next() -> None:
    text = message(document(sample.promoted()), URI)

    for part in (
        "better by 35.4 points",
        "+29.9 to +40.8",
        "Cost: $0.57",
        "estimated $2.52",
        URI,
        "Call the champion",
    ):
        assert part in text, part
    assert "stand-in" not in text


def test_the_message_of_the_local_environment_says_where_its_figures_come_from() -> None:
    assert "local stand-in" in message(document(sample.promoted(), "local"), URI)


def test_a_run_without_figures_has_a_message_too() -> None:
    text = message(document(sample.invalid()), URI)

    assert "412 of 2,112 records" in text
    assert "Gain" not in text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "not known"),
        (0.0, "$0.00"),
        (2.5196, "$2.52"),
        (1234.5, "$1,234.50"),
        (0.0081, "$0.0081"),
        (1e-6, "under $0.0001"),
    ],
)
def test_money_keeps_the_digits_that_matter(usd: float | None, text: str) -> None:
    assert money(usd) == text


def test_a_unit_price_has_no_exponent() -> None:
    assert price(0.000035) == "$0.000035"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (9921, "2 h 45 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_model_that_passed_but_did_not_answer_is_not_called_worse() -> None:
    records = sample.promoted()
    unserved = replace(
        records, run=replace(records.run, outcome="rejected", reason="The smoke test got no answer.")
    )

    assert headline(document(unserved)) == "The tuned model was not put into service"


def test_a_person_who_overruled_the_verdict_is_named_and_the_verdict_stays_told() -> None:
    records = sample.inconclusive()
    summary = "promoted by hand by ana; the verdict by itself was inconclusive: too few records."
    steps = [replace(step, summary=summary) if step.step is Step.DECIDE else step for step in records.steps]
    run = replace(records.run, outcome="promoted", reason="It is served.", by_hand="promoted by hand by ana")
    found = document(replace(records, run=run, steps=steps))

    assert headline(found) == "The tuned model was put into service by hand, whatever the verdict was"
    assert found["reason"] == f"{summary} It is served."


def test_a_gain_over_the_champion_is_told_as_one() -> None:
    promoted = document(sample.second("promoted", right=0.912))

    assert headline(promoted).startswith("The tuned model is better than the champion by ")
    assert "Gain over the champion: +" in message(promoted, URI)
    rejected = document(sample.second("rejected", right=0.6))
    assert headline(rejected).startswith("The tuned model is not better enough: ")
    assert headline(rejected).endswith(" points over the champion")


def test_clean_data_is_told_in_few_words() -> None:
    unproven = {"rule": "TD020", "reason": "250 records are too few"}
    clean = {**sample.data_report(), "findings": [unproven], "proven": False}
    assert data_findings(clean) == [
        "Answers are measured by exact match: the job file names it.",
        "250 records are too few. (TD020)",
        "No near-duplicates were found.",
        "Nothing in training is like validation or blind test.",
    ]
    repeated = data_findings({**clean, "repeated": {"times": 3, "records": 340}})
    assert repeated[1].startswith("340 different records are for training, each 3 times, as data.repeat_to")


def test_what_is_wrong_with_the_data_is_told_with_its_rule() -> None:
    told = data_findings(sample.data_report())
    assert "40 records are near-duplicates, in 18 groups that stay whole. (TD025)" in told
    assert not any("No near-duplicates" in sentence or "Nothing in training" in sentence for sentence in told)
    assert not any("TD024" in sentence for sentence in told)  # stands beside its file
