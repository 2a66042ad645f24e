"""A Parquet file on this machine is checked, priced and uploaded as the JSON lines of its rows."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from cli import data_files
from cli.data_files import data_pieces
from tests.cli.fakes import Account, tunesmith
from tunesmith.catalogue import find_model
from tunesmith.dataset import CheckedFile, check_file
from tunesmith.job import parse_job
from tunesmith.names import run_id

pa: Any = import_module("pyarrow")
ROOT = Path(__file__).parents[2]
MICRO = find_model("nova-micro")
PAIRS = {"prompt": ["Where?", "Who?"], "completion": ["Here", "Me"]}
MESSAGES = [
    {"role": "user", "content": [{"text": "Where?", "image": None}]},
    {"role": "assistant", "content": [{"text": "Here", "image": None}]},
]


def parquet(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    """Write a Parquet file."""
    import_module("pyarrow.parquet").write_table(pa.table(columns), path, **options)
    return path


def rows(path: Path, columns: dict[str, str] | None = None, group_key: str | None = None) -> list[Any]:
    return [json.loads(line) for line in b"".join(data_pieces(path, columns, group_key)).splitlines()]


def check(path: Path) -> CheckedFile:
    return check_file(data_pieces(path), MICRO, file=str(path))


def test_another_file_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "train.parquet"
    file.write_bytes(b"{}\n" * 500_000)
    assert b"".join(data_pieces(file)) == b"{}\n" * 500_000


def test_a_row_is_the_record_of_its_named_columns(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t", {"id": [1, 2], **PAIRS})
    assert rows(path) == [
        {"prompt": "Where?", "completion": "Here"},
        {"prompt": "Who?", "completion": "Me"},
    ]
    other = parquet(tmp_path / "u", {"q": ["a"], "label": [7], "rules": [None], "meta": [{"who": "acme"}]})
    columns = {"prompt": "q", "completion": "label", "system": "rules", "who": "meta.who"}
    [record] = rows(other, columns, "who")
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "7"}]
    assert record == {"system": "", "messages": turns, "who": "acme"}


def test_cells_that_are_no_text_are_spelled_as_text_or_left_to_the_rules(tmp_path: Path) -> None:
    cells = [1.5, True, Decimal("2.50"), b"caf\xc3\xa9", b"\xff", None, ["a"]]
    found = []
    for cell in cells:
        path = parquet(tmp_path / "t", {"prompt": pa.array([cell]), "completion": ["x"]})
        found.append(rows(path)[0]["prompt"])
    assert found == ["1.5", "True", "2.5", "café", None, "", ["a"]]
    assert [problem.rule for problem in check(path).problems] == ["TS024"]


def test_whole_records_in_columns_of_structs_are_read_as_they_are(tmp_path: Path) -> None:
    meta = [{"customer": "acme", "more": None}]
    path = parquet(tmp_path / "t", {"messages": [MESSAGES], "system": [None], "id": [1], "meta": meta})
    [record] = rows(path, group_key="meta.customer")
    texts = [[{"text": "Where?"}], [{"text": "Here"}]]
    assert [turn["content"] for turn in record["messages"]] == texts
    assert set(record) == {"messages", "meta"}
    assert (check(path).valid, check(path).problems) == (1, ())


def test_a_problem_s_line_is_the_row(tmp_path: Path) -> None:
    prompts = [f"question {number}" for number in range(300)]
    path = parquet(
        tmp_path / "t", {"prompt": prompts, "completion": ["a"] * 250 + [""] + ["a"] * 49}, row_group_size=70
    )
    [problem] = check(path).problems
    assert (problem.line, problem.rule) == (251, "TS018")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"question": ["a"], "answer": ["b"]},
            "no column 'prompt', 'completion'; it has 'question', 'answer'",
        ),
        ({"prompt": ["a"], "completoin": ["b"]}, "no column 'completion' (did you mean 'completoin'?)"),
    ],
)
def test_a_file_without_the_columns_ends_in_a_report(tmp_path: Path, columns: Any, said: str) -> None:
    checked = check(parquet(tmp_path / "t", columns))
    assert [problem.rule for problem in checked.problems] == ["TS041"]
    assert said in checked.stopped


@pytest.mark.parametrize("damage", [slice(4, 40), slice(-30, -8), slice(-8, None), slice(4, None)])
def test_a_damaged_file_ends_in_a_report(tmp_path: Path, damage: slice) -> None:
    path = parquet(tmp_path / "t", {name: texts * 50 for name, texts in PAIRS.items()})
    content = bytearray(path.read_bytes())
    content[damage] = b"\xff" * len(content[damage])
    path.write_bytes(content)
    checked = check(path)
    assert checked.by_rule["TS028"] == 1
    assert checked.stopped.startswith("The Parquet file is damaged")


def test_a_file_that_holds_too_much_ends_in_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "MAX_PLAIN_BYTES", 1 << 20)
    path = parquet(tmp_path / "t", {"prompt": ["x" * 10_000] * 500, "completion": ["a"] * 500})
    assert path.stat().st_size < 1 << 17
    checked = check(path)
    assert checked.by_rule["TS028"] == 1
    assert checked.read < 500


def one_long_cell() -> Any:
    """A page of 300 MiB, as the file says it is."""
    return pa.table({"prompt": ["a" * (300 << 20)], "completion": ["x"]})


def long_cells_in_one_piece(rows: int, size: int) -> Any:
    """Rows that name one cell: the file says how large that is, and not how large the rows are."""
    cells = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["a" * size]))
    return pa.table({"prompt": cells, "completion": ["x"] * rows})


def one_row_of_many_turns() -> Any:
    turn = {"role": "user", "content": [{"text": "a" * (1 << 20)}]}
    return pa.table({"messages": [[turn] * 300]})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (one_long_cell, "grows to 300 MiB from"),
        (lambda: long_cells_in_one_piece(64, 10 << 20), "take more than 256 MiB of memory"),
        (lambda: long_cells_in_one_piece(200, 1 << 20), "grow to more than 64 MiB"),
        (one_row_of_many_turns, "take more than 256 MiB of memory"),
    ],
)
def test_a_bomb_ends_in_a_report_within_bounded_memory(tmp_path: Path, table: Any, said: str) -> None:
    file = tmp_path / "train.parquet"
    options = {"compression": "zstd", "dictionary_pagesize_limit": 1 << 30, "store_schema": False}
    import_module("pyarrow.parquet").write_table(table(), file, write_statistics=False, **options)
    assert file.stat().st_size < 20_000
    # In a process of its own, whose memory is its own; a quarter of the usual bound makes it quick.
    program = (
        "import sys; from pathlib import Path; from cli import data_files, main\n"
        "data_files._MEMORY = 256 << 20\n"
        "sys.argv = ['tunesmith', 'check', sys.argv[1], '--model', 'nova-micro', '--json']\n"
        "try: main.main()\n"
        "finally: print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, file],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambdas")])},
    )
    assert answer.returncode == 1, answer.stderr
    document, peak = answer.stdout.splitlines()
    assert "Traceback" not in answer.stderr
    found = json.loads(document)
    assert found["by_rule"]["TS028"] == 1
    assert said in found["problems"][-1]["reason"]
    assert int(peak) < 420_000


def test_without_its_library_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(data_files, "import_module", absent)
    answer = tunesmith("check", parquet(tmp_path / "t.parquet", PAIRS), "--model", "nova-micro")
    assert answer.code == 2
    assert "pip install pyarrow" in answer.stderr


# --- the command


def test_a_parquet_file_is_uploaded_as_its_rows_and_makes_the_run_of_those(
    account: Account, tmp_path: Path
) -> None:
    parquet(tmp_path / "train.parquet", {"question": PAIRS["prompt"], "completion": PAIRS["completion"]})
    job = tmp_path / "job.yaml"
    job.write_text(
        "project: triage\nbase_model: nova-micro\ndata: {train: train.parquet, columns: {prompt: question}}\n"
    )
    answer = tunesmith("submit", job)
    assert answer.code == 0
    uploaded = account.datasets.read("datasets/triage/train.parquet")
    wanted = [dict(zip(PAIRS, row, strict=True)) for row in zip(*PAIRS.values(), strict=True)]
    assert [json.loads(line) for line in uploaded.splitlines()] == wanted
    assert answer.stdout.strip() == run_id(
        job.read_bytes(), [("train", hashlib.sha256(uploaded).hexdigest())]
    )
    # As the cloud reads what lies there.
    told = parse_job(job.read_bytes(), source="job.yaml").data
    assert check_file([uploaded], MICRO, file="train.parquet", columns=told.columns).valid == 2


def test_a_parquet_file_that_came_another_way_is_refused_with_what_to_do(tmp_path: Path) -> None:
    content = parquet(tmp_path / "t", PAIRS).read_bytes()
    assert "`tunesmith submit` uploads its rows" in check_file([content], MICRO, file="train.parquet").stopped


def test_a_parquet_file_is_checked_by_its_columns(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", {"prompt": ["a", "b"], "label": ["x", ""]})
    answer = tunesmith("check", path, "--model", "nova-micro", "--column", "completion=label")
    assert answer.code == 1
    assert f"{path}:2: TS018" in answer.stdout


@pytest.mark.parametrize(("here", "there"), [("a.csv", "train.jsonl"), ("a.jsonl", "train.csv")])
def test_a_table_may_not_be_uploaded_under_a_name_that_hides_it(
    account: Account, tmp_path: Path, here: str, there: str
) -> None:
    (tmp_path / here).write_text("prompt,completion\na,b\n")
    job = tmp_path / "job.yaml"
    job.write_text(f"project: triage\nbase_model: nova-micro\ndata: {there}\n")
    answer = tunesmith("submit", job, "--data", tmp_path / here)
    assert answer.code == 2
    assert f"{tmp_path / here} is to be uploaded as {there}" in answer.stderr
    assert account.datasets.keys("datasets/") == []
