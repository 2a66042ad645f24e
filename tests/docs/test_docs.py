"""Do the docs tell the truth? Commands, options, targets, keys and links are held against the code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main
import yaml
from pydantic import BaseModel

from cli.main import app
from tunesmith.catalogue import load_catalogue
from tunesmith.cost.prices import load_prices
from tunesmith.errors import JobFileError
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Outcome
from tunesmith.settings import PrepareDatasetSettings

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs/guides"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Every command of the command line with its full name."""

    def walk(name: str, group: typer.core.TyperGroup) -> Iterator[tuple[str, typer.core.TyperCommand]]:
        for part, command in group.commands.items():
            if isinstance(command, typer.core.TyperGroup):
                yield from walk(f"{name} {part}", command)
            elif isinstance(command, typer.core.TyperCommand):
                yield f"{name} {part}", command

    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    yield from walk("tunesmith", group)


def options(command: typer.core.TyperCommand) -> list[str]:
    return [option for parameter in command.params for option in parameter.opts if option.startswith("--")]


def section(page: str, title: str) -> str:
    """The text below the heading that starts with a command."""
    for part in page.split("\n## ")[1:]:
        if re.match(rf"`{re.escape(title)}[ `]", part):
            return part
    pytest.fail(f"docs/guides/command.md has no section for `{title}`")


def test_every_command_and_option_is_documented() -> None:
    page = (GUIDES / "command.md").read_text()
    common = page.split("\n## ")[0]
    for name, command in commands():
        told = section(page, name) + common
        missing = [option for option in options(command) if f"`{option}" not in told]
        assert not missing, f"{name}: {missing}"


def test_every_documented_option_exists() -> None:
    known = {option for _, command in commands() for option in options(command)} | {"--help"}
    documented = set(re.findall(r"`(--[a-z-]+)", (GUIDES / "command.md").read_text()))
    assert documented <= known


def test_every_command_line_in_the_docs_can_be_parsed() -> None:
    known = dict(commands())
    checked = 0
    for page in PAGES:
        for line in re.findall(r"(?:^|[`(/ ])(tunesmith [a-z][^`\n)#|>]*)", page.read_text(), re.MULTILINE):
            words = line.split()
            if len(words) == 1 or words[1] in ("COMMAND",):
                continue
            name = next((known_name for known_name in known if line.startswith(known_name)), "")
            assert name, f"{page.name}: {line!r} is no command"
            given = {word.split("=")[0] for word in words if word.startswith("--")}
            assert given <= {*options(known[name]), "--help"}, f"{page.name}: {line}"
            checked += 1
    assert checked > 20


def test_every_make_target_is_documented_and_every_documented_one_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documented = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    in_contributing = set(re.findall(r"`make ([a-z-]+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    assert documented <= targets
    assert targets == in_contributing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    targets = [target for target in _LINK.findall(page.read_text()) if "://" not in target]
    broken = [target for target in targets if not (page.parent / target).exists()]
    assert not broken


def test_the_readme_leads_to_every_guide() -> None:
    linked = set(_LINK.findall((ROOT / "README.md").read_text()))
    assert {str(page.relative_to(ROOT)) for page in GUIDES.glob("*.md")} <= linked


def test_every_key_of_the_job_file_is_documented_with_its_default() -> None:
    def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
        for name, field in model.model_fields.items():
            annotation = field.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from keys(annotation, f"{prefix}{name}.")
            else:
                yield prefix + name, None if field.is_required() else field.default

    page = (GUIDES / "job-file.md").read_text()
    for key, default in keys(Job):
        row = re.search(rf"^\| `{re.escape(key)}` \| (.*?) \|", page, re.MULTILINE)
        assert row, f"job-file.md does not tell of {key}"
        if default not in (None, {}, (), tuple(Outcome)):
            spelled = str(default).lower() if isinstance(default, bool) else str(default)
            assert row[1].strip("`") == spelled, key


def test_the_driver_of_a_cluster_is_told_every_variable_that_it_reads() -> None:
    recipe = (GUIDES / "data.md").read_text().split("\n## Data beyond one machine\n")[1].split("\n## ")[0]
    wanted = dict.fromkeys((field.name for field in fields(PrepareDatasetSettings)), "")
    assert set(re.findall(r"`(TUNESMITH_\w+)`", recipe)) == set(
        PrepareDatasetSettings(**wanted).to_environment()
    )


def test_the_job_files_in_the_docs_are_good() -> None:
    found = 0
    for page in PAGES:
        for language, block in _BLOCK.findall(page.read_text()):
            if language == "yaml" and "base_model" in block:
                parse_job(block.encode(), source="job.yaml")
                found += 1
    assert found >= 2


def test_the_refusal_that_the_job_file_page_shows_is_what_is_said() -> None:
    with pytest.raises(JobFileError) as refused:
        parse_job(b"project: p\nbase_model: nova-micro\ndata: train.jsonl\nepochs: 3\n", source="job.yaml")
    (problem,) = refused.value.problems
    assert problem in (GUIDES / "job-file.md").read_text()


def test_the_price_override_in_the_docs_is_good() -> None:
    blocks = _BLOCK.findall((GUIDES / "job-file.md").read_text())
    (override,) = [block for language, block in blocks if language == "yaml" and "prices:" in block]
    assert yaml.safe_load(override)["prices"]
    load_prices(override.encode())


def test_every_outcome_is_explained() -> None:
    page = (GUIDES / "runs.md").read_text()
    assert [outcome for outcome in Outcome if f"`{outcome}`" not in page] == []


def test_active_models_are_named_where_one_chooses_one() -> None:
    page = (GUIDES / "job-file.md").read_text()
    active = [model.name for model in load_catalogue() if model.lifecycle.status == "active"]
    assert [name for name in active if f"`{name}`" not in page] == []


def test_each_decision_has_a_number_of_its_own_and_is_at_most_a_page() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert sorted(set(numbers)) == numbers
    assert all(page.read_text().startswith(f"# {int(page.name[:4])}. ") for page in pages)
    assert all(len(page.read_text().split()) <= 450 for page in pages)


def test_no_page_names_this_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    for name in listed:
        assert str(ROOT) not in (ROOT / name).read_text(), name
