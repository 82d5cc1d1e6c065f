"""Shutdown on user request: SIGINT and SIGTERM set an object that loops wait for."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from layer2.primitives.wait_readable import readable

__all__ = ["Stop", "until_stopped"]


class Stop:
    """A flag that is set once and awaited by one thread. A signal handler may call `set` within any other method.

    A `threading.Event` would deadlock there, because the handler runs in a thread that may hold the event's own lock.
    This class sets a flag and writes a byte to a non-blocking pipe.
    """

    def __init__(self) -> None:
        self._set = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def set(self) -> None:
        """Set the flag; repeated calls have no effect."""
        self._set = True
        # A full pipe wakes the waiting thread as well.
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"\0")

    def is_set(self) -> bool:
        """Return True if the flag is set."""
        return self._set

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the flag is set, or for at most `seconds`; return True if it is set."""
        if not self._set:
            readable(self._read, seconds)
        return self._set

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._read)
        os.close(self._write)


@contextlib.contextmanager
def until_stopped() -> Iterator[Stop]:
    """Yield a flag that SIGINT and SIGTERM set, so that the caller shuts down in order however many signals arrive."""
    stopped = Stop()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stopped.close()
