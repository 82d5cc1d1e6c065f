"""`layer2 channels`: the verbs of a party, each a step that is durable when the command returns.

Records travel between the parties as single lines: what one command prints, the other party's command reads, by
a pipe, a file (`@name`) or copied.
"""

from __future__ import annotations

from layer2.cli.common.command_registry import CHANNELS
from layer2.cli.common.options import chain_options

__all__ = ["build", "command"]

build = CHANNELS.build
"""The group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
