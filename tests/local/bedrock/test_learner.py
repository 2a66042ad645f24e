"""Does the stand-in really learn: better with the right settings, worse with the wrong ones?"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from local.bedrock.fit import load_model, save_model
from local.bedrock.job_life import start_fit
from local.bedrock.learner import LinearModel, Settings, fit
from local.bedrock.records import Example
from tests.local.bedrock.conftest import LABELS, SYSTEM, jsonl, tickets

DATA = Path(os.environ.get("TUNESMITH_DATA", Path(__file__).parents[4] / "shared" / "data"))


def examples(pairs: list[tuple[str, str]], system: str = SYSTEM) -> list[Example]:
    return [Example(system, text, label) for text, label in pairs]


def accuracy(model: LinearModel, test: list[Example]) -> float:
    return sum(model.answer(one.system, one.user) == one.completion for one in test) / len(test)


def test_it_learns_labels_that_follow_from_words() -> None:
    model, curve = fit(examples(tickets(300, seed=1)), Settings())
    assert accuracy(model, examples(tickets(200, seed=2))) >= 0.95
    assert curve.training[-1][1] < curve.training[0][1]


def test_the_same_data_gives_the_same_weights() -> None:
    train = examples(tickets(100, seed=1))
    (first, _), (second, _) = (fit(train, Settings()) for _ in range(2))
    assert np.array_equal(first.weights, second.weights)


def test_a_system_text_that_all_records_share_does_not_matter() -> None:
    pairs = tickets(200, seed=1)
    bare, _ = fit(examples(pairs, ""), Settings())
    instructed, _ = fit(examples(pairs, SYSTEM), Settings())
    assert np.array_equal(bare.weights, instructed.weights)
    assert np.array_equal(
        bare.encode("", "parcel is late")[1], instructed.encode(SYSTEM, "parcel is late")[1]
    )


def test_a_system_text_that_differs_is_read() -> None:
    train = [
        Example(f"Tone: {tone}", f"request {number}", tone)
        for number in range(60)
        for tone in ("calm", "cross")
    ]
    model, _ = fit(train, Settings(epochs=5))
    assert [model.answer(f"Tone: {tone}", "request 99") for tone in ("calm", "cross")] == ["calm", "cross"]


def test_validation_loss_turns_when_few_noisy_records_are_trained_on_for_long() -> None:
    train, held_out = (
        examples(tickets(count, seed, mislabelled=0.3)) for count, seed in ((150, 1), (300, 2))
    )
    _, curve = fit(train, Settings(epochs=10), [held_out])
    losses = [loss for _, _, loss in curve.validation[0]]
    best = losses.index(min(losses))
    assert 0 < best < 7
    assert losses[-1] > losses[best] * 1.2
    assert curve.training[-1][1] < 0.2


def test_the_validation_loss_falls_turns_and_rises_while_the_training_loss_goes_on_falling() -> None:
    train, unseen = (examples(tickets(60, seed, mislabelled=0.3)) for seed in (1, 2))
    _, curve = fit(train, Settings(epochs=10, rate=0.3), [unseen])
    losses = [loss for _, _, loss in curve.validation[0]]
    best = losses.index(min(losses))
    assert 0 < best < 9
    assert losses[0] > 1.05 * losses[best]
    assert losses[-1] > 1.05 * losses[best]
    by_epoch = [[loss for epoch, loss in curve.training if epoch == number] for number in range(10)]
    means = [sum(epoch) / len(epoch) for epoch in by_epoch]
    assert means[-1] < means[best]


def test_ten_times_the_default_rate_overfits_and_a_tenth_underfits() -> None:
    train, held_out = (
        examples(tickets(count, seed, mislabelled=0.2)) for count, seed in ((300, 1), (300, 2))
    )
    final = {
        rate: fit(train, Settings(epochs=3, rate=rate), [held_out])[1].validation[0][-1][2]
        for rate in (0.1, 1.0, 10.0)
    }
    assert final[1.0] < final[0.1]
    assert final[1.0] * 1.2 < final[10.0]


def test_a_larger_batch_learns_less_in_one_epoch() -> None:
    train, held_out = examples(tickets(1000, seed=1)), examples(tickets(200, seed=2))
    losses = [
        fit(train, Settings(epochs=1, batch_size=size), [held_out])[1].validation[0][0][2] for size in (1, 4)
    ]
    assert losses[0] < losses[1]


def test_what_does_not_learn_answers_the_most_frequent_completion() -> None:
    train = [*examples(tickets(100, seed=1)), *(Example(SYSTEM, "parcel", "refund") for _ in range(50))]
    model, curve = fit(train, Settings(learns=False))
    assert {model.answer(SYSTEM, text) for text, _ in tickets(50, seed=2)} == {"refund"}
    assert curve.training[0][1] == pytest.approx(np.log(len(LABELS) + 1), abs=1e-4)


def test_rare_completions_beyond_the_limit_share_a_class_that_is_never_answered() -> None:
    train = [Example("", f"question {number}", f"answer {number}") for number in range(1_500)]
    model, curve = fit(train, Settings(epochs=1), [[Example("", "question 1501", "answer 1501")]])
    assert (len(model.completions), model.rest) == (511, 989)
    assert model.answer("", "question 1") in model.completions
    assert np.isfinite(curve.validation[0][0][2])


def test_training_on_from_a_model_knows_its_old_labels_and_the_new_ones() -> None:
    first, _ = fit(examples([pair for pair in tickets(300, seed=1) if pair[1] != "warranty"]), Settings())
    second, _ = fit(examples(tickets(300, seed=3)), Settings(), start=first)
    assert set(second.completions) == set(LABELS)
    assert second.completions[: len(first.completions)] == first.completions
    assert accuracy(second, examples(tickets(200, seed=2))) >= 0.95


def test_a_saved_model_answers_the_same(tmp_path: Path) -> None:
    model, _ = fit(examples(tickets(100, seed=1)), Settings())
    save_model(model, tmp_path / "weights.npz")
    loaded = load_model(tmp_path / "weights.npz")
    texts = [text for text, _ in tickets(50, seed=2)]
    assert [loaded.answer(SYSTEM, text) for text in texts] == [model.answer(SYSTEM, text) for text in texts]


@pytest.mark.skipif(not (DATA / "banking77_train.csv").exists(), reason=f"no Banking77 in {DATA}")
def test_banking77_reaches_88_per_cent_in_two_epochs(tmp_path: Path) -> None:
    with (DATA / "banking77_train.csv").open(encoding="utf-8", newline="") as file:
        pairs = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    random.Random(7).shuffle(pairs)
    system = "Answer with one label:\n" + "\n".join(sorted({label for _, label in pairs}))
    model, result, _ = fit_apart(tmp_path, pairs[:8_000], pairs[9_000:], system)
    assert accuracy(model, examples(pairs[8_000:9_000], system)) >= 0.88
    losses = [loss for _, _, loss in result["validation"][0]]
    assert losses[1] < losses[0]


@pytest.mark.skipif(not (DATA / "gsm8k_train.jsonl").exists(), reason=f"no GSM8K in {DATA}")
def test_arithmetic_stays_beyond_it(tmp_path: Path) -> None:
    with (DATA / "gsm8k_train.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    pairs = [(row["question"], row["answer"].rsplit("#### ", 1)[1]) for row in rows]
    model, _, _ = fit_apart(tmp_path, pairs[:7_000], pairs[7_000:], "Solve it.", epochs=1)
    assert accuracy(model, examples(pairs[7_000:], "Solve it.")) < 0.1


def fit_apart(
    folder: Path,
    train: list[tuple[str, str]],
    validation: list[tuple[str, str]],
    system: str,
    epochs: int = 2,
) -> tuple[LinearModel, dict[str, Any], float]:
    """Fit as a job does, in a process of its own; returns model, losses and CPU seconds."""
    (folder / "training.jsonl").write_bytes(jsonl(train, system))
    (folder / "validation-0.jsonl").write_bytes(jsonl(validation, system))
    request = {
        "training": "s3://bucket/train.jsonl",
        "validation": ["s3://bucket/validation.jsonl"],
        "settings": asdict(Settings(epochs)),
        "records": [8, 20_000],
        "validation_records": [1, 20_000],
        "counts_validation": False,
        "format": "converse",
        "one_system_text": False,
        "tokens_per_record": 32_000,
        "reserved_words": [],
        "start": None,
        "teacher": None,
        "reads": "",
    }
    (folder / "request.json").write_text(json.dumps(request))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert start_fit(folder).wait(timeout=120) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    model = load_model(folder / "weights.npz")
    assert isinstance(model, LinearModel)
    return model, json.loads((folder / "result.json").read_text()), seconds
