"""By which metric is a run measured? The job file's, or the one that its data told."""

from __future__ import annotations

from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.job import Job, parse_job


def read_measured_job(artifacts: Bucket, run: str) -> Job:
    """Read the job of a run whose data is prepared, with the metric named."""
    prefix = run_prefix(run)
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    if job.evaluation.metric is not None:
        return job
    return job.measured_by(artifacts.read_json(f"{prefix}/data/report.json")["task"]["metric"])
