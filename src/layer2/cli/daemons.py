"""Nodes as daemons: a loop around each one's `step()`, one line for each thing done, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from layer2.cli.stopping import until_stopped
from layer2.ethereum.errors import EthereumError

__all__ = ["Daemon", "run_daemons"]


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
