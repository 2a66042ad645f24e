"""Whatever file is checked, the command answers: no traceback, a known exit code, JSON that can be read."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import tunesmith

ASKED = {"role": "user", "content": [{"text": "Where is it?"}]}
ANSWERED = {"role": "assistant", "content": [{"text": "here"}]}


def record(*turns: Any, **beside: Any) -> bytes:
    return json.dumps({"messages": turns or (ASKED, ANSWERED), **beside}).encode() + b"\n"


def said(text: str, answer: str = "here") -> bytes:
    return record(
        {"role": "user", "content": [{"text": text}]}, {"role": "assistant", "content": [{"text": answer}]}
    )


GOOD = record()
SCALARS = b"null true 1 -0 1e999999 NaN -Infinity [] {} [[]] [null] [{}] [{}".split()
WRONG = [
    f'{{"{key}": {value}}}\n'.encode()
    for key in ("messages", "system", "prompt", "input", "schemaVersion", "schemaType")
    for value in ("null", "7", "[]", "{}", "[null]", "[[]]", '[{"role": [], "content": {}}]', '"x"')
]
IMAGES = [
    {"image": None},
    {"image": {"format": [], "source": {"s3Location": {"uri": 7}}}},
    {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://" + "b" * 5_000 + "/\ud800"}}}},
    {"video": {"format": "x", "source": {}}},
    {"reasoningContent": {"reasoningText": {"text": None}}},
    {"reasoningContent": []},
]
LOG = {"schemaType": "ModelInvocationLog", "operation": "Converse", "modelId": 5}
FILES: dict[str, bytes] = {
    "empty.jsonl": b"",
    "nul.jsonl": b"\0" * 5_000,
    "blank.jsonl": b"\n" * 5_000,
    "noise.jsonl": random.Random(1).randbytes(100_000),
    "scalars.jsonl": b"\n".join(SCALARS),
    "wrong.jsonl": b"".join(WRONG),
    "deep.jsonl": b"[" * 200_000
    + b"\n"
    + b'{"a":' * 200_000
    + b"\n"
    + b'{"messages":'
    + b"[" * 900
    + b"]" * 900
    + b"}",
    "digits.jsonl": b'{"messages":' + b"1" * 100_000 + b"}\n",
    "surrogates.jsonl": said("\ud800", "\udfff") + record(**{"\ud800": 1}),
    "utf16.jsonl": GOOD.decode().encode("utf-16"),
    "utf32.jsonl": GOOD.decode().encode("utf-32"),
    "marks.jsonl": b"\xef\xbb\xbf" + GOOD + b"\r\n\xef\xbb\xbf" + GOOD,
    "carriage.jsonl": GOOD.replace(b"\n", b"\r") * 3,
    "twice.jsonl": b'{"messages": [], "messages": []}\n{"\\u006dessages": 1, "messages": 2}\n',
    "key.jsonl": b'{"' + b"k" * 300_000 + b'": 1}\n',
    "keys.jsonl": b"{" + b",".join(b'"k%d": 1' % number for number in range(50_000)) + b"}\n",
    "turns.jsonl": record(*[ASKED, ANSWERED] * 5_000),
    "long.jsonl": b'{"messages": "' + b"x" * 5_000_000 + b'"}\n' + GOOD,
    "markup.jsonl": record(**{"[bold red]x[/]": 1, ":smile:": 2, "\x1b[31m": 3})
    + record({"role": "[/bold]", "content": [{"text": "[link=x]"}]}),
    "marked.jsonl": said("\x1e a \x1e", "\x1e") * 2,
    "combining.jsonl": said("a" + "\u0301" * 20_000),
    "ligatures.jsonl": said("\ufdfa" * 10_000) * 2,
    "images.jsonl": b"".join(record({"role": "user", "content": [each]}, ANSWERED) for each in IMAGES),
    "logs.jsonl": b"".join(
        json.dumps(LOG | {"input": {"inputBodyJson": each}, "output": {"outputBodyJson": each}}).encode()
        + b"\n"
        for each in (
            None,
            [],
            {},
            "x",
            7,
            [{"x": 1}],
            {"messages": [{"role": "user", "content": [{"toolUse": {}}]}]},
        )
    ),
    "cut.jsonl.gz": gzip.compress(GOOD * 100)[:-20],
    "sum.jsonl.gz": gzip.compress(GOOD * 100)[:-8] + b"\0" * 8,
    "bomb.jsonl.gz": gzip.compress(b"a" * 80_000_000),
    "packed.jsonl.gz": gzip.compress(gzip.compress(GOOD)),
    "magic.jsonl": b"\x1f\x8b",
    "frame.jsonl.zst": b"\x28\xb5\x2f\xfd" + random.Random(2).randbytes(500),
    "archive.jsonl": b"PK\x03\x04" + bytes(100),
    "begin.parquet": b"PAR1",
    "footer.parquet": b"PAR1" + random.Random(3).randbytes(300) + b"\xc8\0\0\0PAR1",
    "open.csv": b'prompt,completion\n"a\n' + b"b" * 5_000_000,
    "ragged.csv": b'prompt,completion\na,b,c\n"x"y,z\n\0,\0\n',
    "names.csv": b"prompt,prompt,completion\n1,2,3\n",
    "wide.csv": b"," * 200_000 + b"\n",
    "[red]\n'\"[bold] :smile:.jsonl": GOOD + b"{bad\n",
}
WAYS = {
    "fix": ("--model", "nova-lite", "--policy", "fix", "--group-key", "meta.x"),
    "drop": ("--model", "nova-micro", "--sensitive", "mask", "--drop-near-duplicates"),
    "texts": ("--model", "titan-text-express", "--kind", "continued-pre-training", "--policy", "fix"),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_file_ends_in_a_traceback(tmp_path: Path, way: str) -> None:
    for number, (name, content) in enumerate(FILES.items()):
        file = tmp_path / str(number) / name
        file.parent.mkdir()
        file.write_bytes(content)
        answer = tunesmith("check", file, *WAYS[way], *(("--json",) if number % 2 else ()))
        assert answer.code in (1, 2), name
        assert "Traceback" not in answer.stdout + answer.stderr, name
        assert answer.stderr if answer.code == 2 else answer.stdout, name
        if number % 2 and answer.code == 1:
            [document] = [json.loads(line) for line in answer.stdout.splitlines()]
            assert document["fit"] is False, name
            assert document["problems"] or document["findings"], name
