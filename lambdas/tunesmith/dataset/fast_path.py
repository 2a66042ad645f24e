"""Which lines of a batch are valid for certain? What is not goes to the rules, which name every problem.

No line is taken here that the rules would refuse. JSON is read straight into types; what no type can tell is
looked for in the bytes of all lines at once. A key that stands twice, which the types let pass, shows by the
quotes: only a string's two have no backslash before them, so a line has twice as many as its types hold
strings, or more where something was dropped. NUL, alone of what no text may hold, has to be an escape: lines
with an escape for a character of ASCII are left to the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.record_faults import reserved_words_in, too_many_tokens
from tunesmith.dataset.shapes import Shape, Shown, commonest_shape, shape_of
from tunesmith.dataset.tokens import HEAVIEST

Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

_QUOTE, _BACKSLASH, _U = (ord(character) for character in '"\\u')
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MARKS: Final = ":<>[]{}()|#@"


class Valid:
    """Lines that break no rule, in the order of their batch."""

    def __init__(self, record_format: UploadFormat) -> None:
        self.format = record_format
        """In which they were read."""
        self.places: list[int] = []
        """Of each line in its batch."""
        self.values: list[Any] = []
        """What the JSON was read into."""
        self.shown: list[Shown] = []
        self.groups: list[bytes] = []
        """Digests of the user's group key; empty without one."""

    def without(self, refused: Set[int]) -> Valid:
        """Leave lines out, given by their index here."""
        kept = Valid(self.format)
        chosen = [index for index in range(len(self.places)) if index not in refused]
        kept.places = [self.places[index] for index in chosen]
        kept.values = [self.values[index] for index in chosen]
        kept.shown = [self.shown[index] for index in chosen]
        kept.groups = [self.groups[index] for index in chosen] if self.groups else []
        return kept

    def before(self, place: int) -> Valid:
        """Leave out what does not stand before a place of the batch."""
        return self.without({index for index, each in enumerate(self.places) if each >= place})


class FastPath:
    """Reads the lines of one format for one model."""

    def __init__(
        self,
        record_format: UploadFormat,
        model: Model,
        group_field: str,
        take_group: Callable[[bytes], bytes | None],
    ) -> None:
        self._format = record_format
        self._shape: Shape = shape_of(record_format, model, group_field)
        self._commonest = commonest_shape(record_format, group_field)
        self._model = model
        self._group_field = group_field
        self._take_group = take_group
        limits = (model.tokens_per_record, model.tokens_per_prompt, model.tokens_per_answer)
        self._short = min(limit for limit in limits if limit is not None) // HEAVIEST
        self._anchors = _anchors(model.reserved_words)

    def read(self, bodies: list[bytes]) -> tuple[Valid, list[int]]:
        """Give the valid lines, and the places of those that the rules have to look at."""
        if (self._format == "text") != (self._model.record_format == "text"):
            return Valid(self._format), list(range(len(bodies)))
        decode, show = self._commonest or self._shape
        short = self._short
        uncommon = 0
        valid = Valid(self._format)
        places, values, shown_of, strings = valid.places, valid.values, valid.shown, []
        left: list[int] = []
        for place, body in enumerate(bodies):
            try:
                value = decode(body)
                shown = show(value)
            except _UNREADABLE:
                shown = None
            if shown is None and self._commonest:
                uncommon += 1
                value, shown = self._uncommon(body)
            if shown is None or (len(body) > short and too_many_tokens(shown[0], self._model)):
                left.append(place)
                continue
            of_group = 0
            if self._group_field:
                taken = self._group(value.group)
                if taken is None:
                    left.append(place)
                    continue
                group, of_group = taken
                valid.groups.append(group)
            places.append(place)
            values.append(value)
            shown_of.append(shown)
            strings.append(shown[1] + of_group)
        if 2 * uncommon > len(bodies):
            self._commonest = None  # this file's lines are of another kind
        refused = self._look_closer([bodies[place] for place in places], strings)
        refused |= self._with_reserved_words(shown_of)
        if not refused:
            return valid, left
        return valid.without(refused), sorted([*left, *(places[index] for index in refused)])

    def _uncommon(self, body: bytes) -> tuple[Any, Shown | None]:
        """Read a line that is none of the commonest; nothing where the rules have to."""
        decode, show = self._shape
        try:
            value = decode(body)
        except _UNREADABLE:
            return None, None
        return value, show(value)

    def _with_reserved_words(self, shown: list[Shown]) -> set[int]:
        """Find lines with a reserved word where it fails a job: in system and user turns, or anywhere."""
        everywhere = self._model.reserved_in_answers
        marks = [""] if self._anchors is None else list(self._anchors)
        found = set()
        for index, (texts, _, _) in enumerate(shown):
            for text in texts if everywhere else (texts[0], *texts[1::2]):
                for mark in marks:
                    if mark in text and self._is_reserved(text):
                        found.add(index)
        return found

    def _look_closer(self, bodies: list[bytes], strings: list[int]) -> set[int]:
        """Find lines whose bytes show what their types cannot."""
        content = b"\n".join(bodies)
        characters = np.frombuffer(content, np.uint8)
        is_quote = characters == _QUOTE
        slashes = np.flatnonzero(characters == _BACKSLASH) if b"\\" in content else None
        # No line has fewer than its types hold, so where the sum is right each line is.
        if slashes is None and np.count_nonzero(is_quote) == 2 * sum(strings):
            return set()
        ends = np.cumsum(np.fromiter(map(len, bodies), np.int64, len(bodies)) + 1)
        refused: set[int] = set()
        quotes: Places | None
        if slashes is None:
            quotes = np.flatnonzero(is_quote)
        else:
            refused.update(np.searchsorted(ends, _ascii_escapes(characters, slashes), side="right").tolist())
            quotes = _string_quotes(characters, np.flatnonzero(is_quote))
        if quotes is None:
            by_line = np.fromiter(map(_count_quotes, bodies), np.int64, len(bodies))
        else:
            by_line = np.diff(np.searchsorted(quotes, ends), prepend=0)
        refused.update(np.flatnonzero(by_line != 2 * np.array(strings)).tolist())
        return refused

    def _is_reserved(self, text: str) -> bool:
        return _may_hold(text, self._anchors) and bool(reserved_words_in(text, self._model))

    def _group(self, raw: msgspec.Raw) -> tuple[bytes, int] | None:
        content = bytes(raw)
        if b"\\" in content:
            return None
        group = self._take_group(content)
        return None if group is None else (group, 1 + content.count(b'"') // 2)


def _string_quotes(characters: NDArray[np.uint8], quotes: Places) -> Places | None:
    """Find the quotes round strings, without those in them; None where a closer look is needed."""
    escaped = characters[quotes - 1] == _BACKSLASH
    if np.any(characters[quotes[escaped] - 2] == _BACKSLASH):
        return None  # is the first backslash meant, or does it stand for the quote?
    outside: Places = quotes[~escaped]
    return outside


def _count_quotes(body: bytes) -> int:
    return body.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')


def _ascii_escapes(characters: NDArray[np.uint8], slashes: Places) -> Places:
    r"""Find what may be an escape from \u0000 to \u007f; of two backslashes before a u one counts, too."""
    slashes = slashes[: np.searchsorted(slashes, characters.size - 5)]
    spelled: Places = slashes[characters[slashes + 1] == _U]
    zeros = (characters[spelled + 2] == ord("0")) & (characters[spelled + 3] == ord("0"))
    found: Places = spelled[zeros & (characters[spelled + 4] < ord("8"))]
    return found


def _anchors(words: Sequence[str]) -> Mapping[str, str] | None:
    """Choose of each reserved word what is looked for: a mark, rare in texts, to the letters before it.

    Texts are compared case-folded. Only letters come out of that, so the mark stands there as it is; a letter
    may have been upper case, or a character beyond ASCII. None where a word has no letter with a mark behind.
    """
    found: dict[str, str] = {}
    for word in words:
        folded = word.casefold()
        pairs = [(b, a) for a, b in pairwise(folded) if a.isascii() and a.isalpha() and b in _MARKS]
        if not pairs:
            return None
        mark, letter = pairs[-1]
        found[mark] = found.get(mark, "") + letter + letter.upper()
    return found


def _may_hold(text: str, anchors: Mapping[str, str] | None) -> bool:
    """Tell whether a reserved word may stand in a text."""
    if anchors is None:
        return True
    for mark, letters in anchors.items():
        place = text.find(mark)
        while place >= 0:
            before = text[place - 1 : place]
            if before in letters or not before.isascii():
                return True
            place = text.find(mark, place + 1)
    return False
