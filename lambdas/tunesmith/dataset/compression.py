"""Is a file plain, compressed or something else altogether? Its first bytes tell; its name does not.

A compressed file is read as a stream, and only so far as a real one goes: one that grows beyond that was made
to fill a memory.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import Any, Final, Protocol

FREE_BYTES: Final = 64 << 20
"""Plain bytes of one compressed file that are read whatever its growth."""
MAX_PLAIN_BYTES: Final = 10 << 30
"""Plain bytes of one compressed file, however little it grows."""
MAX_WINDOW_LOG: Final = 27
"""A zstd file may look back 128 MiB, which is what `zstd -d` allows unless it is told otherwise."""

_KINDS: Final = (
    (0, b"\xfd7zXZ\0", "compressed by xz", "compress it by gzip or zstd, or upload it plain"),
    (0, b"BZh", "compressed by bzip2", "compress it by gzip or zstd, or upload it plain"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, and upload the JSON lines in it"),
    (0, b"PK\x03\x04", "a zip archive or an office document", "unpack it, and upload the JSON lines in it"),
    (257, b"ustar", "a tar archive", "unpack it, and upload the JSON lines in it"),
    (0, b"PAR1", "a Parquet file", "`tunesmith submit` uploads its rows as JSON lines"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture", "upload a file of JSON lines"),
    (0, b"\xff\xd8\xff", "a JPEG picture", "upload a file of JSON lines"),
    (0, b"%PDF-", "a PDF document", "upload a file of JSON lines"),
    (0, b"\xff\xfe", "text in UTF-16", "save it as UTF-8"),
    (0, b"\xfe\xff", "text in UTF-16", "save it as UTF-8"),
    (0, b"{\0", "text in UTF-16", "save it as UTF-8"),
)
"""Where and how other kinds of files begin, what they are called, and what to do with them."""
_LOOKED_AT: Final = 512
_BITE: Final = 1 << 16
"""Compressed bytes taken at once: what is behind a gzip member's end is copied for each member."""
_PIECE: Final = 1 << 20


class UnreadableFileError(ValueError):
    """When a file, or the rest of it, cannot be read as lines; `rule` is the one that it breaks."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


def plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give a file's plain content in pieces, unpacked where it is compressed by gzip or zstd.

    Raises UnreadableFileError where the file is of another kind (TS027), or, in the midst of its content,
    where it is damaged, cut off or grows beyond all measure (TS028).
    """
    start, content = _opened(chunks)
    if packing := _packing(start):
        start, content = _opened(_unpacked(content, packing))
        if _packing(start):
            raise UnreadableFileError("TS027", "The file is compressed twice; compress it once.")
    for offset, magic, name, advice in _KINDS:
        if start.startswith(magic, offset):
            raise UnreadableFileError("TS027", f"The file is {name}, not lines of JSON; {advice}.")
    yield from content


def _opened(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Look at a file's first bytes; give them, and the whole content."""
    pieces = iter(chunks)
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= _LOOKED_AT:
            break
    return start, chain([start], pieces)


def _unpacked(chunks: Iterable[bytes], packing: _Packing) -> Iterator[bytes]:
    """Unpack a file of one member or several, never more than a piece at once."""
    taken = given = 0
    member = packing.open_member()
    for bite in _bites(chunks):
        taken += len(bite)
        rest = bite
        while rest := rest.lstrip(packing.padding) if member.ended else rest:
            if member.ended:
                member = packing.open_member()
            for piece in member.pieces(rest):
                given += len(piece)
                if given > min(MAX_PLAIN_BYTES, FREE_BYTES + packing.most_growth * taken):
                    raise UnreadableFileError(
                        "TS028",
                        f"The {packing.name} file grows to more than {given >> 20:,} MiB from {taken:,}"
                        f" bytes: at most {packing.most_growth:,} times and {MAX_PLAIN_BYTES >> 30} GiB are"
                        " read.",
                    )
                yield piece
            rest = member.behind
    if not member.ended:
        raise UnreadableFileError("TS028", f"The {packing.name} file is cut off before its end.")


def _bites(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _BITE):
            yield chunk[start : start + _BITE]


class _Member(Protocol):
    """One of the parts of which a compressed file may have several."""

    ended: bool
    behind: bytes
    """What was taken beyond its end."""

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """Unpack what was taken, in pieces of at most _PIECE bytes."""


class _GzipMember:
    def __init__(self) -> None:
        self.ended, self.behind = False, b""
        self._inflater = zlib.decompressobj(wbits=31)

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        rest, more = packed, True
        while more:
            try:
                piece = self._inflater.decompress(rest, _PIECE)
            except zlib.error as error:
                raise UnreadableFileError("TS028", f"The gzip file is damaged ({error}).") from error
            rest = self._inflater.unconsumed_tail
            self.ended, self.behind = self._inflater.eof, self._inflater.unused_data
            # A full piece may have left some behind although everything was taken.
            more = not self.ended and (bool(rest) or len(piece) == _PIECE)
            yield piece


class _ZstdFrame:
    def __init__(self) -> None:
        self.ended, self.behind = False, b""
        self._zstd = _zstd()
        most = {self._zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}
        self._decompressor = self._zstd.ZstdDecompressor(options=most)

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        rest, more = packed, True
        while more:
            try:
                piece = self._decompressor.decompress(rest, _PIECE)
            except self._zstd.ZstdError as error:
                raise UnreadableFileError("TS028", _said_of_zstd(str(error))) from error
            rest = b""
            self.ended, self.behind = self._decompressor.eof, self._decompressor.unused_data
            more = not self.ended and not self._decompressor.needs_input
            yield piece


@dataclass(frozen=True, kw_only=True)
class _Packing:
    """A way to compress files."""

    name: str
    magics: tuple[bytes, ...]
    padding: bytes
    """What may fill up a file behind its last member."""
    most_growth: int
    """Plain bytes per compressed byte that a real file reaches, beyond the first FREE_BYTES."""
    open_member: Callable[[], _Member]


_PACKINGS: Final = (
    # Records under one long template reach 100 times by gzip and 330 by zstd, which looks further back.
    _Packing(name="gzip", magics=(b"\x1f\x8b",), padding=b"\0", most_growth=200, open_member=_GzipMember),
    _Packing(
        name="zstd",
        # The second kind of frame is skipped; files that were compressed side by side begin with one.
        magics=(b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))),
        padding=b"",
        most_growth=1_000,
        open_member=_ZstdFrame,
    ),
)


def _packing(start: bytes) -> _Packing | None:
    return next((packing for packing in _PACKINGS if start.startswith(packing.magics)), None)


def _zstd() -> Any:
    """Import Python's zstd, which it has from 3.14 on, or its backport: not every function has that."""
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def _said_of_zstd(error: str) -> str:
    if "too much memory" in error:
        most = 1 << MAX_WINDOW_LOG >> 20
        return f"The zstd file looks back further than {most} MiB; compress it without --ultra and --long."
    return f"The zstd file is damaged ({error.rpartition(': ')[2]})."
