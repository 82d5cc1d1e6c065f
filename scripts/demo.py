"""`ape run demo`: what channels can do, on the chain of `--network`, every balance checked to the wei."""

from __future__ import annotations

import click
from scripts._common import ConnectedProviderCommand, connected, one_line_errors


@click.command(cls=ConnectedProviderCommand)
@click.option("--payments", default=2_000, show_default=True, help="Payments in the first channel, at least 1,000.")
@one_line_errors
def cli(payments: int) -> None:
    """Open, pay, dispute, claim and settle channels, and check every balance."""
    from layer2.cli.demo import run_demo

    run_demo(connected(), payments=payments)
