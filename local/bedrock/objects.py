"""Where do data and artifacts live? In moto's S3 of the same account, reached without a network call."""

from __future__ import annotations

from urllib.parse import urlparse

from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from local.bedrock.records import BadRecordError


def read_object(account: str, region: str, uri: str) -> bytes:
    """Read one object. Raises BadRecordError, worded as Bedrock's failureMessage, where it cannot be read."""
    bucket_name, key = split_uri(uri)
    s3 = s3_backends[account]["aws"]
    try:
        bucket = s3.get_bucket(bucket_name)
        found = s3.get_object(bucket_name, key)
    except S3ClientError as error:
        raise BadRecordError(
            f"Could not validate GetObject permissions to access Amazon S3 bucket: {bucket_name} "
            f"at key {key}. The bucket does not exist."
        ) from error
    if bucket.region_name != region:
        raise BadRecordError(f"The Amazon S3 bucket {bucket_name} is not in the Region of the job, {region}.")
    if found is None:
        raise BadRecordError(
            f"Could not validate GetObject permissions to access Amazon S3 bucket: {bucket_name} "
            f"at key {key}. The object does not exist."
        )
    value: bytes = found.value
    return value


def check_bucket(account: str, uri: str) -> None:
    """Raise BadRecordError where the bucket that artifacts shall go to does not exist."""
    bucket_name, key = split_uri(uri)
    try:
        s3_backends[account]["aws"].get_bucket(bucket_name)
    except S3ClientError as error:
        raise _unwritable(bucket_name, key) from error


def write_object(account: str, folder_uri: str, name: str, text: str) -> None:
    """Write one artifact below the folder that the job names. Raises BadRecordError without its bucket."""
    bucket, prefix = split_uri(folder_uri)
    key = f"{prefix.rstrip('/')}/{name}" if prefix.strip("/") else name
    try:
        s3_backends[account]["aws"].put_object(bucket, key, text.encode())
    except S3ClientError as error:
        raise _unwritable(bucket, key) from error


def split_uri(uri: str) -> tuple[str, str]:
    """Split `s3://bucket/key` into its bucket and key."""
    parsed = urlparse(uri)
    return parsed.netloc, parsed.path.lstrip("/")


def _unwritable(bucket: str, key: str) -> BadRecordError:
    return BadRecordError(
        f"Could not validate PutObject permissions to access Amazon S3 bucket: {bucket} at key {key}."
    )
