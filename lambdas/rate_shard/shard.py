"""What of a blind test does one invocation rate? Its questions, and what the models answered to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunesmith.aws.objects import Bucket
from tunesmith.evaluation.answers import Answer, Question, answers_folder, read_answers
from tunesmith.evaluation.scores import answered


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One shard of a run's blind test."""

    artifacts: Bucket
    prefix: str
    name: str
    questions: Sequence[Question]
    folders: Mapping[str, str]
    """Label of each compared model to the folder of its answers."""

    def key(self, folder: str) -> str:
        """Name the shard's file in a folder of the run."""
        return f"{self.prefix}/{folder}/{self.name}.jsonl"

    def answers(self, label: str, time: int = 1) -> dict[str, Answer]:
        """Read a model's first, second or third answers, by record, without those that were lost."""
        key = self.key(f"answers/{answers_folder(self.folders[label], time)}")
        return answered(read_answers(self.artifacts.read(key))) if self.artifacts.head(key) else {}
