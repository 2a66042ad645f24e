"""A dataset is usable or the reason is said in words, with the first examples and where the rest lies."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.tunesmith.dataset.converse import pair
from tests.tunesmith.dataset.prepared import MICRO, WHERE, checked, pairs, prepared, said
from tunesmith.catalogue import find_model
from tunesmith.dataset import DataReport, contents, rejected_rows
from tunesmith.dataset import report as dataset_report
from tunesmith.dataset.calibration import texts_to_count, with_counts
from tunesmith.dataset.tokens import estimator_for


def report(**values: list[Any]) -> DataReport:
    return prepared(values).report


def test_a_good_dataset_is_valid_and_its_blind_test_has_a_digest() -> None:
    found = report(train=[*pairs(310), *pairs(3), b"{"])
    assert (found.outcome, found.reason) == ("valid", "")
    assert found.blind_sha256 == hashlib.sha256(b"".join(contents(found.split.test))).hexdigest()
    assert found.summary() == (
        "157 records to train, 50 to validate, 103 sealed as blind test; 1 rejected, 3 duplicates dropped"
    )
    assert found.figures() == {
        "train": 157,
        "validation": 50,
        "test": 103,
        "rejected": 1,
        "duplicates": 3,
        "conflicts": 0,
        "near_duplicates": 0,
        "quarantined": 0,
        "left_out": 0,
    }


def test_the_json_has_the_figures_of_files_and_parts() -> None:
    told = json.loads(json.dumps(report(train=[*pairs(100), *[b"{"] * 5], test=pairs(10, 95)).to_json()))
    assert told["outcome"] == "valid"
    assert told["model"] == MICRO.id
    assert told["split"]["test"]["records"] == 10
    assert told["split"]["train"]["tokens"] == sum(
        told["split"]["train"][key] for key in ("prompt_tokens", "answer_tokens")
    )
    assert told["left_out"] == {"train": 5, "validation": 0}
    assert told["files"]["train"]["rejected"] == 5
    assert told["files"]["train"]["different"] == 100
    assert told["rejected_uri"] == WHERE


def test_the_json_tells_tokens_and_variety_of_what_is_trained() -> None:
    found = report(train=pairs(200))
    told = json.loads(json.dumps(found.to_json()))
    assert told["tokens"]["records"] == told["split"]["train"]["records"]
    assert told["tokens"]["per_epoch"] == told["split"]["train"]["tokens"]
    assert told["tokens"]["error"] == estimator_for(MICRO.family).error
    assert (told["tokens"]["off"], told["tokens"]["scale"]) == (estimator_for(MICRO.family).off, 1)
    assert told["diversity"]["records"] == told["diversity"]["of"] == told["split"]["train"]["records"]
    assert told["diversity"]["labels"] == {"a": told["split"]["train"]["records"]}
    assert found.split_figures() == told["split"]


def test_variety_is_told_of_prompts_and_answers_without_system_reasoning_or_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dataset_report, "MOST_LOOKED_AT", 30)
    reasoned = {"reasoningContent": {"reasoningText": {"text": "because of this"}}}
    values = [
        {
            "system": [{"text": "A system text of many words that stands in each."}],
            "messages": [
                {"role": "user", "content": [{"text": f"Question {number}"}]},
                {"role": "assistant", "content": [reasoned, {"text": "write to ada@example.com"}]},
            ],
        }
        for number in range(200)
    ]
    nova_2 = find_model("nova-2-lite")
    found = prepared({"train": values}, model=nova_2).report
    diversity = found.to_json()["diversity"]
    assert diversity["of"] == len(found.split.train)
    assert 25 <= diversity["records"] <= 30
    assert diversity["prompts"]["longest"] == 2
    assert set(diversity["labels"]) == {"write to [e-mail address]"}


def test_a_dataset_without_training_records_has_no_variety() -> None:
    told = report(train=[b"{"]).to_json()
    assert told["diversity"] is None
    assert told["tokens"]["per_epoch"] == 0


def test_only_the_first_20_problems_are_quoted() -> None:
    told = report(train=[*pairs(500), *[b"{"] * 25]).to_json()
    assert len(told["files"]["train"]["problems"]) == 20
    assert told["files"]["train"]["by_rule"] == {"TS004": 25}


def test_an_empty_file_is_invalid() -> None:
    found = report(train=[b"", b" "])
    assert (found.outcome, found.blind_sha256) == ("invalid", "")
    assert found.reason == f"train.jsonl has no records; every problem is listed in {WHERE}"
    assert found.summary() == found.reason


def test_a_file_without_a_valid_record_is_invalid_with_the_first_examples() -> None:
    reason = report(train=[b"{", b"[]", {}, {}]).reason
    assert reason.startswith("no valid record remains in train.jsonl: 4 were rejected (line 1, TS004: ")
    assert "line 3, TS011" in reason
    assert "line 4" not in reason
    assert reason.endswith(WHERE)


def test_more_than_5_percent_of_rejected_lines_make_a_file_invalid_and_5_do_not() -> None:
    assert report(train=[*pairs(95), *[b"{"] * 5]).outcome == "valid"
    found = report(train=[*pairs(94), *[b"{"] * 6])
    assert found.outcome == "invalid"
    assert "6 of 100 records of train.jsonl (6.0%) were rejected, more than 5%" in found.reason


def test_blank_lines_count_as_nothing() -> None:
    assert report(train=[*pairs(95), *[b""] * 50]).outcome == "valid"


def test_fewer_records_than_the_model_needs_are_invalid_once_duplicates_are_gone() -> None:
    assert report(train=pairs(8)).outcome == "valid"
    found = report(train=[*pairs(7), *pairs(7)])
    assert found.reason == (
        "train.jsonl has 7 different valid records, and Amazon Nova Micro needs at least 8"
    )


def test_records_that_all_have_one_prompt_leave_no_blind_test() -> None:
    assert "no record can be held back" in report(train=[pair("a", str(n)) for n in range(20)]).reason


def test_a_test_that_holds_every_training_prompt_leaves_nothing_to_train_on() -> None:
    assert "no training record remains" in report(train=pairs(20), test=pairs(20)).reason


def test_every_file_is_judged() -> None:
    reason = report(train=[b"{"], test=[b"{", *pairs(3)], validation=[]).reason
    assert "no valid record remains in train.jsonl" in reason
    assert "validation.jsonl has no records" in reason
    assert "1 of 4 records of test.jsonl" in reason


def test_rejected_rows_name_file_line_rule_reason_and_excerpt() -> None:
    rows = [json.loads(row) for row in rejected_rows(checked({"train": [b"{x", b"[]"], "test": [b"1"]}))]
    assert [(row["file"], row["line"], row["rule"]) for row in rows] == [
        ("train.jsonl", 1, "TS004"),
        ("train.jsonl", 2, "TS005"),
        ("test.jsonl", 1, "TS005"),
    ]
    assert set(rows[0]) == {"file", "line", "offset", "rule", "reason", "excerpt"}
    assert rows[0]["excerpt"] == "{x"


def test_a_strict_dataset_bears_no_bad_record() -> None:
    values = {"train": [*pairs(100), b"{"]}
    assert prepared(values).report.outcome == "valid"
    judged = prepared(values, on_error="strict").report
    assert judged.outcome == "invalid"
    assert "1 of 101 records of train.jsonl (1.0%) were rejected, and none may be" in (judged.reason)
    assert prepared({"train": pairs(100)}, on_error="strict").report.outcome == "valid"


def test_changes_are_counted_over_all_files_and_told_with_their_rule() -> None:
    values = {"train": pairs(150), "test": pairs(20, 500)}
    found = prepared(values, model=find_model("llama-3.2-1b")).report
    assert found.outcome == "valid"
    [change] = found.to_json()["changes"]
    assert (change["id"], change["records"]) == ("TC005", 170)
    assert "170 changed to fit the model, TC005: The model wants a system text" in found.summary()


def test_validation_counts_towards_the_minimum_where_aws_counts_it() -> None:
    llama = find_model("llama-3.2-1b")
    values = {"train": pairs(60), "validation": pairs(45, 300), "test": pairs(20, 500)}
    assert prepared(values, model=llama).report.outcome == "valid"
    alone = {role: rows for role, rows in values.items() if role != "validation"}
    assert "60 different valid records" in prepared(alone, model=llama).report.reason


def test_the_findings_stand_in_the_json_and_in_the_summary() -> None:
    train = [pair(said(n), f"label {n % 4}") for n in range(320)]
    near = pair(said(0) + " and more", "label 0")
    found = report(train=[*train, near, pair(said(1), "label 3")])
    told = found.to_json()
    assert told["near_duplicates"]["groups"] >= 1
    assert told["conflicts"]["quarantined"] == 2
    assert (told["quarantined"], told["bridging"], told["proven"]) == (2, 0, True)
    assert told["leaked"] == {"train": 0, "validation": 0}
    assert told["files"]["train"]["by_rule"] == {"TQ002": 2}
    assert "2 quarantined" in found.summary()
    assert found.figures()["quarantined"] == 2


def test_too_few_records_are_told_with_what_to_do() -> None:
    found = report(train=pairs(200))
    assert found.outcome == "valid"
    assert found.summary().endswith("a run of fewer than 300 is not promoted by itself")
    assert "give a test file of new records as data.test" in found.to_json()["unproven_note"]


# --- repeated training records


@pytest.mark.parametrize(("wanted", "times"), [(None, 1), (2, 1), (66, 1), (67, 2), (132, 2), (1000, 16)])
def test_a_small_training_set_is_repeated_whole_until_it_is_as_large_as_asked(
    wanted: int | None, times: int
) -> None:
    plain = prepared({"train": pairs(130)}).report
    found = prepared({"train": pairs(130)}, repeat_to=wanted).report
    assert len(plain.split.train) == 66
    assert found.split.repeats == times
    told, once = found.to_json(), plain.to_json()
    assert told["repeated"] == {"times": times, "records": 66}
    assert told["split"]["train"] == {key: times * figure for key, figure in once["split"]["train"].items()}
    # Validation and test are never repeated, and nothing else of the split moves.
    for part in ("validation", "test"):
        assert told["split"][part] == once["split"][part]
    assert found.blind_sha256 == plain.blind_sha256
    assert told["tokens"]["per_epoch"] == told["split"]["train"]["tokens"]
    assert told["tokens"]["histogram"] == once["tokens"]["histogram"]
    assert ("66 records to train, each 16 times, " in found.summary()) == (times == 16)


# --- token figures by what Bedrock counts


def test_token_figures_are_scaled_to_what_was_counted_and_say_so() -> None:
    found = report(train=[pair(said(n), "a " * n) for n in range(1, 101)])
    texts = texts_to_count(found.split.train)
    assert len(texts) == 30
    assert set(texts) <= {f"{said(n)}\n{'a ' * n}" for n in range(101)}
    estimate = estimator_for(MICRO.family).estimate
    scaled = with_counts(found, [(text, 2 * estimate(text)) for text in texts])
    for part, figures in scaled.split_figures().items():
        before = found.split_figures()[part]
        assert figures == {key: count * (1 if key == "records" else 2) for key, count in before.items()}
    told = scaled.to_json()["tokens"]
    assert (told["scale"], told["off"]) == (2, 0)
    assert told["error"].startswith("scaled to CountTokens of 30 records: off by 0 % in their median")
    assert told["per_epoch"] == 2 * found.to_json()["tokens"]["per_epoch"]
    assert told["max"] == 2 * found.to_json()["tokens"]["max"]


def test_a_few_counts_change_no_figure() -> None:
    found = report(train=pairs(100))
    assert with_counts(found, [(text, 7) for text in texts_to_count(found.split.train)[:19]]) == found


def test_the_text_that_is_counted_is_all_that_is_trained() -> None:
    reasoned = {"reasoningContent": {"reasoningText": {"text": "Hm."}}}
    answer = {"role": "assistant", "content": [reasoned, {"text": "b"}]}
    system = [{"text": "Be brief."}, {"text": "Be kind."}]
    value = {"system": system, "messages": [{"role": "user", "content": [{"text": "a"}]}, answer]}
    files = checked({"train": [value]}, find_model("nova-2-lite"))
    assert texts_to_count(files["train"].records) == ["Be brief.\nBe kind.\na\nHm.\nb"]
