"""The chain's time without asking the chain each time."""

from __future__ import annotations

import time
from collections.abc import Callable

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Block

__all__ = ["ChainClock"]

MAX_AGE = 60.0
"""Seconds for which a block's time is carried on by this machine's clock before the chain is asked again."""


class ChainClock:
    """The newest block's time, carried on by this machine's clock between blocks. Safe to use from several threads.

    A follower hands each new head to `tick`; where there is none, `now` asks the chain once in `MAX_AGE` seconds.
    On a development chain, where time can be moved at will and asking is cheap, it asks each time.
    """

    def __init__(self, connection: Connection, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._monotonic = monotonic
        self._seen: tuple[int, int, float] | None = None

    def __repr__(self) -> str:
        return f"<ChainClock at {'no block' if self._seen is None else self._seen[0]}>"

    def tick(self, head: Block) -> None:
        """Take over a block that was just read as the newest one."""
        self._seen = (head.timestamp, head.base_fee, self._monotonic())

    def now(self) -> int:
        """Seconds, Unix time: about what the next block will say. May ask the chain: call it under no lock."""
        return self._current()[0]

    def base_fee(self) -> int:
        """Wei per gas in the newest block seen. May ask the chain: call it under no lock."""
        return self._current()[1]

    def _current(self) -> tuple[int, int]:
        seen = self._seen
        if seen is None or self._connection.is_dev or self._monotonic() - seen[2] > MAX_AGE:
            self.tick(self._connection.latest())
            seen = self._seen
            assert seen is not None
        gone = 0 if self._connection.is_dev else int(self._monotonic() - seen[2])
        return seen[0] + gone, seen[1]
