"""`layer2 plasma`: what an owner, an operator and a watcher type."""

from __future__ import annotations

from layer2.cli import (
    coin_deploy,
    coin_exits,
    coin_money,
    coin_nodes,
    coin_views,
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
_REGISTERED_COINS = (coin_deploy, coin_money, coin_views, coin_exits, coin_nodes)
"""Modules whose import has filled `PLASMA`, and `COINS` within it."""

build = PLASMA.build
"""The group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
