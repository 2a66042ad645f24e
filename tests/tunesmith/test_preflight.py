"""Everything against a plan is told at once, and the account's word goes before the catalogue's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tunesmith.catalogue import find_model
from tunesmith.job import parse_job
from tunesmith.preflight import Offer, find_problems

TODAY = date(2026, 11, 23)
SPLIT = {"train": 700, "validation": 100, "test": 200}


def offered(
    name: str, status: str = "ACTIVE", end: date | None = None, tuned: str = "FINE_TUNING"
) -> list[Offer]:
    model = find_model(name)
    return [
        Offer(id=model.id, status=status, end_of_life=end, customizations=()),
        Offer(id=model.training_id, status=status, end_of_life=end, customizations=(tuned,)),
    ]


def problems(name: str = "nova-micro", job: str = "", **changes: Any) -> list[str]:
    body = f"project: p\nbase_model: {name}\ndata: t.jsonl\n{job}".encode()
    known = {"offers": offered(name), "region": "us-east-1", "split": SPLIT, "today": TODAY, **changes}
    return find_problems(parse_job(body, source="job.yaml"), find_model(name), **known)


@pytest.mark.parametrize("name", ["nova-micro", "nova-lite", "nova-pro", "nova-2-lite"])
def test_a_plan_that_can_work_has_no_problems(name: str) -> None:
    assert problems(name, "hyperparameters: {epochCount: 1}") == []


def test_a_retired_model_is_refused_with_its_successor() -> None:
    legacy = offered("claude-3-haiku", "LEGACY", date(2026, 9, 10))
    lifecycle, serving = problems("claude-3-haiku", offers=legacy, region="us-west-2")
    assert lifecycle == (
        "Anthropic Claude 3 Haiku was retired on 2026-09-10; use Amazon Nova 2 Lite instead "
        "(`base_model: nova-2-lite`, in us-east-1)"
    )
    assert "cannot be served by on_demand, only by provisioned_throughput" in serving


def test_a_retired_model_that_is_no_longer_listed_is_explained_by_the_catalogue() -> None:
    assert problems("claude-3-haiku", offers=[])[0].startswith(
        "Anthropic Claude 3 Haiku was retired on 2026-09-10"
    )


def test_a_legacy_model_takes_no_new_jobs() -> None:
    [soon] = problems(offers=offered("nova-micro", "LEGACY", date(2027, 3, 1)))
    assert "is legacy and will be retired on 2027-03-01" in soon
    assert "choose an active model" in soon
    [undated] = problems(offers=offered("nova-micro", "LEGACY"))
    assert "Bedrock takes no new customization jobs" in undated


def test_an_active_model_past_its_end_of_life_is_refused_and_one_before_it_is_not() -> None:
    assert "was retired on 2026-11-23" in problems(offers=offered("nova-micro", end=TODAY))[0]
    assert problems(offers=offered("nova-micro", end=date(2026, 11, 24))) == []


def test_a_model_that_the_account_still_offers_is_taken_whatever_the_catalogue_says() -> None:
    [serving] = problems("claude-3-haiku", region="us-west-2")
    assert "cannot be served" in serving


def test_a_region_without_the_model_names_the_region_that_has_it() -> None:
    [problem] = problems(offers=[], region="eu-west-1")
    assert "does not offer Amazon Nova Micro to this account in eu-west-1" in problem
    assert "in us-east-1: deploy Tunesmith there" in problem


def test_a_model_that_may_be_called_but_not_tuned_here_is_refused() -> None:
    [problem] = problems(offers=offered("nova-micro", tuned="DISTILLATION"), region="us-west-2")
    assert problem.startswith("Bedrock does not offer fine-tuning of Amazon Nova Micro in us-west-2")


def test_a_kind_that_the_model_lacks_is_refused() -> None:
    body = b"project: p\nbase_model: nova-micro\ndata: t.jsonl"
    job = parse_job(body, source="job.yaml").model_copy(update={"kind": "import"})
    [problem] = find_problems(
        job, find_model("nova-micro"), offers=[], region="us-east-1", split=SPLIT, today=TODAY
    )[:1]
    assert problem == "Amazon Nova Micro has no import; use one of fine-tuning in `kind`"


@pytest.mark.parametrize(
    ("split", "count"),
    [
        ({"train": 8, "validation": 0}, 0),
        ({"train": 7, "validation": 0}, 1),
        ({"train": 19_500, "validation": 500}, 0),
        ({"train": 19_501, "validation": 500}, 1),
    ],
)
def test_record_limits_hold_after_the_split(split: dict[str, int], count: int) -> None:
    assert len(problems(split=split)) == count


def test_validation_records_that_a_model_ignores_do_not_count() -> None:
    assert problems("nova-2-lite", split={"train": 20_000, "validation": 500}) == []
    [problem] = problems("nova-2-lite", split={"train": 20_001, "validation": 500})
    assert problem.startswith("20,001 records to train on are more than the 20,000")


def test_hyperparameters_are_held_against_the_model_s_ranges() -> None:
    outside = "{epochCount: 6, learningRate: 1e-3, learningRateWarmupSteps: 2.5, epochcount: 2, batchSize: 1}"
    epochs, rate, warmup, misspelled, foreign = problems(job=f"hyperparameters: {outside}")
    assert epochs == "hyperparameters.epochCount is 6: Amazon Nova Micro takes a whole number from 1 to 5"
    assert rate.endswith("learningRate is 1e-3: Amazon Nova Micro takes a number from 0.000001 to 0.0001")
    assert warmup.endswith("is 2.5: Amazon Nova Micro takes a whole number from 0 to 100")
    assert (
        "epochcount is unknown (did you mean 'epochCount'?): Amazon Nova Micro has epochCount" in misspelled
    )
    assert foreign.startswith("hyperparameters.batchSize is unknown: Amazon Nova Micro has")
    inside = "{epochCount: 5, learningRate: 1.0e-6, learningRateWarmupSteps: 0}"
    assert problems(job=f"hyperparameters: {inside}") == []


def test_all_problems_come_at_once() -> None:
    found = problems(
        "claude-3-haiku", "hyperparameters: {epochCount: 99}", offers=[], split={"train": 1, "validation": 0}
    )
    assert len(found) == 4
