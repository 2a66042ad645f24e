"""`tunesmith local`: one cloud at a time, none left behind that was not asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.local import local_deployment
from local.cloud import LocalCloud, LocalDeployError
from tests.cli.fakes import Account, tunesmith
from tunesmith.aws import clients


class FakeCloud:
    """A local cloud without a server; `log` tells what was done with it."""

    now: FakeCloud | None = None
    log: list[str]
    fails = False
    endpoint = "http://localhost:1"
    scale = 600.0

    @classmethod
    def running(cls) -> FakeCloud | None:
        return cls.now

    @classmethod
    def up(cls, *, port: int = 0, scale: float = 600.0, owner: int | None = None) -> FakeCloud:
        cls.log.append(f"up, port {port}, {'owned' if owner else 'stays'}")
        cls.now = cls()
        return cls.now

    def deploy(self, progress: Callable[[str], None]) -> None:
        progress("Deploying the stacks")
        progress("tunesmith-local-storage | 3 | CREATE_IN_PROGRESS")
        if self.fails:
            raise LocalDeployError("`cdk deploy` failed: no such state")
        self.log.append("deploy")

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def down(self) -> None:
        self.log.append("down")
        type(self).now = None


@pytest.fixture
def fake_cloud(monkeypatch: pytest.MonkeyPatch) -> type[FakeCloud]:
    monkeypatch.setattr(FakeCloud, "now", None)
    monkeypatch.setattr(FakeCloud, "log", [], raising=False)
    monkeypatch.setattr(FakeCloud, "fails", False)
    for name in ("running", "up"):
        monkeypatch.setattr(LocalCloud, name, getattr(FakeCloud, name))
    monkeypatch.setattr("cli.local._is_deployed", lambda: "deploy" in FakeCloud.log)
    return FakeCloud


def test_up_leaves_a_deployed_cloud_running_and_prints_its_endpoint(fake_cloud: type[FakeCloud]) -> None:
    answer = tunesmith("local", "up", "--port", "4566")
    assert (answer.code, answer.stdout) == (0, "http://localhost:1\n")
    assert "export AWS_ENDPOINT_URL=http://localhost:1" in answer.stderr
    assert fake_cloud.log == ["up, port 4566, stays", "deploy"]
    assert fake_cloud.now is not None


def test_a_second_up_finds_the_first(fake_cloud: type[FakeCloud]) -> None:
    tunesmith("local", "up")
    answer = tunesmith("local", "up", "--json")
    assert answer.json["endpoint"] == "http://localhost:1"
    assert "running already" in answer.stderr
    assert fake_cloud.log == ["up, port 0, stays", "deploy"]


def test_up_deploys_again_where_the_stacks_were_destroyed(fake_cloud: type[FakeCloud]) -> None:
    tunesmith("local", "up")
    fake_cloud.log.remove("deploy")
    assert tunesmith("local", "up").code == 0
    assert fake_cloud.log == ["up, port 0, stays", "deploy"]


def test_a_cloud_that_could_not_be_deployed_to_is_taken_down(
    fake_cloud: type[FakeCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_cloud, "fails", True)
    answer = tunesmith("local", "up")
    assert answer.code == 2
    assert "error: `cdk deploy` failed: no such state" in answer.stderr
    assert fake_cloud.now is None


def test_a_pipe_gets_the_stages_of_a_deployment_alone(fake_cloud: type[FakeCloud]) -> None:
    told = tunesmith("local", "up").stderr
    assert "Deploying the stacks" in told
    assert "CREATE_IN_PROGRESS" not in told


def test_down_stops_the_cloud(fake_cloud: type[FakeCloud]) -> None:
    tunesmith("local", "up")
    assert tunesmith("local", "down").code == 0
    assert fake_cloud.now is None


def test_a_run_of_ones_own_leaves_nothing_behind_even_when_it_could_not_start(
    fake_cloud: type[FakeCloud], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_cloud, "fails", True)
    answer = tunesmith("local", "run", tmp_path / "job.yaml")
    assert answer.code == 2
    assert fake_cloud.log == ["up, port 0, owned", "down"]


def test_a_cloud_that_was_running_is_used_and_stays(
    fake_cloud: type[FakeCloud], account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = clients.ssm().get_parameter(Name="/tunesmith/dev/deployment")["Parameter"]["Value"]
    clients.ssm().put_parameter(
        Name="/tunesmith/local/deployment", Value=value.replace('"dev"', '"local"'), Type="String"
    )
    monkeypatch.setattr(fake_cloud, "environment", lambda self: {"AWS_REGION": "us-east-1"})
    monkeypatch.setattr(fake_cloud, "now", fake_cloud())
    with local_deployment() as deployment:
        assert deployment.is_local
    assert fake_cloud.now is not None
    assert fake_cloud.log == []
