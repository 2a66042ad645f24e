"""What do the recipes share? The record they write and the two options they take."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def converse_record(system: str, question: str, answer: str) -> dict[str, Any]:
    """Spell a question and its answer as a training record of the Converse format."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": system}],
        "messages": [
            {"role": "user", "content": [{"text": question}]},
            {"role": "assistant", "content": [{"text": answer}]},
        ],
    }


def default_data() -> Path:
    """Name the folder of the public data sets: $TUNESMITH_DATA, else `../shared/data` beside the project."""
    named = os.environ.get("TUNESMITH_DATA")  # noqa: TID251 # a recipe is a script of its own
    return Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"


def read_options(description: str, name: str) -> dict[str, Path]:
    """Read `--out` and `--data`; ends the script where the data folder is absent."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--out", type=Path, default=Path(".tunesmith") / name, help="folder for the files")
    options.add_argument("--data", type=Path, default=default_data(), help="folder of the public data sets")
    chosen = options.parse_args()
    if not chosen.data.is_dir():
        options.error(f"no folder {chosen.data}; name the one with the data set: --data FOLDER")
    return {"out": chosen.out, "data": chosen.data}
