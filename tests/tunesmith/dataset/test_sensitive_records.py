"""What is sensitive in a file is counted, masked or refused, and no excerpt or reason repeats it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tests.tunesmith.dataset.prepared import prepared_from
from tunesmith.catalogue import find_model
from tunesmith.dataset import CheckedFile, check_file, rejected_rows
from tunesmith.dataset.sensitive import Policy

MICRO = find_model("nova-micro")
CARD, EMAIL = "4111 1111 1111 1111", "ada@example.com"
KEY = "AKIA" + "IOSFODNN7EXAMPLE"
HELD = [
    pair("What is my balance?", "Ask the branch."),
    pair(f"My card is {CARD} and my mail {EMAIL}", "Thanks"),
    pair("Whom may I write to?", f"Write to {EMAIL}."),
]


def check(policy: Policy, *values: Any) -> CheckedFile:
    return check_file([lines(*(values or HELD))], MICRO, file="train.jsonl", sensitive=policy)


def texts(checked: CheckedFile) -> str:
    return b"".join(record.line for record in checked.records).decode()


def test_by_default_what_is_found_is_counted_by_kind_and_left_as_it_is() -> None:
    checked = check_file([lines(*HELD)], MICRO, file="f")
    assert (checked.valid, checked.rejected) == (3, 0)
    assert checked.to_json()["sensitive"] == {
        "policy": "report",
        "records": 2,
        "found": {"payment_card": 1, "email": 2},
    }
    assert CARD in texts(checked)
    assert texts(checked).count(EMAIL) == 2


def test_masked_records_are_kept_with_the_kind_in_its_place() -> None:
    checked = check("mask")
    assert (checked.valid, checked.rejected) == (3, 0)
    assert checked.sensitive == {"payment_card": 1, "email": 2}
    assert "My card is [payment card] and my mail [e-mail address]" in texts(checked)
    assert CARD not in texts(checked)
    assert EMAIL not in texts(checked)


def test_records_that_differ_in_what_is_masked_alone_are_duplicates() -> None:
    checked = check("mask", pair("Mail a@example.com", "ok"), pair("Mail b@example.com", "ok"))
    assert (checked.valid, len(checked.records), checked.duplicates.exact) == (2, 1, 1)


def test_refused_records_break_a_rule_that_names_the_kinds() -> None:
    checked = check("refuse")
    assert (checked.valid, checked.rejected) == (1, 2)
    assert [(problem.line, problem.rule) for problem in checked.problems] == [(2, "TS026"), (3, "TS026")]
    assert checked.problems[0].reason == (
        "The record holds what data.sensitive refuses: payment card, e-mail address."
    )
    assert checked.sensitive_records == 2
    assert check("refuse", HELD[0]).problems == ()


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (b'{"prompt": "my card is %s", oops' % CARD.encode(), CARD),
        (b'{"prompt": "mail\\u0020ada\\u0040example.com", oops', "ada"),
        (b'{"prompt": "the key:\\n%s", oops' % KEY.encode(), KEY),
        (json.dumps({**pair("a", "b"), EMAIL: 1}).encode(), EMAIL),
        (json.dumps({**pair("a", "b"), KEY: 1, "x": KEY}).encode(), KEY),
        (b'{"%s": 1, "%s": 2}' % (KEY.encode(), KEY.encode()), KEY),
        (b"x" * 110 + b" " + CARD.encode(), CARD[:6]),
    ],
)
def test_no_secret_stands_in_what_is_told_of_a_rejected_line(line: bytes, secret: str) -> None:
    checked = check_file([line], MICRO, file="f")
    assert checked.rejected == 1
    told = b"".join(rejected_rows({"train": checked})).decode() + json.dumps(checked.to_json())
    assert secret not in told
    assert "[" in checked.problems[0].excerpt or secret not in line[:120].decode()


def test_no_secret_stands_in_what_is_told_of_an_image() -> None:
    image = {"format": CARD, "source": {"s3Location": {"uri": "s3://bucket/x.png"}}}
    record = conversation({"role": "user", "content": [{"image": image}]}, turn("assistant", "a"))
    [problem] = check_file([lines(record)], find_model("nova-lite"), file="f").problems
    assert (problem.rule, "the format '[payment card]'" in problem.reason) == ("TS031", True)
    assert CARD not in json.dumps(problem.reason + problem.excerpt)


def test_a_line_without_a_secret_is_quoted_as_it_stands() -> None:
    [problem] = check_file([rb'{"a\n\u0041": oops'], MICRO, file="f").problems
    assert problem.excerpt == r'{"a\n\u0041": oops'


def test_the_report_counts_by_file_and_its_sentence_says_what_became_of_them() -> None:
    plain = [pair(f"Question {number}?", "yes") for number in range(100)]
    for policy, said in (("report", "left as it is"), ("mask", "masked")):
        files = {"train": check(policy, *plain, *HELD)}  # type: ignore[arg-type]
        report = prepared_from(files).report
        assert report.to_json()["files"]["train"]["sensitive"]["found"] == {"payment_card": 1, "email": 2}
        assert f"2 records hold sensitive data, {said}" in report.summary()


@pytest.mark.parametrize(
    ("done", "not_needed"),
    [
        ("d.check_file([b'{}'], find_model('nova-micro'), file='f')", ["stdnum", "phonenumbers"]),
        ("d.conversations(b''), d.KINDS", ["stdnum", "phonenumbers", "numpy", "xxhash"]),
    ],
)
def test_a_package_is_imported_only_by_what_needs_it(done: str, not_needed: list[str]) -> None:
    code = (
        "import sys; import tunesmith.dataset as d; from tunesmith.catalogue import find_model\n"
        f"{done}\n"
        f"print(sorted(set({not_needed}) & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": "lambdas"},
        text=True,
        capture_output=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
