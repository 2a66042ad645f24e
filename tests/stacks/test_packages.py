"""Would a function's package run in Lambda, and does the list that it is built from leave nothing out?

The packages are built as a deploy builds them, for arm64, and once more for this machine, where every handler
is imported with nothing else on the path.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from stacks.components import spark
from stacks.components.function import PLATFORMS, PYTHON, SOURCE, PipPackage, copy_source, install
from stacks.pipeline import PACKAGES as PACKAGES_OF_FUNCTIONS
from tests.stacks.assembly import ROOT
from tunesmith.settings import function_settings

COMMON: tuple[str, ...] = ("requirements.txt",)
PACKAGES = {"most": COMMON, **PACKAGES_OF_FUNCTIONS}
CLUSTER = "cluster"
"""The package that goes to the cluster, whose Python is another."""
DEPLOYED = {**PACKAGES, CLUSTER: spark.REQUIREMENTS}
CACHE = ROOT / ".tunesmith/packages"
"""Built packages by what goes into them, so that the index is asked once and not at every test run."""

AARCH64 = 183
"""e_machine of https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html"""

LARGEST_MB = 150
GONE_BY_3_13 = """
aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib nis nntplib
ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
"""
"""Modules that Python 3.11 has and Lambda's has no more (PEP 594, PEP 632, What's New in 3.12)."""


@dataclass(frozen=True)
class Built:
    """One package, and the files that list what is in it."""

    folder: Path
    requirements: tuple[str, ...]
    python: str = PYTHON

    @property
    def metadata(self) -> dict[NormalizedName, Message]:
        """Every distribution's METADATA by canonical name."""
        read = [message_from_string(path.read_text()) for path in self.folder.glob("*.dist-info/METADATA")]
        return {canonicalize_name(found["Name"]): found for found in read}

    @property
    def pins(self) -> dict[NormalizedName, str]:
        """What the files list: versions by canonical name."""
        text = "\n".join((SOURCE / name).read_text() for name in self.requirements)
        found = re.findall(r"^([\w.-]+)==([\w.]+)(?:;.*)?$", text, re.MULTILINE)
        return {canonicalize_name(name): version for name, version in found}

    @property
    def megabytes(self) -> float:
        """Its size unzipped."""
        sizes = (path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return sum(sizes) / 1024**2


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Built]:
    """The packages for AWS and for this machine, by name and target."""
    root = tmp_path_factory.mktemp("packages")

    def build(name: str, target: str) -> Built:
        folder, requirements = root / f"{name}-{target}", DEPLOYED[name]
        python = spark.PYTHON if name == CLUSTER else PYTHON
        shutil.copytree(_installed(requirements, target, python), folder)
        copy_source(str(folder))
        return Built(folder, requirements, python)

    wanted = [(name, target) for name in PACKAGES for target in ("aws", "here")] + [(CLUSTER, "aws")]
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(wanted, pool.map(lambda key: build(*key), wanted), strict=True))


@pytest.fixture(scope="module", params=DEPLOYED)
def package(packages: dict[tuple[str, str], Built], request: pytest.FixtureRequest) -> Built:
    """Each package as Lambda or the cluster gets it."""
    return packages[request.param, "aws"]


def _installed(requirements: tuple[str, ...], target: str, python: str) -> Path:
    """The listed packages without our source, from the cache or from the index."""
    wanted = [(SOURCE / name).read_text() for name in requirements]
    wanted += [python, *PLATFORMS] if target == "aws" else [sys.version, sys.platform]
    folder = CACHE / f"{target}-{hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
            built = Path(unfinished, "built")
            if target == "aws":
                PipPackage(*requirements, python=python).install(str(built))
            else:
                install(requirements, str(built))
            with suppress(OSError):  # another worker was first, with the same content
                built.rename(folder)
    return folder


# --- for Lambda and the cluster


def test_every_native_file_is_for_arm64(package: Built) -> None:
    native = [
        path for path in package.folder.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"
    ]
    machines = {struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in native}
    assert len(native) >= 2  # pydantic's and PyYAML's
    assert machines == {AARCH64}


def test_every_wheel_is_for_its_python_on_arm64_or_for_any(package: Built) -> None:
    tag = "cp" + package.python.replace(".", "")
    mine = re.compile(
        rf"({tag}-{tag}|cp3\d+-abi3)-manylinux\w*_aarch64|py3-none-any|py2\.py3-none-any|py2-none-any"
    )
    for wheel in package.folder.glob("*.dist-info/WHEEL"):
        tags = re.findall(r"^Tag: (.+)$", wheel.read_text(), re.MULTILINE)
        assert tags, wheel
        assert [tag for tag in tags if not mine.fullmatch(tag)] == [], wheel.parent.name


def test_the_package_holds_exactly_what_is_listed_at_its_version(package: Built) -> None:
    assert len(package.pins) >= 14
    assert {name: found["Version"] for name, found in package.metadata.items()} == package.pins


def test_nothing_that_a_package_needs_is_missing_from_the_list(package: Built) -> None:
    python = {"python_version": package.python, "python_full_version": f"{package.python}.0"}
    lambdas = {**python, "platform_machine": "aarch64"}
    for name, metadata in package.metadata.items():
        for text in metadata.get_all("Requires-Dist", []):
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({**lambdas, "extra": ""}):
                version = package.pins.get(canonicalize_name(needed.name))
                assert version is not None, f"{name} needs {text}"
                assert needed.specifier.contains(version), f"{name} needs {text}"


def test_the_list_is_what_the_tests_run_with() -> None:
    constraints = {
        canonicalize_name(name): version
        for name, version in re.findall(
            r"^([\w.-]+)==([\w.]+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
        )
    }
    pins = Built(ROOT, DEPLOYED[CLUSTER]).pins  # its lists hold all others
    assert {name: constraints.get(name) for name in pins} == pins


def test_every_handler_and_the_library_lie_at_the_packages_root(package: Built) -> None:
    sources = {
        path.relative_to(SOURCE)
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix in (".py", ".yaml", ".css")
    }
    wrong = [path for path in sources if (package.folder / path).read_bytes() != (SOURCE / path).read_bytes()]
    assert wrong == []


def test_the_package_is_far_below_lambdas_limit_and_as_large_as_the_guide_says(package: Built) -> None:
    size = package.megabytes
    assert size < LARGEST_MB or package.requirements == DEPLOYED[CLUSTER]
    guide = (ROOT / "docs/guides/deploying.md").read_text()
    (told,) = re.findall(
        rf"^\| `{'`, `'.join(package.requirements)}` \| .+ \| (\d+) MB \|$", guide, re.MULTILINE
    )
    assert abs(size - int(told)) <= 1.5


def test_no_compiled_file_changes_the_package_from_run_to_run(package: Built) -> None:
    assert list(package.folder.rglob("__pycache__")) == []


# --- on this machine

IMPORT_ALONE = """
import json, sys
package, handlers, gone = sys.argv[1], sys.argv[2].split(), set(sys.argv[3].split())
sys.path.insert(0, package)
sys.dont_write_bytecode = True
import importlib
for name in handlers:
    assert callable(importlib.import_module(name + ".handler").lambda_handler), name
from pathlib import Path
roots = [Path(package).resolve(), *(Path(entry).resolve() for entry in sys.path[1:])]
files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
strangers = [
    name for name, file in files.items()
    if file and not any(root in Path(file).resolve().parents for root in roots)
]
print(json.dumps({"strangers": strangers, "gone": sorted(gone & set(files)), "path": sys.path[1:]}))
"""
"""Imports handlers from one folder and the standard library (`-I -S`: no site-packages, no environment)."""


@pytest.mark.parametrize("name", PACKAGES)
def test_every_handler_can_be_imported_with_its_package_alone_on_the_path(
    packages: dict[tuple[str, str], Built], name: str
) -> None:
    others = sorted({*function_settings()} - {*PACKAGES})
    handlers = others if name == "most" else [name]
    folder = packages[name, "here"].folder
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            IMPORT_ALONE,
            str(folder),
            " ".join(handlers),
            GONE_BY_3_13,
        ],
        cwd=folder,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["strangers"] == []
    assert found["gone"] == []  # this Python may still have modules that Lambda's has not
    assert [entry for entry in found["path"] if "site-packages" in entry] == []


@pytest.mark.parametrize("name", PACKAGES_OF_FUNCTIONS)
def test_preparation_and_the_verdict_alone_need_numpy(
    packages: dict[tuple[str, str], Built], name: str
) -> None:
    folder = packages["most", "here"].folder
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_ALONE, str(folder), name, ""],
        cwd=folder,
        env={},
        text=True,
        capture_output=True,
        check=False,
    )
    assert "No module named 'numpy'" in done.stderr


FIND_SENSITIVE = """
import json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from tunesmith.dataset.sensitive import find_sensitive
text = "card 4111 1111 1111 1111, account DE89 3704 0044 0532 0130 00, id 44051401359, call +44 20 7946 0958"
print(json.dumps([span.kind for span in find_sensitive(text)]))
"""
"""The libraries are imported once something is to be checked, so importing the handler does not try them."""


READ_ZSTD = """
import json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from tunesmith.dataset.compression import plain
print(json.dumps(b"".join(plain([bytes.fromhex("28b52ffd045829000068656c6c6fa36d9f88")])).decode()))
"""
"""As `printf hello | zstd | xxd -p` spells it."""


@pytest.mark.parametrize(
    ("program", "answer"),
    [(FIND_SENSITIVE, ["payment_card", "iban", "national_id", "phone"]), (READ_ZSTD, "hello")],
)
def test_preparing_does_with_its_package_alone_what_needs_a_library(
    packages: dict[tuple[str, str], Built], program: str, answer: object
) -> None:
    folder = packages["prepare_dataset", "here"].folder
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(folder)],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == answer
