"""Estimate of the chain's time that needs no request for each reading."""

from __future__ import annotations

import time
from collections.abc import Callable

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Block

__all__ = ["ChainClock"]

MAX_AGE = 60.0
"""Seconds for which the local clock extends a block's time before the chain is queried again."""


class ChainClock:
    """The newest block's time, extended by the local clock between blocks. Safe to use from several threads.

    A log follower passes each new head to `tick`; without one, `now` queries the chain once in `MAX_AGE` seconds. On a
    development chain it queries on each call, because time can be set at will and requests are cheap.
    """

    def __init__(self, connection: Connection, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._monotonic = monotonic
        self._seen: tuple[int, int, float] | None = None

    def __repr__(self) -> str:
        return f"<ChainClock at {'no block' if self._seen is None else self._seen[0]}>"

    def tick(self, head: Block) -> None:
        """Record a block that was just read as the newest one."""
        self._seen = (head.timestamp, head.base_fee, self._monotonic())

    def now(self) -> int:
        """Return the estimated time of the next block, Unix seconds. May query the chain: call it without locks."""
        return self._current()[0]

    def base_fee(self) -> int:
        """Return the base fee of the newest block seen, wei per gas. May query the chain: call it without locks."""
        return self._current()[1]

    def _current(self) -> tuple[int, int]:
        seen = self._seen
        if seen is None or self._connection.is_dev or self._monotonic() - seen[2] > MAX_AGE:
            self.tick(self._connection.latest())
            seen = self._seen
            assert seen is not None
        gone = 0 if self._connection.is_dev else int(self._monotonic() - seen[2])
        return seen[0] + gone, seen[1]
