"""Waits until a file of this process can be read. POSIX only."""

from __future__ import annotations

import select
from typing import IO

__all__ = ["readable"]


def readable(file: int | IO[str], seconds: float | None = None) -> bool:
    """Whether there is something to read, after so many seconds at most; None waits for ever.

    `select.select` takes no descriptor beyond 1,023, which a process of many connections and journals has.
    """
    waiting = select.poll()
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(None if seconds is None else 1_000 * seconds))
