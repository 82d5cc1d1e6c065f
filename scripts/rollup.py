"""`ape run rollup ...`: the commands of `layer2 rollup` with ape's networks and accounts."""

from __future__ import annotations

from scripts._common import ConnectedProviderCommand, ape_options

from layer2.cli.rollup.commands import build

cli = build(ape_options, ConnectedProviderCommand)
