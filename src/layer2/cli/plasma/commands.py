"""`layer2 plasma`: the commands of an owner, an operator and a watcher."""

from __future__ import annotations

from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.options import chain_options

__all__ = ["build", "command"]

build = PLASMA.build
"""Function that builds the group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
