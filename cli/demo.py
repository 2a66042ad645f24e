"""`make demo`: the main job on this machine, from nothing to a served model."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from cli.errors import Tellable, tell
from cli.local import local_deployment
from cli.submit import submit_job
from cli.voice import say
from tunesmith.reporting.words import duration

JOB = Path("examples/support_triage/job.yaml")
DATA = Path(".tunesmith/demo")


def demo() -> int:
    """Generate the example's data, deploy to the local cloud, submit and follow; returns the exit code."""
    began = time.monotonic()
    say("generating 1,500 support tickets with the seeded generator of examples/support_triage")
    command = [sys.executable, "-m", "examples.support_triage.generate", "--out", str(DATA)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with local_deployment() as deployment:
        code = submit_job(deployment, JOB, [DATA / "train.jsonl"], watch=True, json=False)
    say(f"\nthe demo took {duration(time.monotonic() - began)}")
    return code


if __name__ == "__main__":
    try:
        sys.exit(demo())
    except Tellable as error:
        sys.exit(tell(error))
