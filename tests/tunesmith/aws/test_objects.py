"""What is replaced in a bucket is what was read, or nothing is written."""

from __future__ import annotations

import itertools

import boto3
import pytest
from botocore.stub import Stubber

from tunesmith.aws.objects import Bucket


@pytest.fixture
def bucket(aws: None) -> Bucket:
    boto3.client("s3").create_bucket(Bucket="artifacts")
    return Bucket("artifacts")


def test_an_absent_object_has_no_tag_and_is_written_once(bucket: Bucket) -> None:
    assert bucket.read_json_and_tag("a.json") == (None, "")
    assert bucket.replace_json("a.json", {"n": 1}, "")
    assert not bucket.replace_json("a.json", {"n": 2}, "")
    value, tag = bucket.read_json_and_tag("a.json")
    assert value == {"n": 1}
    assert bucket.replace_json("a.json", {"n": 3}, tag)
    assert bucket.read_json("a.json") == {"n": 3}


def test_a_replacement_names_what_it_replaces_and_gives_way_to_another() -> None:
    client = boto3.client("s3", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_client_error(
            "put_object",
            "PreconditionFailed",
            expected_params={
                "Bucket": "artifacts",
                "Key": "a.json",
                "Body": b'{"n":1}',
                "ContentType": "application/json",
                "IfMatch": '"tag"',
            },
        )
        assert not Bucket("artifacts", client).replace_json("a.json", {"n": 1}, '"tag"')
        stub.assert_no_pending_responses()


def test_a_file_larger_than_what_memory_holds_is_written_whole(bucket: Bucket) -> None:
    piece = b'{"text": "' + b"x" * (1 << 20) + b'"}\n'
    bucket.write_pieces("train.jsonl", itertools.repeat(piece, 12))
    assert bucket.read("train.jsonl") == 12 * piece
    assert boto3.client("s3").head_object(Bucket="artifacts", Key="train.jsonl")["ContentType"] == (
        "application/jsonl"
    )


def test_lines_are_written_each_with_its_newline(bucket: Bucket) -> None:
    bucket.write_lines("rejected.jsonl", iter([b"{}", b"[]"]))
    assert bucket.read("rejected.jsonl") == b"{}\n[]\n"
    bucket.write_lines("rejected.jsonl", iter([]))
    assert bucket.read("rejected.jsonl") == b""
