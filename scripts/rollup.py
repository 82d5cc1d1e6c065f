"""`ape run rollup ...`: the commands of `layer2 rollup` with ape's networks and accounts."""

from __future__ import annotations

from scripts._common import of_ape

from layer2.cli.common.command_registry import ROLLUP

cli = of_ape(ROLLUP)
