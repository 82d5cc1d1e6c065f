"""Where signatures are verified: here, in threads, or in processes of their own.

Processes use all cores for both kinds of keys. Threads help with ECDSA alone: pyblst keeps the interpreter's lock.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from typing import Any, TypeVar

from layer2.primitives.errors import RangeError
from layer2.rollup.verification import aggregates, check_bls, check_ecdsa

__all__ = ["Verifier"]

T = TypeVar("T")

_LEAST = 256
"""Operations that are worth the way to another process."""
_MOST_BLS = 256
"""Signatures that are checked together: more gain little, and cost more to take apart when one is wrong."""
_TRIES = 3


class Verifier:
    """Checks signatures and adds them up. Safe to use from several threads.

    `processes`: how many; 0 does all in the calling thread. `threads`: instead of processes, for places that cannot
    start any. A process that dies takes nothing with it: its part is checked again by a new one.
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
        return f"<Verifier processes={self.processes} threads={self.threads} restarts={self.restarts}>"

    def start(self) -> None:
        """Start what is to be started, and wait until it works."""
        width = self.processes or self.threads
        list(self._run(aggregates, [([],)] * width))

    def close(self) -> None:
        """End the workers. They come back when they are needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def check_ecdsa(self, prefix: bytes, records: bytes, size: int) -> tuple[list[bytes], list[bytes]]:
        """`verification.check_ecdsa` in parts; `size`: of a record."""
        step = self._part(len(records) // size, 1 << 30) * size
        parts = [(prefix, records[at : at + step]) for at in range(0, len(records), step)]
        return _joined(self._run(check_ecdsa, parts))

    def check_bls(self, prefix: bytes, records: bytes, keys: Sequence[bytes], size: int) -> tuple[list[bytes], Any]:
        """`verification.check_bls` in parts; `size`: of a record."""
        step = self._part(len(keys), _MOST_BLS)
        parts = [
            (prefix, records[at * size : (at + step) * size], keys[at : at + step]) for at in range(0, len(keys), step)
        ]
        return _joined(self._run(check_bls, parts))

    def aggregates(self, groups: Sequence[Sequence[bytes]]) -> list[bytes]:
        """The sum of each group of BLS signatures."""
        step = max(1, -(-len(groups) // max(1, self.processes)))
        parts = [(groups[at : at + step],) for at in range(0, len(groups), step)]
        return list(chain.from_iterable(self._run(aggregates, parts)))

    # ------------------------------------------------------------------------------------------------------- inside

    def _part(self, count: int, most: int) -> int:
        """Operations of one part: an equal share for each worker, if that is worth it."""
        width = max(1, self.processes or self.threads)
        return max(1, min(most, max(_LEAST, -(-count // width))))

    def _run(self, work: Callable[..., T], parts: Sequence[tuple[Any, ...]]) -> list[T]:
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
    """A worker: Ctrl-C is for the node, which ends its workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _joined(parts: Sequence[tuple[list[bytes], list[Any]]]) -> tuple[list[bytes], list[Any]]:
    return [one for part in parts for one in part[0]], [one for part in parts for one in part[1]]
