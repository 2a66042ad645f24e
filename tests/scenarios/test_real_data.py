"""Do public data sets end as they should? What can be learned is promoted, what cannot is not served."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from examples.recipes import banking77, gsm8k
from examples.recipes.recipe import default_data
from tests.cloud import CloudUnderTest
from tunesmith.ledger import Run

scenario = pytest.mark.scenario.with_args
pytestmark = pytest.mark.skipif(
    not default_data().is_dir(), reason=f"no public data sets at {default_data()}; set TUNESMITH_DATA"
)


def play_recipe(cloud: CloudUnderTest, recipe: ModuleType) -> tuple[Run, dict[str, Any]]:
    """Run a recipe's job over its data through the upload path; returns the closed run and its report."""
    with tempfile.TemporaryDirectory() as folder:
        job_file = yaml.safe_load(recipe.main(Path(folder), default_data()).read_bytes())
        job_file["training"] = {"deadline_hours": 240}  # by the simulated clock, also under load
        run = cloud.submit(job_file, (Path(folder) / "train.jsonl").read_bytes())
    cloud.wait_for_run(run)
    return cloud.wait_for_close(run), cloud.report(run)


def play_banking77(cloud: CloudUnderTest) -> tuple[Run, dict[str, Any]]:
    return play_recipe(cloud, banking77)


@scenario(play_banking77)
def test_banking77_is_promoted_with_four_fifths_right(
    cloud: CloudUnderTest, played: tuple[Run, dict[str, Any]]
) -> None:
    run, report = played
    assert run.outcome == "promoted", run.reason
    candidate = next(m for m in report["evaluation"]["models"] if m["label"] == "candidate")
    assert report["evaluation"]["n"] == 1000
    assert candidate["exact_match"] >= 80
    champion = cloud.ledger.champion("banking77")
    assert champion is not None
    assert cloud.champion_parameter("banking77") == champion.arn


def play_gsm8k(cloud: CloudUnderTest) -> tuple[Run, dict[str, Any]]:
    return play_recipe(cloud, gsm8k)


@scenario(play_gsm8k)
def test_gsm8k_which_the_stand_in_cannot_learn_serves_nothing(
    cloud: CloudUnderTest, played: tuple[Run, dict[str, Any]]
) -> None:
    run, report = played
    assert run.outcome in ("rejected", "inconclusive"), run.reason
    assert report["evaluation"]["gain"]["minimum"] == 5.0
    assert cloud.ledger.champion("gsm8k") is None
    assert cloud.champion_parameter("gsm8k") is None
    left = cloud.billable("gsm8k")
    assert (left["jobs"], left["deployments"]) == ([], [])
