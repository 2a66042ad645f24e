"""What a job is sent where its file is silent: by the data's size, in the model's range, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tunesmith.catalogue import find_model, load_catalogue
from tunesmith.training.hyperparameters import (
    RATES,
    WARM_UP,
    choose_hyperparameters,
    epochs_of,
    hyperparameter_problems,
    spell_number,
    typed_values,
    values_of,
)

SIZES = (8, 100, 999, 1_000, 5_000, 5_001, 20_000)


def values(model: str, records: int, **asked: Any) -> dict[str, str]:
    return values_of(choose_hyperparameters(asked, find_model(model), records=records))


@pytest.mark.parametrize(
    ("records", "epochs"), [(8, 5), (999, 5), (1_000, 3), (5_000, 3), (5_001, 2), (20_000, 2)]
)
def test_few_records_are_seen_more_often(records: int, epochs: int) -> None:
    assert epochs_of(choose_hyperparameters({}, find_model("nova-micro"), records=records)) == epochs


@pytest.mark.parametrize(
    ("model", "records", "steps"),
    [
        ("nova-micro", 200, "0"),
        ("nova-micro", 320, "1"),
        ("nova-micro", 6_400, "10"),
        ("nova-lite", 6_400, "40"),
        ("nova-lite", 20_000, "100"),
        ("nova-pro", 6_400, "20"),
        ("titan-text-express", 6_400, "5"),
    ],
)
def test_nova_warms_up_by_the_size_of_the_data_and_others_as_by_default(
    model: str, records: int, steps: str
) -> None:
    assert values(model, records)[WARM_UP] == steps


def test_a_bound_of_the_model_is_told() -> None:
    found = choose_hyperparameters({}, find_model("nova-lite"), records=20_000)
    why = next(choice.why for choice in found if choice.name == WARM_UP)
    assert why == (
        "one step for each 160 of 20,000 training records; the model takes a whole number from 0 to 100"
    )


@pytest.mark.parametrize("model", load_catalogue(), ids=lambda model: model.name)
def test_every_choice_is_one_that_the_model_takes_and_has_its_reason(model: Any) -> None:
    for records in SIZES:
        found = choose_hyperparameters({}, model, records=records)
        assert list(hyperparameter_problems(values_of(found), model)) == []
        assert all(choice.why for choice in found)
        for name in RATES:
            if name in model.hyperparameters:
                assert Decimal(values_of(found)[name]) == model.hyperparameters[name].default


def test_what_decides_neither_length_nor_steps_is_left_to_bedrock() -> None:
    assert values("claude-3-haiku", 500) == {"epochCount": "5", "learningRateMultiplier": "1"}


def test_the_job_file_goes_first_and_is_spelled_as_bedrock_takes_it() -> None:
    found = choose_hyperparameters(
        {"learningRate": "5e-5", "epochCount": 1}, find_model("nova-micro"), records=100
    )
    assert values_of(found) == {"epochCount": "1", "learningRate": "0.00005", WARM_UP: "0"}
    assert [choice.why for choice in found[:2]] == ["the job file asks for it"] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), ("3", "3"), (3.0, "3"), (1e-05, "0.00001"), ("1e-5", "0.00001"), (0.1, "0.1"), ("5E2", "500")],
)
def test_numbers_are_spelled_without_an_exponent(value: float | str, text: str) -> None:
    assert spell_number(value) == text


@pytest.mark.parametrize(
    ("prompts", "batch"), [(100, "16"), (255, "16"), (256, "32"), (511, "48"), (512, "64"), (20_000, "64")]
)
def test_a_reinforcement_takes_at_least_eight_steps_an_epoch(prompts: int, batch: str) -> None:
    model = find_model("nova-2-lite").as_tuned_by("reinforcement")
    chosen = choose_hyperparameters({"epochCount": 3}, model, records=prompts)
    assert values_of(chosen) == {
        "epochCount": "3",
        "batchSize": batch,
        "learningRate": "0.00001",
        "maxPromptLength": "4096",
        "trainingSamplePerPrompt": "4",
        "inferenceMaxTokens": "8192",
        "evalInterval": "10",
    }
    assert all(choice.why for choice in chosen)


def test_the_numbers_of_a_reinforcement_keep_their_types() -> None:
    model = find_model("nova-2-lite").as_tuned_by("reinforcement")
    typed = typed_values({"epochCount": "2", "learningRate": "0.00001"}, model)
    assert [(name, type(value), value) for name, value in typed.items()] == [
        ("epochCount", int, 2),
        ("learningRate", float, 1e-05),
    ]


def test_a_reinforcement_has_ranges_of_its_own() -> None:
    model = find_model("nova-2-lite").as_tuned_by("reinforcement")
    asked = {"epochCount": 51, "batchSize": 15, "trainingSamplePerPrompt": 2.5, "learningRateWarmupSteps": 1}
    found = list(hyperparameter_problems(asked, model))
    assert [problem.split()[0].removesuffix(":") for problem in found] == [
        f"hyperparameters.{x}" for x in asked
    ]
