"""In which part was each record placed so far? It is kept with the project, and what it holds never moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.record_spool import Keys, from_hexadecimal, hexadecimal, in_order, numbered

Place: TypeAlias = Literal["train", "validation", "test", "quarantined", "left_out"]
PLACES: Final[tuple[Place, ...]] = ("train", "validation", "test", "quarantined", "left_out")
"""A place's code is its index here. `left_out` leaks from a file into a part that the user brought."""
TRAIN, VALIDATION, TEST, QUARANTINED, LEFT_OUT = range(5)
NOWHERE: Final = -1
"""The code of no place."""
Codes: TypeAlias = NDArray[np.int8]

_SCHEMA: Final = 1


class Places(Mapping[str, Place]):
    """Digests, as 32 hexadecimal digits, and the place of each; 17 bytes of memory an item."""

    def __init__(self, keys: Keys | None = None, codes: Codes | None = None) -> None:
        self._keys: Keys = np.zeros((0, 2), dtype=np.uint64) if keys is None else keys
        self._codes: Codes = np.zeros(0, dtype=np.int8) if codes is None else codes

    @classmethod
    def from_json(cls, value: Mapping[str, Place]) -> Places:
        """Read what `to_json` gave."""
        codes = np.fromiter(map(PLACES.index, value.values()), np.int8, len(value))
        return cls().adding(from_hexadecimal(value), codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[str]:
        """Give the digests in their order."""
        return iter(hexadecimal(self._keys))

    def __getitem__(self, key: str) -> Place:
        code = int(self.find(from_hexadecimal([key]))[0])
        if code == NOWHERE:
            raise KeyError(key)
        return PLACES[code]

    def __eq__(self, other: object) -> bool:
        """Tell whether the same digests have the same places."""
        if not isinstance(other, Places):
            return NotImplemented
        return np.array_equal(self._keys, other._keys) and np.array_equal(self._codes, other._codes)

    __hash__ = None  # type: ignore[assignment]

    def to_json(self) -> dict[str, Place]:
        """Spell the places, by digest in their order."""
        return {key: PLACES[code] for key, code in zip(self, self._codes.tolist(), strict=True)}

    def find(self, keys: Keys) -> Codes:
        """Look digests up; NOWHERE where one is unknown."""
        if not len(self):
            return np.full(len(keys), NOWHERE, dtype=np.int8)
        known, asked = numbered(self._keys, keys)
        found = np.full(len(self) + len(keys), NOWHERE, dtype=np.int8)
        found[known] = self._codes
        return found[asked]

    def adding(self, keys: Keys, codes: Codes) -> Places:
        """Add digests; of one that is known, or stands there twice, the first place holds."""
        fresh = self.find(keys) == NOWHERE
        keys, codes = keys[fresh], codes[fresh]
        _, first = np.unique(numbered(keys)[0], return_index=True)
        return self._with(keys[first], codes[first])

    def _with(self, keys: Keys, codes: Codes) -> Places:
        keys, codes = np.concatenate([self._keys, keys]), np.concatenate([self._codes, codes])
        order = in_order(keys)
        return Places(keys[order], codes[order])


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was placed so far; a project's first version starts with an empty one."""

    records: Places = field(default_factory=Places)
    groups: Places = field(default_factory=Places)
    """By the user's own group keys."""
    openings: Places = field(default_factory=Places)
    """By what the records open with: an answer that was mended makes no new record of an old question."""

    def to_json(self) -> dict[str, Any]:
        """Spell the assignment as a plain mapping."""
        return {
            "schema": _SCHEMA,
            "records": self.records.to_json(),
            "groups": self.groups.to_json(),
            "openings": self.openings.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Assignment:
        """Read an assignment; ValueError if a later Tunesmith wrote it."""
        if value.get("schema") != _SCHEMA:
            raise ValueError(f"this assignment has schema {value.get('schema')}, not {_SCHEMA}")
        names = ("records", "groups", "openings")
        return cls(**{name: Places.from_json(value.get(name, {})) for name in names})
