"""Are environments read whole, refused with every reason at once, and never changed afterwards?"""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

from stacks.environment import ClusterSettings, Environment, choose_environment
from tests.stacks.assembly import ROOT

WRITTEN = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]
VALUES = WRITTEN["dev"]


def test_the_three_environments_of_cdk_json_are_valid() -> None:
    assert [choose_environment(WRITTEN, name).name for name in WRITTEN] == ["dev", "prod", "local"]


def test_prod_alone_keeps_its_data() -> None:
    assert [name for name in WRITTEN if choose_environment(WRITTEN, name).retain_data] == ["prod"]


def test_local_is_dev_without_packages() -> None:
    assert WRITTEN["local"] == VALUES | {"bundle_packages": False}


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"-c env=test: unknown environment; cdk\.json has dev, prod, local"):
        choose_environment(WRITTEN, "test")


def test_a_region_on_the_command_line_overrides_the_written_one() -> None:
    environment = choose_environment(WRITTEN, "dev", "us-west-2")
    assert environment.region == "us-west-2"
    assert environment.evaluation_role_name == "tunesmith-dev-evaluate-us-west-2"


def test_unknown_and_missing_keys_are_told_together() -> None:
    broken = {"x": {key: value for key, value in VALUES.items() if key != "region"} | {"account": "1"}}
    with pytest.raises(ValueError, match=r"environments\.x: account: unknown key; region: missing"):
        choose_environment(broken, "x")


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        ({"enabled": True, "size": 3}, r"cluster\.size: unknown key; cluster\.above_mb: missing"),
        ("on", "cluster: 'on' is not allowed; expected an object"),
    ],
)
def test_keys_of_the_cluster_are_told_with_their_place(cluster: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        choose_environment({"x": VALUES | {"cluster": cluster}}, "x")


def test_every_wrong_value_is_told_at_once() -> None:
    with pytest.raises(
        ValueError,
        match=r"name.*region.*retain_data.*retention_days.*monthly_budget_usd.*graders.*metrics.*bundle_packages",
    ) as caught:
        Environment(
            name="Prod-1",
            region="virginia",
            retain_data="yes",  # type: ignore[arg-type]
            log_retention_days=31,
            monthly_budget_usd=-1,
            graders=["*"],
            metrics=["arn:x"],
            cluster=ClusterSettings(
                enabled="no",  # type: ignore[arg-type]
                above_mb=-1,
                vcpus=14,
                minutes=0,
                idle_minutes=61,
            ),
            bundle_packages=1,  # type: ignore[arg-type]
        )
    told = ["cluster.enabled", "cluster.above_mb", "cluster.vcpus", "cluster.minutes", "cluster.idle_minutes"]
    assert [key for key in told if f"{key}: " not in str(caught.value)] == []
    assert "31 is not allowed; expected one of [7, 30, 90, 365]" in str(caught.value)


def test_an_environment_cannot_be_changed() -> None:
    environment = choose_environment(WRITTEN, "dev")
    with pytest.raises(FrozenInstanceError):
        environment.region = "us-west-2"  # type: ignore[misc]


def test_the_evaluation_roles_name_fits_at_full_length() -> None:
    values = VALUES | {"region": "ap-southeast-1"}
    assert len(choose_environment({"a" * 10: values}, "a" * 10).evaluation_role_name) <= 64
