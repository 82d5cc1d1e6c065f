"""`layer2 channels`: the verbs of a party, each a step that is durable when the command returns.

Records travel between the parties as single lines: what one command prints, the other party's command reads, by
a pipe, a file (`@name`) or copied.
"""

from __future__ import annotations

from collections.abc import Callable

import click

from layer2.cli import channel_ends, channel_verbs
from layer2.cli.verbs import VERBS, Verb
from layer2.cli.workspace import chain_options

__all__ = ["build", "command"]

_REGISTERED = (channel_verbs, channel_ends)
"""Modules whose import has filled `VERBS`."""


def build(options: Callable[[Verb], Verb], command_class: type[click.Command] = click.Command) -> click.Group:
    """The group of all verbs, with a front end's options (`layer2`'s own, or ape's)."""
    group = click.Group("channels", help="Open, pay, close and defend payment channels.")
    for name, function in VERBS:
        group.add_command(click.command(name, cls=command_class)(options(function)))
    return group


command = build(chain_options)
