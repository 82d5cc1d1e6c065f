"""`ape run plasma ...`: the commands of `layer2 plasma` with ape's networks and accounts."""

from __future__ import annotations

from scripts._common import of_ape

from layer2.cli.common.command_registry import PLASMA

cli = of_ape(PLASMA)
