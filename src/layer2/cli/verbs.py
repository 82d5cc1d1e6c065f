"""The sub-commands of a family, before a front end adds its options for chain and account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ["CHANNELS", "COINS", "PLASMA", "ROLLUP", "Verb", "Verbs"]

Verb = Callable[..., Any]


class Verbs:
    """A family's sub-commands by name; each is a function that takes `workspace`."""

    def __init__(self, family: str, purpose: str) -> None:
        self.family = family
        self.purpose = purpose
        self._known: list[tuple[str, Verb]] = []
        self._inner: list[Verbs] = []

    def __repr__(self) -> str:
        return f"<Verbs {self.family} {len(self._known)}>"

    def verb(self, name: str) -> Callable[[Verb], Verb]:
        """Register a function as a sub-command."""

        def register(function: Verb) -> Verb:
            self._known.append((name, function))
            return function

        return register

    def include(self, other: Verbs) -> None:
        """Have another family's verbs as a group within this one."""
        self._inner.append(other)

    def build(self, options: Callable[[Verb], Verb], command_class: type[click.Command] = click.Command) -> click.Group:
        """The group of all, with a front end's options (`layer2`'s own, or ape's)."""
        group = click.Group(self.family, help=self.purpose)
        for name, function in self._known:
            group.add_command(click.command(name, cls=command_class)(options(function)))
        for other in self._inner:
            group.add_command(other.build(options, command_class))
        return group


CHANNELS = Verbs("channels", "Open, pay, close and defend payment channels.")
ROLLUP = Verbs("rollup", "Pay, run and leave a rollup.")
PLASMA = Verbs("plasma", "Pay on, run and leave a plasma chain.")
COINS = Verbs("coin", "Coins: single deposits, NFTs too, that change hands with their history (Plasma Cash).")
PLASMA.include(COINS)
