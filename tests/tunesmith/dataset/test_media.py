"""Records with images and videos: told apart by what they show, counted, and led to the copies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tests.tunesmith.dataset.prepared import checked, prepared, said
from tunesmith.catalogue import find_model
from tunesmith.dataset.comparison import record_text
from tunesmith.dataset.media import Removal, Shelf, Stored
from tunesmith.dataset.near_duplicates import find_near_duplicates

LITE, VISION = find_model("nova-lite"), find_model("llama-3.2-11b")


def asked(name: str, text: str = "What is shown here?", answer: str = "a cat") -> dict[str, Any]:
    """A question about an image."""
    block = {"image": {"format": "png", "source": {"s3Location": {"uri": f"s3://bucket/p/{name}.png"}}}}
    return conversation({"role": "user", "content": [{"text": text}, block]}, turn("assistant", answer))


def test_a_record_is_taken_as_it_came_and_its_image_costs_tokens() -> None:
    [record] = checked({"train": [asked("1")]}, LITE)["train"].records
    assert json.loads(record.line) == asked("1")
    [text] = checked({"train": [pair("What is shown here?", "a cat")]}, LITE)["train"].records
    assert record.prompt_tokens == text.prompt_tokens + LITE.media["image"].tokens
    [llama] = checked({"train": [asked("1")]}, VISION)["train"].records
    assert llama.prompt_tokens > 6404


def test_the_same_question_about_another_image_is_no_duplicate_and_no_conflict() -> None:
    found = checked({"train": [asked("1"), asked("2"), asked("1"), asked("3", answer="a dog")]}, LITE)[
        "train"
    ]
    assert (found.duplicates.exact, found.duplicates.conflicts) == (1, 0)
    assert found.showing == {"image": 4}
    other = checked({"train": [asked("1"), asked("1", answer="a dog")]}, LITE)["train"]
    assert other.duplicates.conflicts == 1


def test_a_long_text_about_different_images_makes_no_near_duplicates() -> None:
    for words in (4, 60, 400):
        text = " ".join(f"word{number}" for number in range(words))
        texts = [record_text(lines(asked(f"{number:04d}", text)).strip()) for number in range(6)]
        assert find_near_duplicates(texts).clusters() == []
        again = [*texts, record_text(lines(asked("0003", f"{text} really")).strip())]
        assert find_near_duplicates(again).clusters() == [[3, 6]]


def test_a_split_names_the_copies_of_its_part_and_nothing_else_changes() -> None:
    stored = {f"p/{n}.png": Stored(7, f"tag {n}") for n in range(400)}
    shelf = Shelf(bucket="bucket", folder="p/", account="123456789012", find=stored.get)
    folders = {"train": "s3://made/train/", "validation": "s3://made/train/", "test": "s3://made/test/"}
    values = [asked(str(n), said(n)) for n in range(310)]
    plain = prepared({"train": values}, model=LITE).split
    removal = Removal(shelf=shelf, folders=folders)
    moved = plain.moved(removal)
    for part, records in moved.parts().items():
        copies = removal.copies(records.as_taken_in().lines(), part)
        assert len(copies) == len(records) > 0
        named = {location(record.line) for record in records}
        assert named == set(copies.values())
        assert all(uri.startswith(folders[part]) and uri.endswith(".png") for uri in named)
        assert [record.content_key for record in records] == [
            record.content_key for record in plain.parts()[part]
        ]
    changed = replace(shelf, find=lambda key: Stored(7, "another"))
    assert {*map(location, plain.moved(Removal(shelf=changed, folders=folders)).test.lines())}.isdisjoint(
        map(location, moved.test.lines())
    )


def location(line: bytes) -> str:
    """URI of the image that a line names, and of it alone."""
    [block] = [each for each in json.loads(line)["messages"][0]["content"] if "image" in each]
    [uri] = block["image"]["source"]["s3Location"].values()
    return str(uri)


def test_a_distillation_takes_texts_alone_one_a_turn() -> None:
    model = LITE.as_tuned_by("distillation")
    rules = [problem.rule for problem in checked({"train": [asked("1")]}, model)["train"].problems]
    assert rules == ["TS019"]
    torn = conversation(turn("user", "a", "b"), turn("assistant", "c"), system=[{"text": "s"}, {"text": "t"}])
    found = checked({"train": [torn]}, model)["train"]
    assert found.changes == {"TC003": 1, "TC004": 1}
    assert json.loads(found.records[0].line) == pair("a\nb", "c", system="s\n\nt")
