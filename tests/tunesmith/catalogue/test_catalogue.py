"""Every model of the catalogue is complete, sourced and found by any of its names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from tunesmith.catalogue import Model, find_model, load_catalogue, names_of
from tunesmith.catalogue.kinds import KINDS
from tunesmith.errors import UnknownModelError

OLDEST = timedelta(days=548)
FREE, HOURLY = ("on_demand", "provisioned"), ("provisioned",)
MODELS = pytest.mark.parametrize("model", load_catalogue(), ids=lambda model: model.name)


@MODELS
def test_a_model_is_found_by_any_of_its_ids_and_by_its_short_name(model: Model) -> None:
    assert all(find_model(name) is model for name in (model.id, model.training_id, model.invocation_id))
    assert find_model(model.name) is model


def test_no_name_means_two_models() -> None:
    names = [name for model in load_catalogue() for name in names_of(model)]
    assert len(names) == len(set(names))


def test_an_unknown_model_is_answered_with_the_known_ones_and_the_closest() -> None:
    with pytest.raises(UnknownModelError, match=r"did you mean 'nova-micro'.*nova-lite, nova-pro"):
        find_model("nova-mikro")


def stale(models: Iterable[Model], today: date) -> list[str]:
    """Groups of facts of active models that nobody has looked at for 18 months."""
    return [
        f"{model.name} {group}"
        for model in models
        for group, source in model.sources.items()
        if model.lifecycle.status == "active" and source.date < today - OLDEST
    ]


def test_no_fact_about_an_active_model_is_older_than_18_months() -> None:
    # Fails by the calendar, and is meant to: read the sources again, then change the dates.
    assert stale(load_catalogue(), datetime.now(UTC).date()) == []


def test_a_fact_that_nobody_looked_at_for_18_months_is_noticed() -> None:
    read = find_model("nova-micro").sources["serving"].date
    assert stale([find_model("nova-micro")], read + OLDEST) == []
    assert "nova-micro serving" in stale([find_model("nova-micro")], read + OLDEST + timedelta(days=1))
    assert stale([find_model("claude-3-haiku")], read + OLDEST * 9) == []


@MODELS
def test_every_group_of_facts_has_a_source_of_aws(model: Model) -> None:
    groups = {"identity", "offer", "records", "tuning", "serving", "lifecycle"}
    assert set(model.sources) - KINDS.keys() == groups
    assert all(source.url.startswith("https://docs.aws.amazon.com/") for source in model.sources.values())


@MODELS
def test_what_is_not_known_is_said(model: Model) -> None:
    if "provisioned" in model.serving_paths and not model.units_quota:
        assert "serving.units_quota" in model.unverified
    if not model.maximum_records_quota:
        assert "records.maximum_quota" in model.unverified
    if model.lifecycle.status == "retired" and model.lifecycle.end_of_life is None:
        assert "lifecycle.end_of_life" in model.unverified
    for fact, told in model.unverified.items():
        assert fact.partition(".")[0] in model.sources
        assert len(told) > 20


@MODELS
def test_limits_and_hyperparameters_are_consistent(model: Model) -> None:
    assert 0 < model.minimum_records < model.maximum_records
    assert 0 <= model.minimum_validation < (model.maximum_validation or model.maximum_records)
    assert model.tokens_per_record > 0
    assert model.tokens_per_record >= max(model.tokens_per_prompt or 0, model.tokens_per_answer or 0)
    assert model.regions
    assert model.kinds
    assert model.serving_paths
    assert ("on_demand" in model.serving_paths) == (model.on_demand_from is not None)
    assert set(model.early_stopping) <= set(model.hyperparameters)
    assert "epochCount" in model.hyperparameters
    for known in model.hyperparameters.values():
        assert known.min <= known.default <= known.max
        assert not known.integer or known.default == int(known.default)


@MODELS
def test_a_model_past_its_time_names_an_active_successor(model: Model) -> None:
    if model.lifecycle.status == "active":
        assert not model.lifecycle.successor
    else:
        assert find_model(model.lifecycle.successor).lifecycle.status == "active"


def test_the_catalogue_holds_the_models_that_can_be_tuned_and_those_that_could() -> None:
    by_status: dict[str, list[str]] = {}
    for model in load_catalogue():
        by_status.setdefault(model.lifecycle.status, []).append(model.name)
    assert by_status == {
        "active": [
            "nova-micro",
            "nova-lite",
            "nova-pro",
            "nova-2-lite",
            "llama-3.1-8b",
            "llama-3.1-70b",
            "llama-3.2-1b",
            "llama-3.2-3b",
            "llama-3.2-11b",
            "llama-3.2-90b",
            "llama-3.3-70b",
        ],
        "retired": [
            "claude-3-haiku",
            "titan-text-express",
            "titan-text-lite",
            "titan-text-premier",
            "cohere-command",
        ],
    }


@pytest.mark.parametrize(
    ("names", "record_format", "paths", "region"),
    [
        (["nova-micro", "nova-lite", "nova-pro", "nova-2-lite"], "converse", FREE, "us-east-1"),
        (["llama-3.1-8b", "llama-3.1-70b"], "prompt_completion", HOURLY, "us-west-2"),
        (["llama-3.2-1b", "llama-3.2-3b", "llama-3.2-11b", "llama-3.2-90b"], "converse", HOURLY, "us-west-2"),
        (["llama-3.3-70b"], "converse", ("on_demand",), "us-west-2"),
        (["claude-3-haiku"], "anthropic_messages", HOURLY, "us-west-2"),
    ],
)
def test_families_differ_as_aws_says(
    names: list[str], record_format: str, paths: tuple[str, ...], region: str
) -> None:
    for model in map(find_model, names):
        told = (model.record_format, model.serving_paths, model.regions)
        assert told == (record_format, paths, (region,))


def test_the_models_that_differ_say_so() -> None:
    assert not find_model("nova-micro").media
    assert find_model("nova-2-lite").ignores_validation
    assert find_model("nova-2-lite").reasoning
    assert find_model("llama-3.2-90b").tokens_per_record == 10_000
    assert find_model("llama-3.2-1b").one_system_text
    haiku = find_model("claude-3-haiku")
    assert haiku.lifecycle.end_of_life == date(2026, 9, 10)
    assert haiku.early_stopping == ("earlyStoppingThreshold", "earlyStoppingPatience")
    assert haiku.reserved_in_answers
