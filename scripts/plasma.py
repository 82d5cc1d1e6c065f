"""`ape run plasma ...`: the commands of `layer2 plasma` with ape's networks and accounts."""

from __future__ import annotations

from scripts._common import ConnectedProviderCommand, ape_options

from layer2.cli.plasma.commands import build

cli = build(ape_options, ConnectedProviderCommand)
