"""Which project does a resource belong to? Names start with `<project>-<run>`, a run being 16 hex digits."""

from __future__ import annotations

import re

_NAME = re.compile(r"(?P<project>.+?)-[0-9a-f]{16}(?![0-9a-f])")


def project_of(name: str) -> str:
    """Return the project in a resource's name, or an empty string."""
    match = _NAME.match(name)
    return match["project"] if match else ""
