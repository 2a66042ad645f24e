"""A cluster leaves behind for a run what prepare_dataset leaves, object for object."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from prepare_dataset.handler import lambda_handler as prepare_dataset
from tests.handlers.data_run import RUN, STEP, DataRun
from tests.tunesmith.dataset.converse import lines
from tests.tunesmith.spark.machines import MISSING, local_session
from tests.tunesmith.spark.records import labelled
from tunesmith.aws.objects import assignment_key, blind_test_key, cluster_key
from tunesmith.ledger import Step

pytestmark = [
    pytest.mark.soak,  # a few records are compared in the ordinary suite, by the library alone
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "everything is there"),
    # PySpark 3.5 is older than the Python that warns of what it uses.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture
def endpoint(data_run: DataRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The mocked account behind a port, where Spark's processes reach it too.

    The run comes first: it makes this process's clients, which outlive the test and must not know the port.
    """
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)  # and gone after the test, although `read` sets it too
    try:
        yield url
    finally:
        server.stop()


def left_behind(data_run: DataRun) -> dict[str, bytes]:
    """Read all that a run's preparation wrote."""
    keys = [*data_run.artifacts.keys(f"runs/{RUN}/data/"), *data_run.artifacts.keys("blind/")]
    return {key: data_run.artifacts.read(key) for key in [*keys, *data_run.artifacts.keys("projects/")]}


def test_a_cluster_leaves_what_the_function_leaves(data_run: DataRun, endpoint: str) -> None:
    from prepare_dataset.spark_job import prepare_on_cluster, read_object

    def read(address: str, start: int) -> Iterator[bytes]:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
        os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "testing"
        return read_object(address, start)

    records = labelled(240)
    body = lines(*records) + b"{broken\n\n" + lines(*records[:3])
    data_run.admitted(train=body)
    told = prepare_dataset(STEP, None)
    expected, step = left_behind(data_run), data_run.step(Step.PREPARE)
    assert blind_test_key(RUN) in expected
    assert assignment_key("triage") in expected
    for key in expected:
        data_run.artifacts.delete(key)
    seal = data_run.ledger.run(RUN).blind_sha256
    data_run.ledger.update_run(RUN, blind_sha256="")

    slices = len(body) // 4 + 1
    answer = prepare_on_cluster(local_session(), RUN, STEP["now"], read=read, slice_bytes=slices)

    assert answer == told
    found = left_behind(data_run)
    assert data_run.artifacts.read_json(cluster_key(RUN)) == told
    assert {key: found[key] for key in expected} == expected
    assert found.keys() - expected.keys() == {cluster_key(RUN)}
    assert data_run.ledger.run(RUN).blind_sha256 == seal
    assert data_run.step(Step.PREPARE) == step
