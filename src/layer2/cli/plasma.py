"""`layer2 plasma`: what an owner, an operator and a watcher type."""

from __future__ import annotations

from layer2.cli import (
    plasma_deploy,
    plasma_exits,
    plasma_money,
    plasma_nodes,
    plasma_recover,
    plasma_swaps,
    plasma_views,
)
from layer2.cli.verbs import PLASMA
from layer2.cli.workspace import chain_options

__all__ = ["build", "command"]

_REGISTERED = (plasma_deploy, plasma_money, plasma_swaps, plasma_views, plasma_recover, plasma_exits, plasma_nodes)
"""Modules whose import has filled `PLASMA`."""

build = PLASMA.build
"""The group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
