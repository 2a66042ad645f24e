"""Where do a million texts wait to be compared? In a temporary file, at eight bytes of memory a text."""

from __future__ import annotations

import os
import tempfile
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, overload

_BUFFER: Final = 1 << 20


class Texts(Sequence[str]):
    """Texts that are read one by one, when they are asked for."""

    @abstractmethod
    def _at(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._at(place) for place in range(*index.indices(len(self)))]
        return self._at(index)


class ChosenTexts(Texts):
    """Some of the texts, by index, in the order given."""

    def __init__(self, texts: Sequence[str], indices: Sequence[int]) -> None:
        self._texts, self._indices = texts, indices

    def __len__(self) -> int:
        return len(self._indices)

    def _at(self, index: int) -> str:
        return self._texts[self._indices[index]]


class TextSpool(Texts):
    """A sequence of texts that only grows and is read by index; the file vanishes with it."""

    def __init__(self, texts: Iterable[str] = (), *, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(buffering=_BUFFER, dir=folder)  # noqa: SIM115 (closed by close)
        self._ends = array("Q")
        self._size = 0
        self._flushed = True
        for text in texts:
            self.append(text)

    def append(self, text: str) -> None:
        """Add a text to the end."""
        body = text.encode("utf-8", "surrogatepass")
        self._file.write(body)
        self._size += len(body)
        self._ends.append(self._size)
        self._flushed = False

    def close(self) -> None:
        """Give the file up."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends)

    def _at(self, index: int) -> str:
        if not self._flushed:
            self._file.flush()
            self._flushed = True
        end = self._ends[index]
        place = index % len(self._ends)
        start = self._ends[place - 1] if place else 0
        return os.pread(self._file.fileno(), end - start, start).decode("utf-8", "surrogatepass")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
