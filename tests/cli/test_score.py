"""`tunesmith score`: a metric's figures for two files, without AWS and without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.fakes import tunesmith


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two references, and predictions of which one is right."""
    references, predictions = tmp_path / "references.json", tmp_path / "predictions.json"
    references.write_text('{"a": "yes", "b": "no"}')
    predictions.write_text('{"a": "yes", "b": "yes"}')
    return references, predictions


def test_figures_are_per_cent(files: tuple[Path, Path]) -> None:
    references, predictions = files
    answer = tunesmith("score", "exact_match", "--references", references, "--predictions", predictions)
    assert answer.code == 0
    assert "exact match 50.00" in answer.stdout
    assert "2 records" in answer.stdout


def test_json_has_the_same_figures(files: tuple[Path, Path]) -> None:
    references, predictions = files
    answer = tunesmith(
        "score", "exact_match", "--references", references, "--predictions", predictions, "--json"
    )
    assert answer.json["figures"] == {"exact match": 50.0}


def test_a_file_that_is_not_there_is_told(files: tuple[Path, Path]) -> None:
    references, predictions = files
    predictions.unlink()
    answer = tunesmith("score", "exact_match", "--references", references, "--predictions", predictions)
    assert answer.code == 2
    assert str(predictions) in answer.stderr


def test_an_unknown_metric_is_told_with_those_that_are_known(files: tuple[Path, Path]) -> None:
    references, predictions = files
    answer = tunesmith("score", "rightness", "--references", references, "--predictions", predictions)
    assert answer.code == 2
    assert "exact_match" in answer.stderr
