"""`ape run channels ...`: the commands of `layer2 channels` with ape's networks and accounts."""

from __future__ import annotations

from scripts._common import of_ape

from layer2.cli.common.command_registry import CHANNELS

cli = of_ape(CHANNELS)
