"""How is one large file checked by two processes of this machine? Slice by slice, with one process's result.

Each slice is a pass of its own in a forked process. Its lines wait in a temporary file that both processes
hold, and so comes what it found: neither shared memory nor a pool is needed.
"""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from tunesmith.catalogue import Model, UploadFormat
from tunesmith.dataset.engine import CheckedFile, Pass
from tunesmith.dataset.lines import Batch, cut_batches
from tunesmith.dataset.sensitive import Policy
from tunesmith.dataset.slices import Slice, line_start, plan_slices, read_range
from tunesmith.dataset.sources import read_source

LEAST_BYTES: Final = 8 << 20
"""Smaller files are checked in less time than a process takes to start and to hand over what it found."""
_PIECE: Final = 1 << 20


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
    opened = partial(_opened, path)
    slices = [Slice()]
    if size >= least_bytes and processes > 1:
        slices = plan_slices(
            size,
            opened,
            model,
            record_format=record_format,
            group_key=group_key,
            slice_bytes=-(-size // processes) or 1,
        )
    cuts = [line_start(opened, each.start) for each in slices[1:]]
    ranges = pairwise([*cuts, size])
    parts = [
        _Part(path, start, end, new_pass(each.format))
        for each, (start, end) in zip(slices[1:], ranges, strict=True)
    ]
    try:
        whole = new_pass()
        first = read_range(opened, 0, cuts[0] if cuts else None)
        whole.run(read_source(first, file=file, columns=columns, group_key=group_key))
        for each, part in zip(slices[1:], parts, strict=True):
            found = part.result()
            if whole.format != each.format:  # a line before has shown another format than the first ones
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
        self._opened = partial(_opened, path)
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
        before = sum(piece.count(b"\n") for piece in read_range(self._opened, 0, self._start))
        pieces = read_range(self._opened, self._start, self._end)
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


def _opened(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while piece := file.read(_PIECE):
            yield piece
