"""Ends what runs when the user says so: SIGINT and SIGTERM set an object that loops wait for."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from layer2.primitives.wait_readable import readable

__all__ = ["Stop", "until_stopped"]


class Stop:
    """Set once, waited for by one thread. `set` may run in a signal handler, within any other method of this object.

    A `threading.Event` must not be set there: the handler runs in the thread that may just hold the event's own lock,
    and waits for itself. Here a flag is set and a byte is written to a pipe that does not block.
    """

    def __init__(self) -> None:
        self._set = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def set(self) -> None:
        """Stop; once more does nothing."""
        self._set = True
        # A full pipe wakes the waiting thread as well.
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"\0")

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._set

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set, so long at most; whether it is."""
        if not self._set:
            readable(self._read, seconds)
        return self._set

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._read)
        os.close(self._write)


@contextlib.contextmanager
def until_stopped() -> Iterator[Stop]:
    """What SIGINT and SIGTERM set, so that everything started is ended in order, however many of them come."""
    stopped = Stop()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stopped.close()
