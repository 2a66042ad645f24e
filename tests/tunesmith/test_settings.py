"""Settings: what the stack writes is what the handler reads."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tunesmith.settings import AdmitUploadSettings, FunctionSettings, function_settings


@pytest.mark.parametrize(("name", "cls"), function_settings().items())
def test_settings_survive_the_way_through_the_environment(name: str, cls: type[FunctionSettings]) -> None:
    settings = cls(**{field.name: f"{name}.{field.name}" for field in fields(cls)})
    assert cls.from_environment(settings.to_environment()) == settings


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(KeyError, match="TUNESMITH_PIPELINE_ARN"):
        AdmitUploadSettings.from_environment(
            dict.fromkeys(
                [
                    "TUNESMITH_ENVIRONMENT",
                    "TUNESMITH_LEDGER_TABLE",
                    "TUNESMITH_ARTIFACTS_BUCKET",
                    "TUNESMITH_DATASET_BUCKET",
                    "TUNESMITH_TOPIC_ARN",
                ],
                "x",
            )
        )
