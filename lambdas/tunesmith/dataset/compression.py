"""Is a file plain, compressed or something else altogether? Its first bytes tell; its name does not.

A compressed file is read as a stream, and only so far as a real one goes: one that grows beyond that was made
to fill a memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

MOST_GROWTH: Final = 200
"""Plain bytes per compressed byte, beyond the first FREE_BYTES. Records under one long template reach 50."""
FREE_BYTES: Final = 64 << 20
MAX_PLAIN_BYTES: Final = 10 << 30
"""Plain bytes of one compressed file, whatever its growth."""

_GZIP: Final = b"\x1f\x8b"
_KINDS: Final = (
    (0, b"\x28\xb5\x2f\xfd", "compressed by zstd", "compress it by gzip, or upload it plain"),
    (0, b"\xfd7zXZ\0", "compressed by xz", "compress it by gzip, or upload it plain"),
    (0, b"BZh", "compressed by bzip2", "compress it by gzip, or upload it plain"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, and upload the JSON lines in it"),
    (0, b"PK\x03\x04", "a zip archive or an office document", "unpack it, and upload the JSON lines in it"),
    (257, b"ustar", "a tar archive", "unpack it, and upload the JSON lines in it"),
    (0, b"PAR1", "a Parquet file", "write its rows as JSON lines"),
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
    """Give a file's plain content in pieces, inflated where it is compressed by gzip.

    Raises UnreadableFileError where the file is of another kind (TS027), or, in the midst of its content,
    where it is damaged, cut off or grows beyond all measure (TS028).
    """
    start, content = _opened(chunks)
    if start.startswith(_GZIP):
        start, content = _opened(_inflated(content))
        if start.startswith(_GZIP):
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


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Inflate a gzip file of one member or several, never more than a piece at once."""
    taken = given = 0
    inflater = zlib.decompressobj(wbits=31)
    for bite in _bites(chunks):
        taken += len(bite)
        # Zeros may fill up a file behind its last member.
        rest = bite.lstrip(b"\0") if inflater.eof else bite
        while rest:
            if inflater.eof:
                inflater = zlib.decompressobj(wbits=31)
            try:
                piece = inflater.decompress(rest, _PIECE)
            except zlib.error as error:
                raise UnreadableFileError("TS028", f"The gzip file is damaged ({error}).") from error
            given += len(piece)
            if given > min(MAX_PLAIN_BYTES, FREE_BYTES + MOST_GROWTH * taken):
                raise UnreadableFileError(
                    "TS028",
                    f"The gzip file grows to more than {given >> 20:,} MiB from {taken:,} bytes: at most"
                    f" {MOST_GROWTH} times and {MAX_PLAIN_BYTES >> 30} GiB are read.",
                )
            yield piece
            rest = inflater.unused_data.lstrip(b"\0") if inflater.eof else inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof:
        raise UnreadableFileError("TS028", "The gzip file is cut off before its end.")


def _bites(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _BITE):
            yield chunk[start : start + _BITE]
