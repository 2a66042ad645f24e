"""What lies in a project's folder: a job file that can be used, and the data that it asks for?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tunesmith import names
from tunesmith.aws.objects import Bucket
from tunesmith.errors import JobFileError
from tunesmith.job import MAX_BYTES, Job, parse_job
from tunesmith.uploads import JOB_FILES, project_key


@dataclass(frozen=True, kw_only=True)
class ProjectFiles:
    """A project's folder at one moment: complete where nothing is waited for and nothing is wrong."""

    waiting_for: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    job: Job | None = None
    job_sha256: str = ""
    run: str = ""
    """Id of the run that these contents make; empty unless complete."""
    data: dict[str, dict[str, str]] = field(default_factory=dict)
    """Role to bucket, key, version and sha256 of the object, pinned."""


def read_project(uploads: Bucket, project: str) -> ProjectFiles:
    """Read a project's job file and pin its data; contents that are not there yet are waited for."""
    heads = {name: head for name in JOB_FILES if (head := uploads.head(project_key(project, name)))}
    if not heads:
        return ProjectFiles(waiting_for=(" or ".join(JOB_FILES),))
    name, head = next(iter(heads.items()))
    key, version = project_key(project, name), head["version"]
    try:
        if len(heads) > 1:
            raise JobFileError([f"the project has both {' and '.join(heads)}: remove one of them"])
        if head["size"] > MAX_BYTES:
            raise JobFileError([f"{name}: has {head['size']} bytes; allowed are {MAX_BYTES}"])
        body = uploads.read(key, version)
        job = parse_job(body, source=name)
        if job.project != project:
            raise JobFileError(
                [f"project: {job.project!r} is not allowed; allowed is the folder's {project!r}"]
            )
    except JobFileError as error:
        return ProjectFiles(problems=tuple(error.problems), job_sha256=uploads.sha256(key, version))
    paths = job.files_by_role()
    found = {role: uploads.head(project_key(project, path)) for role, path in paths.items()}
    data = {
        role: _pinned(uploads, project_key(project, paths[role]), head["version"])
        for role, head in found.items()
        if head is not None
    }
    if len(data) < len(paths):
        return ProjectFiles(waiting_for=tuple(path for role, path in paths.items() if role not in data))
    return ProjectFiles(
        job=job,
        job_sha256=hashlib.sha256(body).hexdigest(),
        run=names.run_id(body, [(role, pinned["sha256"]) for role, pinned in data.items()]),
        data=data,
    )


def _pinned(uploads: Bucket, key: str, version: str) -> dict[str, str]:
    return {"bucket": uploads.name, "key": key, "version": version, "sha256": uploads.sha256(key, version)}
