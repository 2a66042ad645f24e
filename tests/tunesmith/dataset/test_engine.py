"""A file is read as a stream: lines, offsets, records, duplicates, and no input breaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tunesmith.catalogue import find_model
from tunesmith.dataset import RULES, CheckedFile, check_file
from tunesmith.dataset.rules import MAX_LINE_BYTES
from tunesmith.dataset.tokens import estimator_for

MICRO = find_model("nova-micro")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)
PLAIN = TEXTS.filter(lambda t: not any(word.casefold() in t.casefold() for word in MICRO.reserved_words))


def check(data: bytes) -> CheckedFile:
    return check_file([data], MICRO, file="train.jsonl")


def test_problems_carry_line_number_byte_offset_and_excerpt() -> None:
    good = json.dumps(pair("Grüße", "a"), ensure_ascii=False).encode()
    checked = check(good + b"\r\n\n" + good.replace(b"Gr", b"Gs") + b"\n{bad\n" + b"[1]")
    found = [(p.line, p.offset, p.rule, p.excerpt) for p in checked.problems]
    assert found == [
        (2, len(good) + 2, "TS001", ""),
        (4, 2 * len(good) + 4, "TS004", "{bad"),
        (5, 2 * len(good) + 9, "TS005", "[1]"),
    ]
    assert (checked.read, checked.valid, checked.rejected) == (4, 2, 2)


def test_a_byte_order_mark_is_told_and_left_out() -> None:
    checked = check(b"\xef\xbb\xbf" + lines(pair("a", "b")))
    assert [problem.rule for problem in checked.problems] == ["TS002"]
    assert (checked.valid, checked.rejected) == (1, 0)
    assert checked.records[0].line.startswith(b'{"schemaVersion"')
    assert checked.problems[0].excerpt.startswith('{"schemaVersion"')


def test_an_excerpt_has_at_most_120_printable_characters() -> None:
    [problem] = check(b"{" + "ü\x07".encode() * 500).problems
    assert len(problem.excerpt) == 120
    assert problem.excerpt.isprintable()


def test_an_empty_file_has_no_records() -> None:
    for data in (b"", b"\n", b"\r\n \n"):
        checked = check(data)
        assert (checked.read, checked.valid, checked.rejected) == (0, 0, 0)
        assert checked.to_json()["tokens"]["max"] == 0


def test_of_a_line_that_is_too_long_only_the_start_is_held() -> None:
    good = lines(pair("a", "b"))

    def chunks() -> Iterator[bytes]:
        yield good
        for _ in range(300):
            yield b"x" * (1 << 16)
        yield b"\n" + good

    checked = check_file(chunks(), MICRO, file="f")
    [problem] = checked.problems
    assert (problem.line, problem.offset, problem.rule) == (2, len(good), "TS007")
    assert 4 * MAX_LINE_BYTES < 300 * (1 << 16)
    assert (checked.read, checked.valid) == (3, 2)


def test_written_lines_are_pure_converse_records_with_nothing_added_or_lost() -> None:
    record = conversation(
        turn("user", "a\u2028b\u2029c\u0085d", "e"),
        turn("assistant", "f"),
        turn("user", "g"),
        turn("assistant", "h"),
    )
    written = check(lines({**record, "schemaVersion": "other", "system": [{"text": "S"}]})).records[0].line
    assert json.loads(written) == {**record, "system": [{"text": "S"}]}
    assert len(written.decode().splitlines()) == 1


def test_duplicates_are_found_through_unicode_and_white_space() -> None:
    checked = check(
        lines(
            pair("Where  is my\ncard?", "ok"),
            pair("Where is my card?", "ok"),
            pair("Where is my card?", "ｏｋ"),
        )
    )
    assert (checked.valid, checked.rejected, len(checked.records)) == (3, 0, 1)
    assert (checked.duplicates.exact, checked.duplicates.conflicts) == (2, 0)


def test_other_case_system_or_role_is_no_duplicate() -> None:
    checked = check(
        lines(
            pair("card", "ok"),
            pair("Card", "ok"),
            pair("card", "ok", system="S"),
            conversation(turn("user", "card", "b"), turn("assistant", "ok")),
        )
    )
    assert (len(checked.records), checked.duplicates.exact) == (4, 0)


def test_one_prompt_with_different_answers_is_a_conflict() -> None:
    checked = check(lines(pair("a", "1"), pair("a ", "2"), pair("a", "3"), pair("b", "1"), pair("b", "1")))
    assert (checked.duplicates.exact, checked.duplicates.conflicts) == (1, 1)


def test_the_json_counts_by_rule_and_claims_nothing_on_near_duplicates() -> None:
    told = check(lines(pair("four", "answers"), pair("four", "answers"), b"{", b"[", {})).to_json()
    assert (told["file"], told["records"], told["valid"], told["rejected"]) == ("train.jsonl", 5, 2, 3)
    assert told["by_rule"] == {"TS004": 2, "TS011": 1}
    assert [set(problem) for problem in told["problems"]] == [{"line", "offset", "rule", "reason"}] * 3
    assert (told["duplicates"]["exact"], told["duplicates"]["near"]) == (1, None)
    assert (told["tokens"]["total"], told["tokens"]["max"]) == (3, 3)
    assert told["tokens"]["estimate_error"] == estimator_for(MICRO.family).error
    assert told["sensitive"] == {"policy": "report", "records": 0, "found": {}}


def test_tokens_of_every_text_are_estimated_as_the_model_s_family_wants() -> None:
    value = pair("x" * 41, "y" * 8, system="z" * 4)
    for name in ("nova-micro", "claude-3-haiku"):
        estimate = estimator_for(find_model(name).family).estimate
        [record] = check_file([lines(value)], find_model(name), file="f").records
        assert record.prompt_tokens == estimate("x" * 41 + "z" * 4)
        assert record.answer_tokens == estimate("y" * 8)
        assert record.tokens == record.prompt_tokens + record.answer_tokens
    assert estimator_for("nova-1").estimate("x" * 41) != estimator_for("claude-3").estimate("x" * 41)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"\n", b"\r\n", b"{", b'{"messages":', lines(pair("a", "b"))])
    )
)
def test_arbitrary_bytes_end_in_a_report_whatever_the_pieces(pieces: list[bytes]) -> None:
    checked = check_file(pieces, MICRO, file="f")
    whole = check_file([b"".join(pieces)], MICRO, file="f")
    assert checked == whole
    assert checked.read == checked.valid + checked.rejected
    data = b"".join(pieces)
    for problem in checked.problems:
        assert data[: problem.offset].count(b"\n") == problem.line - 1
        assert RULES[problem.rule]
        json.dumps(problem.reason).encode()


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.just("user"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "text", "messages", "system", "image", "reasoningContent", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(JSON_VALUES, JSON_VALUES, st.sampled_from(["nova-micro", "nova-2-lite"]))
def test_arbitrary_json_ends_in_problems_and_never_in_a_crash(
    system: object, messages: object, model: str
) -> None:
    value = {"messages": messages, "system": system}
    checked = check_file([lines(value, messages)], find_model(model), file="f")
    assert checked.read == 2


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(PLAIN, TEXTS), min_size=1, max_size=3), st.none() | PLAIN)
def test_a_record_of_legal_texts_is_never_rejected_and_survives_a_round_trip(
    turns: list[tuple[str, str]], system: str | None
) -> None:
    messages = [
        each for asked, answered in turns for each in (turn("user", asked), turn("assistant", answered))
    ]
    record = conversation(*messages, **({"system": [{"text": system}]} if system else {}))
    checked = check(lines(record))
    assert checked.problems == ()
    written = checked.records[0].line
    assert json.loads(written) == record
    assert check(written).records == checked.records
