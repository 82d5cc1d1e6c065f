"""`layer2 rollup`: what a user, a poster, a proposer and a challenger type."""

from __future__ import annotations

from layer2.cli.options import chain_options
from layer2.cli.verbs import ROLLUP

__all__ = ["build", "command"]

build = ROLLUP.build
"""The group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
