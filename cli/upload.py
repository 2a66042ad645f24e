"""What does a job file need in the dataset bucket, where, and which run does it make?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.data_files import data_pieces, is_parquet
from cli.voice import CommandError
from tunesmith import names
from tunesmith.aws.objects import Bucket
from tunesmith.job import Job, parse_job
from tunesmith.job_sections import TABLE_SUFFIXES
from tunesmith.uploads import JOB_FILES, project_key, rejection_key


@dataclass(frozen=True, kw_only=True)
class UploadFile:
    """One data file: what it is to the job, where it lies here and where it goes."""

    role: str
    path: Path
    key: str
    sha256: str
    """Of what is uploaded."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A job file and its data, ready to be sent; `run` is the run that they make."""

    run: str
    job: Job
    job_body: bytes
    job_key: str
    files: list[UploadFile]

    @property
    def rejection_key(self) -> str:
        """Where `admit_upload` explains why it refused this job file."""
        return rejection_key(self.job.project, hashlib.sha256(self.job_body).hexdigest())


def plan_upload(job_file: Path, data: Sequence[Path]) -> Upload:
    """Read a job file and find its data: in `data` by name, else beside the job file.

    Raises JobFileError with every problem of the job file, CommandError for files that are not there.
    """
    if not job_file.is_file():
        raise CommandError(f"there is no job file {job_file}")
    if job_file.suffix not in (".yaml", ".yml", ".json"):
        raise CommandError(f"{job_file} is neither YAML nor JSON", "name it job.yaml or job.json")
    body = job_file.read_bytes()
    job = parse_job(body, source=str(job_file))
    files = [
        UploadFile(
            role=role,
            path=path,
            key=project_key(job.project, wanted),
            sha256=_sha256(data_pieces(path, job.data.columns, job.data.group_key)),
        )
        for role, wanted, path in _find_data(job, job_file, data)
    ]
    return Upload(
        run=names.run_id(body, [(file.role, file.sha256) for file in files]),
        job=job,
        job_body=body,
        job_key=project_key(job.project, "job.json" if job_file.suffix == ".json" else "job.yaml"),
        files=files,
    )


def send(upload: Upload, bucket: Bucket, tell: Callable[[str], None]) -> None:
    """Send the data first and the job file last, so that the run is admitted when everything is there.

    An older job file goes before that: with the new data it would make a run that nobody asked for.
    """
    for key in (project_key(upload.job.project, name) for name in JOB_FILES):
        if bucket.head(key) and (key != upload.job_key or bucket.read(key) != upload.job_body):
            tell(f"removing the older {bucket.uri(key)}")
            bucket.delete(key)
    for file in upload.files:
        tell(f"uploading {file.path}")
        pieces = data_pieces(file.path, upload.job.data.columns, upload.job.data.group_key)
        bucket.write(file.key, b"".join(pieces), "application/jsonl")
    tell(f"uploading {bucket.uri(upload.job_key)}")
    bucket.write(upload.job_key, upload.job_body)


def _find_data(job: Job, job_file: Path, data: Sequence[Path]) -> list[tuple[str, str, Path]]:
    wanted = job.files_by_role()
    given = {path.name: path for path in data}
    if len(wanted) == len(data) == 1:
        given = {Path(next(iter(wanted.values()))).name: data[0]}
    found = [
        (role, name, given.pop(Path(name).name, job_file.parent / name)) for role, name in wanted.items()
    ]
    if given:
        unused = ", ".join(str(path) for path in given.values())
        raise CommandError(
            f"the job file has no use for {unused}; it names {', '.join(wanted.values())}",
            "give files under the names that the job file has for them",
        )
    missing = [(name, path) for _, name, path in found if not path.is_file()]
    if missing:
        told = ", ".join(f"{name} (looked for {path})" for name, path in missing)
        raise CommandError(f"data is missing: {told}", "name each file with --data FILE")
    for _, name, path in found:
        if path.name.endswith(TABLE_SUFFIXES) != name.endswith(TABLE_SUFFIXES) and not is_parquet(path):
            raise CommandError(
                f"{path} is to be uploaded as {name}, and one of the two names says that it is a table",
                "call it .csv in both places, or in neither",
            )
    return found


def _sha256(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
