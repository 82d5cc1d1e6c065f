"""`layer2 rollup`: what a user, a poster, a proposer and a challenger type."""

from __future__ import annotations

from layer2.cli import rollup_deploy, rollup_exits, rollup_money, rollup_nodes, rollup_sales, rollup_views
from layer2.cli.verbs import ROLLUP
from layer2.cli.workspace import chain_options

__all__ = ["build", "command"]

_REGISTERED = (rollup_deploy, rollup_money, rollup_views, rollup_sales, rollup_exits, rollup_nodes)
"""Modules whose import has filled `ROLLUP`."""

build = ROLLUP.build
"""The group with a front end's options: `layer2`'s own, or ape's."""

command = build(chain_options)
