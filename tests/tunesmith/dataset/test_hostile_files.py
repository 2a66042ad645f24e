"""Whatever a file holds, its check ends in a report: compressed, cut off, of another kind, made to hurt."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import lzma
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import WHERE, prepared_from
from tunesmith.catalogue import find_model
from tunesmith.dataset import CheckedFile, check_file, compression, engine
from tunesmith.dataset.rules import MAX_LINE_BYTES

MICRO = find_model("nova-micro")
GOOD = lines(*(pair(f"Question {number}?", f"Answer {number}.") for number in range(500)))


def check(data: bytes, piece: int = 1 << 20) -> CheckedFile:
    return check_file(
        (data[start : start + piece] for start in range(0, len(data), piece)), MICRO, file="train.jsonl"
    )


def rules(checked: CheckedFile) -> list[str]:
    return [problem.rule for problem in checked.problems]


def pack(data: bytes, compresslevel: int = 9) -> bytes:
    """Compress with no time in it, so that the tests have the same names at every run."""
    return gzip.compress(data, compresslevel, mtime=0)


zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": pack, "zstd": zstd.compress}


def zipped() -> bytes:
    with io.BytesIO() as target:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(zipfile.ZipInfo("train.jsonl"), GOOD)
        return target.getvalue()


def tarred() -> bytes:
    with io.BytesIO() as target:
        with tarfile.open(fileobj=target, mode="w") as archive:
            info = tarfile.TarInfo("train.jsonl")
            info.size = len(GOOD)
            archive.addfile(info, io.BytesIO(GOOD))
        return target.getvalue()


# --- lines


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"messages": "\xff\xfe"}', ["TS003"]),
        (b'{"messages": [\0]}', ["TS004"]),
        (json.dumps(pair("a\0b", "c")).encode(), ["TS022"]),
        (json.dumps(pair("a\ud83d", "c")).encode(), ["TS022"]),
        (b'{"messages": [], "messages": []}', ["TS006"]),
        (b"{%s}" % b",".join(b'"k%d":1' % (number % 99_999) for number in range(100_000)), ["TS006"]),
        (b'{"messages": NaN}', ["TS004"]),
        (b'{"messages": Infinity}', ["TS004"]),
        (b'{"messages": -Infinity}', ["TS004"]),
        (b'{"messages": 1e999}', ["TS011"]),
        (b'{"messages": ' + b"9" * 10_000 + b"}", ["TS011"]),
        (b'{"messages": -0.' + b"9" * 10_000 + b"e" + b"9" * 10_000 + b"}", ["TS011"]),
        (b"[" * 100_000, ["TS004"]),
        (b'{"messages":' * 100_000 + b"1" + b"}" * 100_000, ["TS004"]),
        (b'{"messages": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", ["TS004"]),
    ],
)
def test_a_hostile_line_is_one_problem_and_the_lines_around_it_are_records(
    line: bytes, found: list[str]
) -> None:
    first, last = lines(pair("a", "b")), lines(pair("c", "d"))
    checked = check(first + line + b"\n" + last)
    assert (checked.read, checked.valid, rules(checked)) == (3, 2, found)
    assert (checked.problems[0].line, checked.problems[0].offset) == (2, len(first))


def test_a_line_of_a_gibibyte_is_one_problem_and_takes_a_line_s_memory() -> None:
    piece = b"x" * (1 << 20)
    first, last = lines(pair("a", "b")), lines(pair("c", "d"))
    tracemalloc.start()
    try:
        pieces = itertools.chain([first], itertools.repeat(piece, 1 << 10), [b"\n", last])
        checked = check_file(pieces, MICRO, file="train.jsonl")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (checked.read, checked.valid, rules(checked)) == (3, 2, ["TS007"])
    assert most < 8 * MAX_LINE_BYTES


def test_ends_of_lines_of_any_kind_and_blank_lines_change_no_record() -> None:
    first, last = lines(pair("a", "b")).strip(), lines(pair("c", "d")).strip()
    wanted = check(first + b"\n" + last + b"\n").records
    assert len(wanted) == 2
    assert check(first + b"\n" + last).records == wanted
    assert check(first + b"\r\n" + last + b"\r\n").records == wanted
    assert check(b"\xef\xbb\xbf" + first + b"\n\n \r\n" + last).records == wanted


@pytest.mark.parametrize("data", [b"", pack(b"")])
def test_an_empty_file_is_read_to_its_end_and_holds_nothing(data: bytes) -> None:
    checked = check(data)
    assert (checked.read, checked.valid, checked.problems, checked.stopped) == (0, 0, (), "")


def test_of_more_problems_than_are_held_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_PROBLEMS", 3)
    checked = check(b"{\n" * 10 + b"\n" * 5)
    assert rules(checked) == ["TS004"] * 3
    assert checked.by_rule == {"TS001": 5, "TS004": 10}
    assert (checked.read, checked.rejected) == (10, 10)
    report = prepared_from({"train": checked}).report
    assert report.reason.endswith(f"the first 100,000 problems of a file are listed in {WHERE}")


# --- compressed files


HALF = GOOD.index(b"\n", len(GOOD) // 2) + 1
SKIPPED = b"\x5a\x2a\x4d\x18\4\0\0\0skip"
"""A frame of zstd's that holds no content, as tools put at the head or the end of a file."""


CHECKED = zstd.compress(GOOD, options={zstd.CompressionParameter.checksum_flag: 1})


def far_looking(window_log: int) -> bytes:
    """A zstd file that asks for a window of that size, whatever its own."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window_log})
    return bytes(compressor.compress(GOOD) + compressor.flush())


@pytest.mark.parametrize(
    "packed",
    [
        pack(GOOD),
        pack(GOOD, compresslevel=0),
        pack(GOOD[:HALF]) + pack(b"") + pack(GOOD[HALF:]),
        pack(GOOD) + b"\0" * 512,
        zstd.compress(GOOD),
        zstd.compress(GOOD[:HALF], 19) + zstd.compress(b"") + zstd.compress(GOOD[HALF:], -5),
        SKIPPED + zstd.compress(GOOD) + SKIPPED,
        far_looking(27),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_a_compressed_file_is_read_as_what_is_in_it(packed: bytes, piece: int) -> None:
    plain = check(GOOD)
    assert len(plain.records) == 500
    assert check(packed, piece) == plain


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
def test_lines_and_offsets_in_a_compressed_file_are_those_of_its_content(
    packer: Callable[[bytes], bytes],
) -> None:
    good = lines(pair("a", "b"))
    [problem] = check(packer(good + b"{bad\n" + good)).problems
    assert (problem.line, problem.offset, problem.rule, problem.excerpt) == (2, len(good), "TS004", "{bad")


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (pack(GOOD)[:-9], "gzip file is cut off"),
        (pack(GOOD)[:-4] + b"abcd", "gzip file is damaged"),
        (pack(GOOD) + b"garbage", "gzip file is damaged"),
        (b"\x1f\x8b", "gzip file is cut off"),
        (b"\x1f\x8b\x08\xff" + b"\xff" * 100, "gzip file is damaged"),
        (zstd.compress(GOOD)[:-9], "zstd file is cut off"),
        (zstd.compress(GOOD) + b"garbage", "zstd file is damaged"),
        (zstd.compress(GOOD) + SKIPPED[:9], "zstd file is cut off"),
        (b"\x28\xb5\x2f\xfd", "zstd file is cut off"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 100, "zstd file is damaged"),
        (CHECKED[:-4] + b"abcd", "zstd file is damaged"),
        (far_looking(28), "zstd file looks back further than 128 MiB"),
    ],
)
def test_a_damaged_file_is_a_problem_and_never_a_dataset(packed: bytes, said: str) -> None:
    checked = check(packed)
    assert rules(checked) == ["TS028"]
    assert checked.rejected == 1
    assert checked.stopped.startswith(f"The {said}")


@pytest.mark.parametrize(("name", "packer"), PACKERS.items())
def test_what_came_before_the_damage_is_not_used(name: str, packer: Callable[[bytes], bytes]) -> None:
    report = prepared_from({"train": check(packer(lines(pair("a", "b"), pair("c", "d")))[:-1])}).report
    assert report.outcome == "invalid"
    assert report.reason.startswith(f"train.jsonl cannot be read: The {name} file is cut off")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from([*PACKERS.values()]),
    st.integers(0, 20_000),
    st.binary(min_size=1, max_size=4),
    st.sampled_from([1, 100, 1 << 20]),
)
def test_a_compressed_file_damaged_anywhere_ends_in_a_report(
    packer: Callable[[bytes], bytes], place: int, damage: bytes, piece: int
) -> None:
    packed = packer(GOOD)
    place %= len(packed)
    checked = check(packed[:place] + damage + packed[place + len(damage) :], piece)
    assert checked.read == checked.valid + checked.rejected


def bomb(compressor: Any, plain: bytes, times: int) -> Iterator[bytes]:
    """A file of `times` the same content, made as it is read."""
    for _ in range(times):
        yield compressor.compress(plain)
    yield compressor.flush()


@pytest.mark.parametrize(
    ("compressor", "times", "most"),
    [(zlib.compressobj(9, wbits=31), 300, 200), (zstd.ZstdCompressor(), 1_100, "1,000")],
)
def test_a_bomb_ends_in_a_problem_at_a_stated_size(
    compressor: Any, times: int, most: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "FREE_BYTES", 1 << 20)
    checked = check_file(bomb(compressor, GOOD + b" " * (1 << 20) + b"\n", times), MICRO, file="f")
    assert checked.by_rule["TS028"] == 1
    assert f"at most {most} times and 10 GiB are read" in checked.stopped
    assert 0 < checked.read < times * 501


def test_no_file_is_read_beyond_the_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_PLAIN_BYTES", len(GOOD))
    for packer in PACKERS.values():
        assert check(packer(GOOD)).stopped == ""
        assert rules(check(packer(GOOD + b" \n"))) == ["TS028"]


LIMITED = """
import resource, sys, zlib
from importlib import import_module
sys.path[:0] = ["lambdas", "."]
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
zstd = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
packer = {packer}
packed = b"".join([*(packer.compress({plain!r} * (1 << 20)) for _ in range(1024)), packer.flush()])
assert len(packed) < 2 << 20
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
checked = check_file([packed], find_model("nova-micro"), file="f")
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(grown, *checked.by_rule)
"""
"""A gibibyte in a mebibyte; how many MiB the check of it took."""


@pytest.mark.parametrize("packer", ["zlib.compressobj(9, wbits=31)", "zstd.ZstdCompressor()"])
def test_a_bomb_of_one_endless_line_takes_a_line_s_memory(packer: str) -> None:
    program = LIMITED.format(plain=b"x", packer=packer)
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True)
    grown, *found = done.stdout.split()
    assert found == ["TS028"]
    assert int(grown) < 8 * MAX_LINE_BYTES >> 20


# --- files of another kind


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0\r\n" * 1000, "a PNG picture"),
        (b"\xff\xd8\xff\xe0" + b"\n" * 1000, "a JPEG picture"),
        (b"%PDF-1.7\n1 0 obj\n" * 10, "a PDF document"),
        (zipped(), "a zip archive"),
        (tarred(), "a tar archive"),
        (pack(tarred()), "a tar archive"),
        (bz2.compress(GOOD), "compressed by bzip2"),
        (lzma.compress(GOOD), "compressed by xz"),
        (b"PAR1" + b"\n" * 100, "a Parquet file"),
        (GOOD.decode().encode("utf-16"), "text in UTF-16"),
        (GOOD.decode().encode("utf-16-le"), "text in UTF-16"),
        (pack(pack(GOOD)), "compressed twice"),
        (pack(zstd.compress(GOOD)), "compressed twice"),
    ],
)
@pytest.mark.parametrize("piece", [1, 1 << 20])
def test_a_file_of_another_kind_is_one_problem_that_says_which(data: bytes, said: str, piece: int) -> None:
    checked = check(data, piece)
    assert rules(checked) == ["TS027"]
    assert said in checked.stopped
    assert (checked.read, checked.valid, checked.problems[0].line) == (1, 0, 1)
