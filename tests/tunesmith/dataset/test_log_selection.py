"""A distillation learns from those entries of a log that its filters leave, and from nothing else."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.session import Session

from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import said
from tests.tunesmith.dataset.test_invocation_logs import ANSWERED, ASKED, entry
from tunesmith.catalogue import find_model
from tunesmith.dataset import CheckedFile, check_file
from tunesmith.dataset.invocation_logs import write_logs
from tunesmith.dataset.log_selection import check_selected, matches
from tunesmith.job import Job, parse_job
from tunesmith.job_sections import Distillation, MetadataFilters

MICRO = find_model("nova-micro")
TEAM = {"team": "support"}


def distillation(logs: dict[str, Any]) -> Distillation:
    found = job(logs).distillation
    assert found is not None
    return found


def job(logs: dict[str, Any]) -> Job:
    asked = {
        "project": "p",
        "base_model": "nova-micro",
        "data": "log.json.gz",
        "kind": "distillation",
        "distillation": {"teacher": "nova-pro", "logs": logs},
    }
    return parse_job(json.dumps(asked).encode(), source="job.json")


def checked(content: Iterable[bytes], logs: dict[str, Any]) -> CheckedFile:
    return check_selected(
        content, distillation(logs), lambda chunks: check_file(chunks, MICRO, file="log.json.gz")
    )


def asked(number: int, **keys: Any) -> dict[str, Any]:
    """An entry with a question of its own."""
    return entry({"messages": [{"role": "user", "content": [{"text": said(number)}]}]}, ANSWERED, **keys)


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        ({"equals": {"team": "support"}}, [0, 1]),
        ({"not_equals": {"team": "support"}}, [2, 3]),
        ({"and_all": [{"equals": {"team": "support"}}, {"not_equals": {"stage": "test"}}]}, [0]),
        ({"or_all": [{"equals": {"team": "sales"}}, {"equals": {"stage": "test"}}]}, [1, 2]),
        ({"not_equals": {"stage": "test"}}, [0, 2, 3]),
    ],
)
def test_filters_are_those_of_bedrock(filters: dict[str, Any], passing: list[int]) -> None:
    said_of = [TEAM, {**TEAM, "stage": "test"}, {"team": "sales"}, {}]
    spelled = MetadataFilters.model_validate(filters)

    assert [number for number, metadata in enumerate(said_of) if matches(spelled, metadata)] == passing


def test_the_shapes_of_filters_are_those_of_the_service_model() -> None:
    model = Session().get_service_model("bedrock")
    shape: Any = model.shape_for("RequestMetadataFilters")
    union = shape.members
    assert {_snake(name) for name in union} == set(MetadataFilters.model_fields)
    schema = MetadataFilters.model_json_schema()
    for name, one in union.items():
        [found] = [one for one in schema["properties"][_snake(name)]["anyOf"] if one.get("type") != "null"]
        least, most = (
            ("minItems", "maxItems") if one.type_name == "list" else ("minProperties", "maxProperties")
        )
        assert (found[least], found[most]) == (one.metadata["min"], one.metadata["max"])


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_entries_that_pass_are_the_records_and_the_others_are_not_errors() -> None:
    log = [asked(0, requestMetadata=TEAM), asked(1), asked(2, requestMetadata={"team": "sales"})]

    found = checked([gzip.compress(lines(*log))], {"filters": {"equals": TEAM}})

    assert (found.read, found.valid, found.stopped) == (1, 1, "")
    assert said(0).encode() in next(found.records.lines())


def test_where_logged_answers_are_learned_only_the_teachers_to_one_question_count() -> None:
    turns = [*ASKED["messages"], {"role": "assistant", "content": [{"text": "Here"}]}, *ASKED["messages"]]
    log = [
        asked(0),
        asked(1, modelId="arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"),
        asked(2, modelId="amazon.nova-lite-v1:0"),
        entry({"messages": turns}, ANSWERED),
    ]

    assert checked([lines(*log)], {"use_logged_answers": True}).read == 2
    assert checked([lines(*log)], {}).read == 4


@pytest.mark.parametrize(
    ("content", "logs", "objection"),
    [
        (lines(pair("a?", "b")), {}, "1 of its lines are no entries of an invocation log"),
        (b"{oops\n", {}, "1 of its lines are no entries"),
        (lines(asked(0)), {"filters": {"equals": TEAM}}, "none of its 1 entries passes the filters"),
        (
            lines(asked(0, modelId="other")),
            {"use_logged_answers": True},
            "none of its 1 entries answered by Amazon Nova Pro passes",
        ),
        (gzip.compress(lines(asked(0)))[:-6], {}, "gzip"),
    ],
    ids=["records", "no JSON", "nothing passes", "another model", "cut off"],
)
def test_a_file_that_is_no_such_log_cannot_be_read(
    content: bytes, logs: dict[str, Any], objection: str
) -> None:
    assert objection in checked([content], logs).stopped


def test_what_is_written_as_a_log_is_read_back_as_it_was() -> None:
    records = [json.dumps(pair(said(number), "b", system="Be kind.")).encode() for number in range(3)]

    written = write_logs(records, model_id="amazon.nova-pro-v1:0")

    again = checked([written], {"use_logged_answers": True})
    assert sorted(again.records.lines()) == sorted(
        check_file([b"\n".join(records)], MICRO, file="f").records.lines()
    )
    assert write_logs(records, model_id="amazon.nova-pro-v1:0") == written
