"""Does every kind of customization get from an upload to a verdict?"""

from __future__ import annotations

from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    SMALL,
    Played,
    check_nothing_billable_but_the_champion,
    job,
    play,
    scenario,
)


def distilled(cloud: CloudUnderTest) -> Played:
    given = job("distilled", hyperparameters={}, kind="distillation", distillation={"teacher": "nova-pro"})
    return play(
        cloud, {**given, "evaluation": {"max_tokens": 16, "few_shot": False}}, triage_data(records=SMALL)
    )


@scenario(distilled)
def test_a_student_is_taught_judged_and_paid_for_with_its_teacher(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert played.status == "SUCCEEDED", played.cause
    # The teacher is an untuned model: whether its student beats the base model is what the verdict says.
    assert played.run.outcome in ("promoted", "rejected", "inconclusive"), played.run.reason
    [name] = cloud.jobs("distilled")
    made = cloud.client("bedrock").get_model_customization_job(jobIdentifier=name)
    teacher = made["customizationConfig"]["distillationConfig"]["teacherModelConfig"]
    assert teacher["teacherModelIdentifier"] == "amazon.nova-pro-v1:0"
    assert made["hyperParameters"] == {}
    check_nothing_billable_but_the_champion(cloud, "distilled")
