"""Who teaches: models of the catalogue, and larger ones that have a price and a source of their own."""

from __future__ import annotations

import pytest

from tunesmith.catalogue import load_catalogue
from tunesmith.catalogue.teachers import find_teacher, load_teachers
from tunesmith.cost import Item, load_prices
from tunesmith.errors import UnknownModelError


def test_each_student_has_teachers_that_are_known_priced_and_not_itself() -> None:
    prices = load_prices()
    students = [model for model in load_catalogue() if "distillation" in model.kinds]
    assert students
    for student in students:
        assert student.teachers
        for teacher in map(find_teacher, student.teachers):
            assert teacher.id != student.id
            assert prices.missing(teacher.id, (Item.INPUT, Item.OUTPUT)) == ()


def test_every_teacher_teaches_somebody() -> None:
    taught_by = {teacher for model in load_catalogue() for teacher in model.teachers}
    assert {teacher.id for teacher in load_teachers()} == taught_by


def test_a_teacher_is_found_by_any_of_its_names() -> None:
    premier = find_teacher("nova-premier")
    assert find_teacher(premier.id) is find_teacher(premier.invocation_id) is premier
    assert premier.source is not None
    assert find_teacher("meta.llama3-3-70b-instruct-v1:0:128k").invocation_id.startswith("us.")


def test_an_unknown_teacher_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match=r"did you mean 'nova-pro'.*llama-3.1-405b"):
        find_teacher("nova-prow")
