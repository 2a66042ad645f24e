"""What happens inside a customization job? Run as `python -m local.bedrock.fit FOLDER`, a process of its own.

Reads `request.json` and the JSONL files beside it; writes `checked.json` once the data is known to be good or
bad, then `weights.npz` and `result.json`. A process apart keeps the server answering while numpy works.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from local.bedrock.base_answers import answer_as_base
from local.bedrock.learner import Curve, LinearModel, Settings, fit
from local.bedrock.records import BadRecordError, Example, Prompt, read_examples, read_prompts, read_texts
from local.bedrock.reinforcement import RewardSettings, reinforce
from local.bedrock.texts import Reader, read_on

CHARACTERS_PER_TOKEN: Final = 4
LONGEST_ANSWER: Final = 1_000
"""Tokens of a teacher's answer at most, where the request says nothing."""


def count_tokens(*texts: str) -> int:
    """Estimate tokens by the stand-in's rule: one for each four characters, rounded up over all texts."""
    return -(-sum(len(text) for text in texts) // CHARACTERS_PER_TOKEN)


def save_model(learned: LinearModel | Reader, path: Path) -> None:
    """Write a model to one .npz file."""
    model = learned.words if isinstance(learned, Reader) else learned
    words: dict[str, Any] = {
        "completions": model.completions,
        "rest": model.rest,
        "boilerplate": sorted(model.boilerplate),
        "reads_as": learned.base if isinstance(learned, Reader) else "",
    }
    np.savez(
        path,
        weights=model.weights,
        bias=model.bias,
        importance=model.importance,
        words=np.frombuffer(json.dumps(words).encode(), dtype=np.uint8),
    )


def load_model(path: Path) -> LinearModel | Reader:
    """Read a model that `save_model` wrote."""
    with np.load(path) as arrays:
        words = json.loads(arrays["words"].tobytes())
        model = LinearModel(
            completions=words["completions"],
            rest=words["rest"],
            weights=arrays["weights"],
            bias=arrays["bias"],
            importance=arrays["importance"],
            boilerplate=frozenset(words["boilerplate"]),
        )
    return Reader(words["reads_as"], model) if words["reads_as"] else model


def run(folder: Path) -> None:
    """Check the data of the job in the folder, fit, and write what came of it."""
    request = json.loads((folder / "request.json").read_text())
    if "rewards" in request:
        earn(folder, request)
    elif request["reads"]:
        read(folder, request)
    else:
        learn(folder, request)


def learn(folder: Path, request: dict[str, Any]) -> None:
    """Check records and fit a model to their answers, or to those of a teacher."""
    try:
        low, high = request["records"]
        training = _read(folder / "training.jsonl", request["training"], request, most=high)
        least, most = request["validation_records"]
        validation = [
            _read(folder / f"validation-{number}.jsonl", uri, request, least=least, most=most)
            for number, uri in enumerate(request["validation"])
        ]
        counted = len(training) + request["counts_validation"] * sum(map(len, validation))
        if counted < low:
            raise BadRecordError(
                f"The number of records in {request['training']} is {counted}; "
                f"it must be from {low} to {high}."
            )
    except BadRecordError as error:
        _write(folder / "checked.json", {"failure": str(error)})
        return
    tokens = sum(count_tokens(one.system, one.user, one.completion) for one in training)
    _write(folder / "checked.json", {"failure": None, "records": len(training), "tokens": tokens})
    if (taught := request["teacher"]) is not None:
        longest = taught.get("maxResponseLengthForInference", LONGEST_ANSWER)
        training = taught_by(training, teacher=taught["teacherModelIdentifier"], longest=longest)
    model, curve = fit(training, Settings(**request["settings"]), validation, _answers_from(request))
    save_model(model, folder / "weights.npz")
    _write(folder / "result.json", _summary(curve))


def read(folder: Path, request: dict[str, Any]) -> None:
    """Check texts and let a model read them."""
    try:
        most, validated = request["records"][1], request["validation_records"][1]
        training = _read_texts(folder / "training.jsonl", request["training"], request, most=most)
        validation = [
            _read_texts(folder / f"validation-{number}.jsonl", uri, request, most=validated)
            for number, uri in enumerate(request["validation"])
        ]
    except BadRecordError as error:
        _write(folder / "checked.json", {"failure": str(error)})
        return
    tokens = sum(map(count_tokens, training))
    _write(folder / "checked.json", {"failure": None, "records": len(training), "tokens": tokens})
    earlier = load_model(Path(request["start"])) if request["start"] else None
    start = earlier if isinstance(earlier, Reader) else None
    model, curve = read_on(request["reads"], training, Settings(**request["settings"]), validation, start)
    save_model(model, folder / "weights.npz")
    _write(folder / "result.json", _summary(curve))


def earn(folder: Path, request: dict[str, Any]) -> None:
    """Check prompts and let a model earn rewards on them; a grader that fails leaves `broken.json`."""
    from local.bedrock.grading import LambdaGrader  # late: few jobs need the AWS client

    rewards = request["rewards"]
    settings = RewardSettings(**rewards["settings"])
    try:
        training, *validation = (
            _read_prompts(folder / file, uri, settings.longest_prompt)
            for file, uri in (
                ("training.jsonl", request["training"]),
                *((f"validation-{number}.jsonl", uri) for number, uri in enumerate(request["validation"])),
            )
        )
        low, high = request["records"]
        if not low <= len(training) <= high:
            raise BadRecordError(
                f"The number of records in {request['training']} is {len(training)}; "
                f"it must be from {low} to {high}."
            )
    except BadRecordError as error:
        _write(folder / "checked.json", {"failure": str(error)})
        return
    tokens = settings.samples * sum(count_tokens(one.system, one.user) for one in training)
    _write(folder / "checked.json", {"failure": None, "records": len(training), "tokens": tokens})
    grade = LambdaGrader(rewards["grader"], rewards["endpoint"])
    try:
        watched = validation[0] if validation else []
        model, curve = reinforce(training, rewards["base"], settings, grade, watched, _answers_from(request))
    except BadRecordError as error:
        _write(folder / "broken.json", {"failure": str(error)})
        return
    save_model(model, folder / "weights.npz")
    steps = [asdict(step) for step in curve.steps]
    _write(folder / "result.json", {"steps": steps, "validation": [curve.validation] if watched else []})


def taught_by(examples: list[Example], *, teacher: str, longest: int) -> list[Example]:
    """Put the teacher's answers of so many tokens at most in place of the file's, which are not looked at."""
    return [
        replace(
            one, completion=answer_as_base(teacher, one.system, one.user)[: longest * CHARACTERS_PER_TOKEN]
        )
        for one in examples
    ]


def _read(path: Path, source: str, request: dict[str, Any], *, most: int, least: int = 1) -> list[Example]:
    examples = read_examples(
        path.read_bytes(), source, request["format"], one_system_text=request["one_system_text"]
    )
    if not least <= len(examples) <= most:
        raise BadRecordError(
            f"The number of records in {source} is {len(examples)}; it must be from {least} to {most}."
        )
    whole = (one.system + one.user + one.completion for one in examples)
    _check_length(whole, source, request["tokens_per_record"])
    for number, one in enumerate(examples, start=1):
        for word in request["reserved_words"]:
            if word in one.system or word in one.user:
                raise BadRecordError(
                    f"Reserved keyword {word!r} found in the prompt of {source} at line {number}."
                )
    return examples


def _answers_from(request: dict[str, Any]) -> LinearModel | None:
    """Load what an earlier model answers; one that only read knows no answers to start from."""
    earlier = load_model(Path(request["start"])) if request["start"] else None
    return None if isinstance(earlier, Reader) else earlier


def _read_texts(path: Path, source: str, request: dict[str, Any], *, most: int) -> list[str]:
    texts = read_texts(path.read_bytes(), source)
    if len(texts) > most:
        raise BadRecordError(
            f"The number of records in {source} is {len(texts)}; it must be from 1 to {most}."
        )
    _check_length(texts, source, request["tokens_per_record"])
    return texts


def _check_length(texts: Iterable[str], source: str, longest: int) -> None:
    for number, text in enumerate(texts, start=1):
        tokens = count_tokens(text)
        if tokens > longest:
            raise BadRecordError(
                f"Maximum input token count {tokens} exceeds limit of {longest} in {source} at line {number}."
            )


def _read_prompts(path: Path, source: str, longest: int) -> list[Prompt]:
    prompts = read_prompts(path.read_bytes(), source)
    _check_length(("".join(turn["content"] for turn in one.messages) for one in prompts), source, longest)
    return prompts


def _summary(curve: Curve) -> dict[str, Any]:
    last = curve.training[-1][0]
    final = [loss for epoch, loss in curve.training if epoch == last]
    return {
        **asdict(curve),
        "training_loss": math.fsum(final) / len(final),
        "validation_loss": [points[-1][2] for points in curve.validation],
    }


def _write(path: Path, document: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(document))
    unfinished.replace(path)


if __name__ == "__main__":
    os.nice(5)
    run(Path(sys.argv[1]))
