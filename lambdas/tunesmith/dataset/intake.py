"""How do valid lines become records? Screened, fitted to the model, spelled anew, with keys and tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunesmith.catalogue import Model
from tunesmith.dataset.fast_path import Valid
from tunesmith.dataset.formats import as_conversation, fit_record, one_line
from tunesmith.dataset.lines import Batch
from tunesmith.dataset.media import Shelf, shown_by, stored_faults, tokens_of
from tunesmith.dataset.record_spool import RecordSpool
from tunesmith.dataset.records import NEXT_TURN, digest, folded, make_record
from tunesmith.dataset.rules import Finding
from tunesmith.dataset.sensitive import KINDS, Policy, screen_conversation
from tunesmith.dataset.shapes import as_converse, is_converse
from tunesmith.dataset.text_scan import Scan, scan
from tunesmith.dataset.tokens import Estimator, estimator_for
from tunesmith.dataset.validation import Judged

TAKEN_BYTES: Final = 1 << 18
"""Lines of so many bytes are taken at once: what each array costs, however short, is then shared by many."""


class Intake:
    """Takes valid lines in, and counts what was done to them."""

    def __init__(
        self, model: Model, policy: Policy, group_key: str | None = None, shelf: Shelf | None = None
    ) -> None:
        self.spool = RecordSpool()
        self.showing: Counter[str] = Counter()
        """Records that show images, and those that show videos."""
        self._shelf = shelf
        self.changes: Counter[str] = Counter()
        self.sensitive: Counter[str] = Counter()
        self.sensitive_records = 0
        self._model = model
        self._policy: Policy = policy
        self._group_field = group_key.partition(".")[0] if group_key else ""
        self._estimator = estimator_for(model.family)
        self._encode_lines = msgspec.json.Encoder().encode_lines

    def join(self, later: Intake) -> None:
        """Add what was taken from the lines behind."""
        self.spool.join(later.spool)
        self.showing.update(later.showing)
        self.changes.update(later.changes)
        self.sensitive.update(later.sensitive)
        self.sensitive_records += later.sensitive_records

    def state(self) -> tuple[Any, ...]:
        """Give what has to be known elsewhere, without the lines of the spool."""
        counts = (self.showing, self.changes, self.sensitive)
        return self.spool.columns(), *counts, self.sensitive_records

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take over the state that a process forked from this one gave."""
        columns, self.showing, self.changes, self.sensitive, self.sensitive_records = state
        self.spool.restore(columns)

    def take(self, line: Judged) -> Judged:
        """Take a line if the rules found it valid; give it back, with a finding if its content is refused."""
        if line.conversation is None:
            return line
        screening = screen_conversation(line.conversation, self._policy)
        self.sensitive.update(screening.found)
        self.sensitive_records += bool(screening.found)
        if screening.refused:
            kinds = ", ".join(KINDS[kind] for kind in KINDS if kind in screening.found)
            refused = Finding("TS026", f"The record holds what data.sensitive refuses: {kinds}.")
            return line._replace(findings=[*line.findings, refused], conversation=None)
        if self._model.media and self._shelf is not None:
            faults = stored_faults(shown_by(line.conversation), self._model, self._shelf)
            first = {rule: Finding(rule, reason) for rule, reason in reversed(list(faults))}
            if first:
                return line._replace(findings=[*line.findings, *first.values()], conversation=None)
        self._fit(screening.value, line)
        return line

    def take_all(self, batches: Sequence[tuple[Batch, Valid]]) -> list[Judged]:
        """Take the valid lines of batches, and give those whose content is refused."""
        lines = [(batch, valid, index) for batch, valid in batches for index in range(len(valid.places))]
        shown = [each for _, valid in batches for each in valid.shown]
        parts: list[bytes] = []
        for texts, _, _ in shown:
            parts += (NEXT_TURN.join(texts[:-1]).encode(), texts[-1].encode())
        if not parts:
            return []
        found = scan(parts)
        suspect: list[bool] = np.any(found.suspect.reshape(-1, 2), axis=1).tolist()
        plain: list[int] = []
        refused = []
        for place, (texts, _, whole) in enumerate(shown):
            if whole and not suspect[place] and self._fits(texts):
                plain.append(place)
                continue
            line = self._read(*lines[place])
            if not suspect[place]:
                self._fit(line.conversation or {}, line)
            elif (taken := self.take(line)).findings:
                refused.append(taken)
        self._spool([lines[place] for place in plain], plain, parts, found)
        return refused

    def _read(self, batch: Batch, valid: Valid, index: int) -> Judged:
        """Read a valid line as the rules do."""
        place = valid.places[index]
        value = msgspec.json.decode(batch.bodies[place])
        value.pop(self._group_field, None)
        return Judged(
            batch.numbers[place],
            batch.offsets[place],
            batch.bodies[place],
            [],
            as_conversation(value, valid.format),
            valid.groups[index] if valid.groups else b"",
        )

    def _fit(self, conversation: dict[str, Any], line: Judged) -> None:
        fitted, changes = fit_record(conversation, self._model)
        self.changes.update(changes)
        shown = shown_by(fitted) if self._model.media else []
        self.showing.update({each.kind for each in shown})
        place, tokens = (line.number, line.offset), tokens_of(shown, self._model)
        self.spool.append(
            make_record(fitted, self._estimator, line.group, place, tokens, uploaded=line.conversation)
        )

    def _fits(self, texts: list[str]) -> bool:
        """Tell whether the model's format holds a conversation of whole texts as it is."""
        if self._model.record_format == "prompt_completion":
            return not texts[0] and len(texts) == 3
        if self._model.one_question and len(texts) > 3:
            return False
        return not self._model.one_system_text or bool(texts[0])

    def _spool(
        self,
        lines: Sequence[tuple[Batch, Valid, int]],
        places: Sequence[int],
        parts: Sequence[bytes],
        found: Scan,
    ) -> None:
        texts = [valid.shown[index][0] for _, valid, index in lines]
        prompts = [parts[2 * place] for place in places]
        answers = [parts[2 * place + 1] for place in places]
        # Where it is not the whole prompt.
        openings = {
            row: NEXT_TURN.join(turns[:2]).encode() for row, turns in enumerate(texts) if len(turns) > 3
        }
        for row in np.flatnonzero(~np.all(found.folded.reshape(-1, 2)[places], axis=1)).tolist():
            turns = [folded(text).encode() for text in texts[row]]
            prompts[row], answers[row] = _NEXT.join(turns[:-1]), turns[-1]
            if row in openings:
                openings[row] = _NEXT.join(turns[:2])
        prompt_keys = [digest(prompt) for prompt in prompts]
        opening_keys = list(prompt_keys)
        for row, opening in openings.items():
            opening_keys[row] = digest(opening)
        content_keys = [
            digest(prompt + _NEXT + answer) for prompt, answer in zip(prompts, answers, strict=True)
        ]
        values = [
            value if is_converse(value) else as_converse(turns)
            for value, turns in zip([valid.values[index] for _, valid, index in lines], texts, strict=True)
        ]
        tokens = _tokens(found.counts, self._estimator).reshape(-1, 2)[places]
        self.spool.extend(
            one_line(self._encode_lines(values)),
            content_keys=b"".join(content_keys),
            prompt_keys=b"".join(prompt_keys),
            opening_keys=b"".join(opening_keys),
            groups=b"".join([valid.groups[index] for _, valid, index in lines if valid.groups]),
            prompt_tokens=tokens[:, 0].tolist(),
            answer_tokens=tokens[:, 1].tolist(),
            numbers=[batch.numbers[valid.places[index]] for batch, valid, index in lines],
            offsets=[batch.offsets[valid.places[index]] for batch, valid, index in lines],
        )


_NEXT = NEXT_TURN.encode()


def _tokens(counts: NDArray[np.int64], estimator: Estimator) -> NDArray[np.int64]:
    """Estimate tokens from counts, in the same steps as `Estimator.estimate`."""
    tokens = np.zeros(len(counts))
    for column, weight in enumerate(estimator.weights):
        tokens += weight * counts[:, column]
    return np.ceil(estimator.scale * tokens).astype(np.int64)
