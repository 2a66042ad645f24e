"""Which upload does a message tell of, and is it part of a project?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

JOB_FILES: Final = ("job.yaml", "job.json")
"""Names that a project's job file may have."""

_PREFIX: Final = "datasets/"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An object that was put into a bucket; `time` is ISO 8601, `project` empty where it belongs to none."""

    bucket: str
    key: str
    time: str

    @property
    def project(self) -> str:
        """The folder below `datasets/` that holds the object itself or a folder of it."""
        project, separator, name = self.key.removeprefix(_PREFIX).partition("/")
        is_data = self.key.startswith(_PREFIX) and separator and name and not name.endswith("/")
        return project if is_data else ""


def read_upload(body: str) -> Upload:
    """Read EventBridge's "Object Created" event from a queue's message; its keys are not URL-encoded.

    Raises ValueError where the message is none.
    """
    try:
        event = json.loads(body)
        detail = event["detail"]
        return Upload(bucket=detail["bucket"]["name"], key=detail["object"]["key"], time=event["time"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the message tells of no upload: {error!r}") from error


def project_key(project: str, name: str) -> str:
    """Key of a project's file in the dataset bucket."""
    return f"{_PREFIX}{project}/{name}"


def rejection_key(project: str, job_sha256: str) -> str:
    """Key of the document in the artifacts bucket that says why a job file was refused."""
    return f"rejections/{project}/{job_sha256}.json"
