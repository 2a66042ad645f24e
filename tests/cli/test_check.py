"""`tunesmith check`: every bad line is named, and the exit code tells a script the answer."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import tunesmith

GOOD = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": [{"text": "Where is my order?"}]},
        {"role": "assistant", "content": [{"text": "delivery_delay"}]},
    ],
}


def lines(*records: object) -> str:
    return "".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.jsonl"
    file.write_text(lines(*map(asked, range(300)), asked(0)))
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.jsonl"
    file.write_text(lines(GOOD, "{not json", {**GOOD, "messages": [{"role": "user", "content": []}]}))
    return file


def test_a_good_file_is_told_in_figures_and_the_answer_is_yes(good: Path) -> None:
    answer = tunesmith("check", good, "--model", "nova-micro")
    assert answer.code == 0
    assert "301 of 301 records valid for Amazon Nova Micro" in answer.stdout
    assert "note TD024: 1 exact duplicate in" in answer.stdout
    assert "A run would take the file as it is." in answer.stdout


def test_every_bad_line_is_named_with_rule_and_reason_and_the_answer_is_no(bad: Path) -> None:
    answer = tunesmith("check", bad, "--model", "nova-micro")
    assert answer.code == 1
    assert f"{bad}:2: TS004 Not valid JSON" in answer.stdout
    assert f"{bad}:3: TS017" in answer.stdout


def test_json_has_one_document_a_line_for_each_file_with_all_problems(good: Path, bad: Path) -> None:
    answer = tunesmith("check", good, bad, "--model", "nova-micro", "--json")
    assert answer.code == 1
    first, second = (json.loads(line) for line in answer.stdout.splitlines())
    assert (first["file"], first["records"], first["valid"], first["rejected"]) == (str(good), 301, 301, 0)
    assert (first["fit"], [each["rule"] for each in first["findings"]]) == (True, ["TD024"])
    assert (second["fit"], [each["rule"] for each in second["findings"]]) == (False, ["TD004"])
    assert set(second["findings"][0]) == {"rule", "reason", "severity", "fix"}
    assert (second["records"], second["valid"], second["rejected"]) == (3, 1, 2)
    assert {"line": 2, "rule": "TS004"}.items() <= second["problems"][0].items()


def turns(asked: str, answered: str) -> dict[str, object]:
    texts = {"user": asked, "assistant": answered}
    messages = [{"role": role, "content": [{"text": text}]} for role, text in texts.items()]
    return {**GOOD, "messages": messages}


def test_near_duplicates_and_conflicts_are_told_and_are_no_mistake(tmp_path: Path) -> None:
    long = " ".join(f"word{number}" for number in range(20))
    file = tmp_path / "train.jsonl"
    torn = [turns("Who knows?", "I do not, sorry"), turns("Who knows?", "Ask the captain of the ship")]
    others = [turns(f"Where is {number * 7919}?", f"On shelf {number * 104729}") for number in range(6)]
    file.write_text(lines(turns(f"{long} now", "yes"), turns(f"{long} soon", "yes"), *torn, *others))
    answer = tunesmith("check", file, "--model", "nova-micro")
    assert answer.code == 0
    told = " ".join(answer.stdout.split())
    assert "note TD025: 2 records are near-duplicates, in 1 groups" in told
    assert "warning TD021: 2 of 10 records (20%) say nearly the same" in told
    assert "note TD023: 1 prompt has different answers" in told
    figures = json.loads(tunesmith("check", file, "--model", "nova-micro", "--json").stdout)["duplicates"]
    assert (figures["exact"], figures["near"], figures["near_groups"], figures["conflicts"]) == (0, 2, 1, 1)
    assert figures["ceiling"] == 0.9
    dropped = ("--drop-near-duplicates", "--json")
    figures = json.loads(tunesmith("check", file, "--model", "nova-micro", *dropped).stdout)
    assert figures["by_rule"] == {"TQ004": 1}
    assert figures["duplicates"]["near_dropped"] == 1
    assert [each["rule"] for each in figures["findings"]] == ["TD020", "TD030", "TD023"]


def test_a_file_below_the_model_s_minimum_is_not_fit_to_train_on_but_may_be_a_test(tmp_path: Path) -> None:
    file = tmp_path / "few.jsonl"
    file.write_text(lines(*map(asked, range(7))))
    answer = tunesmith("check", file, "--model", "nova-micro")
    assert answer.code == 1
    assert "error TD005" in answer.stdout
    assert "needs at least 8. Add records." in " ".join(answer.stdout.split())
    assert tunesmith("check", file, "--model", "nova-micro", "--as", "test").code == 0
    file.write_text(lines(*map(asked, range(8))))
    assert tunesmith("check", file, "--model", "nova-micro").code == 0


def test_an_empty_file_is_not_fit_to_train_on(tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.touch()
    assert tunesmith("check", file, "--model", "nova-micro").code == 1


def test_an_absent_file_could_not_be_checked() -> None:
    answer = tunesmith("check", "absent.jsonl", "--model", "nova-micro")
    assert answer.code == 2
    assert "error: there is no file absent.jsonl" in answer.stderr
    assert answer.stdout == ""


def test_a_mistyped_model_is_answered_with_the_closest_one(good: Path) -> None:
    answer = tunesmith("check", good, "--model", "nova-mikro")
    assert answer.code == 2
    assert "did you mean 'nova-micro'" in answer.stderr


def test_a_group_key_beside_the_record_is_no_mistake_where_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "grouped.jsonl"
    file.write_text(lines({**GOOD, "customer": "c1"}))
    asked_ = ("check", file, "--model", "nova-micro", "--as", "test")
    assert tunesmith(*asked_).code == 1
    assert tunesmith(*asked_, "--group-key", "customer").code == 0


def test_a_gzip_file_is_checked_by_its_content_whatever_its_name(good: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.jsonl"
    packed.write_bytes(gzip.compress(good.read_bytes()))
    answer = tunesmith("check", packed, "--model", "nova-micro")
    assert answer.code == 0
    assert "301 of 301 records valid" in answer.stdout


def test_a_file_that_cannot_be_read_to_its_end_is_not_fit_to_train_on(good: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(good.read_bytes())[:-5])
    answer = tunesmith("check", packed, "--model", "nova-micro")
    assert answer.code == 1
    assert "TS028 The gzip file is cut off before its end." in answer.stdout


@pytest.mark.parametrize(
    ("policy", "code", "said"),
    [
        ("report", 0, "left as it is: e-mail address 2"),
        ("mask", 0, "masked: e-mail address 2"),
        ("refuse", 1, "TS026 The record holds what data.sensitive refuses: e-mail address."),
    ],
)
def test_sensitive_data_is_told_by_kind_and_never_quoted(
    tmp_path: Path, policy: str, code: int, said: str
) -> None:
    text = [{"text": "a@example.com or b@example.com"}]
    held = {**GOOD, "messages": [{"role": "user", "content": text}, GOOD["messages"][1]]}
    file = tmp_path / "held.jsonl"
    file.write_text(lines(GOOD, held))
    for form in ((), ("--json",)):
        asked_ = ("--as", "test", "--sensitive", policy, *form)
        answer = tunesmith("check", file, "--model", "nova-micro", *asked_)
        assert answer.code == code
        assert "example.com" not in answer.stdout
        if not form:
            assert said in " ".join(answer.stdout.split())


def test_a_table_is_checked_by_its_columns(tmp_path: Path) -> None:
    table = tmp_path / "train.csv"
    table.write_text('question,answer,id\n"Where,\nplease?",Here,1\nWho?,,2\n')
    asked = (
        "--column",
        "prompt=question",
        "--column",
        "completion=answer",
        "--column",
        "who=id",
        "--group-key",
        "who",
    )
    answer = tunesmith("check", table, "--model", "nova-micro", *asked)
    assert answer.code == 1
    assert "1 of 2 records valid" in answer.stdout
    assert f"{table}:4: TS018" in answer.stdout
    unnamed = tunesmith("check", table, "--model", "nova-micro")
    assert unnamed.code == 1
    assert f"{table}:1: TS041 The header has no column 'prompt', 'completion'" in unnamed.stdout


@pytest.mark.parametrize("option", ["question", "prompt=", "id=x"])
def test_a_column_that_names_nothing_is_refused_with_what_is_allowed(good: Path, option: str) -> None:
    answer = tunesmith("check", good, "--model", "nova-micro", "--column", option)
    assert answer.code == 2
    assert f"--column {option} names no column" in answer.stderr
    assert "one of prompt, completion, system" in answer.stderr


# --- small and large files, several, none


def asked(number: int) -> dict[str, object]:
    """A record that is like no other."""
    return turns(f"Where is {hashlib.sha256(str(number).encode()).hexdigest()}?", f"shelf_{number % 7}")


def documents(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_a_document_is_one_line_of_json_however_long_it_is(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text(lines(*[{**GOOD, ":warning: sign": 1}] * 300))
    [document] = documents(tunesmith("check", file, "--model", "nova-micro", "--json").stdout)
    assert document["by_rule"] == {"TS008": 300}
    assert {problem["reason"] for problem in document["problems"]} == {
        "The key ':warning: sign' does not belong in the record."
    }


KEYS = {"file", "records", "valid", "rejected", "by_rule", "problems", "duplicates", "tokens"}


def check_of_size(file: Path, records: int, code: int) -> dict[str, Any]:
    answer = tunesmith("check", file, "--model", "nova-micro", "--json")
    assert answer.code == code
    [document] = documents(answer.stdout)
    assert set(document) >= KEYS
    assert set(document["duplicates"]) >= {"exact", "near", "conflicts"}
    assert set(document["tokens"]) == {"total", "max", "estimate_error"}
    assert (document["file"], document["records"]) == (str(file), records)
    return document


def test_a_file_without_a_record_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    for content in ("", "\n\n"):
        file.write_text(content)
        assert check_of_size(file, 0, code=1)["tokens"]["total"] == 0
        told = " ".join(tunesmith("check", file, "--model", "nova-micro").stdout.split())
        assert "error TD001" in told
        assert "has no records. Add records. A run would end before it costs anything." in told


def test_a_file_of_one_record_is_clean_or_not(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text(lines(GOOD))
    assert check_of_size(file, 1, code=1)["valid"] == 1
    assert tunesmith("check", file, "--model", "nova-micro", "--as", "test").code == 0
    file.write_text("{")
    assert check_of_size(file, 1, code=1)["by_rule"] == {"TS004": 1}


@pytest.mark.parametrize("count", [2_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_a_large_file_is_checked_whole(tmp_path: Path, count: int) -> None:
    file = tmp_path / "train.jsonl"
    with file.open("w") as opened:
        opened.writelines(lines(asked(number)) for number in range(count))
    document = check_of_size(file, count, code=0)
    assert (document["valid"], document["duplicates"]["exact"]) == (count, 0)
    with file.open("a") as opened:
        opened.write("{")
    document = check_of_size(file, count + 1, code=1)
    [problem] = document["problems"]
    assert (problem["line"], problem["offset"]) == (count + 1, file.stat().st_size - 1)


def test_the_console_shows_the_first_lines_of_each_rule_and_what_follows_for_a_run(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    bad = {**GOOD, "messages": []}
    file.write_text(lines("", *["{"] * 40, *[bad] * 5, *map(asked, range(400))))
    told = tunesmith("check", file, "--model", "nova-micro").stdout
    shown = [
        line.split(": ")[1].split()[0]
        for line in told.splitlines()
        if line.startswith(f"{file}:") and ": TS" in line
    ]
    assert shown == ["TS004"] * 5 + ["TS011"] * 5 + ["TS001"]
    assert "TS004 in 35 more lines; --json lists all" in told
    assert "error TD004" in told
    assert "A run would end before it costs anything." in told
    file.write_text(lines("{", *map(asked, range(200))))
    told = tunesmith("check", file, "--model", "nova-micro").stdout
    assert "A run would leave the rejected records out and go on." in told
    assert "Fewer than 300 different records prove nothing when they are split" in " ".join(told.split())
    file.write_text(lines(*map(asked, range(300))))
    [_, _, outlook] = tunesmith("check", file, "--model", "nova-micro").stdout.splitlines()
    assert outlook == "  A run would take the file as it is."


def test_of_a_folder_every_data_file_is_checked(tmp_path: Path, good: Path, bad: Path) -> None:
    folder = tmp_path / "data" / "logs.jsonl"  # a folder may be called as a file is
    (folder / "more").mkdir(parents=True)
    table = "".join(f"{number * 7919} or {number},b\n" for number in range(10, 20))
    (folder / "b.csv").write_text(f"prompt,completion\n{table}")
    (folder / "more" / "a.jsonl.gz").write_bytes(gzip.compress(good.read_bytes()))
    for name in ("job.yaml", "notes.md", "a.jsonl.swp"):
        (folder / name).write_text("no records")
    answer = tunesmith("check", folder, good, "--model", "nova-micro", "--json")
    assert answer.code == 0
    files = [document["file"] for document in documents(answer.stdout)]
    assert files == [str(folder / "b.csv"), str(folder / "more" / "a.jsonl.gz"), str(good)]
    assert tunesmith("check", folder, bad, "--model", "nova-micro").code == 1


def test_what_cannot_be_read_is_told_at_once_and_nothing_is_checked(
    tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, secret, pipe = tmp_path / "empty.jsonl", tmp_path / "secret.jsonl", tmp_path / "pipe.jsonl"
    empty.mkdir()
    secret.write_text(lines(GOOD))
    os.mkfifo(pipe)
    read = Path.open

    def denied(self: Path, *arguments: Any, **options: Any) -> Any:
        """Refuse as the system does to anybody but root."""
        if self == secret:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return read(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", denied)
    missing = tmp_path / "missing.jsonl"
    answer = tunesmith("check", good, missing, empty, secret, pipe, "--model", "nova-micro")
    assert (answer.code, answer.stdout) == (2, "")
    for told in (
        f"there is no file {missing}",
        f"the folder {empty} holds no data file (.jsonl, ",
        f"{secret} cannot be read: Permission denied",
        f"{pipe} is neither a file nor a folder",
    ):
        assert told in answer.stderr


def test_a_file_is_held_against_what_its_kind_of_tuning_takes(tmp_path: Path) -> None:
    texts, questions = tmp_path / "texts.jsonl", tmp_path / "questions.jsonl"
    texts.write_text(lines({"input": "a text"}, {"input": "another one"}))
    questions.write_text(lines(*map(asked, range(8))))
    reads = ("--model", "titan-text-express", "--kind", "continued-pre-training")
    assert tunesmith("check", texts, *reads).code == 0
    assert tunesmith("check", questions, *reads).code == 1
    assert tunesmith("check", questions, *reads, "--as", "test").code == 0
    assert "TS049" in tunesmith("check", texts, "--model", "titan-text-express").stdout
    unknown = tunesmith("check", texts, "--model", "nova-micro", "--kind", "pre-training")
    assert unknown.code == 2
    assert "use one of fine-tuning, continued-pre-training" in " ".join(unknown.stderr.split())
