"""Two thirds decide between labels, nobody decides between texts, and the ceiling counts every vote."""

from __future__ import annotations

import numpy as np
import pytest

from tunesmith.dataset.conflicts import Conflicts, find_conflicts, large_cluster_warning
from tunesmith.dataset.labels import is_label_task

P, Q = 100, 101


def found_in(prompts: list[int], answers: list[str], weights: list[int] | None = None) -> Conflicts:
    return find_conflicts(np.array(prompts), answers, weights=weights)


def agreeing(count: int) -> tuple[list[int], list[str]]:
    return list(range(count)), [f"label {number % 2}" for number in range(count)]


def test_records_without_a_conflict_reach_everything() -> None:
    found = found_in(*agreeing(20))
    assert found.labels
    assert (found.prompts, found.outvoted, found.quarantined, found.ceiling) == (0, (), (), 1.0)
    assert found.note == ""


def test_two_thirds_outvote_the_rest() -> None:
    prompts, answers = agreeing(20)
    found = found_in([P] * 3 + prompts, ["label 1", "label 0", "label 1", *answers])
    assert (found.outvoted, found.quarantined) == ((1,), ())
    assert found.ceiling == pytest.approx(22 / 23)
    assert "1 records were outvoted" in found.note


def test_less_than_two_thirds_quarantine_all() -> None:
    prompts, answers = agreeing(20)
    found = found_in([P] * 5 + prompts, ["label 1", "label 0", "label 1", "label 0", "label 1", *answers])
    assert (found.outvoted, found.quarantined) == ((), (0, 1, 2, 3, 4))


def test_a_record_that_stood_twice_has_two_votes() -> None:
    prompts, answers = agreeing(20)
    pair = found_in([P, P, *prompts], ["label 1", "label 0", *answers])
    assert pair.quarantined == (0, 1)
    voted = found_in([P, P, *prompts], ["label 1", "label 0", *answers], weights=[2, 1] + [1] * 20)
    assert (voted.outvoted, voted.quarantined) == ((1,), ())


def test_free_text_is_noted_and_kept() -> None:
    found = found_in([P, P, Q], ["one way to say it", "another way", "third"])
    assert (found.labels, found.prompts, found.outvoted, found.quarantined) == (False, 1, (), ())
    assert "all were kept" in found.note


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["a", "b"] * 5, True),
        (["a", "b"] * 4 + ["a"], False),
        (["a"] * 10, False),
        (["a", "b" * 101] * 5, False),
        ([], False),
    ],
)
def test_labels_are_few_and_short(answers: list[str], expected: bool) -> None:
    assert is_label_task(answers) is expected


def test_a_large_cluster_is_shown_by_its_example() -> None:
    assert large_cluster_warning(2, 3, "Thanks a  lot") == (
        "2 of 3 records (67%) say nearly the same and stay together in one part of the split, "
        'for example: "Thanks a lot"'
    )


def test_what_is_sensitive_in_an_answer_or_an_example_is_not_quoted() -> None:
    secret, mail = "AKIAIOSFODNN7EXAMPLE", "bob@example.com"
    found = found_in([P, P], [f"use {secret} or mail {mail}", "neither of them"])
    warning = large_cluster_warning(2, 3, f"{secret} is the access key of {mail}")
    for told in (found.note, warning):
        assert secret not in told
        assert mail not in told
        assert told
