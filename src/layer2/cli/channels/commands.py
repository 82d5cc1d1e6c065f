"""`layer2 channels`: the commands of a channel party; each step is durable when its command returns.

Records are exchanged between the parties as single lines: one party's command reads the output of the other's, through
a pipe, a file (`@name`) or the clipboard.
"""

from __future__ import annotations

from layer2.cli.common.command_registry import CHANNELS
from layer2.cli.common.options import chain_options

__all__ = ["build", "command"]

build = CHANNELS.build
"""Function that builds the group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
