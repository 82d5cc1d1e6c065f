"""Work in parts: in the calling thread, in threads, or in processes.

Processes use all cores. Threads help if a library releases the interpreter lock.
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

__all__ = ["WorkerPool"]

T = TypeVar("T")

_LEAST = 256
"""Minimum number of items that are worth the transfer to another process."""
_TRIES = 3


class WorkerPool:
    """Runs module-level functions over parts of a long input. Safe to use from several threads.

    If a process dies, a new one repeats its part.

    Args:
        processes: number of processes; 0 does all work in the calling thread.
        threads: number of threads to use instead of processes, where none can be started.
    """

    def __init__(self, processes: int = 0, *, threads: int = 0) -> None:
        if processes < 0 or threads < 0 or (processes and threads):
            raise RangeError(f"{processes} processes and {threads} threads given", hint="give a number of one of them")
        self.processes = processes
        self.threads = threads
        self._lock = threading.Lock()
        self._pool: Executor | None = None
        self.restarts = 0
        """Number of times that the workers were restarted."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} processes={self.processes} threads={self.threads} restarts={self.restarts}>"

    @property
    def width(self) -> int:
        """Number of parts processed concurrently."""
        return self.processes or self.threads or 1

    def start(self) -> None:
        """Start the workers, and wait until they respond."""
        self.run(_ready, [()] * (self.processes or self.threads))

    def close(self) -> None:
        """Stop the workers; they are started again when needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def part(self, count: int, most: int = 1 << 30) -> int:
        """Return the items per part: an equal share for each worker, but at least a minimum and at most `most`."""
        return max(1, min(most, max(_LEAST, -(-count // self.width))))

    def run(self, work: Callable[..., T], parts: Sequence[tuple[Any, ...]]) -> list[T]:
        """Return `work(*part)` for each part, in their order; raise any error of `work`."""
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
        # The processes repeatedly died, so the remaining work is done in the calling thread.
        return [results[at] if at in results else work(*parts[at]) for at in range(len(parts))]

    def _workers(self) -> Executor:
        with self._lock:
            if self._pool is None:
                if self.threads:
                    self._pool = ThreadPoolExecutor(self.threads, "layer2-verify")
                else:
                    # A fork would copy the locks of other threads in their current state.
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
    """Prepare a worker: it ignores Ctrl-C, because the node stops its workers itself, and ends with the node."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="layer2-parent", daemon=True).start()


def _end_with_parent() -> None:
    """Kill this process when its parent process is gone, because its results are no longer needed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    signal.raise_signal(signal.SIGKILL)


def _ready() -> None:
    """Do nothing; a successful call shows that the worker responds."""
