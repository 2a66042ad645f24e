"""The generated pages are those that the code would write now, and the schema says what the parser does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from docs.reference.generate import FOLDER, PAGES
from tunesmith.catalogue import load_catalogue
from tunesmith.job import Job


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == PAGES[name](), "run: python docs/reference/generate.py"


def test_every_file_of_the_reference_is_generated() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.suffix in (".md", ".json")} == set(PAGES)


def test_the_schema_knows_each_section_s_keys_and_refuses_others() -> None:
    schema = json.loads((FOLDER / "job.schema.json").read_text())
    sections: list[Any] = [schema, *schema["$defs"].values()]
    objects = [section for section in sections if section.get("type") == "object"]
    assert set(schema["properties"]) == set(Job.model_fields)
    assert all(section["additionalProperties"] is False for section in objects)
    assert schema["required"] == ["project", "base_model", "data"]


def test_the_schema_takes_a_path_alone_as_data_and_every_name_of_a_model() -> None:
    schema = json.loads((FOLDER / "job.schema.json").read_text())
    path, files = schema["properties"]["data"]["anyOf"]
    assert re.search(path["pattern"], "a/train.jsonl")
    assert not re.search(path["pattern"], "../train.jsonl")
    assert files["$ref"] == "#/$defs/DataFiles"
    names = schema["properties"]["base_model"]["enum"]
    assert {name for model in load_catalogue() for name in (model.name, model.id, model.training_id)} <= set(
        names
    )
