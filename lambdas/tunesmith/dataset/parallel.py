"""How is one large file checked by two processes? By byte ranges cut at newlines, with one process's result.

Each range is a pass of its own in a forked process. Its lines wait in a temporary file that both processes
hold, and so comes what it found: neither shared memory nor a pool is needed.
"""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.engine import CheckedFile, Pass, shown_format
from tunesmith.dataset.lines import Batch, cut_batches
from tunesmith.dataset.sensitive import Policy
from tunesmith.dataset.sources import read_source

LEAST_BYTES: Final = 8 << 20
"""Smaller files are checked in less time than a process takes to start and to hand over what it found."""
_PIECE: Final = 1 << 20
_HEAD: Final = 1 << 18


def check_path(
    path: Path,
    model: Model,
    *,
    processes: int,
    least_bytes: int = LEAST_BYTES,
    record_format: UploadFormat | None = None,
    group_key: str | None = None,
    columns: Mapping[str, str] | None = None,
    sensitive: Policy = "report",
    mends: bool = False,
) -> CheckedFile:
    """Check a file on disk as `check_file` does, by so many processes where it is large and plain lines.

    Raises ChildProcessError if one of them ends before its range does.
    """

    def new_pass(known: UploadFormat | None = None) -> Pass:
        return Pass(model, record_format, group_key, sensitive, mends=mends, known=known)

    file = str(path)
    size = path.stat().st_size
    known = None
    if size >= least_bytes and processes > 1:
        with path.open("rb") as opened:
            known = shown_format(opened.read(_HEAD), model, record_format, group_key)
    cuts = _cuts(path, size, processes) if known else [0, size]
    parts = [_Part(path, start, end, new_pass(known)) for start, end in pairwise(cuts[1:])]
    try:
        whole = new_pass()
        pieces = _pieces(path, 0, cuts[1])
        whole.run(read_source(pieces, file=file, columns=columns, group_key=group_key))
        for part in parts:
            found = part.result()
            if whole.format != known:  # a line before has shown another format than the file's first ones
                found = new_pass(whole.format)
                found.run(part.batches())
            whole.join(found)
    finally:
        for part in parts:
            part.end()
    return whole.checked(file)


class _Part:
    """A range of the file that another process checks."""

    def __init__(self, path: Path, start: int, end: int, empty: Pass) -> None:
        self._path, self._start, self._end = path, start, end
        self._pass = empty
        self._told: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by end)
        self._runs = True
        self._process = os.fork()
        if self._process == 0:
            status = 1
            try:
                empty.run(self.batches())
                pickle.dump(empty.state(), self._told)
                self._told.flush()
                status = 0
            finally:
                os._exit(status)

    def batches(self) -> Iterator[Batch]:
        """Read the range, its lines numbered as in the file."""
        before = sum(piece.count(b"\n") for piece in _pieces(self._path, 0, self._start))
        pieces = _pieces(self._path, self._start, self._end)
        return cut_batches(pieces, number=before + 1, offset=self._start)

    def result(self) -> Pass:
        """Wait for the process, and take over what it found."""
        _, status = os.waitpid(self._process, 0)
        self._runs = False
        if status:
            raise ChildProcessError(
                f"the process that checked bytes {self._start:,} to {self._end:,} of {self._path} ended with "
                f"{os.waitstatus_to_exitcode(status)}; it may have run out of memory or of disk"
            )
        self._told.seek(0)
        self._pass.restore(pickle.load(self._told))  # noqa: S301 (written by our own process)
        return self._pass

    def end(self) -> None:
        """End the process if it still runs."""
        self._told.close()
        if self._runs:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


def _cuts(path: Path, size: int, processes: int) -> list[int]:
    """Cut the file into equal ranges, each at the newline that follows."""
    cuts = [0]
    with path.open("rb") as file:
        for part in range(1, processes):
            file.seek(max(size * part // processes - 1, cuts[-1]))
            while piece := file.read(_PIECE):
                end = piece.find(b"\n")
                if end >= 0:
                    cuts.append(file.tell() - len(piece) + end + 1)
                    break
    return [*[cut for cut in cuts if cut < size], size]


def _pieces(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (piece := file.read(min(_PIECE, end - start))):
            start += len(piece)
            yield piece
