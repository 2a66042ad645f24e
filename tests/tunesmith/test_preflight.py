"""Everything against a plan is told at once, and the account's word goes before the catalogue's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tunesmith.catalogue import Model, find_model, load_catalogue
from tunesmith.job import parse_job
from tunesmith.preflight import (
    DEPLOYMENTS_QUOTA,
    UNITS_QUOTA,
    Access,
    AccountAnswers,
    Offer,
    PreflightReport,
    check_plan,
    quota_codes,
)

TODAY = date(2026, 11, 23)
SPLIT = {"train": 700, "validation": 100, "test": 200}
OPEN = Access(authorization="AUTHORIZED", entitlement="AVAILABLE", agreement="AVAILABLE")
LLAMA_UNITS = "L-3632DE15"
AMPLE = {DEPLOYMENTS_QUOTA: Decimal(10), UNITS_QUOTA: Decimal(10), LLAMA_UNITS: Decimal(10)}
BY_THE_HOUR = "serving: {path: provisioned}"


def offered(
    name: str, status: str = "ACTIVE", end: date | None = None, tuned: str = "FINE_TUNING"
) -> list[Offer]:
    model = find_model(name)
    return [
        Offer(id=model.id, status=status, end_of_life=end, customizations=()),
        Offer(id=model.training_id, status=status, end_of_life=end, customizations=(tuned,)),
    ]


def checked(
    name: str = "nova-micro",
    job: str = "",
    *,
    split: dict[str, int] = SPLIT,
    today: date = TODAY,
    beside_champion: bool = False,
    model: Model | None = None,
    **account: Any,
) -> PreflightReport:
    body = f"project: p\nbase_model: {name}\ndata: t.jsonl\n{job}".encode()
    answers = {"region": "us-east-1", "offers": offered(name), "access": OPEN, "in_use": 0, "quotas": AMPLE}
    parsed = parse_job(body, source="job.yaml")
    return check_plan(
        parsed,
        model or parsed.model,
        AccountAnswers(**{**answers, **account}),
        split=split,
        beside_champion=beside_champion,
        today=today,
    )


def problems(name: str = "nova-micro", job: str = "", **changes: Any) -> list[str]:
    return list(checked(name, job, **changes).problems)


@pytest.mark.parametrize("model", load_catalogue(), ids=lambda model: model.name)
def test_a_plan_that_can_work_has_no_problems(model: Model) -> None:
    # Retired ones too: the account still lists them.
    units = {model.units_quota: Decimal(1)} if model.units_quota else {}
    report = checked(model.name, "hyperparameters: {epochCount: 1}", quotas={**AMPLE, **units})
    assert report == PreflightReport(problems=(), notes=())


def test_a_retired_model_is_refused_with_its_successor() -> None:
    legacy = offered("claude-3-haiku", "LEGACY", date(2026, 9, 10))
    lifecycle, serving = problems(
        "claude-3-haiku", "serving: {path: on_demand}", offers=legacy, region="us-west-2"
    )
    assert lifecycle == (
        "Anthropic Claude 3 Haiku was retired on 2026-09-10; use Amazon Nova 2 Lite instead "
        "(`base_model: nova-2-lite`, in us-east-1)"
    )
    assert "cannot be served by on_demand, only by provisioned: set serving.path to that" in serving


def test_a_retired_model_that_is_no_longer_listed_is_explained_by_the_catalogue() -> None:
    assert problems("claude-3-haiku", offers=[])[0].startswith(
        "Anthropic Claude 3 Haiku was retired on 2026-09-10"
    )
    [titan] = problems("titan-text-express", offers=[])
    assert titan.startswith(
        "Amazon Titan Text Express is retired, so Bedrock takes no new customization jobs"
    )
    assert "use Amazon Nova Micro instead" in titan


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
    assert problems("claude-3-haiku", region="us-west-2") == []
    assert problems("llama-3.1-8b", region="eu-west-1") == []


def test_a_region_without_the_model_names_the_region_that_has_it() -> None:
    [problem] = problems(offers=[], region="eu-west-1")
    assert "does not offer Amazon Nova Micro to this account in eu-west-1" in problem
    assert "in us-east-1: deploy Tunesmith there" in problem


def test_a_model_that_may_be_called_but_not_tuned_here_is_refused() -> None:
    [problem] = problems(offers=offered("nova-micro", tuned="DISTILLATION"), region="us-west-2")
    assert problem.startswith("Bedrock does not offer fine-tuning of Amazon Nova Micro in us-west-2")


def test_a_kind_that_the_model_lacks_is_refused() -> None:
    body = b"project: p\nbase_model: nova-micro\ndata: t.jsonl"
    job = parse_job(body, source="job.yaml").model_copy(update={"kind": "reinforcement"})
    account = AccountAnswers(region="us-east-1", offers=[], quotas=AMPLE)
    model = find_model("nova-micro")
    problem = check_plan(job, model, account, split=SPLIT, beside_champion=False, today=TODAY).problems[0]
    assert problem == (
        "Amazon Nova Micro has no reinforcement; use one of fine-tuning, distillation in `kind`, or "
        "nova-2-lite as `base_model`"
    )


@pytest.mark.parametrize(
    ("model", "teacher", "region", "told"),
    [
        ("nova-2-lite", "nova-pro", "us-east-1", "Amazon Nova 2 Lite has no distillation; use one of"),
        ("claude-3-haiku", "nova-pro", "us-west-2", "Anthropic Claude 3 Haiku has no distillation"),
        (
            "llama-3.2-3b",
            "llama-3.1-405b",
            "us-west-2",
            "set distillation.teacher to llama-3.1-70b or llama-3.3",
        ),
        (
            "llama-3.1-8b",
            "llama-3.1-405b",
            "us-east-1",
            "the catalogue knows it in us-west-2: deploy Tunesmith",
        ),
    ],
)
def test_a_pair_that_is_not_to_be_had_here_is_answered_with_one_that_is(
    model: str, teacher: str, region: str, told: str
) -> None:
    taught = f"kind: distillation\ndistillation: {{teacher: {teacher}}}"
    here = offered(model, tuned="DISTILLATION") if region in find_model(model).regions else []
    assert any(told in problem for problem in problems(model, taught, offers=here, region=region))


def test_texts_of_a_retired_model_are_answered_with_fine_tuning_of_its_successor() -> None:
    found = problems("titan-text-express", "kind: continued-pre-training", offers=[])
    assert "is retired, so Bedrock takes no new customization jobs for it" in found[0]
    assert "Amazon Nova Micro, its successor, has no continued-pre-training: fine-tune that" in found[0]


def test_a_distillation_needs_a_teacher_that_the_student_can_learn_from_and_enough_prompts() -> None:
    offers, taught = offered("nova-lite", tuned="DISTILLATION"), "kind: distillation\ndistillation: "
    assert problems("nova-lite", f"{taught}{{teacher: nova-pro}}", offers=offers) == []
    few = {**SPLIT, "train": 99}
    teacher, count = problems("nova-lite", f"{taught}{{teacher: llama-3.3-70b}}", offers=offers, split=few)
    assert teacher == (
        "Amazon Nova Lite cannot learn from Meta Llama 3.3 70B Instruct: set distillation.teacher to "
        "nova-pro or nova-premier"
    )
    assert count.startswith("99 records are left to be answered by the teacher")


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
        "claude-3-haiku",
        "hyperparameters: {epochCount: 99}\nserving: {path: on_demand}",
        offers=[],
        split={"train": 1, "validation": 0},
        quotas={DEPLOYMENTS_QUOTA: Decimal(0)},
    )
    assert len(found) == 5


def test_training_and_validation_together_reach_llama_s_minimum_and_training_alone_nova_s() -> None:
    together = {"train": 90, "validation": 10}
    assert problems("llama-3.2-1b", split=together) == []
    [problem] = problems("llama-3.2-1b", split={"train": 90, "validation": 9})
    assert problem.startswith("99 records are left to train and validate after the split")
    [alone] = problems("nova-2-lite", split={"train": 199, "validation": 10})
    assert alone.startswith("199 records are left to train on after the split")


@pytest.mark.parametrize(("validation", "count"), [(0, 0), (31, 1), (32, 0), (1000, 0), (1001, 1)])
def test_validation_has_limits_of_its_own(validation: int, count: int) -> None:
    found = problems("claude-3-haiku", split={"train": 500, "validation": validation})
    assert len(found) == count


def test_a_raised_quota_on_records_goes_before_the_catalogue() -> None:
    split = {"train": 12_000, "validation": 0}
    assert len(problems("llama-3.1-8b", split=split)) == 1
    assert problems("llama-3.1-8b", split=split, quotas={**AMPLE, "L-34C933D1": Decimal(12_000)}) == []
    job = parse_job(b"project: p\nbase_model: llama-3.1-8b\ndata: t.jsonl", source="job.yaml")
    model = find_model("llama-3.1-8b")
    assert quota_codes(job, model, split) == {UNITS_QUOTA, LLAMA_UNITS, "L-34C933D1"}
    assert quota_codes(job, model, SPLIT) == {UNITS_QUOTA, LLAMA_UNITS}


def test_model_units_of_which_the_account_has_none_are_refused_before_training() -> None:
    none = {UNITS_QUOTA: Decimal(0), LLAMA_UNITS: Decimal(0)}
    per_model, across = problems("llama-3.1-8b", quotas=none)
    assert per_model == (
        "the quota L-3632DE15 (model units per provisioned model of Meta Llama 3.1 8B Instruct) is 0 in "
        "us-east-1, and this run needs 1: ask for an increase in the Service Quotas console"
    )
    assert "the quota L-BE77399C (model units without commitment across custom models) is 0" in across
    assert problems("llama-3.1-8b", quotas={UNITS_QUOTA: Decimal(1), LLAMA_UNITS: Decimal(1)}) == []


def test_the_quota_holds_the_units_of_candidate_and_champion() -> None:
    two = "serving: {path: provisioned, model_units: 2}"
    [problem] = problems("nova-micro", two, in_use=2, quotas={UNITS_QUOTA: Decimal(3)})
    assert "this run needs 4, 2 of which others hold now" in problem
    assert problems("nova-micro", two, in_use=2, quotas={UNITS_QUOTA: Decimal(4)}) == []
    # Where nobody may list what is in use, the champion counts as much as the candidate.
    unlisted = {"in_use": None, "beside_champion": True}
    assert len(problems("nova-micro", two, quotas={UNITS_QUOTA: Decimal(3)}, **unlisted)) == 1
    assert problems("nova-micro", two, quotas={UNITS_QUOTA: Decimal(4)}, **unlisted) == []


def test_the_candidate_s_deployment_needs_room_beside_those_that_exist() -> None:
    assert problems(in_use=9) == []
    [problem] = problems(in_use=10)
    assert "L-1EF80F3E (custom model deployments) is 10" in problem
    assert problems("nova-micro", BY_THE_HOUR, in_use=9) == []


def test_what_the_account_does_not_tell_is_noted_and_stops_nothing() -> None:
    report = checked("nova-micro", BY_THE_HOUR, quotas={UNITS_QUOTA: None}, in_use=None, access=None)
    assert report.problems == ()
    quota, in_use, access = report.notes
    assert quota.startswith(
        "the quota L-BE77399C (model units without commitment across custom models) could"
    )
    assert quota.endswith("this run needs 1")
    assert in_use == "the capacity that is in use could not be listed"
    assert access == "whether this account has access to the model could not be asked"


def test_access_that_was_never_granted_is_a_problem() -> None:
    denied = Access(authorization="NOT_AUTHORIZED", entitlement="NOT_AVAILABLE", agreement="PENDING")
    authorization, entitlement = problems(access=denied)
    assert authorization.startswith("this account is not authorized to use Amazon Nova Micro")
    assert (
        "has no access to Amazon Nova Micro (agreement pending): request it under Model access" in entitlement
    )


@pytest.mark.parametrize(
    ("name", "path", "count"),
    [
        ("nova-micro", "on_demand", 0),
        ("nova-micro", "provisioned", 0),
        ("llama-3.1-8b", "on_demand", 1),
        ("llama-3.1-8b", "provisioned", 0),
        ("llama-3.3-70b", "on_demand", 0),
        ("llama-3.3-70b", "provisioned", 1),
    ],
)
def test_a_model_is_served_only_as_it_can_be(name: str, path: str, count: int) -> None:
    assert len(problems(name, f"serving: {{path: {path}}}")) == count


def test_a_model_customized_before_on_demand_serving_began_cannot_have_it() -> None:
    assert problems(today=date(2025, 7, 16)) == []
    [problem] = problems(today=date(2025, 7, 15))
    assert "served on demand only if it was customized on or after 2025-07-16" in problem
    assert problems("nova-micro", BY_THE_HOUR, today=date(2025, 7, 15)) == []


REWARDED = "kind: reinforcement\nreinforcement: {grader: numeric}"


def test_a_reinforcement_is_refused_with_what_its_trial_showed() -> None:
    assert problems("nova-2-lite", REWARDED) == []
    [found] = problems("nova-2-lite", REWARDED, grader="it failed: KeyError")
    assert found == "the grader numeric cannot be trained with: it failed: KeyError"
    assert problems("nova-2-lite", grader="nobody asks") == []


def test_a_reinforcement_needs_a_hundred_prompts_and_a_model_that_learns_by_rewards() -> None:
    [few] = problems("nova-2-lite", REWARDED, split={**SPLIT, "train": 99})
    assert few.startswith(
        "99 records are left to train on after the split, and Amazon Nova 2 Lite needs at least 100"
    )
    found = problems("nova-micro", REWARDED)
    assert found[0] == (
        "Amazon Nova Micro has no reinforcement; use one of fine-tuning, distillation in `kind`, or "
        "nova-2-lite as `base_model`"
    )


def test_what_bedrocks_list_does_not_say_of_a_reinforcement_is_noted() -> None:
    job = parse_job(
        f"project: p\nbase_model: nova-2-lite\ndata: t.jsonl\n{REWARDED}".encode(), source="job.yaml"
    )
    account = AccountAnswers(region="us-east-1", offers=offered("nova-2-lite"), quotas=AMPLE)
    report = check_plan(job, job.model, account, split=SPLIT, beside_champion=False, today=TODAY)
    assert any("has no word for reinforcement" in note for note in report.notes)


def test_a_sweep_that_varies_nothing_is_refused_before_it_is_paid() -> None:
    micro = find_model("nova-micro")
    steps = micro.hyperparameters["learningRateWarmupSteps"]
    narrow = replace(steps, max=steps.min, default=steps.min)
    model = replace(micro, hyperparameters={**micro.hyperparameters, "learningRateWarmupSteps": narrow})
    sweep = "sweep: {over: [learningRateWarmupSteps]}"

    [problem] = problems(job=sweep, model=model)

    assert problem.startswith("a sweep over learningRateWarmupSteps has nothing to vary: Amazon Nova Micro")
    assert problems(job=sweep, split={**SPLIT, "train": 300}) == []


def test_a_sweep_whose_smallest_share_is_too_few_records_is_refused_before_it_is_paid() -> None:
    sweep = "sweep: {data_shares: [%s, 1]}"

    [problem] = problems(job=sweep % 0.01, split={**SPLIT, "train": 400})

    assert problem == (
        "1% of the training records are 4, fewer than a job of Amazon Nova Micro takes: begin "
        "`sweep.data_shares` with a larger one"
    )
    assert problems(job=sweep % 0.02, split={**SPLIT, "train": 400}) == []


JUDGED = "evaluation: {metric: judge, judge: {model: llama-3.3-70b}}"


def test_a_judge_has_to_be_offered_here_and_open_to_the_account() -> None:
    assert not problems(job=JUDGED, judge_offers=offered("llama-3.3-70b"), judge_access=OPEN)
    (absent,) = problems(job=JUDGED)
    assert "does not offer the judge Meta Llama 3.3 70B" in absent
    assert "evaluation.judge.model" in absent
    (gone,) = problems(job=JUDGED, judge_offers=offered("llama-3.3-70b", end=TODAY))
    assert "was retired" in gone
    closed = replace(OPEN, entitlement="NOT_AVAILABLE")
    (shut,) = problems(job=JUDGED, judge_offers=offered("llama-3.3-70b"), judge_access=closed)
    assert "no access to the judge" in shut


def test_a_question_whether_to_tune_needs_a_model_that_can_be_and_no_room_to_serve_it() -> None:
    none = {code: Decimal(0) for code in AMPLE}
    assert checked(job="kind: advise", quotas=none) == PreflightReport(problems=(), notes=())
    [told] = problems(job="kind: advise", offers=offered("nova-micro", tuned="DISTILLATION"))
    assert "does not offer fine-tuning of Amazon Nova Micro" in told
    refused = problems(job="kind: advise", access=replace(OPEN, authorization="NOT_AUTHORIZED"))
    assert "not authorized to use Amazon Nova Micro" in refused[0]
    job = parse_job(b"project: p\nbase_model: nova-micro\ndata: t.jsonl\nkind: advise", source="job.yaml")
    assert quota_codes(job, job.model, SPLIT) == set()
