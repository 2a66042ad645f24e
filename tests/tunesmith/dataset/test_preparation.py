"""Whole groups, nothing lost, what contradicts or leaks is set aside, and no earlier record ever moves."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import conversation, pair, turn
from tests.tunesmith.dataset.prepared import checked, pairs, prepared, prepared_from, said
from tunesmith.catalogue import find_model
from tunesmith.dataset import Split, engine, rejected_rows
from tunesmith.dataset.assignment import Assignment
from tunesmith.dataset.preparation import Prepared, look_closer
from tunesmith.dataset.records import Record


def split(values: Sequence[Any], seed: int = 1, **data: Any) -> Split:
    return prepared({"train": values}, seed=seed, **data).split


def sizes(found: Split) -> list[int]:
    return [len(part) for part in found.parts().values()]


def prompts(part: Sequence[Record]) -> set[bytes]:
    return {record.prompt_key for record in part}


def groups(part: Sequence[Record]) -> set[bytes]:
    return {record.group for record in part}


def parts_of(found: Split) -> dict[bytes, str]:
    return {record.content_key: name for name, part in found.parts().items() for record in part}


def paragraph(number: int, last: str = "") -> str:
    """Twelve words that no other number has, and a last one."""
    return " ".join(f"w{number}x{place}" for place in range(12)) + f" {last}"


# --- sizes and order


@pytest.mark.parametrize(
    ("count", "test", "validation"),
    [
        (0, 0, 0),
        (2, 0, 0),
        (3, 1, 0),
        (8, 2, 1),
        (90, 30, 15),
        (310, 103, 50),
        (500, 110, 50),
        (700, 140, 70),
    ],
)
def test_sizes_follow_the_shares_inside_their_bounds(count: int, test: int, validation: int) -> None:
    assert sizes(split(pairs(count))) == [count - test - validation, validation, test]


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.5), (0.25, 0.25), (0.01, 0.01)])
def test_shares_that_are_named_are_taken_without_bounds(validation: float, test: float) -> None:
    found = split(pairs(400), validation_share=validation, test_share=test)
    assert sizes(found) == [400 * (1 - validation - test), 400 * validation, 400 * test]


def test_the_seed_decides_and_nothing_else_does() -> None:
    everything = pairs(300)
    shuffled = list(everything)
    random.Random(3).shuffle(shuffled)
    assert split(shuffled) == split(everything)
    assert prompts(split(everything, seed=2).test) != prompts(split(everything, seed=1).test)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=80),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_every_record_is_placed_once_or_quarantined_and_no_line_order_matters(
    drawn: list[tuple[int, int]], seed: int, order: random.Random
) -> None:
    values = [pair(said(prompt), f"answer {answer}") for prompt, answer in drawn]
    found = prepared({"train": values}, seed=seed)
    everything = checked({"train": values})["train"].records
    assert sum(sizes(found.split)) + found.report.findings.quarantined == len(everything)
    assert len(parts_of(found.split)) == sum(sizes(found.split))
    shuffled = list(values)
    order.shuffle(shuffled)
    again = prepared({"train": shuffled}, seed=seed)
    assert (again.split, again.assignment) == (found.split, found.assignment)
    for one, other in itertools.combinations(found.split.parts().values(), 2):
        assert not prompts(one) & prompts(other)


# --- groups


def test_records_of_one_prompt_stay_together() -> None:
    found = split([pair(said(number % 60), said(f"answer {number}")) for number in range(300)])
    for one, other in itertools.combinations(found.parts().values(), 2):
        assert not prompts(one) & prompts(other)
    assert (len(found.test), len(found.validation)) == (100, 50)


def test_near_duplicates_stay_together_and_are_kept() -> None:
    found = prepared({"train": [pair(paragraph(n // 3, last=f"t{n}"), "a") for n in range(330)]})
    where: dict[str, set[str]] = {}
    for name, part in found.split.parts().items():
        for record in part:
            where.setdefault(record.line.decode().split("w")[1].split("x")[0], set()).add(name)
    assert len(where) == 110
    assert all(len(parts) == 1 for parts in where.values())
    assert sum(sizes(found.split)) == 330
    near = found.report.findings.near
    assert (near.groups, near.records, near.largest, near.warning) == (110, 330, 3, "")


def test_a_large_cluster_is_a_warning_with_an_example() -> None:
    alike = [pair(paragraph(999, last=f"t{n}"), "a") for n in range(10)]
    near = prepared({"train": [*pairs(100), *alike]}).report.findings.near
    assert (near.groups, near.records, near.largest) == (1, 10, 10)
    assert near.warning.startswith("10 of 110 records (9%) say nearly the same")
    assert "w999x0 w999x1" in near.warning


def test_a_longer_conversation_stays_with_the_shorter_one_whose_answer_it_holds() -> None:
    short = [conversation(turn("user", said(n)), turn("assistant", said(f"a{n}"))) for n in range(200)]
    longer = [
        conversation(*each["messages"], turn("user", said(f"q{n}")), turn("assistant", said(f"b{n}")))
        for n, each in enumerate(short)
    ]
    found = split([*short, *longer])
    openings = [{record.opening_key for record in part} for part in found.parts().values()]
    assert all(not one & other for one, other in itertools.combinations(openings, 2))
    assert len(found.test) >= 100


def test_a_group_that_is_too_big_for_a_part_trains() -> None:
    assert sizes(split([pair("same", said(number)) for number in range(50)])) == [50, 0, 0]


def of_customers(rows: Sequence[tuple[object, object]]) -> list[Any]:
    """Records with a prompt each and a customer as group key."""
    return [
        {**pair(said(prompt), said((prompt, customer))), "customer": customer} for prompt, customer in rows
    ]


def test_records_of_one_group_key_stay_together() -> None:
    found = split(of_customers([(n, n % 60) for n in range(300)]), group_key="customer")
    for one, other in itertools.combinations(found.parts().values(), 2):
        assert not groups(one) & groups(other)
    assert (len(found.test), len(found.validation)) == (100, 50)


def test_groups_that_share_a_prompt_are_one_group() -> None:
    tied = [(n, "a") for n in range(5)] + [(n, "b") for n in range(4, 10)]
    others = [(n, f"c{n}") for n in range(20, 60)]
    for seed in range(10):
        found = split(of_customers([*tied, *others]), seed=seed, group_key="customer")
        mine = prompts(checked({"train": of_customers(tied)}, group_key="customer")["train"].records)
        assert all(len(prompts(part) & mine) in (0, len(mine)) for part in found.parts().values())


def test_near_duplicates_of_two_customers_do_not_tie_them_but_leave_training() -> None:
    rows = [{**pair(paragraph(n % 150, last=f"t{n}"), "a"), "customer": n} for n in range(300)]
    found = prepared({"train": rows}, group_key="customer")
    near, held_back = found.report.findings, len(found.split.test) + len(found.split.validation)
    assert near.near.groups == 150
    assert (found.split.left_train, found.split.left_validation) == (
        near.leaked_train,
        near.leaked_validation,
    )
    assert near.leaked_train > 0
    assert len(found.split.train) == 300 - held_back - near.leaked_train - near.leaked_validation
    texts = {
        name: {record.line.decode().split("w")[1].split("x")[0] for record in part}
        for name, part in found.split.parts().items()
    }
    assert not texts["train"] & (texts["test"] | texts["validation"])
    assert not texts["validation"] & texts["test"]


# --- files of the user's own


def test_a_test_of_the_user_s_own_is_taken_and_its_prompts_leave_the_rest() -> None:
    found = prepared({"train": pairs(100), "test": pairs(40, 90, answer="another answer")})
    assert sizes(found.split) == [74, 16, 40]
    assert (found.split.left_train, found.split.left_validation) == (10, 0)
    assert found.report.findings.proven
    assert not prompts(found.split.test) & prompts([*found.split.train, *found.split.validation])


def test_a_validation_of_the_user_s_own_leaves_the_test_alone() -> None:
    found = prepared({"train": pairs(100), "validation": pairs(50, 80, answer="another answer")}).split
    assert sizes(found) == [47, 50, 33]
    assert (found.left_train, found.left_validation) == (20, 0)
    assert not prompts(found.validation) & prompts([*found.train, *found.test])


def test_files_of_the_user_s_own_for_all_parts_are_cleared_of_each_other() -> None:
    found = prepared({"train": pairs(30), "validation": pairs(20, 25), "test": pairs(20, 40)}).split
    assert (found.left_train, found.left_validation) == (5, 5)
    assert sizes(found) == [25, 15, 20]


def test_what_nearly_stands_in_the_user_s_test_leaves_training() -> None:
    train = [*pairs(100), *(pair(paragraph(n, last="here"), "a") for n in range(7))]
    found = prepared({"train": train, "test": [pair(paragraph(n), "a") for n in range(20)]})
    assert found.split.left_train == 7
    assert len(found.split.train) + len(found.split.validation) == 100


def test_a_group_of_the_user_s_own_test_leaves_training() -> None:
    files = {
        "train": of_customers([(n, n % 10) for n in range(100)]),
        "test": of_customers([(200, 3)]),
    }
    found = prepared(files, group_key="customer").split
    assert found.left_train == 10
    assert not groups(found.test) & groups(found.train)


# --- conflicts


def labelled(count: int) -> list[Any]:
    return [pair(said(number), f"label {number % 4}") for number in range(count)]


def rows_of(found: Prepared) -> list[str]:
    return [row.decode() for row in rejected_rows(found.files)]


def test_outvoted_and_undecided_labels_are_quarantined_and_listed_by_line() -> None:
    outvoted = pair(said(0), "label 3")
    torn = [pair(said("torn"), "label 1"), pair(said("torn"), "label 2")]
    found = prepared({"train": [*labelled(100), labelled(1)[0], outvoted, *torn]})
    rows = rows_of(found)
    assert [('"line": 102' in rows[0], "TQ001" in rows[0])] == [(True, True)]
    assert ["TQ002" in row for row in rows[1:]] == [True, True]
    assert ['"line": 103' in rows[1], '"line": 104' in rows[2]] == [True, True]
    findings = found.report.findings
    assert (findings.quarantined, len(findings.conflicts.outvoted)) == (3, 1)
    assert findings.conflicts.ceiling == pytest.approx(102 / 104)
    assert sum(sizes(found.split)) == 100
    assert found.report.outcome == "valid"
    assert found.files["train"].rejected == 0


def test_of_more_quarantined_records_than_are_held_the_first_are_listed_and_all_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torn = [pair(said(f"torn {number // 2}"), f"label {number % 2}") for number in range(20)]
    files = checked({"train": [*labelled(100), *torn, pair("", "label 1")]})
    monkeypatch.setattr(engine, "MOST_PROBLEMS", 5)
    found = prepared_from(files).files["train"]
    assert [(each.line, each.rule) for each in found.problems] == [
        *((line, "TQ002") for line in range(101, 105)),
        (121, "TS018"),
    ]
    assert all(f"torn {(each.line - 101) // 2}" in each.excerpt for each in found.problems[:4])
    assert found.by_rule == {"TQ002": 20, "TS018": 1}


def test_conflicts_of_free_text_are_a_note_and_all_are_kept() -> None:
    free = [pair(said(number), said(f"answer {number}")) for number in range(100)]
    found = prepared({"train": [*free, pair(said(0), said("another"))]})
    assert found.report.findings.quarantined == 0
    assert "for free text that may be meant" in found.report.findings.conflicts.note
    assert sum(sizes(found.split)) == 101


def test_labels_are_split_in_proportion() -> None:
    values = [pair(said(n), "rare" if n % 10 == 0 else "often") for n in range(1_000)]
    found = Counter(record.line.decode().split('"')[-2] for record in split(values).test)
    assert found == {"often": 180, "rare": 20}


# --- from version to version


def questions(part: Sequence[Record]) -> set[str]:
    """Tell questions by what was made up of them, whatever stands around it."""
    return {re.findall(r"prompt \d+", record.line.decode())[0] for record in part}


def mailed(mend: str = "") -> list[Any]:
    return [pair(f"{said(number)} from u{number}@example.com", f"a{mend}") for number in range(400)]


@pytest.mark.parametrize(
    ("values", "changed"),
    [
        (mailed("."), {}),
        (mailed(), {"model": find_model("llama-3.2-1b")}),
        (mailed(), {"model": find_model("llama-3.1-8b")}),
        (mailed(), {"sensitive": "mask"}),
        (mailed("!"), {"model": find_model("llama-3.2-1b"), "sensitive": "mask"}),
    ],
    ids=["answers mended", "with a system text", "another family", "masked", "all at once"],
)
def test_a_question_stays_where_it_was_although_its_record_is_another(
    values: list[Any], changed: dict[str, Any]
) -> None:
    first = prepared({"train": mailed()})

    later = prepared({"train": values}, previous=first.assignment, seed=9, **changed)

    before, after = first.split.parts(), later.split.parts()
    assert [len(part) for part in after.values()] == [240, 50, 110]
    assert {name: questions(part) for name, part in after.items()} == {
        name: questions(part) for name, part in before.items()
    }


def test_a_later_version_moves_no_earlier_record_and_fills_up_with_new_ones() -> None:
    first = prepared({"train": pairs(400)})
    later = prepared({"train": pairs(900)}, previous=first.assignment, seed=9, test_share=0.3)
    assert parts_of(first.split).items() <= parts_of(later.split).items()
    assert len(later.split.test) == 270
    assert first.assignment.records.items() <= later.assignment.records.items()


def test_the_same_files_again_give_the_same_whatever_was_brought() -> None:
    cases: list[dict[str, Any]] = [
        {"train": pairs(320)},
        {"train": pairs(100), "test": [*pairs(30, 90), *pairs(10, 300, answer="b")]},
        {"train": pairs(100), "validation": pairs(30, 90), "test": [*pairs(9, 100), *pairs(30, 110)]},
        {"train": [pair(paragraph(n // 2, last=f"t{n}"), "a") for n in range(300)]},
    ]
    for files in cases:
        once = prepared(files)
        again = prepared(files, previous=once.assignment)
        assert again.report == once.report
        assert again.assignment == once.assignment


def test_a_record_that_bridges_two_parts_is_quarantined_and_listed() -> None:
    first = prepared({"train": of_customers([(n, n) for n in range(60)])}, group_key="customer")
    where = parts_of(first.split)
    numbers = {
        part: next(
            n
            for n in range(60)
            if where[
                checked({"train": of_customers([(n, n)])}, group_key="customer")["train"]
                .records[0]
                .content_key
            ]
            == part
        )
        for part in ("train", "test")
    }
    bridge = {**pair(said(numbers["train"]), "another"), "customer": numbers["test"]}
    later = prepared(
        {"train": [*of_customers([(n, n) for n in range(60)]), bridge]},
        previous=first.assignment,
        group_key="customer",
    )
    assert later.report.findings.bridging == 1
    assert ["TQ003" in row and '"line": 61' in row for row in rows_of(later)] == [True]
    assert parts_of(later.split) == where


def test_a_test_of_the_user_s_own_that_was_trained_on_is_no_blind_test() -> None:
    first = prepared({"train": pairs(60)})
    trained = prompts(first.split.train)
    mine = [value for value in pairs(60) if prompts(checked({"train": [value]})["train"].records) <= trained]
    later = prepared({"train": pairs(60), "test": mine}, previous=first.assignment)
    assert len(later.split.test) == 0
    assert later.report.outcome == "invalid"
    assert "an earlier version of the project had each in training" in later.report.reason
    assert "an earlier version had it in train" in rows_of(later)[0]


def test_what_was_blind_once_does_not_train_when_the_user_brings_a_test() -> None:
    first = prepared({"train": pairs(300)})
    later = prepared({"train": pairs(300), "test": pairs(40, 500)}, previous=first.assignment)
    assert len(later.split.test) == 40
    assert later.split.left_train == 100
    assert not prompts(later.split.train) & prompts(first.split.test)


def test_a_customer_keeps_the_part_although_another_is_tied_to_them() -> None:
    first = prepared({"train": of_customers([(n, n) for n in range(60)])}, group_key="customer")
    assignment = Assignment(groups=first.assignment.groups)
    tied = [*of_customers([(f"new {n}", n) for n in range(60)])]
    later = prepared({"train": tied}, previous=assignment, group_key="customer")
    assert sorted(map(len, later.split.parts().values())) == sorted(map(len, first.split.parts().values()))
    assert groups(later.split.test) == groups(first.split.test)


# --- proven or not


@pytest.mark.parametrize(("count", "proven"), [(299, False), (300, True)])
def test_few_records_are_marked_unproven(count: int, proven: bool) -> None:
    report = prepared({"train": pairs(count)}).report
    assert report.to_json()["proven"] is proven
    assert ("data.test" in report.summary()) is not proven


# --- the task


def test_free_text_has_no_default_metric_that_proves_anything() -> None:
    values = [pair(said(number), f"we {said(-number)} it") for number in range(300)]
    report = prepared({"train": values}).report
    told = report.to_json()
    assert (told["task"]["kind"], told["task"]["metric"]) == ("text", "token_f1")
    assert told["proven"] is False
    assert "let a judge compare them (evaluation.metric: judge)" in told["unproven_note"]
    assert [each["rule"] for each in told["findings"]] == ["TD032"]
    assert "free text" in report.summary()


def test_the_metric_that_the_job_file_names_is_taken_whatever_the_answers_are() -> None:
    values = [pair(said(number), f"we {said(-number)} it") for number in range(300)]
    told = prepared({"train": values}, metric="rouge_l").report.to_json()
    assert (told["task"]["kind"], told["task"]["metric"], told["proven"]) == ("named", "rouge_l", True)


def test_labels_are_found_in_all_records_where_the_blind_test_holds_few_of_each() -> None:
    values = [pair(said(number), f"label {number % 60}") for number in range(300)]
    assert prepared({"train": values}).report.task.kind == "labels"


# --- one file


def test_a_file_alone_shows_its_near_duplicates_and_conflicts() -> None:
    values = [
        *labelled(40),
        pair(said(0), "label 3"),
        *(pair(paragraph(1, last=f"t{n}"), "label 1") for n in range(3)),
    ]
    told = look_closer(checked({"train": values})["train"]).to_json()["duplicates"]
    assert (told["near"], told["near_groups"], told["conflicts"]) == (5, 2, 1)
    assert told["near_note"].startswith("3 of 44 records (7%)")
    assert "1 prompt has different answers" in told["conflict_note"]
    assert told["ceiling"] == pytest.approx(43 / 44)
