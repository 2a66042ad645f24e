"""What do many texts hold? Counted over all their bytes at once, so that only few are looked at closely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.dataset.tokens import CLASSES, class_of

Flags = NDArray[np.bool_]

_WORD: Final = 8
_OTHER: Final = len(CLASSES)
_SPACES, _LETTERS = CLASSES.index("spaces"), CLASSES.index("letters")
_CLASS: Final = np.array([CLASSES.index(name) if (name := class_of(b)) else _OTHER for b in range(256)])
_WHITE: Final = np.array([byte < 128 and chr(byte).isspace() and chr(byte) != " " for byte in range(256)])
_IN_TOKENS: Final = np.isin(np.arange(256), [*b"0123456789_-+/="])
_BETWEEN_DIGITS: Final = np.isin(np.arange(256), [*b"0123456789 ()./+-"])
_LONG_TOKEN: Final = 16
_LONG_NUMBER: Final = 7
_DASHES: Final = 5


class Scan(NamedTuple):
    """What the texts hold, one row for each."""

    counts: NDArray[np.int64]
    """Characters by class, as `tokens.character_counts` has them."""
    folded: Flags
    """Whether folding Unicode and white space leaves the text as it is."""
    suspect: Flags
    """Whether something sensitive may stand in it: what `sensitive` finds stands in such a text."""


def scan(texts: Sequence[bytes]) -> Scan:
    """Look at texts in UTF-8, in which NUL stands between the texts of turns."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    # Each ends with one NUL at least, and begins where eight bytes do, whose bits are counted at once.
    rooms = (sizes // _WORD + 1) * _WORD
    characters = np.frombuffer(b"".join([text + _PADDING[len(text) % _WORD] for text in texts]), np.uint8)
    ends = np.cumsum(rooms)
    starts = ends - rooms
    letters = ((characters | 0x20) - ord("a")) < 26
    spaces = characters == ord(" ")
    places = np.flatnonzero(~(letters | spaces))
    found = characters[places]
    owners = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(places, ends), prepend=0))

    def having(where: NDArray[np.intp]) -> Flags:
        flags = np.zeros(len(texts), dtype=np.bool_)
        flags[np.searchsorted(ends, where, side="right")] = True
        return flags

    counts = np.bincount(owners * (_OTHER + 1) + _CLASS[found], minlength=len(texts) * (_OTHER + 1))
    counts = counts.reshape(len(texts), _OTHER + 1)
    in_words = np.bitwise_count(np.packbits(spaces))
    counts[:, _LETTERS] += rooms - np.bincount(owners, minlength=len(texts))
    blanks = np.add.reduceat(in_words, starts // _WORD, dtype=np.int64)
    counts[:, _LETTERS] -= blanks
    counts[:, _SPACES] += blanks
    pairs = np.flatnonzero(spaces[1:] & spaces[:-1])
    paired = having(pairs)
    for index in np.flatnonzero(paired).tolist():
        counts[index, _SPACES] -= texts[index].count(b"  ")

    # NUL too ends a text: white space beside it is folded away.
    nul = places[found == 0]
    around = np.concatenate([nul - 1, np.minimum(nul + 1, characters.size - 1)])
    beside = around[spaces[around]]
    unfolded = paired | having(places[_WHITE[found] | (found >= 0x80)]) | having(beside) | spaces[starts]
    return Scan(counts[:, :_OTHER], ~unfolded, having(_suspicious(characters, letters, places, found)))


_PADDING: Final = [bytes(_WORD - size) for size in range(_WORD)]


def _suspicious(
    characters: NDArray[np.uint8], letters: Flags, places: NDArray[np.intp], found: NDArray[np.uint8]
) -> NDArray[np.intp]:
    """Find where something sensitive may stand, by what `sensitive` itself looks for first."""
    ats = places[found == ord("@")]
    dashes = places[found == ord("-")]
    keys = dashes[_DASHES - 1 :][dashes[_DASHES - 1 :] - dashes[: 1 - _DASHES] == _DASHES - 1]
    digits = places[(found >= ord("0")) & (found <= ord("9"))]
    # Two digits belong together if their neighbours may stand in a number: more than do, but none too few.
    linked = _BETWEEN_DIGITS[characters[digits[:-1] + 1]] & _BETWEEN_DIGITS[characters[digits[1:] - 1]]
    before = np.cumsum(np.concatenate([[0], linked]))
    many = _LONG_NUMBER - 1
    numbers = digits[many:][before[many:] - before[:-many] == many] if digits.size > many else digits[:0]
    in_tokens = letters.copy()
    in_tokens[places[_IN_TOKENS[found]]] = True
    reach = 1
    while reach < _LONG_TOKEN:
        in_tokens = in_tokens[reach:] & in_tokens[:-reach]
        reach *= 2
    return np.concatenate([ats, keys, numbers, np.flatnonzero(in_tokens)])
