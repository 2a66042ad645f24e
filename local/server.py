"""Starts the local cloud: `python -m local.server --port P --scale S` serves AWS's APIs until it is ended."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.clock import Clock
    from local.workers import WorkerPool

HOST = "localhost"  # moto reads template URLs by this word
READY = "local cloud ready"
COLLECT_AFTER = (50_000, 20, 20)
"""When Python collects garbage: seldom, since moto and botocore hold much that it would walk each time."""


def main(arguments: list[str] | None = None) -> None:
    """Serve until a signal comes, or until the process that is named with `--with` ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--scale", type=float, default=600.0, help="simulated seconds in each real second")
    parser.add_argument("--with", dest="owner", type=int, help="end with the process of this id")
    options = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with serve(port=options.port, scale=options.scale) as port:
        sys.stdout.write(f"{READY} {port}\n")
        sys.stdout.flush()
        while not ended.wait(1.0):
            if options.owner is not None and not _runs(options.owner):
                break


@contextlib.contextmanager
def serve(*, port: int = 0, scale: float = 600.0) -> Iterator[int]:
    """Patch moto and serve it from this process; yield the port."""
    os.environ["TZ"] = "UTC"  # noqa: TID251
    time.tzset()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "local"  # noqa: TID251
    # moto says of every resource type it skips that it does: known, and listed in docs.
    warnings.filterwarnings("ignore", message="Tried to parse")
    from moto.core.config import default_user_config
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    from local.clock import Clock
    from local.patches.cluster_jobs import close as end_jobs
    from local.workers import WorkerPool

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    gc.set_threshold(*COLLECT_AFTER)
    clock = Clock(scale)
    pool = WorkerPool()
    server = ThreadedMotoServer(ip_address=HOST, port=port, verbose=False)
    server.start()
    try:
        _, bound = server.get_host_and_port()
        os.environ["MOTO_PORT"] = str(bound)  # noqa: TID251
        apply_patches(clock, pool, f"http://{HOST}:{bound}")
        yield bound
    finally:
        server.stop()
        end_jobs()
        pool.close()


def apply_patches(clock: Clock, pool: WorkerPool, endpoint: str) -> None:
    """Add to moto what it lacks."""
    import local.bedrock
    from local.patches import (
        accepted_resources,
        aws_sdk_integrations,
        bucket_properties,
        child_executions,
        cluster_jobs,
        error_matching,
        event_targets,
        executions,
        function_execution,
        function_logs,
        function_versions,
        jsonata_expressions,
        parsed_definitions,
        queue_triggers,
        quiet_failures,
        refused_deletions,
        resource_updates,
        s3_events,
        service_quotas,
        simulated_state_times,
        simulated_waits,
        stack_failures,
        stack_updates,
        state_faults,
        state_machine_resources,
        stopped_executions,
        unmatched_choices,
        whole_items,
    )

    for patch in (
        accepted_resources,
        aws_sdk_integrations,
        bucket_properties,
        child_executions,
        error_matching,
        event_targets,
        function_logs,
        function_versions,
        jsonata_expressions,
        parsed_definitions,
        quiet_failures,
        refused_deletions,
        resource_updates,
        service_quotas,
        stack_failures,
        stack_updates,
        state_faults,
        state_machine_resources,
        stopped_executions,
        unmatched_choices,
        whole_items,
    ):
        patch.apply()
    for timed in (executions, queue_triggers, s3_events, simulated_state_times, simulated_waits):
        timed.apply(clock)
    function_execution.apply(pool, endpoint)
    cluster_jobs.apply(endpoint)
    local.bedrock.install(clock, endpoint=endpoint)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
