"""The request for a job: Bedrock's spelling, Bedrock's rules, nothing forgotten."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from tunesmith import names
from tunesmith.catalogue import Model, load_catalogue
from tunesmith.catalogue.kinds import KINDS
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.job import parse_job
from tunesmith.training.hyperparameters import (
    choose_hyperparameters,
    hyperparameter_problems,
    typed_values,
    values_of,
)
from tunesmith.training.requests import TRAINED_LOG, customization_config, customization_request

TEXT_KINDS = {"fine-tuning", "continued-pre-training"}
"""Kinds that are sent hyperparameters as text."""
GRADER = "arn:aws:lambda:us-east-1:123456789012:function:grade"
FACTS: dict[str, Any] = {
    "environment": "dev",
    "project": "triage",
    "run": "0123456789abcdef",
    "number": 1,
    "base_model": "amazon.nova-micro-v1:0:128k",
    "kind": KINDS["fine-tuning"],
    "hyperparameters": {"epochCount": 2, "learningRate": 1e-05},
    "training_uri": "s3://artifacts/runs/0123456789abcdef/data/train.jsonl",
    "validation_uri": "s3://artifacts/runs/0123456789abcdef/data/validation.jsonl",
    "output_uri": "s3://artifacts/runs/0123456789abcdef/training/output/",
    "role_arn": "arn:aws:iam::123456789012:role/training",
    "model_key_arn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
}


def in_botocores_words(request: Any, *, fields: bool = True) -> Any:
    """Undo Step Functions' spelling; keys of the hyperparameter map are no field names.

    A reinforcement's are.
    """
    if isinstance(request, dict):
        structured = "GraderConfig" in request
        return {
            (name[0].lower() + name[1:] if fields else name): in_botocores_words(
                value, fields=name != "HyperParameters" or structured
            )
            for name, value in request.items()
        }
    return [in_botocores_words(value) for value in request] if isinstance(request, list) else request


def botocores_complaints(request: dict[str, Any]) -> str:
    model = botocore.session.get_session().get_service_model("bedrock")
    shape = model.operation_model("CreateModelCustomizationJob").input_shape
    assert shape is not None
    report: str = ParamValidator().validate(in_botocores_words(request), shape).generate_report()
    return report


@pytest.mark.parametrize("project", ["a", "triage", "a" * names.PROJECT_MAX_LENGTH, "a-1-b"])
@pytest.mark.parametrize("validation", [None, FACTS["validation_uri"]])
def test_botocore_takes_the_request(project: str, validation: str | None) -> None:
    request = customization_request(**{**FACTS, "project": project, "validation_uri": validation})

    assert botocores_complaints(request) == ""


def test_hyperparameters_go_as_text_under_bedrocks_own_names() -> None:
    assert customization_request(**FACTS)["HyperParameters"] == {"epochCount": "2", "learningRate": "0.00001"}


def test_job_and_model_carry_environment_project_and_run_as_tags() -> None:
    request = customization_request(**FACTS)

    expected = [
        {"Key": "tunesmith:environment", "Value": "dev"},
        {"Key": "tunesmith:project", "Value": "triage"},
        {"Key": "tunesmith:run", "Value": "0123456789abcdef"},
    ]
    assert request["JobTags"] == request["CustomModelTags"] == expected


def test_the_same_run_asks_with_the_same_token() -> None:
    assert customization_request(**FACTS) == customization_request(**FACTS)
    assert customization_request(**FACTS)["ClientRequestToken"] == "0123456789abcdef-job-1"


def test_every_broken_rule_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="JobName") as raised:
        customization_request(**{**FACTS, "project": "no spaces", "training_uri": "s3://bucket/day=1/train"})

    for part in ("JobName", "CustomModelName", "s3://bucket/day=1/train"):
        assert part in str(raised.value)


def test_a_distillation_names_its_teacher_and_no_hyperparameter() -> None:
    job = parse_job(
        b"project: triage\nbase_model: nova-micro\ndata: train.jsonl\nkind: distillation\n"
        b"distillation: {teacher: nova-pro, max_response_tokens: 300}\n",
        source="job.yaml",
    )
    asked: dict[str, Any] = {
        "kind": job.customization,
        "hyperparameters": {},
        "config": customization_config(job, numbers={}, own_grader_arn=""),
    }

    request = customization_request(**{**FACTS, **asked})

    assert botocores_complaints(request) == ""
    assert request["CustomizationType"] == "DISTILLATION"
    assert "HyperParameters" not in request
    assert request["CustomizationConfig"]["DistillationConfig"]["TeacherModelConfig"] == {
        "TeacherModelIdentifier": "amazon.nova-pro-v1:0",
        "MaxResponseLengthForInference": 300,
    }


def test_a_distillation_on_logged_answers_names_the_log_that_they_stand_in() -> None:
    asked: dict[str, Any] = {
        "kind": KINDS["distillation"],
        "hyperparameters": {},
        "training_uri": f"s3://bucket/{TRAINED_LOG}",
        "learns_log": True,
    }

    request = customization_request(**{**FACTS, **asked})

    assert botocores_complaints(request) == ""
    assert request["TrainingDataConfig"] == {
        "InvocationLogsConfig": {
            "InvocationLogSource": {"S3Uri": f"s3://bucket/{TRAINED_LOG}"},
            "UsePromptResponse": True,
        }
    }
    with pytest.raises(ValueError, match="day=1"):
        customization_request(**{**FACTS, **asked, "training_uri": "s3://bucket/day=1/log"})


@pytest.mark.parametrize("grader", ["numeric", f"{GRADER}:5"])
def test_a_reinforcement_names_its_grader_and_sends_numbers_as_numbers(grader: str) -> None:
    job = parse_job(
        b"project: triage\nbase_model: nova-2-lite\ndata: train.jsonl\nkind: reinforcement\n"
        + f"reinforcement: {{grader: '{grader}', reasoning_effort: low}}\n".encode(),
        source="job.yaml",
    )
    numbers = {"epochCount": 2, "learningRate": 1e-05}
    asked: dict[str, Any] = {
        "kind": job.customization,
        "hyperparameters": {},
        "config": customization_config(job, numbers=numbers, own_grader_arn=f"{GRADER}:7"),
    }

    request = customization_request(**{**FACTS, **asked})

    assert botocores_complaints(request) == ""
    assert request["CustomizationType"] == "REINFORCEMENT_FINE_TUNING"
    assert "HyperParameters" not in request
    named = f"{GRADER}:7" if grader == "numeric" else grader
    assert request["CustomizationConfig"]["RftConfig"] == {
        "GraderConfig": {"LambdaGrader": {"LambdaArn": named}},
        "HyperParameters": {"EpochCount": 2, "LearningRate": 1e-05, "ReasoningEffort": "low"},
    }


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        pytest.param(model, kind, id=f"{model.name} {kind}")
        for model in load_catalogue()
        for kind in model.kinds
    ],
)
def test_botocore_takes_the_request_of_every_kind_of_every_model(model: Model, kind: str) -> None:
    """With every hyperparameter that the model has, at either end of its range."""
    own = {
        "distillation": {"teacher": find_teacher(model.teachers[0]).name if model.teachers else ""},
        "reinforcement": {"grader": "exact_match", "reasoning_effort": "low"},
    }
    tuned = model.as_tuned_by(kind)
    for end in ("min", "max"):
        values = {name: str(getattr(known, end)) for name, known in tuned.hyperparameters.items()}
        asked: dict[str, Any] = {
            "project": "triage",
            "base_model": model.name,
            "data": "t.jsonl",
            "kind": kind,
        }
        asked |= {kind: own[kind]} if kind in own else {}
        asked |= {} if kind == "distillation" else {"hyperparameters": values}
        job = parse_job(json.dumps(asked).encode(), source="job.json")
        assert [*hyperparameter_problems(job.hyperparameters, job.model)] == []
        sent = values_of(choose_hyperparameters(job.hyperparameters, job.model, records=1_000))
        as_numbers, as_text = job.customization.sends_numbers, kind in TEXT_KINDS
        request = customization_request(
            **{
                **FACTS,
                "base_model": model.training_id,
                "kind": job.customization,
                "hyperparameters": sent if as_text else {},
                "config": customization_config(
                    job,
                    numbers=typed_values(sent, job.model) if as_numbers else {},
                    own_grader_arn=GRADER,
                ),
                "validation_uri": FACTS["validation_uri"] if job.customization.reads_validation else None,
            }
        )
        assert botocores_complaints(request) == ""
        assert request["CustomizationType"] == job.customization.customization
        assert set(request.get("HyperParameters", {})) == set(tuned.hyperparameters if as_text else ())
