"""`layer2 rollup`: the commands of a user, a sequencer, a proposer and a challenger."""

from __future__ import annotations

from layer2.cli.common.command_registry import ROLLUP
from layer2.cli.common.options import chain_options

__all__ = ["build", "command"]

build = ROLLUP.build
"""Function that builds the group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
