"""Every model of the catalogue is complete, sourced and found by any of its names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tunesmith.catalogue import Model, find_model, load_catalogue
from tunesmith.errors import UnknownModelError

CHECKED = date(2026, 11, 23)
MODELS = pytest.mark.parametrize("model", load_catalogue(), ids=lambda model: model.name)


@MODELS
def test_a_model_is_found_by_inference_id_training_id_and_short_name(model: Model) -> None:
    assert find_model(model.id) is find_model(model.training_id) is find_model(model.name) is model


def test_no_name_means_two_models() -> None:
    names = [name for model in load_catalogue() for name in {model.id, model.training_id, model.name}]
    assert len(names) == len(set(names))


def test_an_unknown_model_is_answered_with_the_known_ones_and_the_closest() -> None:
    with pytest.raises(UnknownModelError, match=r"did you mean 'nova-micro'.*nova-lite, nova-pro"):
        find_model("nova-mikro")


@MODELS
def test_every_group_of_facts_has_a_source_of_the_last_two_years(model: Model) -> None:
    assert set(model.sources) == {"identity", "offer", "records", "tuning", "serving", "lifecycle"}
    for source in model.sources.values():
        assert source.url.startswith("https://docs.aws.amazon.com/")
        assert CHECKED - timedelta(days=730) <= source.date <= CHECKED


@MODELS
def test_limits_and_hyperparameters_are_consistent(model: Model) -> None:
    assert 0 < model.minimum_records < model.maximum_records
    assert model.tokens_per_record > 0
    assert "text" in model.inputs
    assert model.regions
    assert model.kinds
    assert "epochCount" in model.hyperparameters
    for known in model.hyperparameters.values():
        assert known.min <= known.default <= known.max
        assert not known.integer or known.default == int(known.default)


@MODELS
def test_a_model_past_its_time_names_an_active_successor(model: Model) -> None:
    if model.lifecycle.status == "active":
        assert not model.lifecycle.successor
    else:
        assert model.lifecycle.legacy is not None
        assert find_model(model.lifecycle.successor).lifecycle.status == "active"


def test_the_models_that_differ_say_so() -> None:
    assert find_model("nova-micro").inputs == ("text",)
    assert find_model("nova-2-lite").ignores_validation
    assert find_model("nova-2-lite").reasoning
    assert find_model("claude-3-haiku").lifecycle.end_of_life == date(2026, 9, 10)
