"""Where do a run's records lie in S3, and how are they read and written?"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tunesmith.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20


LABEL_PAIRS = "evaluation/label_pairs.json"
"""Where the pairs of answers that people may label lie, below a run's prefix."""


class Bucket:
    """One bucket; keys in, bytes or JSON out."""

    def __init__(self, name: str, client: S3Client | None = None) -> None:
        self.name = name
        self._client = client or clients.s3()

    def uri(self, key: str) -> str:
        """Spell a key as S3 URI."""
        return f"s3://{self.name}/{key}"

    def head(self, key: str, version: str = "") -> dict[str, Any] | None:
        """Tell an object's version and size in bytes; None where there is no such object."""
        try:
            answer = self._client.head_object(Bucket=self.name, Key=key, **_version(version))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        return {"version": answer.get("VersionId", ""), "size": answer["ContentLength"]}

    def read(self, key: str, version: str = "") -> bytes:
        """Read an object whole."""
        body: bytes = self._client.get_object(Bucket=self.name, Key=key, **_version(version))["Body"].read()
        return body

    def chunks(self, key: str, version: str = "", start: int = 0) -> Iterator[bytes]:
        """Read an object in pieces of a mebibyte, from a byte on that it has."""
        given = _version(version) | ({"Range": f"bytes={start}-"} if start else {})
        body = self._client.get_object(Bucket=self.name, Key=key, **given)["Body"]
        yield from body.iter_chunks(_CHUNK)

    def lines(self, key: str) -> Iterator[bytes]:
        """Read a file line by line, without the newlines and without the empty ones."""
        body = self._client.get_object(Bucket=self.name, Key=key)["Body"]
        return (line for line in body.iter_lines(_CHUNK) if line)

    def sha256(self, key: str, version: str = "") -> str:
        """Digest an object's content (an ETag is no digest once the object is encrypted)."""
        digest = hashlib.sha256()
        for chunk in self.chunks(key, version):
            digest.update(chunk)
        return digest.hexdigest()

    def read_json(self, key: str) -> Any:
        """Read an object as JSON."""
        return json.loads(self.read(key))

    def write(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        """Write an object whole."""
        self._client.put_object(Bucket=self.name, Key=key, Body=body, ContentType=content_type)

    def write_json_once(self, key: str, value: Any) -> bool:
        """Write a value as JSON where there is no object yet; False where there is one, which stays."""
        try:
            self._client.put_object(
                Bucket=self.name,
                Key=key,
                Body=json.dumps(value, indent=1, default=str).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True

    def write_json(self, key: str, value: Any) -> None:
        """Write a value as readable JSON; Decimals become plain numbers in text form."""
        self.write(key, json.dumps(value, indent=1, default=str).encode(), "application/json")

    def write_lines(self, key: str, lines: Iterable[bytes]) -> None:
        """Write lines, each without its newline, as one object."""
        self.write_pieces(key, (line + b"\n" for line in lines))

    def write_pieces(self, key: str, pieces: Iterable[bytes]) -> None:
        """Write a JSONL file as one object of at most 5 GB; a large one waits in a temporary file."""
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            for piece in pieces:
                file.write(piece)
            file.seek(0)
            self._client.put_object(Bucket=self.name, Key=key, Body=file, ContentType="application/jsonl")

    def read_json_and_tag(self, key: str) -> tuple[Any, str]:
        """Read an object as JSON, with the tag that `replace_json` asks for; (None, "") for an absent one."""
        try:
            answer = self._client.get_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None, ""
            raise
        return json.loads(answer["Body"].read()), answer["ETag"]

    def replace_json(self, key: str, value: Any, tag: str) -> bool:
        """Write a value as compact JSON over what has the tag; False where somebody else wrote since."""
        body = json.dumps(value, separators=(",", ":")).encode()
        known: dict[str, Any] = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType="application/json", **known
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        """Delete an object; where the bucket is versioned, its versions stay."""
        self._client.delete_object(Bucket=self.name, Key=key)

    def copy_from(self, source: Bucket, key: str, name: str, *, tag: str) -> None:
        """Copy an object of another bucket whose tag is still this one, without its tags for billing."""
        self._client.copy_object(
            Bucket=self.name,
            Key=name,
            CopySource={"Bucket": source.name, "Key": key},
            CopySourceIfMatch=tag,
            TaggingDirective="REPLACE",
        )

    def listed(self, prefix: str) -> Iterator[tuple[str, int, str]]:
        """List the objects below a prefix: key, size in bytes and tag."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["Size"], entry["ETag"]

    def keys(self, prefix: str, suffix: str = "") -> list[str]:
        """List the keys below a prefix that end in a suffix."""
        return [key for key, _, _ in self.listed(prefix) if key.endswith(suffix)]


def run_prefix(run: str) -> str:
    """Prefix of everything that a run writes, but for its blind test."""
    return f"runs/{run}"


def assignment_key(project: str) -> str:
    """Key of what stands in which part, kept from run to run of a project."""
    return f"projects/{project}/assignment.json"


def cluster_key(run: str) -> str:
    """Key of what a cluster says when it has prepared a run's dataset."""
    return f"{run_prefix(run)}/data/cluster.json"


def cluster_cost_key(run: str) -> str:
    """Key of what a cluster may cost a run at most and, once that is known, what it did cost."""
    return f"{run_prefix(run)}/data/cluster_cost.json"


def blind_test_key(run: str) -> str:
    """Key of the sealed blind test; the bucket policy lets the evaluation role alone read below `blind/`."""
    return f"blind/{run}/test.jsonl"


def media_folders(run: str, project: str) -> dict[str, str]:
    """Map each part of the split to the prefix where what its records show is copied to.

    The blind test's lies with the blind tests, and is one for all runs of a project: the same test has the
    same digest in each.
    """
    trained = f"{run_prefix(run)}/data/media/"
    return {"train": trained, "validation": trained, "test": f"blind/media/{project}/"}


def guardrail_key(run: str, name: str) -> str:
    """Key of a guardrail's own records; below `blind/`, so that training is denied them too."""
    return f"blind/{run}/guardrails/{name}.jsonl"


def metadata_key(run: str) -> str:
    """Key of what the uploaded lines said of the blind test's records, beside the group key."""
    return f"blind/{run}/metadata.json"


def _version(version: str) -> dict[str, Any]:
    return {"VersionId": version} if version and version != "null" else {}
