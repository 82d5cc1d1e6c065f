"""Nodes as daemons: a loop around each one's `step()`, one line for each thing done, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from layer2.ethereum.errors import EthereumError

__all__ = ["Daemon", "Stop", "run_daemons", "until_stopped"]


@dataclass(frozen=True, slots=True)
class Daemon:
    """A node by its name; `step` does what is due and says what it did. `quiet`: not a word when that is nothing."""

    name: str
    step: Callable[[], list[str]]
    quiet: bool = False


def run_daemons(daemons: list[Daemon], interval: int, *, once: bool = False) -> None:
    """Step them in turn, every `interval` seconds, or once. A chain that does not answer is asked again.

    Raises what a node raises that is not the chain's failure; with `once` also that.
    """
    with until_stopped() as stopped:
        while not stopped.is_set():
            for one in daemons:
                try:
                    lines = one.step()
                except EthereumError as failure:
                    if once:
                        raise
                    lines = [f"not done, tried again in {interval} s: {failure}"]
                for line in lines or (["nothing to do"] if once and not one.quiet else []):
                    click.echo(f"{one.name:<11} {line}")
            if once:
                return
            stopped.wait(interval)


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
            select.select([self._read], [], [], seconds)
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
