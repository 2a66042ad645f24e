"""JSON answers are valid or not, and right field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluation.metrics_json import json_fields, json_validity

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "NaN",
        '{"a": Infinity}',
        '{"a": 1, "a": 2}',
        '```json\n{"a": 1}\n```',
        '{"a": 1} and more',
        "{'a': 1}",
        "[" * 200_000,
        "9" * 10_000,
    ],
)
def test_what_is_not_one_json_document_is_not_valid(answer: str) -> None:
    assert json_validity(answer) == 0
    assert json_fields("{}", "{}") == 1.0


@pytest.mark.parametrize(
    ("answer", "reference", "share"),
    [
        ('{"a": 1, "b": "X y"}', '{"b": "x  Y", "a": 1.0}', 1.0),
        ('```json\n{"a": 1}\n```', '{"a": 1}', 1.0),
        ('{"a": 1}', '{"a": 1, "b": 2}', 0.5),
        ('{"a": 1, "c": 3}', '{"a": 1, "b": 2}', 1 / 3),
        ('{"a": true}', '{"a": 1}', 0.0),
        ('{"a": "1"}', '{"a": 1}', 0.0),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', 0.0),
        ('{"a": [1, 2, 3]}', '{"a": [1, 2]}', 2 / 3),
        ('{"a": {}}', '{"a": {"b": 1}}', 0.0),
        ('{"a": []}', '{"a": {}}', 0.0),
        ("null", "null", 1.0),
        ("no idea", '{"a": 1}', 0.0),
    ],
)
def test_fields_that_agree_are_a_share_of_all_fields(answer: str, reference: str, share: float) -> None:
    assert json_fields(answer, reference) == pytest.approx(share)


@given(DOCUMENTS, DOCUMENTS)
def test_a_document_agrees_with_itself_and_no_order_of_the_two_matters(left: Any, right: Any) -> None:
    one, other = json.dumps(left), json.dumps(right)
    assert json_validity(one) == 1
    assert json_fields(one, one) == 1.0
    assert json_fields(one, other) == json_fields(other, one)


def test_a_reference_that_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="one JSON document"):
        json_fields("{}", "{broken")
