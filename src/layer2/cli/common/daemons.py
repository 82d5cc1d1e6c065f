"""Daemon loops: call each node's `step()` repeatedly until Ctrl-C, and print one line for each action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from layer2.cli.common.signals import until_stopped
from layer2.ethereum.errors import EthereumError
from layer2.primitives.errors import FatalError, RecoverableError

__all__ = ["Daemon", "NotDone", "Troubles", "run_daemons"]


class NotDone(RecoverableError):
    """A node ended and left a required action undone."""


def _nothing() -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Daemon:
    """A node with its name. `step` takes the due actions and returns a line for each; `quiet` hides idle steps.

    `trouble` is called after each step and returns the failures that need attention.
    """

    name: str
    step: Callable[[], list[str]]
    quiet: bool = False
    trouble: Callable[[], Sequence[str]] = _nothing


class Troubles:
    """Failures of the last round by daemon, for exit codes and for `/v1/health`."""

    def __init__(self) -> None:
        self.now: dict[str, tuple[str, ...]] = {}
        self.errors: dict[str, Exception] = {}

    def __repr__(self) -> str:
        return f"<Troubles {self.now}>"

    def lines(self) -> list[str]:
        """Return all failures as text."""
        return [f"{name}: {line}" for name, rows in self.now.items() for line in rows]

    def note(self, name: str, rows: Sequence[str], error: Exception | None = None) -> list[str]:
        """Replace the failures of a daemon, and return the new ones."""
        before = self.now.pop(name, ())
        self.errors.pop(name, None)
        if rows:
            self.now[name] = tuple(rows)
        if error is not None:
            self.errors[name] = error
        return [one for one in rows if one not in before]

    def raise_if_any(self) -> None:
        """Raise the first error, or NotDone for the first failure without an error."""
        for error in self.errors.values():
            raise error
        for line in self.lines():
            raise NotDone(f"undone action: {line}", hint="fix the cause, and run the node again")


def run_daemons(daemons: list[Daemon], interval: int, *, once: bool = False, troubles: Troubles | None = None) -> None:
    """Step the daemons in turn, every `interval` seconds or once.

    A failed step is reported and retried, and does not stop the other daemons. A daemon that raises a FatalError is
    removed.

    Raises:
        Exception: The last failure that persists at the end: with `once`, after the removal of the last daemon, or on a
            stop signal unless only the chain failed. NotDone is raised for a failure without an error.
    """
    troubles = Troubles() if troubles is None else troubles
    working = list(daemons)
    with until_stopped() as stopped:
        while not stopped.is_set():
            for one in list(working):
                for line in _step(one, working, interval, troubles) or (["nothing to do"] if once else []):
                    if not (line == "nothing to do" and one.quiet):
                        click.echo(f"{one.name:<11} {line}")
            if once or all(one.quiet for one in working):
                break
            stopped.wait(interval)
    if stopped.is_set() and not once:
        for name, error in list(troubles.errors.items()):
            if isinstance(error, EthereumError):
                troubles.note(name, ())
    troubles.raise_if_any()


def _step(one: Daemon, working: list[Daemon], interval: int, troubles: Troubles) -> list[str]:
    """Run one step of a daemon; return its actions and new failures."""
    try:
        lines = one.step()
        return [*lines, *(f"TROUBLE {row}" for row in troubles.note(one.name, one.trouble()))]
    except FatalError as failure:
        working.remove(one)
        troubles.note(one.name, [str(failure)], failure)
        return [f"ended: {failure}"]
    except Exception as failure:
        # The process may contain the only challenger, so a fault of one daemon must not end it.
        told = str(failure) if isinstance(failure, EthereumError) else f"{type(failure).__name__}: {failure}"
        return [f"not done, retrying in {interval} s: {row}" for row in troubles.note(one.name, [told], failure)]
