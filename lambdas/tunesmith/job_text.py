"""How is a job file's text read? As YAML or JSON, each key once, and what cannot be read with its line."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import yaml

from tunesmith.errors import JobFileError
from tunesmith.yaml_text import read_yaml


def read_text(data: bytes, source: str) -> Any:
    """Read JSON where `source` ends in `.json`, else YAML; raises JobFileError with the place."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JobFileError([f"{source}: is not UTF-8 text (byte {error.start})"]) from error
    try:
        return _read_json(text) if source.endswith(".json") else read_yaml(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise JobFileError([f"{source}, line {line}: {error.problem or error.context}"]) from error
    except json.JSONDecodeError as error:
        raise JobFileError([f"{source}, line {error.lineno}: {error.msg}"]) from error
    except RecursionError as error:
        raise JobFileError([f"{source}: is nested too deeply"]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise JobFileError([f"{source}: {error}"]) from error


def _read_json(text: str) -> Any:
    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"the key {key!r} stands twice")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=unrepeated, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
