"""Would a function's package run on arm64 in Lambda? The largest one is built as a deploy builds it."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from stacks.components.function import SOURCE, PipPackage

REQUIREMENTS = ("requirements.txt", "requirements-statistics.txt")
AARCH64 = 183
"""e_machine of https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html"""

LARGEST_MB = 150


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of decide_promotion, which is every function's and numpy."""
    folder = tmp_path_factory.mktemp("package")
    assert PipPackage(*REQUIREMENTS).try_bundle(str(folder))
    return folder


def test_every_native_file_is_for_arm64(built: Path) -> None:
    native = [path for path in built.rglob("*.so*") if path.read_bytes()[:4] == b"\x7fELF"]
    machines = {struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in native}
    assert len(native) > 10
    assert machines == {AARCH64}


def test_every_pin_is_in_the_package_at_its_version(built: Path) -> None:
    pins = dict(
        re.findall(
            r"^([\w-]+)==([\w.]+)", "\n".join((SOURCE / name).read_text() for name in REQUIREMENTS), re.M
        )
    )
    found = {}
    for metadata in built.glob("*.dist-info/METADATA"):
        text = metadata.read_text()
        name, version = (re.search(rf"^{field}: (.+)$", text, re.M) for field in ("Name", "Version"))
        assert name is not None
        assert version is not None
        found[name[1].replace("_", "-").lower()] = version[1]
    assert len(pins) >= 5
    assert {name: found.get(name.lower()) for name in pins} == pins


def test_every_handler_and_the_library_lie_at_the_packages_root(built: Path) -> None:
    sources = {
        path.relative_to(SOURCE)
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix in (".py", ".yaml")
    }
    assert [path for path in sources if (built / path).read_bytes() != (SOURCE / path).read_bytes()] == []


def test_the_package_is_far_below_lambdas_limit(built: Path) -> None:
    assert sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) < LARGEST_MB * 1024**2


def test_no_compiled_file_changes_the_package_from_run_to_run(built: Path) -> None:
    assert list(built.rglob("__pycache__")) == []
