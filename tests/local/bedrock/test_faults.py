"""Does the stand-in fail as it is told to, for the project that it is told of and for no other?"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local.bedrock.conftest import RUN, Bedrock, tickets
from tests.local.bedrock.test_jobs import code_of


def declare(cloud: Bedrock, project: str, /, **faults: object) -> None:
    cloud.set_parameter(f"/tunesmith-local/faults/{project}", faults)


def test_a_job_ends_failed_with_the_message_that_was_set(bedrock: Bedrock) -> None:
    declare(bedrock, "unlucky", job={"ends": "Failed", "message": "The GPU caught fire."})
    job = bedrock.finish(bedrock.start("unlucky"))
    assert (job["status"], job["failureMessage"]) == ("Failed", "The GPU caught fire.")
    assert bedrock.finish(bedrock.start("lucky"))["status"] == "Completed"


def test_a_job_that_hangs_stays_in_the_queue_until_it_is_stopped(bedrock: Bedrock) -> None:
    declare(bedrock, "stuck", job={"hang": True})
    arn = bedrock.start("stuck")
    job = bedrock.finish(arn)
    assert job["status"] == "InProgress"
    assert job["statusDetails"]["trainingDetails"]["status"] == "NotStarted"
    bedrock.control.stop_model_customization_job(jobIdentifier=arn)
    bedrock.clock.move(60)
    assert bedrock.job(arn)["status"] == "Stopped"


def test_metrics_can_be_missing_or_unreadable_though_the_job_is_completed(bedrock: Bedrock) -> None:
    declare(bedrock, "silent", job={"metrics": "missing"})
    declare(bedrock, "garbled", job={"metrics": "corrupt"})
    silent, garbled = (bedrock.finish(bedrock.start(project)) for project in ("silent", "garbled"))
    assert (silent["status"], garbled["status"]) == ("Completed", "Completed")
    assert bedrock.artifacts(silent) == {}
    assert all("\x00" in text for text in bedrock.artifacts(garbled).values())


def test_a_candidate_that_does_not_learn_answers_the_same_to_all(bedrock: Bedrock) -> None:
    declare(bedrock, "dull", job={"learns": False})
    arn = bedrock.deploy(bedrock.train("dull"), "dull")
    answers = {
        bedrock.ask(arn, text)["output"]["message"]["content"][0]["text"] for text, _ in tickets(20, seed=3)
    }
    assert len(answers) == 1


def test_a_call_fails_as_often_as_was_set(bedrock: Bedrock) -> None:
    declare(
        bedrock,
        "throttled",
        bedrock={"CreateModelCustomizationJob": {"error": "ThrottlingException", "times": 2}},
    )
    for _ in range(2):
        with pytest.raises(ClientError) as raised:
            bedrock.start("throttled")
        assert code_of(raised) == ("ThrottlingException", 429)
    bedrock.start("throttled")


def test_a_call_by_arn_fails_for_the_project_in_the_resources_name(bedrock: Bedrock, model: str) -> None:
    declare(
        bedrock,
        "kept",
        bedrock={
            "DeleteCustomModelDeployment": {
                "error": "AccessDeniedException",
                "message": "not yours",
                "times": 1,
            },
            "Converse": {"error": "ServiceUnavailableException", "times": 1},
        },
    )
    arn, other = bedrock.deploy(model, "kept"), bedrock.deploy(model, "other")
    bedrock.ask(other, "hello")
    with pytest.raises(ClientError) as raised:
        bedrock.ask(arn, "hello")
    assert code_of(raised) == ("ServiceUnavailableException", 503)
    bedrock.ask(arn, "hello")
    delete = bedrock.control.delete_custom_model_deployment
    delete(customModelDeploymentIdentifier=other)
    with pytest.raises(ClientError) as raised:
        delete(customModelDeploymentIdentifier=arn)
    assert code_of(raised) == ("AccessDeniedException", 403)
    delete(customModelDeploymentIdentifier=arn)


def test_names_without_a_run_belong_to_no_project(bedrock: Bedrock) -> None:
    declare(bedrock, "plain", job={"ends": "Failed"})
    arn = bedrock.start(jobName="plain-job", customModelName=f"plain-job-{RUN[:8]}")
    assert bedrock.finish(arn)["status"] == "Completed"


def test_a_deployment_can_fail_or_stay_in_creation(bedrock: Bedrock, model: str) -> None:
    declare(bedrock, "broken", deployment={"ends": "Failed", "message": "No capacity."})
    declare(bedrock, "slow", deployment={"hang": True})
    get = bedrock.control.get_custom_model_deployment
    broken, slow = (
        get(customModelDeploymentIdentifier=bedrock.deploy(model, project)) for project in ("broken", "slow")
    )
    assert (broken["status"], broken["failureMessage"]) == ("Failed", "No capacity.")
    assert slow["status"] == "Creating"
    bedrock.control.delete_custom_model_deployment(
        customModelDeploymentIdentifier=broken["modelDeploymentName"]
    )


def test_a_swap_can_fail_or_go_on_for_ever_while_the_old_model_answers(bedrock: Bedrock, model: str) -> None:
    declare(bedrock, "unswappable", swap={"ends": "Failed", "message": "No capacity."})
    declare(bedrock, "swapping", swap={"hang": True})
    other = bedrock.train()
    details = []
    for project in ("unswappable", "swapping"):
        arn = bedrock.deploy(model, project)
        bedrock.control.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=other)
        bedrock.clock.move(3600)
        found = bedrock.control.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        assert (found["status"], found["modelArn"]) == ("Active", model)
        details.append(found["updateDetails"])
    assert details == [
        {"modelArn": other, "updateStatus": "UpdateFailed"},
        {"modelArn": other, "updateStatus": "Updating"},
    ]


def test_a_model_that_wavers_answers_the_same_question_otherwise_now_and_then(bedrock: Bedrock) -> None:
    declare(bedrock, "wavering", answers={"waver": 0.5})
    texts = [text for text, _ in tickets(20, seed=3)]
    told = {}
    for project in ("wavering", "steady"):
        arn = bedrock.deploy(bedrock.train(project), project)
        told[project] = [
            {bedrock.ask(arn, text)["output"]["message"]["content"][0]["text"] for _ in range(4)}
            for text in texts
        ]
    assert all(len(answers) == 1 for answers in told["steady"])
    assert sum(len(answers) > 1 for answers in told["wavering"]) > 10
