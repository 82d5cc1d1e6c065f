"""`layer2 bench`: measured gas and rates, for people or as JSON for the README tables and CI."""

from __future__ import annotations

import json
from typing import Any

import click

from layer2.cli.tables import gas_table, rate_table, show

__all__ = ["command"]


@click.group("bench")
def command() -> None:
    """Measure gas and payments per second, beside their anchors."""


@command.command("gas")
@click.argument("family", type=click.Choice(["channels"]))
@click.option("--network", default="test", show_default=True, type=click.Choice(["test", "anvil"]), help="Which chain.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gas(family: str, network: str, as_json: bool) -> None:
    """Total transaction gas of each operation, from receipts."""
    from layer2.testing.bench import run_gas

    result: dict[str, Any] = run_gas(network)
    if as_json:
        click.echo(json.dumps(result, indent=1))
    else:
        show(gas_table(result))


@command.command("rate")
@click.argument("family", type=click.Choice(["channels"]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rate(family: str, as_json: bool) -> None:
    """Crash-safe payments per second (both sides), and this machine's bare limit measured in the same run."""
    from layer2.testing.bench import run_rate

    result: dict[str, Any] = run_rate()
    if as_json:
        click.echo(json.dumps(result, indent=1))
    else:
        show(rate_table(result))
