"""Work in parts: here, in threads, or in processes of their own.

Processes use all cores. Threads help where a library lets go of the interpreter's lock.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from layer2.primitives.errors import RangeError

__all__ = ["Workers"]

T = TypeVar("T")

_LEAST = 256
"""Pieces that are worth the way to another process."""
_TRIES = 3


class Workers:
    """Runs functions of modules over parts of something long. Safe to use from several threads.

    `processes`: how many; 0 does all in the calling thread. `threads`: instead of processes, for places that cannot
    start any. A process that dies takes nothing with it: its part is done again by a new one.
    """

    def __init__(self, processes: int = 0, *, threads: int = 0) -> None:
        if processes < 0 or threads < 0 or (processes and threads):
            raise RangeError(f"{processes} processes and {threads} threads given", hint="give a number of one of them")
        self.processes = processes
        self.threads = threads
        self._lock = threading.Lock()
        self._pool: Executor | None = None
        self.restarts = 0
        """How often workers had to be started anew."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} processes={self.processes} threads={self.threads} restarts={self.restarts}>"

    @property
    def width(self) -> int:
        """How many parts are worked on at a time."""
        return self.processes or self.threads or 1

    def start(self) -> None:
        """Start what is to be started, and wait until it works."""
        self.run(_ready, [()] * (self.processes or self.threads))

    def close(self) -> None:
        """End the workers. They come back when they are needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def part(self, count: int, most: int = 1 << 30) -> int:
        """Pieces of one part: an equal share for each worker, if that is worth it; at least one, at most `most`."""
        return max(1, min(most, max(_LEAST, -(-count // self.width))))

    def run(self, work: Callable[..., T], parts: Sequence[tuple[Any, ...]]) -> list[T]:
        """`work(*part)` for each part, in their order. What it raises, this raises."""
        if not (self.processes or self.threads):
            return [work(*part) for part in parts]
        results: dict[int, T] = {}
        for _ in range(_TRIES):
            left = [place for place in range(len(parts)) if place not in results]
            pool = self._workers()
            asked: list[tuple[int, Future[T]]] = []
            try:
                asked += ((at, pool.submit(work, *parts[at])) for at in left)
                for at, future in asked:
                    results[at] = future.result()
                return [results[at] for at in range(len(parts))]
            except BrokenProcessPool:
                self._replace(pool)
        # Processes do not stay alive here. The work is done all the same.
        return [results[at] if at in results else work(*parts[at]) for at in range(len(parts))]

    def _workers(self) -> Executor:
        with self._lock:
            if self._pool is None:
                if self.threads:
                    self._pool = ThreadPoolExecutor(self.threads, "layer2-verify")
                else:
                    # A fork would copy the locks of other threads as they stand.
                    context = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(self.processes, context, initializer=_settle_in)
            return self._pool

    def _replace(self, broken: Executor) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
                self.restarts += 1
        broken.shutdown(wait=False, cancel_futures=True)


def _settle_in() -> None:
    """Prepare a worker: it ignores Ctrl-C, since the node ends its workers itself, and ends when the node is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="layer2-parent", daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the process that started this one is gone, and end at once: nobody takes its results any more."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    signal.raise_signal(signal.SIGKILL)


def _ready() -> None:
    """What a worker does to show that it works."""
