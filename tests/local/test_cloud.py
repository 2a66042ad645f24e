"""What the command line sees of a local cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.cloud import LocalCloud, LocalDeployError


def test_a_running_cloud_is_found_again_and_not_started_twice(local_cloud: LocalCloud) -> None:
    assert LocalCloud.running(local_cloud.state) == local_cloud
    assert LocalCloud.up(state=local_cloud.state) == local_cloud
    assert local_cloud.environment()["AWS_ENDPOINT_URL"] == f"http://localhost:{local_cloud.port}"


def test_a_cloud_that_is_gone_is_not_found(tmp_path: Path) -> None:
    assert LocalCloud.running(tmp_path) is None
    gone = {"endpoint": "http://localhost:9", "port": 9, "scale": 600.0, "pid": 1, "state": str(tmp_path)}
    (tmp_path / "local.json").write_text(json.dumps(gone))
    assert LocalCloud.running(tmp_path) is None


def test_a_failed_deploy_shows_the_end_of_the_output_and_where_the_rest_is(
    local_cloud: LocalCloud, tmp_path: Path
) -> None:
    (tmp_path / "cdk.json").write_text('{"app": "python app.py"}')
    (tmp_path / "app.py").write_text("raise SystemExit('this app is broken')")
    with pytest.raises(LocalDeployError, match=r"(?s)this app is broken.*cdk-synth\.log"):
        local_cloud.deploy(app=tmp_path)
