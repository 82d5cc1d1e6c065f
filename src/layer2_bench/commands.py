"""`layer2 bench`: measured gas and rates as tables, or as JSON for the README and CI."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["command"]


@click.group("bench")
def command() -> None:
    """Measure gas and operations per second, and compare them with other implementations."""


@command.command("gas")
@click.argument("family", type=click.Choice(["channels", "rollup", "plasma"]))
@click.option(
    "--network", type=click.Choice(["test", "anvil"]), help="Which chain.  [default: test; anvil for the rollup]"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gas(family: str, network: str | None, as_json: bool) -> None:
    """Measure the total transaction gas of each operation, from receipts."""
    from layer2.cli.common.tables import gas_table, show

    if family == "rollup":
        from layer2_bench.gas_rollup import run_rollup_gas

        result: dict[str, Any] = run_rollup_gas(network or "anvil")
    elif family == "plasma":
        from layer2_bench.gas_plasma import run_plasma_gas

        result = run_plasma_gas(network or "test")
    else:
        from layer2_bench.gas_channels import run_gas

        result = run_gas(network or "test")
    if as_json:
        click.echo(json.dumps(result, indent=1))
    else:
        show(gas_table(result))


@command.command("rate")
@click.argument("family", type=click.Choice(["channels", "rollup", "plasma"]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rate(family: str, as_json: bool) -> None:
    """Measure operations per second, and the limit of the bare libraries in the same run.

    Channels: crash-safe payments, both sides. Rollup: the transition, the sequencer over HTTP, a verifier's replay,
    proofs. Plasma: the operator alone and over HTTP, a full block made and validated, coin trees, memory.
    """
    from layer2.cli.common.tables import rate_table, show

    if family == "rollup":
        from layer2_bench.rate_rollup import run_rollup_rate

        result: dict[str, Any] = run_rollup_rate()
    elif family == "plasma":
        from layer2_bench.rate_plasma import run_plasma_rate

        result = run_plasma_rate()
    else:
        from layer2_bench.rate_channels import run_rate

        result = run_rate()
    if as_json:
        click.echo(json.dumps(result, indent=1))
    else:
        show(rate_table(result))
