"""`layer2 plasma`: what an owner, an operator and a watcher type."""

from __future__ import annotations

from layer2.cli.options import chain_options
from layer2.cli.verbs import PLASMA

__all__ = ["build", "command"]

build = PLASMA.build
"""The group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
