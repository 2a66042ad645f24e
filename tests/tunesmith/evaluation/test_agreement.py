"""Cohen's kappa and its interval against published examples."""

from __future__ import annotations

import pytest

from tunesmith.evaluation.agreement import cohens_kappa


def sorted_as(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """Spell a table of counts, rows the first sorting's, as two sortings."""
    cells = [
        (row, column) for row, counts in enumerate(table) for column, n in enumerate(counts) for _ in range(n)
    ]
    return [row for row, _ in cells], [column for _, column in cells]


def test_kappa_and_error_are_those_of_fleiss_cohen_and_everitt() -> None:
    # Their worked example of 200 diagnoses (1969): kappa 0.429, variance 0.002885.
    found = cohens_kappa(*sorted_as([[106, 10, 4], [22, 28, 10], [2, 12, 6]]))
    assert found.agreed == 0.7
    assert found.kappa == pytest.approx(0.429, abs=0.0005)
    assert ((found.high - found.low) / 2 / 1.959964) ** 2 == pytest.approx(0.002885, abs=5e-7)


def test_who_agrees_as_often_as_chance_does_has_a_kappa_of_nought() -> None:
    assert cohens_kappa(*sorted_as([[25, 25], [25, 25]])).kappa == 0


def test_who_always_agrees_has_a_kappa_of_one_and_who_never_does_has_less_than_nought() -> None:
    always = cohens_kappa(*sorted_as([[30, 0], [0, 20]]))
    assert (always.kappa, always.low, always.high) == (1, 1, 1)
    assert cohens_kappa(*sorted_as([[0, 20], [20, 0]])).kappa == -1


def test_one_class_alone_proves_no_agreement() -> None:
    found = cohens_kappa(["tie"] * 100, ["tie"] * 100)
    assert (found.kappa, found.low, found.high) == (0, -1, 1)


def test_sortings_of_other_things_do_not_compare() -> None:
    with pytest.raises(ValueError, match="2 and 1"):
        cohens_kappa([1, 2], [1])
    with pytest.raises(ValueError, match="0 and 0"):
        cohens_kappa([], [])
