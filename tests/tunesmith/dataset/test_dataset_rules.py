"""Each rule of a dataset as a whole in both directions: one that breaks it, and one that nearly does."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tests.tunesmith.dataset.prepared import MICRO, checked, pairs, prepared, prepared_from, said
from tunesmith.catalogue import Model, find_model
from tunesmith.dataset import check_file, contents
from tunesmith.dataset.assignment import Assignment
from tunesmith.dataset.dataset_rules import DATASET_RULES, file_size_findings, record_count_findings
from tunesmith.dataset.judgement import judge_file
from tunesmith.evaluation.answers import read_questions
from tunesmith.evaluation.metrics_registry import misfit

HAIKU, TITAN, LLAMA, NOVA_2, LITE = map(
    find_model, ("claude-3-haiku", "titan-text-express", "llama-3.2-1b", "nova-2-lite", "nova-lite")
)
Rules = list[str]


def whole(train: Sequence[Any], **options: Any) -> Rules:
    """Rules that a dataset breaks, given its files and what else stands in `data`."""
    files: dict[str, Sequence[Any]] = {"train": train}
    files |= {role: options.pop(role) for role in ("validation", "test") if role in options}
    return [finding.rule for finding in prepared(files, **options).report.whole]


def zipped(content: bytes) -> Rules:
    files = {"train": check_file([content], MICRO, file="train.jsonl.gz")}
    return [finding.rule for finding in prepared_from(files).report.whole]


def counts(model: Model, train: int, validation: int = 0, kind: str = "fine-tuning", quota: int = 0) -> Rules:
    most = Decimal(quota) if quota else None
    split = {"train": train, "validation": validation}
    return [finding.rule for finding in record_count_findings(model, kind, split, quota=most)]


def bytes_(model: Model, train: int, validation: int = 0, kind: str = "fine-tuning") -> Rules:
    sizes = {"train": lambda: train, "validation": lambda: validation}
    return [finding.rule for finding in file_size_findings(model, kind, sizes)]


def alone(values: Sequence[Any], part: Any = "train", model: Model = MICRO) -> Rules:
    found = checked({"train": values}, model)["train"]
    return [finding.rule for finding in judge_file(found, model, part, most_rejected=0.05)]


def placed(values: Sequence[Any], part: str) -> list[Any]:
    """Those of the values that a first version places in a part."""
    split = prepared({"train": values}).split
    lines_ = {record.line for record in split.parts()[part]}
    return [value for value in values if checked({"train": [value]})["train"].records[0].line in lines_]


def after_first(values: Sequence[Any]) -> Assignment:
    return prepared({"train": values}).assignment


def alike(count: int) -> list[Any]:
    """Records that say nearly the same, of one prompt's words and one answer."""
    words = " ".join(f"word{number}" for number in range(20))
    return [pair(f"{words} and {said(n)[7:13]}", "a") for n in range(count)]


def bridging(*, sets_apart: bool) -> Rules:
    """A record asks what one customer asked and is another's, whom a version placed elsewhere or not."""
    first = [{**pair(said(n), said(f"answer {n}")), "customer": n} for n in range(60)]
    found = prepared({"train": first}, group_key="customer")
    place = dict(found.assignment.groups)
    of = {
        row["customer"]: checked({"train": [row]}, group_key="customer")["train"].records[0] for row in first
    }
    parts = {n: place[of[n].group.hex()] for n in of}
    one = next(n for n in of if parts[n] == "train")
    other = next(n for n in of if n != one and (parts[n] == "train") != sets_apart)
    bridge = {**pair(said(one), said("another")), "customer": other}
    return whole([*first, bridge], previous=found.assignment, group_key="customer")


def measured(answer: str) -> Rules:
    """What is told of answers that JSON's fields are compared of, as the function that prepares does."""
    report = prepared({"train": pairs(310, answer=answer)}).report
    reason = misfit(
        "json_fields",
        [question.reference for question in read_questions(b"".join(contents(report.split.test)))],
    )
    return [finding.rule for finding in (report.unfit(reason) if reason else report).whole]


def showing(kind: str, count: int) -> list[Any]:
    """Records that show an image or a video each."""
    form = {"image": "png", "video": "mp4"}[kind]
    blocks = [
        {kind: {"format": form, "source": {"s3Location": {"uri": f"s3://bucket/{n}.{form}"}}}}
        for n in range(count)
    ]
    return [
        conversation({"role": "user", "content": [block]}, turn("assistant", f"a {kind}")) for block in blocks
    ]


TORN = [pair(said("torn"), f"label {n}") for n in range(2)]
LABELS = [pair(said(n), f"label {n % 4}") for n in range(310)]
FREE = [pair(said(n), said(f"answer {n}")) for n in range(310)]
FILE = lines(*pairs(310))

Case = Callable[[], Rules]
PAIRS: dict[str, tuple[Case, Case]] = {
    "TD001": (lambda: whole([]), lambda: whole(pairs(1))),
    "TD002": (lambda: zipped(gzip.compress(FILE)[:-5]), lambda: zipped(gzip.compress(FILE))),
    "TD003": (lambda: whole([b"{"]), lambda: whole([b"{", *pairs(1)])),
    "TD004": (lambda: whole([*pairs(94), *[b"{"] * 6]), lambda: whole([*pairs(95), *[b"{"] * 5])),
    "TD005": (lambda: whole([*pairs(7), *pairs(7)]), lambda: whole(pairs(8))),
    "TD006": (
        lambda: whole(pairs(60, 900), test=placed(pairs(60), "train"), previous=after_first(pairs(60))),
        lambda: whole(pairs(60, 900), test=placed(pairs(60), "test"), previous=after_first(pairs(60))),
    ),
    "TD007": (
        lambda: whole([pair("one prompt", said(n)) for n in range(20)]),
        lambda: whole([*[pair("one prompt", said(n)) for n in range(20)], *pairs(10, 100)]),
    ),
    "TD008": (lambda: whole(pairs(20), test=pairs(20)), lambda: whole(pairs(20), test=pairs(19))),
    "TD009": (lambda: counts(MICRO, 7, 9), lambda: counts(LLAMA, 91, 9)),
    "TD010": (
        lambda: counts(MICRO, 99, kind="distillation"),
        lambda: counts(MICRO, 100, kind="distillation") + counts(MICRO, 99),
    ),
    "TD011": (lambda: counts(HAIKU, 500, 31), lambda: counts(HAIKU, 500, 32) + counts(HAIKU, 500, 0)),
    "TD012": (lambda: counts(HAIKU, 500, 1_001), lambda: counts(HAIKU, 500, 1_000)),
    "TD013": (
        lambda: counts(MICRO, 19_000, 1_001),
        lambda: counts(MICRO, 19_000, 1_000) + counts(MICRO, 19_000, 1_001, quota=20_001)
        + counts(NOVA_2, 20_000, 500),
    ),
    "TD014": (
        lambda: bytes_(MICRO, 10**9 + 1, kind="distillation"),
        lambda: bytes_(MICRO, 10**9, kind="distillation") + bytes_(MICRO, 10**9 + 1) + bytes_(TITAN, 10**9),
    ),
    "TD015": (lambda: bytes_(TITAN, 1, 10**8 + 1), lambda: bytes_(TITAN, 1, 10**8)),
    "TD016": (
        lambda: whole([*pairs(310), *showing("image", 2), *showing("video", 1)], model=LITE),
        lambda: whole([*pairs(310), *showing("image", 2)], model=LITE),
    ),
    "TD017": (lambda: measured("numbers"), lambda: measured('{"a": 1}')),
    "TD020": (lambda: whole(pairs(299)), lambda: whole(pairs(300)) + whole(pairs(299), test=pairs(20, 500))),
    "TD021": (lambda: whole([*pairs(100), *alike(10)]), lambda: whole([*pairs(190), *alike(10)])),
    "TD022": (lambda: whole([*LABELS, *TORN]), lambda: whole([*LABELS, TORN[0], TORN[0]])),
    "TD023": (lambda: whole([*FREE, *TORN]), lambda: whole([*FREE, TORN[0], TORN[0]])),
    "TD024": (lambda: whole([*pairs(310), *pairs(1)]), lambda: whole([*pairs(310), *pairs(1, answer="b")])),
    "TD025": (lambda: whole([*pairs(310), *alike(2)]), lambda: whole([*pairs(310), *alike(1)])),
    "TD026": (lambda: whole(pairs(310), test=pairs(20, 300)), lambda: whole(pairs(310), test=pairs(20, 310))),
    "TD027": (lambda: bridging(sets_apart=True), lambda: bridging(sets_apart=False)),
    "TD028": (
        lambda: whole([*pairs(310), pair("write to ada@example.com", "a")]),
        lambda: whole([*pairs(310), pair("write to ada at example dot com", "a")]),
    ),
    "TD029": (
        lambda: whole(pairs(310), model=NOVA_2),
        lambda: whole(pairs(310)) + whole(pairs(310), model=NOVA_2, validation_share=0.0),
    ),
    "TD030": (
        lambda: whole([*pairs(310), *alike(2)], near_duplicates="drop"),
        lambda: whole([*pairs(310), *alike(1)], near_duplicates="drop") + whole([*pairs(310), *alike(2)]),
    ),
    "TD031": (
        lambda: alone(pairs(20), model=replace(MICRO, maximum_records=13)),
        lambda: alone(pairs(20), model=replace(MICRO, maximum_records=14)),
    ),
    "TD032": (
        lambda: whole([pair(said(number), f"then {said(-number)}") for number in range(310)]),
        lambda: whole([pair(said(number), said(number)) for number in range(310)]),
    ),
}  # fmt: skip


def test_every_rule_has_a_case_that_breaks_it_and_one_that_nearly_does() -> None:
    assert set(PAIRS) == set(DATASET_RULES)


@pytest.mark.parametrize("rule", PAIRS)
def test_a_dataset_that_breaks_a_rule_is_told_so_once_and_one_that_nearly_does_is_not(rule: str) -> None:
    breaks, nearly = PAIRS[rule]
    assert breaks().count(rule) == 1
    assert rule not in nearly()


def test_errors_make_a_dataset_invalid_and_nothing_else_does() -> None:
    for values in (pairs(7), pairs(8), [*pairs(280), *alike(20), *TORN]):
        report = prepared({"train": values}).report
        assert (report.outcome == "invalid") == any(each.severity == "error" for each in report.whole)


def test_a_rule_says_its_reason_and_what_helps_in_sentences() -> None:
    for rule_id, rule in DATASET_RULES.items():
        assert rule.id == rule_id
        assert rule.reason.endswith(".")
        assert not rule.fix or rule.fix.endswith(".")
        assert rule.severity != "error" or rule.fix


def test_the_report_tells_id_severity_reason_and_fix() -> None:
    [finding] = prepared({"train": pairs(7)}).report.to_json()["findings"][:1]
    assert finding == {
        "rule": "TD005",
        "reason": "train.jsonl has 7 different valid records, and Amazon Nova Micro needs at least 8",
        "severity": "error",
        "fix": "Add records.",
    }


def test_a_file_is_judged_by_what_it_is_for() -> None:
    few = pairs(5)
    assert alone(few) == ["TD005"]
    assert alone(few, "test") == []
    assert alone(few, "validation", HAIKU) == ["TD011"]
    assert alone(pairs(40), "validation", HAIKU) == []
    assert alone(pairs(41), "validation", replace(HAIKU, maximum_validation=40)) == ["TD012"]


# --- near-duplicates that are dropped


def test_of_each_group_of_near_duplicates_one_is_left_and_each_other_is_listed() -> None:
    found = prepared({"train": [*pairs(310), *alike(5)]}, near_duplicates="drop")
    assert sum(map(len, found.split.parts().values())) == 311
    assert found.files["train"].by_rule == {"TQ004": 4}
    assert found.report.findings.near.dropped == 4
    assert "4 dropped as near-duplicates" in found.report.summary()


def test_near_duplicates_with_different_labels_are_all_kept() -> None:
    values = [*LABELS, *[pair(value["messages"][0]["content"][0]["text"], f"label {n}")
                         for n, value in enumerate(alike(3))]]  # fmt: skip
    found = prepared({"train": values}, near_duplicates="drop")
    assert found.report.findings.near.groups == 1
    assert sum(map(len, found.split.parts().values())) == 313


def test_what_an_earlier_version_kept_is_kept_again_whatever_comes_to_it() -> None:
    kept: set[bytes] = set()
    previous = None
    for count in range(2, 8):
        values = [*pairs(60), *alike(count)[-2:], *alike(2)]
        found = prepared({"train": values}, near_duplicates="drop", previous=previous)
        previous = found.assignment
        now = {record.line for part in found.split.parts().values() for record in part}
        assert kept <= now
        kept = now
    assert len(kept) == 61
