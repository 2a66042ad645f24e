"""Each rule in both directions: a record that breaks it, and one that nearly does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.tunesmith.dataset.converse import conversation, lines, pair, turn
from tests.tunesmith.dataset.prepared import prepared, said
from tests.tunesmith.dataset.test_invocation_logs import ANSWERED as LOGGED
from tests.tunesmith.dataset.test_invocation_logs import entry
from tunesmith.catalogue import Model, find_model
from tunesmith.dataset import RULES, check_file
from tunesmith.dataset.media import Shelf, Stored
from tunesmith.dataset.rules import MAX_LINE_BYTES

MICRO, LITE, NOVA_2 = "nova-micro", "nova-lite", "nova-2-lite"
HAIKU, LLAMA, COHERE = "claude-3-haiku", "llama-3.2-1b", "cohere-command"
TITAN = "titan-text-express+texts"
VISION = "llama-3.2-11b"
ASKED = turn("user", "Where is my card?")
ANSWERED = turn("assistant", "card_arrival")
REASONED = {"reasoningContent": {"reasoningText": {"text": "A card is missing."}}}


def image(uri: str = "s3://bucket/x.png", form: str = "png", **keys: Any) -> dict[str, Any]:
    """A block that shows an image."""
    return {"image": {"format": form, "source": {"s3Location": {"uri": uri, **keys}}}}


def video() -> dict[str, Any]:
    """A block that shows a video."""
    return {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/x.mp4"}}}}


IMAGE = image()


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content)}


def escaped(escapes: str) -> bytes:
    """A record whose prompt is spelled in JSON escapes."""
    return json.dumps(pair("?", "a")).replace("?", escapes).encode()


def prompted(prompt: str, completion: str) -> dict[str, str]:
    """A record of prompt and completion."""
    return {"prompt": prompt, "completion": completion}


def told(question: str, answer: str, **keys: str) -> dict[str, Any]:
    """A record in Anthropic's format."""
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {**keys, "messages": turns}


USER, ANSWER = told("a", "b")["messages"]
TEXT = {"type": "text", "text": "b"}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}


def broken(line: Any, model: str = MICRO) -> list[str]:
    """Rules that a line breaks, in the order in which they were found."""
    return [problem.rule for problem in check_file([lines(line)], known(model), file="f").problems]


def known(model: str) -> Model:
    """A model of the catalogue, with "+texts" behind its name as continued pre-training takes it."""
    name, _, texts = model.partition("+")
    return find_model(name).as_tuned_by("continued-pre-training" if texts else "fine-tuning")


BREAKS: list[tuple[str, str, Any]] = [
    ("TS001", MICRO, b" \t\r"),
    ("TS002", MICRO, b"\xef\xbb\xbf" + lines(pair("a", "b")).strip()),
    ("TS003", MICRO, b'{"messages": "\xff"}'),
    ("TS027", MICRO, json.dumps(pair("a", "b")).encode("utf-16")),
    ("TS027", MICRO, b"\x89PNG\r\n\x1a\n"),
    ("TS004", MICRO, b"{"),
    ("TS004", MICRO, b"[" * 100_000),
    ("TS004", MICRO, b'{"messages": NaN}'),
    ("TS004", MICRO, b'{"messages": -Infinity}'),
    ("TS005", MICRO, b"[]"),
    ("TS005", MICRO, b"[1]"),
    ("TS005", MICRO, b"9" * 10_000),
    ("TS005", MICRO, b"null"),
    ("TS005", MICRO, b"true"),
    ("TS005", MICRO, b'"text"'),
    ("TS006", MICRO, b'{"messages": [], "messages": []}'),
    ("TS006", MICRO, b'{"messages": [{"role": "user", "role": "assistant"}]}'),
    ("TS007", MICRO, b"x" * (MAX_LINE_BYTES + 1)),
    ("TS008", MICRO, conversation(ASKED, ANSWERED, id=1)),
    ("TS008", MICRO, conversation({**ASKED, "name": "x"}, ANSWERED)),
    ("TS008", MICRO, conversation(user({"text": "a", "cachePoint": {}}), ANSWERED)),
    ("TS008", MICRO, conversation(ASKED, ANSWERED, system=[{"text": "a", "b": 1}])),
    ("TS009", MICRO, conversation(ASKED, ANSWERED, schemaVersion=2024)),
    ("TS010", MICRO, conversation(ASKED, ANSWERED, system="Be brief.")),
    ("TS010", MICRO, conversation(ASKED, ANSWERED, system=None)),
    ("TS010", MICRO, conversation(ASKED, ANSWERED, system=["Be brief."])),
    ("TS010", MICRO, conversation(ASKED, ANSWERED, system=[{"text": 1}])),
    ("TS011", MICRO, {}),
    ("TS011", MICRO, {"messages": []}),
    ("TS011", MICRO, {"messages": {}}),
    ("TS012", MICRO, conversation(ASKED, "card_arrival")),
    ("TS012", MICRO, conversation(ASKED, {"content": [{"text": "a"}]})),
    ("TS012", MICRO, conversation(ASKED, {"role": "assistant"})),
    ("TS013", MICRO, conversation(turn("system", "Be brief."), ASKED, ANSWERED)),
    ("TS013", MICRO, conversation(ASKED, {"role": [], "content": [{"text": "a"}]})),
    ("TS014", MICRO, conversation(ASKED, ASKED, ANSWERED)),
    ("TS015", MICRO, conversation(ANSWERED, ASKED, ANSWERED)),
    ("TS016", MICRO, conversation(ASKED, ANSWERED, ASKED)),
    ("TS017", MICRO, conversation({"role": "user", "content": "text"}, ANSWERED)),
    ("TS017", MICRO, conversation(ASKED, assistant())),
    ("TS017", MICRO, conversation(ASKED, {"role": "assistant", "content": {"text": "a"}})),
    ("TS018", MICRO, pair(" \n", "a")),
    ("TS018", MICRO, pair("a", "")),
    ("TS018", MICRO, conversation(ASKED, ANSWERED, system=[{"text": " "}])),
    ("TS018", NOVA_2, conversation(ASKED, assistant(REASONED))),
    ("TS019", MICRO, conversation(user("text"), ANSWERED)),
    ("TS019", MICRO, conversation(user({}), ANSWERED)),
    ("TS019", MICRO, conversation(user({"text": None}), ANSWERED)),
    ("TS019", MICRO, conversation(user({"text": "a"}, IMAGE), ANSWERED)),
    ("TS019", VISION, conversation(user({"text": "a"}, video()), ANSWERED)),
    ("TS019", LITE, conversation(ASKED, assistant({"text": "a"}, IMAGE))),
    ("TS019", MICRO, conversation(ASKED, assistant({"toolUse": {}}))),
    ("TS019", MICRO, conversation(ASKED, assistant(REASONED, {"text": "a"}))),
    ("TS019", NOVA_2, conversation(user(REASONED, {"text": "a"}), ANSWERED)),
    ("TS019", NOVA_2, conversation(ASKED, assistant({"reasoningContent": {"redacted": ""}}, {"text": "a"}))),
    ("TS020", MICRO, pair("User: hello", "a")),
    ("TS020", MICRO, pair("my operating system: none", "a")),
    ("TS020", MICRO, pair("see <IMAGE>", "a")),
    ("TS020", MICRO, pair("a", "b", system="[EOS]")),
    ("TS020", HAIKU, pair("a\nHuman: b", "c")),
    ("TS021", MICRO, pair("x" * 168_420, "abcde")),
    ("TS022", MICRO, escaped("\\ud83d")),
    ("TS022", MICRO, pair("a", "b\0c")),
    ("TS023", MICRO, lines(pair("a", "b"), prompted("c", "d")).strip()),
    ("TS023", MICRO, lines(prompted("a", "b"), told("c", "d")).strip()),
    ("TS024", MICRO, {"prompt": "a"}),
    ("TS024", LLAMA, {"prompt": ["a"], "completion": "b"}),
    ("TS008", MICRO, {**prompted("a", "b"), "system": "c"}),
    ("TS008", HAIKU, {**told("a", "b"), "id": 1}),
    ("TS010", HAIKU, {"system": None, **told("a", "b")}),
    ("TS014", HAIKU, {"messages": [USER, USER, {"role": "assistant", "content": "b"}]}),
    ("TS016", HAIKU, {"messages": [USER]}),
    ("TS018", LLAMA, prompted("a", " ")),
    ("TS019", HAIKU, {"messages": [{"role": "user", "content": [PICTURE]}, ANSWER]}),
    ("TS020", HAIKU, told("a", "b\nHuman: c")),
    ("TS020", HAIKU, told("a", "b", system="c\nassistant:")),
    ("TS021", "llama-3.2-90b", pair("x" * 52_910, "abcde")),
    ("TS021", COHERE, prompted("x" * 21_558, "a")),
    ("TS021", COHERE, prompted("x", "a" * 10_779)),
    ("TS008", TITAN, {"input": "a", "id": 1}),
    ("TS018", TITAN, {"input": " "}),
    ("TS021", TITAN, {"input": "x" * 21_564}),
    ("TS022", TITAN, {"input": "a\0"}),
    ("TS023", TITAN, lines({"input": "a"}, prompted("b", "c")).strip()),
    ("TS048", TITAN, {"input": ["a"]}),
    ("TS049", TITAN, prompted("a", "b")),
    ("TS049", TITAN, pair("a", "b")),
    ("TS049", MICRO, {"input": "a"}),
    ("TS030", LITE, conversation(user({"image": {"format": "png", "source": {"bytes": "QUJD"}}}), ANSWERED)),
    ("TS030", LITE, conversation(user({"image": "s3://bucket/x.png"}), ANSWERED)),
    ("TS030", LITE, conversation(user({**IMAGE, "text": 1}), ANSWERED)),
    ("TS030", LITE, conversation(user(image(other="x")), ANSWERED)),
    ("TS031", LITE, conversation(user(image(form="tiff")), ANSWERED)),
    ("TS032", LITE, conversation(user(image("https://bucket/x.png")), ANSWERED)),
    ("TS032", LITE, conversation(user(image("s3://bucket/a b.png")), ANSWERED)),
    ("TS032", LITE, conversation(user(image("s3://bucket/a/../b.png")), ANSWERED)),
    ("TS032", LITE, conversation(user(image(bucketOwner="me")), ANSWERED)),
    ("TS033", LITE, conversation(user(*[IMAGE] * 6), ANSWERED, user(*[IMAGE] * 5), ANSWERED)),
    ("TS033", LITE, conversation(user(video(), video()), ANSWERED)),
    ("TS034", LITE, conversation(user(IMAGE), ANSWERED, user(video()), ANSWERED)),
]  # fmt: skip

NEARLY_BREAKS: list[tuple[str, str, Any]] = [
    ("TS001", MICRO, b" \t" + lines(pair("a", "b")).strip() + b"\r"),
    ("TS002", MICRO, pair("\ufeffa", "b")),
    ("TS005", MICRO, b" " + lines(pair("[]", "null")).strip()),
    ("TS008", MICRO, conversation(ASKED, ANSWERED, system=[{"text": "id"}])),
    ("TS011", MICRO, conversation(ASKED, ANSWERED)),
    ("TS012", MICRO, conversation({"content": [{"text": "a"}], "role": "user"}, ANSWERED)),
    ("TS013", MICRO, conversation(turn("user", "system"), ANSWERED)),
    ("TS015", MICRO, conversation(turn("user", "assistant"), ANSWERED)),
    ("TS016", MICRO, conversation(ASKED, turn("assistant", "user"))),
    ("TS027", MICRO, pair("\x89PNG", "a")),
    ("TS048", TITAN, {"input": "["}),
    ("TS049", TITAN, {"input": '{"prompt": "a"}'}),
    ("TS030", LITE, conversation(user({"text": "a"}, IMAGE), ANSWERED)),
    ("TS030", VISION, conversation(user(image(bucketOwner="123456789012")), ANSWERED)),
    ("TS031", LITE, conversation(user(image(form="webp")), ANSWERED)),
    ("TS032", NOVA_2, conversation(user(image("s3://a-b.c1/x_1-2/y.Z.png")), ANSWERED)),
    ("TS033", LITE, conversation(user(*[IMAGE] * 5), ANSWERED, user(*[IMAGE] * 5), ANSWERED)),
    ("TS033", VISION, conversation(user(*[IMAGE] * 11), ANSWERED)),
    ("TS034", LITE, conversation(user(video()), ANSWERED)),
    ("TS003", MICRO, json.dumps(pair("Zürich 東京 🙂", "a"), ensure_ascii=False).encode()),
    ("TS004", MICRO, pair("[" * 1000, "NaN")),
    ("TS006", MICRO, pair('{"a": 1, "a": 2}', "a")),
    ("TS007", MICRO, b" " * (MAX_LINE_BYTES - 200) + json.dumps(pair("a", "b")).encode()),
    ("TS009", MICRO, {"messages": [ASKED, ANSWERED]}),
    ("TS009", MICRO, conversation(ASKED, ANSWERED, schemaVersion="any text")),
    ("TS010", MICRO, conversation(ASKED, ANSWERED, system=[])),
    ("TS010", MICRO, conversation(ASKED, ANSWERED, system=[{"text": "Be brief."}, {"text": "Be kind."}])),
    ("TS014", MICRO, conversation(ASKED, ANSWERED, ASKED, ANSWERED)),
    ("TS017", MICRO, conversation(turn("user", "a", "b"), turn("assistant", "c", "d"))),
    ("TS018", MICRO, pair(".", "0")),
    ("TS019", NOVA_2, conversation(ASKED, assistant(REASONED, {"text": "a"}))),
    ("TS020", MICRO, pair("User, Assistant and System", "User: Bot: Assistant: System: <image> [EOS]")),
    ("TS020", NOVA_2, pair("User: hello", "a")),
    ("TS021", MICRO, pair("x" * 168_415, "abcd")),
    ("TS022", MICRO, escaped("\\ud83d\\ude42 \\u0001")),
    ("TS020", HAIKU, told("a\nHuman b", "c\nAssistant")),
    ("TS021", COHERE, prompted("x" * 21_557, "a" * 10_778)),
    ("TS021", "llama-3.2-11b", pair("x" * 52_910, "abcde")),
    ("TS023", HAIKU, {"system": "s", "messages": [USER, {"role": "assistant", "content": [TEXT]}]}),
    ("TS024", MICRO, prompted("a", "b")),
    ("TS048", TITAN, {"input": "a"}),
    ("TS021", TITAN, {"input": "x" * 21_550}),
]  # fmt: skip


LINE = lines(pair("Where is my card?", "card_arrival"))
SHELF = Shelf(
    bucket="bucket", folder="p/", account="123456789012", find={"p/x.png": Stored(10 << 20, "t")}.get
)


def file_of(content: bytes, file: str = "f.jsonl", model: str = MICRO, **options: Any) -> list[str]:
    """Rules that a file breaks."""
    checked = check_file([content], find_model(model), file=file, **options)
    return [problem.rule for problem in checked.problems]


def row(*cells: str, header: str = "prompt,completion") -> list[str]:
    return file_of("\n".join([header, *cells, ""]).encode(), "f.csv")


def logged(**keys: Any) -> list[str]:
    return file_of(gzip.compress(lines(entry(**keys))), "logs.json.gz")


def shown(uri: str, **options: Any) -> list[str]:
    return file_of(lines(conversation(user(image(uri, **options)), ANSWERED)), model=LITE, shelf=SHELF)


def nested(depth: int) -> list[str]:
    """Rules that a prompt of a reinforcement breaks whose reference is nested so deep."""
    reference: Any = "4"
    for _ in range(depth):
        reference = [reference]
    value = {"messages": [{"role": "user", "content": "2 + 2?"}], "reference_answer": reference}
    model = find_model(NOVA_2).as_tuned_by("reinforcement")
    return [problem.rule for problem in check_file([lines(value)], model, file="f").problems]


def larger(size: int) -> list[str]:
    shelf = replace(SHELF, find={"p/x.png": Stored(size, "t")}.get)
    return file_of(lines(conversation(user(image("s3://bucket/p/x.png")), ANSWERED)), model=LITE, shelf=shelf)


def quarantined(*values: Any, **data: Any) -> list[str]:
    """Rules for which records of a prepared dataset are in no part."""
    labels = [pair(said(n), f"label {n % 4}") for n in range(60)]
    found = prepared({"train": [*labels, *values]}, **data)
    return [problem.rule for problem in found.files["train"].problems]


ALIKE = [pair(" ".join(f"word{place}" for place in range(20)) + f" {last}", "label 0") for last in ("x", "y")]
VOTES = [pair(said("torn"), f"label {n}") for n in (1, 1, 2)]
WITH_FILES: dict[str, tuple[Callable[[], list[str]], Callable[[], list[str]]]] = {
    "TS025": (
        lambda: file_of(LINE, group_key="meta"),
        lambda: file_of(lines({**pair("a", "b"), "meta": 0}), group_key="meta"),
    ),
    "TS026": (
        lambda: file_of(lines(pair("to ada@example.com", "a")), sensitive="refuse"),
        lambda: file_of(lines(pair("to ada at example", "a")), sensitive="refuse"),
    ),
    "TS028": (lambda: file_of(gzip.compress(LINE)[:-5]), lambda: file_of(gzip.compress(LINE))),
    "TS029": (lambda: nested(33), lambda: nested(30)),
    "TS035": (lambda: shown("s3://bucket/q/x.png"), lambda: shown("s3://bucket/p/x.png")),
    "TS036": (lambda: shown("s3://bucket/p/y.png"), lambda: shown("s3://bucket/p/x.png")),
    "TS037": (lambda: larger((10 << 20) + 1) + larger(0)[1:], lambda: larger(10 << 20) + larger(1)),
    "TS040": (lambda: row("a,b,c"), lambda: row('a,"b,c"')),
    "TS041": (lambda: row("a,b", header="promt,completion"), lambda: row("a,b", header="completion,prompt")),
    "TS042": (lambda: row('"a,b'), lambda: row('"a",b')),
    "TS043": (lambda: row("a;b", header="prompt;completion"), lambda: row("a;,b;")),
    "TS044": (lambda: row('"a"x,b'), lambda: row('"a""x",b')),
    "TS045": (lambda: logged(errorCode="ThrottlingException"), lambda: logged(requestMetadata={"a": "x"})),
    "TS046": (
        lambda: logged(answered={**LOGGED, "stopReason": "max_tokens"}),
        lambda: logged(answered={**LOGGED, "stopReason": "stop_sequence"}),
    ),
    "TS047": (lambda: logged(asked={"prompt": 3}), lambda: logged(asked={"prompt": "3"})),
    "TQ001": (lambda: quarantined(*VOTES), lambda: quarantined(*VOTES[:2])),
    "TQ002": (lambda: quarantined(*VOTES[1:]), lambda: quarantined(*VOTES[:1])),
    "TQ004": (lambda: quarantined(*ALIKE, near_duplicates="drop"), lambda: quarantined(*ALIKE)),
}  # fmt: skip
ELSEWHERE = {"TQ003": "TD027 in test_dataset_rules says that such records are quarantined, or are none"}


def test_every_rule_has_a_case_that_breaks_it_and_one_that_nearly_does() -> None:
    alone = set(RULES) - set(WITH_FILES) - set(ELSEWHERE)
    assert {rule for rule, _, _ in BREAKS} == alone
    assert {rule for rule, _, _ in NEARLY_BREAKS} == alone


@pytest.mark.parametrize("rule", WITH_FILES)
def test_a_file_breaks_a_rule_and_one_that_nearly_does_breaks_none(rule: str) -> None:
    breaks, nearly = WITH_FILES[rule]
    assert set(breaks()) == {rule}
    assert nearly() == []


def test_rules_have_stable_ids_and_say_their_reason_in_a_sentence() -> None:
    lines = [f"TS{number:03d}" for number in (*range(1, 38), *range(40, 50))]
    quarantine = ["TQ001", "TQ002", "TQ003", "TQ004"]
    assert list(RULES) == [*lines, *quarantine]
    assert [rule for rule in RULES if RULES[rule].severity == "quarantine"] == quarantine
    for rule_id, rule in RULES.items():
        assert rule.id == rule_id
        assert rule.reason.endswith(".")


@pytest.mark.parametrize(("rule", "model", "line"), BREAKS)
def test_a_line_that_breaks_a_rule_breaks_that_rule_alone(rule: str, model: str, line: Any) -> None:
    assert broken(line, model) == [rule]


@pytest.mark.parametrize(("rule", "model", "line"), NEARLY_BREAKS)
def test_a_line_that_nearly_breaks_a_rule_is_valid(rule: str, model: str, line: Any) -> None:
    assert rule in RULES
    assert broken(line, model) == []


def test_a_line_is_told_all_that_is_wrong_with_it_each_rule_once() -> None:
    line = conversation(
        turn("bot", "User: "), {"role": "user", "content": "x"}, turn("user", ""), x=1, y=2, system=3
    )
    assert broken(line) == ["TS008", "TS010", "TS013", "TS020", "TS017", "TS018"]


def reason(line: Any, model: str = MICRO) -> str:
    [problem] = check_file([lines(line)], find_model(model), file="f").problems
    return problem.reason


def test_reasons_name_the_place_and_what_to_do() -> None:
    assert "column 2" in reason(b"{")
    assert (
        "did you mean 'messages'"
        in check_file([b'{"mesages": []}'], find_model(MICRO), file="f").problems[0].reason
    )
    assert "put it into system" in reason(conversation(turn("system", "a"), ASKED, ANSWERED))
    assert 'write [{"text"' in reason(conversation({"role": "user", "content": "a"}, ANSWERED))
    assert "turn 1" in reason(pair("Bot: x", "a"))
    assert "reads text only" in reason(conversation(user({"text": "a"}, IMAGE), ANSWERED))
    assert "text and images" in reason(conversation(user({"text": "a"}, video()), ANSWERED), VISION)
    assert "at most 10" in reason(conversation(user(*[IMAGE] * 11), ANSWERED), LITE)
    assert "text or reasoningContent" in reason(conversation(ASKED, assistant({"toolUse": {}})), NOVA_2)
    assert "32,000" in reason(pair("x" * 200_000, "a"))


def test_a_reason_stays_short_for_long_keys_and_roles() -> None:
    assert len(reason(conversation(ASKED, ANSWERED, **{"k" * 5000: 1}))) < 200
    assert len(reason(conversation(turn("r" * 5000, "a"), ANSWERED))) < 200


def grouped(line: Any, group_key: str) -> list[str]:
    checked = check_file([lines(line)], find_model(MICRO), file="f", group_key=group_key)
    assert all(b"meta" not in record.line for record in checked.records)
    return [problem.rule for problem in checked.problems]


@pytest.mark.parametrize("customer", ["acme", 7, 1.5])
def test_a_group_key_stands_beside_the_record_and_is_dropped(customer: Any) -> None:
    assert grouped({**pair("a", "b"), "meta": {"customer": customer, "more": []}}, "meta.customer") == []
    assert grouped({**pair("a", "b"), "meta": customer}, "meta") == []
    assert broken({**pair("a", "b"), "meta": customer}) == ["TS008"]


@pytest.mark.parametrize("beside", [b"", b', "id": 1'], ids=["read at once", "mended"])
def test_groups_of_long_numbers_are_told_apart_by_every_digit(beside: bytes) -> None:
    numbers = [b"9007199254740992", b"9007199254740993", b"1" * 5_000, b"1" * 5_001, b"1e400", b"7", b"7.0"]
    numbers += [b"0.12345678901234567", b"0.123456789012345671"]
    content = b"".join(
        b'{"prompt": "a%d", "completion": "b", "meta": {"customer": %b}%b}\n' % (place, number, beside)
        for place, number in enumerate(numbers)
    )
    checked = check_file([content], find_model(MICRO), file="f", group_key="meta.customer", mends=True)
    assert (checked.valid, bool(checked.fixed)) == (len(numbers), bool(beside))
    groups = {bytes(group) for group in checked.records.groups}
    assert len(groups) == len(numbers) - 1  # 7 and 7.0 are one number


@pytest.mark.parametrize("meta", [{}, {"customer": None}, {"customer": ""}, {"customer": True}, "acme", []])
def test_a_record_without_its_group_key_is_rejected(meta: Any) -> None:
    assert grouped({**pair("a", "b"), "meta": meta}, "meta.customer") == ["TS025"]
    assert grouped(pair("a", "b"), "meta.customer") == ["TS025"]
