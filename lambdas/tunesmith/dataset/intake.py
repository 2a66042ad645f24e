"""How do valid lines become records? Screened, fitted to the model, spelled anew, with keys and tokens."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunesmith.catalogue import Model
from tunesmith.dataset.fast_path import Valid
from tunesmith.dataset.formats import as_conversation, fit_record, one_line
from tunesmith.dataset.lines import Batch
from tunesmith.dataset.record_spool import RecordSpool
from tunesmith.dataset.records import NEXT_TURN, digest, folded, make_record
from tunesmith.dataset.rules import Finding
from tunesmith.dataset.sensitive import KINDS, Policy, screen_conversation
from tunesmith.dataset.shapes import as_converse
from tunesmith.dataset.text_scan import scan
from tunesmith.dataset.tokens import Estimator, estimator_for
from tunesmith.dataset.validation import Judged


class Intake:
    """Takes valid lines in, and counts what was done to them."""

    def __init__(self, model: Model, policy: Policy, group_key: str | None = None) -> None:
        self.spool = RecordSpool()
        self.changes: Counter[str] = Counter()
        self.sensitive: Counter[str] = Counter()
        self.sensitive_records = 0
        self._model = model
        self._policy: Policy = policy
        self._group_field = group_key.partition(".")[0] if group_key else ""
        self._estimator = estimator_for(model.family)
        self._encode = msgspec.json.Encoder().encode

    def join(self, later: Intake) -> None:
        """Add what was taken from the lines behind."""
        self.spool.join(later.spool)
        self.changes.update(later.changes)
        self.sensitive.update(later.sensitive)
        self.sensitive_records += later.sensitive_records

    def state(self) -> tuple[Any, ...]:
        """Give what has to be known elsewhere, without the lines of the spool."""
        return self.spool.columns(), self.changes, self.sensitive, self.sensitive_records

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take over the state that a process forked from this one gave."""
        columns, self.changes, self.sensitive, self.sensitive_records = state
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
        self._fit(screening.value, line)
        return line

    def take_all(self, batch: Batch, valid: Valid) -> list[Judged]:
        """Take a batch's valid lines, and give those whose content is refused."""
        parts: list[bytes] = []
        for texts, _, _ in valid.shown:
            parts += (NEXT_TURN.join(texts[:-1]).encode(), texts[-1].encode())
        if not parts:
            return []
        found = scan(parts)
        suspect: list[bool] = np.any(found.suspect.reshape(-1, 2), axis=1).tolist()
        is_folded: list[bool] = np.all(found.folded.reshape(-1, 2), axis=1).tolist()
        plain: list[int] = []
        refused = []
        for index, (texts, _, whole) in enumerate(valid.shown):
            if whole and not suspect[index] and self._fits(texts):
                plain.append(index)
                continue
            line = self._read(batch, valid, index)
            if not suspect[index]:
                self._fit(line.conversation or {}, line)
            elif (taken := self.take(line)).findings:
                refused.append(taken)
        self._spool(batch, valid, plain, parts, is_folded, _tokens(found.counts, self._estimator))
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
        self.spool.append(make_record(fitted, self._estimator, line.group, (line.number, line.offset)))

    def _fits(self, texts: list[str]) -> bool:
        """Tell whether the model's format holds a conversation of whole texts as it is."""
        if self._model.record_format == "prompt_completion":
            return not texts[0] and len(texts) == 3
        return not self._model.one_system_text or bool(texts[0])

    def _spool(
        self,
        batch: Batch,
        valid: Valid,
        indices: list[int],
        parts: list[bytes],
        is_folded: list[bool],
        tokens: NDArray[np.int64],
    ) -> None:
        encode = self._encode
        lines, contents, prompts, openings = [], [], [], []
        for index in indices:
            texts = valid.shown[index][0]
            prompt, answer = parts[2 * index], parts[2 * index + 1]
            lines.append(one_line(encode(as_converse(texts))))
            opening = b"" if len(texts) == 3 else NEXT_TURN.join(texts[:2]).encode()
            if not is_folded[index]:
                turns = [folded(text).encode() for text in texts]
                prompt, answer = _NEXT.join(turns[:-1]), turns[-1]
                opening = _NEXT.join(turns[:2]) if opening else b""
            contents.append(digest(prompt + _NEXT + answer))
            prompts.append(digest(prompt))
            openings.append(digest(opening) if opening else prompts[-1])
        chosen = np.array(indices, dtype=np.int64)
        places = [valid.places[index] for index in indices]
        self.spool.extend(
            lines,
            content_keys=b"".join(contents),
            prompt_keys=b"".join(prompts),
            opening_keys=b"".join(openings),
            groups=b"".join([valid.groups[index] for index in indices]) if valid.groups else b"",
            prompt_tokens=tokens[2 * chosen],
            answer_tokens=tokens[2 * chosen + 1],
            places=[(batch.numbers[place], batch.offsets[place]) for place in places],
        )


_NEXT = NEXT_TURN.encode()


def _tokens(counts: NDArray[np.int64], estimator: Estimator) -> NDArray[np.int64]:
    """Estimate tokens from counts, in the same steps as `Estimator.estimate`."""
    tokens = np.zeros(len(counts))
    for column, weight in enumerate(estimator.weights):
        tokens += weight * counts[:, column]
    return np.ceil(estimator.scale * tokens).astype(np.int64)
