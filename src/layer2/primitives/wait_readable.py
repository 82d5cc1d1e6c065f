"""Wait until a file of this process is readable. POSIX only."""

from __future__ import annotations

import select
from typing import IO

__all__ = ["readable"]


def readable(file: int | IO[str], seconds: float | None = None) -> bool:
    """Return True if the file is readable within `seconds`; None waits without a limit.

    `select.select` accepts no descriptor above 1,023, which a process with many connections and journals can have.
    """
    waiting = select.poll()
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(None if seconds is None else 1_000 * seconds))
