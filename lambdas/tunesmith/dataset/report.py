"""Can this dataset be used, and what is in it? The objection in words, the figures for the run's report."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunesmith.catalogue import Model, RecordFormat
from tunesmith.dataset.dataset_rules import DatasetFinding
from tunesmith.dataset.diversity import diversity_report
from tunesmith.dataset.engine import MOST_PROBLEMS, CheckedFile
from tunesmith.dataset.formats import CHANGES, write_record
from tunesmith.dataset.judgement import dataset_notes, dataset_problems
from tunesmith.dataset.record_spool import Records
from tunesmith.dataset.records import block_text
from tunesmith.dataset.sensitive import POLICIES, find_sensitive, mask
from tunesmith.dataset.split import Findings, Split
from tunesmith.dataset.tokens import Estimator, estimator_for, token_summary
from tunesmith.evaluation.tasks import Task

MOST_LOOKED_AT: Final = 20_000
"""Training records whose variety is looked at; of more, so many at even distances."""

_LISTED: Final = 20


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """What preparing a dataset found; `reason` is empty where the outcome is `valid`."""

    outcome: Literal["valid", "invalid"]
    reason: str
    model: str
    files: Mapping[str, CheckedFile]
    split: Split
    findings: Findings
    seed: int
    blind_sha256: str
    """SHA-256 of the blind test; empty where nothing was sealed."""
    rejected_uri: str
    whole: Sequence[DatasetFinding]
    """What the rules of `dataset_rules` say, the gravest first."""
    task: Task
    """What answers are measured by, and why."""
    estimator: Estimator
    """By whose scale and error token figures are told; the records' own are not scaled."""

    def unfit(self, reason: str) -> DataReport:
        """Give the report of the same data where metric or grader cannot go by its answers."""
        found = [DatasetFinding("TD017", reason), *self.whole]
        return replace(self, outcome="invalid", reason=reason, whole=found)

    def to_json(self) -> dict[str, Any]:
        """Spell the report; of each file's problems only the first 20 are quoted."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "model": self.model,
            "findings": [finding.to_json() for finding in self.whole],
            "changes": [
                {"id": change, "reason": CHANGES[change], "records": count}
                for change, count in self.changes().items()
            ],
            "files": {role: _file_figures(checked) for role, checked in self.files.items()},
            "split": self.split_figures(),
            "left_out": {"train": self.split.left_train, "validation": self.split.left_validation},
            **self.findings.to_json(),
            "proven": self.findings.proven and not self.task.unproven,
            "unproven_note": self.unproven_note,
            "task": self.task.to_json(),
            "repeated": {"times": self.split.repeats, "records": len(self.split.train)},
            "tokens": {
                **token_summary(np.add(*self._scaled(self.split.train)).tolist(), repeats=self.split.repeats),
                "error": self.estimator.error,
                "off": self.estimator.off,
                "scale": self.estimator.scale,
            },
            "diversity": _diversity(self.split.train, self._near_share()),
            "seed": self.seed,
            "blind_sha256": self.blind_sha256,
            "rejected_uri": self.rejected_uri,
        }

    def split_figures(self) -> dict[str, dict[str, int]]:
        """Count records and tokens of each part, those for training as often as they stand in it."""
        return {
            part: self._part_figures(records, self.split.repeats if part == "train" else 1)
            for part, records in self.split.parts().items()
        }

    def _part_figures(self, records: Records, times: int) -> dict[str, int]:
        prompt, answer = (times * int(tokens.sum()) for tokens in self._scaled(records))
        return {
            "records": times * len(records),
            "tokens": prompt + answer,
            "prompt_tokens": prompt,
            "answer_tokens": answer,
        }

    def _scaled(self, records: Records) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give each record's tokens of prompt and answer by the estimator's scale."""
        scale = self.estimator.scale
        prompt = np.rint(records.prompt_tokens * scale).astype(np.int64)
        return prompt, np.rint(records.answer_tokens * scale).astype(np.int64)

    def summary(self) -> str:
        """Say in a sentence what came out."""
        if self.reason:
            return self.reason
        train, validation, test = (len(records) for records in self.split.parts().values())
        changed = "".join(
            f"; {count:,} changed to fit the model, {change}: {CHANGES[change]}".rstrip(".")
            for change, count in self.changes().items()
        )
        times = f", each {self.split.repeats} times" if self.split.repeats > 1 else ""
        return (
            f"{train:,} records to train{times}, {validation:,} to validate, {test:,} sealed as blind test; "
            f"{self.figures()['rejected']:,} rejected, {self.figures()['duplicates']:,} duplicates dropped"
            f"{self._set_aside()}{self._mended()}{changed}{self._said_of_sensitive()}"
            f"{'; ' + self.unproven_note if self.unproven_note else ''}"
        )

    @property
    def unproven_note(self) -> str:
        """Say why this data proves nothing, whatever is measured; empty where it may."""
        return "; ".join(filter(None, (self.findings.unproven_note, self.task.unproven)))

    def _set_aside(self) -> str:
        figures = self.figures()
        told = {
            "quarantined": figures["quarantined"],
            "left out as too like held-back ones": figures["left_out"],
            "dropped as near-duplicates": self.findings.near.dropped,
        }
        return "".join(f", {count:,} {what}" for what, count in told.items() if count)

    def _mended(self) -> str:
        fixed = self._sum([checked.fixed for checked in self.files.values()])
        return "".join(f", {count:,} mended of {rule}" for rule, count in fixed.items())

    def _near_share(self) -> float:
        records = sum(len(checked.records) for checked in self.files.values())
        return self.findings.near.records / max(1, records)

    def _said_of_sensitive(self) -> str:
        found = sum(checked.sensitive_records for checked in self.files.values())
        done = POLICIES[self.files["train"].policy]
        return f"; {found:,} records hold sensitive data, {done}" if found else ""

    def changes(self) -> dict[str, int]:
        """Count the records of all files that were changed to fit the model, by change."""
        return self._sum([checked.changes for checked in self.files.values()])

    def _sum(self, counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
        total: Counter[str] = Counter()
        for each in counts:
            total.update(each)
        return dict(sorted(total.items()))

    def figures(self) -> dict[str, int]:
        """Count records by part, and what was left out of the files."""
        return {
            **{part: len(records) for part, records in self.split.parts().items()},
            "rejected": sum(checked.rejected for checked in self.files.values()),
            "duplicates": sum(checked.duplicates.exact for checked in self.files.values()),
            "conflicts": sum(checked.duplicates.conflicts for checked in self.files.values()),
            "near_duplicates": self.findings.near.records,
            "quarantined": self.findings.quarantined,
            "left_out": self.split.left_train + self.split.left_validation,
        }


def data_report(
    files: Mapping[str, CheckedFile],
    split: Split,
    findings: Findings,
    model: Model,
    task: Task,
    *,
    kind: str = "fine-tuning",
    seed: int,
    rejected_uri: str,
    most_rejected: float,
) -> DataReport:
    """Judge a prepared dataset.

    `files` maps the role (train, validation, test) to the checked file; `rejected_uri` names the full list;
    `most_rejected` is the share of a file's records that may be rejected.
    """
    sizes = {
        "train": lambda: split.repeats * _written_bytes(split.train, model.record_format),
        "validation": lambda: _written_bytes(split.validation, model.record_format),
    }
    problems = dataset_problems(files, split, model, kind=kind, sizes=sizes, most_rejected=most_rejected)
    return DataReport(
        outcome="invalid" if problems else "valid",
        reason=_reason(problems, files, rejected_uri),
        model=model.id,
        files=files,
        split=split,
        findings=findings,
        seed=seed,
        blind_sha256="" if problems else _sha256(contents(split.test)),
        rejected_uri=rejected_uri,
        whole=[*problems, *dataset_notes(files, split, findings, model, task)],
        task=task,
        estimator=estimator_for(model.family),
    )


def contents(records: Records, record_format: RecordFormat = "converse") -> Iterator[bytes]:
    """Give the content of a JSONL file of a format, in pieces of some lines or some 1,000."""
    if record_format == "converse":
        yield from records.content()
        return
    for line in spelled(records, record_format):
        yield line + b"\n"


def spelled(records: Records, record_format: RecordFormat = "converse") -> Iterator[bytes]:
    """Spell records as lines of a format, without newlines."""
    for line in records.lines():
        yield line if record_format == "converse" else write_record(msgspec.json.decode(line), record_format)


def rejected_rows(files: Mapping[str, CheckedFile]) -> Iterator[bytes]:
    """Spell every problem of every file, what was quarantined included, as a line of rejected.jsonl."""
    for checked in files.values():
        for problem in checked.problems:
            yield json.dumps({"file": checked.file, **asdict(problem)}).encode()


def _sha256(pieces: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _reason(problems: Sequence[DatasetFinding], files: Mapping[str, CheckedFile], rejected_uri: str) -> str:
    told = [problem.reason for problem in problems]
    if told and any(checked.problems for checked in files.values()):
        all_listed = all(each.lists_all for each in files.values())
        which = "every problem is" if all_listed else f"the first {MOST_PROBLEMS:,} problems of a file are"
        told.append(f"{which} listed in {rejected_uri}")
    return "; ".join(told)


def _written_bytes(records: Records, record_format: RecordFormat) -> int:
    if record_format == "converse":
        return records.line_bytes + len(records)
    return sum(len(line) + 1 for line in spelled(records, record_format))


def _file_figures(checked: CheckedFile) -> dict[str, Any]:
    figures = checked.to_json()
    return {**figures, "problems": figures["problems"][:_LISTED], "different": len(checked.records)}


def _diversity(records: Records, near_duplicate_share: float) -> dict[str, Any] | None:
    """Describe the variety of training records, of many a sample; None where there are none."""
    step = max(1, -(-len(records) // MOST_LOOKED_AT))
    pairs = [_asked_and_answered(line) for line in records[::step].lines()]
    if not pairs:
        return None
    prompts, answers = zip(*pairs, strict=True)
    found = diversity_report(prompts, answers, near_duplicate_share=near_duplicate_share)
    return {**found.to_json(), "of": len(records)}


def _asked_and_answered(line: bytes) -> tuple[str, str]:
    """Read a record's turns but the last, and its answer without reasoning; what is sensitive is masked.

    A text to learn from, which asks and answers nothing, stands for both.
    """
    turns = msgspec.json.decode(line)["messages"]
    answered = turns[-1]["content"]
    if len(turns) > 1:
        turns.pop()
    texts = (
        "\n".join(block_text(block) for turn in turns for block in turn["content"]),
        "\n".join(block["text"] for block in answered if "text" in block),
    )
    prompt, answer = (mask(text, find_sensitive(text)) for text in texts)
    return prompt, answer
