"""What may an advice say? Apart from how it is found, which takes numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

AdviceAnswer = Literal["tune", "do_not", "cannot_say"]
CALLED: Final[Mapping[str, str]] = {"tune": "Tune", "do_not": "Do not tune", "cannot_say": "Cannot say"}
