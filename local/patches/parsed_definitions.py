"""Each state machine definition is parsed once; moto parses it again for every execution."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

_LOCK = threading.Lock()


def apply() -> None:
    """Cache the parser by definition text; the parsed program keeps no state, as inline Map relies on too."""
    parse = lru_cache(maxsize=256)(AmazonStateLanguageParser.parse)

    def parse_once(definition: str) -> Any:
        with _LOCK:
            return parse(definition)

    AmazonStateLanguageParser.parse = staticmethod(parse_once)
