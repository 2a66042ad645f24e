"""Which models may judge answers? Any that Converse serves; those of the catalogue by their short names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tunesmith.catalogue import find_model
from tunesmith.catalogue.teachers import find_teacher
from tunesmith.errors import UnknownModelError

_PROFILE: Final = re.compile(r"(us|us-gov|eu|apac|jp|au|ca|global)\.")
"""What the id of a cross-Region inference profile begins with, before the model's own id."""
JUDGE_PATTERN: Final = r"[a-z][a-z0-9-]*(\.[a-zA-Z0-9-]+)+(:[0-9]+)?"


@dataclass(frozen=True, kw_only=True)
class JudgeModel:
    """A model that compares answers."""

    id: str
    """Inference id, by which it is priced and listed."""
    invocation_id: str
    """Id under which it is asked: an inference profile's where it has to be."""
    title: str

    @property
    def maker(self) -> str:
        """Who made it, in Bedrock's word; models of one maker are taken to be kin."""
        return maker_of(self.id)

    @property
    def family(self) -> str:
        """The family by whose tokenizer its tokens are estimated."""
        return {"meta": "llama", "anthropic": "claude"}.get(self.maker, self.maker)


def find_judge(name: str) -> JudgeModel:
    """Find a judge by a name of the catalogue, a teacher's, or any id that Bedrock takes in Converse.

    Whether there is such a model only the account knows. Raises UnknownModelError where it is no id at all.
    """
    for find in (find_model, find_teacher):
        try:
            known = find(name)
        except UnknownModelError:
            continue
        return JudgeModel(id=known.id, invocation_id=known.invocation_id, title=known.title)
    if not re.fullmatch(JUDGE_PATTERN, name):
        raise UnknownModelError(f"{name!r} is neither a model of the catalogue nor an id of Bedrock's")
    own = _PROFILE.sub("", name, count=1)
    return JudgeModel(id=own, invocation_id=name, title=own)


def maker_of(model_id: str) -> str:
    """Read a model's maker from its inference id, such as amazon or meta."""
    return _PROFILE.sub("", model_id, count=1).partition(".")[0]
