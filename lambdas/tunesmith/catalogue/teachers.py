"""Who may teach in a distillation? Models of the catalogue, and larger ones that are not tuned themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from tunesmith.catalogue import Source, load_catalogue, names_of
from tunesmith.errors import UnknownModelError
from tunesmith.suggestions import did_you_mean

_FILE: Final = Path(__file__).parent / "models" / "teachers.yaml"


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A model that answers prompts for a student to learn from."""

    id: str
    """Inference id, by which it is priced."""
    invocation_id: str
    """Id under which it is asked: an inference profile's where it has to be."""
    name: str
    title: str
    source: Source | None = None
    """Where a teacher was read of that is no model of the catalogue."""


@cache
def load_teachers() -> tuple[Teacher, ...]:
    """List the teachers of all models of the catalogue, those last that are not tuned themselves."""
    asked = {teacher for model in load_catalogue() for teacher in model.teachers}
    tuned = [
        Teacher(id=model.id, invocation_id=model.invocation_id, name=model.name, title=model.title)
        for model in load_catalogue()
        if model.id in asked
    ]
    untuned = [
        Teacher(
            **{key: entry[key] for key in ("id", "invocation_id", "name", "title")},
            source=Source(url=entry["source"], date=entry["date"]),
        )
        for entry in yaml.safe_load(_FILE.read_text("utf-8"))["teachers"]
    ]
    return (*tuned, *untuned)


def find_teacher(name: str) -> Teacher:
    """Find a teacher by any of its names; UnknownModelError lists the known ones."""
    by_name = {
        known: teacher
        for teacher in load_teachers()
        for known in (teacher.name, teacher.id, teacher.invocation_id)
    }
    by_name |= {
        known: by_name[model.id]
        for model in load_catalogue()
        if model.id in by_name
        for known in names_of(model)
    }
    if name not in by_name:
        names = ", ".join(teacher.name for teacher in load_teachers())
        raise UnknownModelError(f"{name!r} is no teacher{did_you_mean(name, by_name)}; there are {names}")
    return by_name[name]
