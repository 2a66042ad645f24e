"""What does a second process gain when a file is checked, beside two processes that only spin?

By the clock both depend on who else uses the processors. By processor time only the work counts: what one
process takes by what the longer of two ways through takes, the first process's own work or the second's with
what the first has to do after it.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from bench.corpora import write_corpus
from tunesmith.catalogue import find_model
from tunesmith.dataset.parallel import check_path

SPINS: Final = 60_000_000


def gains(records: int, *, rounds: int) -> list[list[str]]:
    """Time both, each by one and by two processes, in turn; a gain is what one takes by what two take."""
    model = find_model("nova-micro")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        write_corpus(path, records)

        def check(processes: int) -> Callable[[], object]:
            return lambda: check_path(path, model, processes=processes, least_bytes=0)

        spinning, checking, alone = [], [], []
        for _ in range(rounds):
            spinning.append(_seconds(lambda: _spin(1)) / _seconds(lambda: _spin(2)))
            checking.append(_seconds(check(1)) / _seconds(check(2)))
            (whole, _), (first, second) = _busy(check(1)), _busy(check(2))
            alone.append(whole / max(first, second + first - whole / 2))
    shares = [mine / theirs for mine, theirs in zip(checking, spinning, strict=True)]
    return [
        ["two that spin, of one", f"{median(spinning):.2f}x"],
        ["two that check, of one", f"{median(checking):.2f}x"],
        ["of what two that spin gain", f"{median(shares):.2f}"],
        ["two that check, of one, by processor time", f"{median(alone):.2f}x"],
    ]


def _busy(run: Callable[[], object]) -> tuple[float, float]:
    """Measure the processor time of this process and of those that it starts."""
    mine, theirs = time.process_time(), _of_children()
    run()
    return time.process_time() - mine, _of_children() - theirs


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _spin(processes: int) -> None:
    children = []
    for _ in range(processes - 1):
        child = os.fork()
        if child == 0:
            sum(range(SPINS // processes))
            os._exit(0)
        children.append(child)
    sum(range(SPINS // processes))
    for child in children:
        os.waitpid(child, 0)


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
