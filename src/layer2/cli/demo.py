"""`layer2 demo`: what channels can do, measured as it happens, every balance checked to the wei."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from layer2.cli.audit import Balance
from layer2.cli.demo_stage import DemoFailed, Scene, Stage
from layer2.cli.demo_steps import SCENES
from layer2.cli.tables import console
from layer2.ethereum.connection import Connection
from layer2.primitives.units import format_amount

__all__ = ["command", "run_demo"]

TRANSFER_GAS = 21_000
"""What one plain transfer of ether costs; one of tokens costs about twice as much."""


@click.command("demo")
@click.option("--network", default="test", show_default=True, type=click.Choice(["test", "anvil"]),
              help="The in-process chain, or a real node of our own.")  # fmt: skip
@click.option("--payments", default=2_000, show_default=True, type=click.IntRange(1_000, 200_000),
              help="Payments in the first channel.")  # fmt: skip
def command(network: str, payments: int) -> None:
    """Open, pay, dispute, claim and settle channels, and check every balance."""
    from layer2.ethereum.devnet import AnvilNode, tester_connection

    if network == "anvil":
        with AnvilNode() as node:
            run_demo(node.connection, payments=payments)
    else:
        run_demo(tester_connection(), payments=payments)


def run_demo(connection: Connection, *, payments: int = 2_000, out: Console | None = None) -> None:
    """Play every scene on a development chain and print the account; `DemoFailed` if a balance is off."""
    screen = out or console()
    stage = Stage(connection, payments, screen)
    try:
        screen.print(f"[bold]layer2 demo[/] on chain {connection.chain_id} ({stage.chain_name})\n")
        for title, play in SCENES:
            stage.play(title, play)
        balances = [*stage.audit.balances(), Balance("the hub", stage.left, stage.held())]
        screen.print()
        screen.print(_costs(stage.scenes))
        screen.print(_accounts(balances))
        screen.print(_verdict(stage, balances))
    finally:
        stage.close()
    wrong = [one.name for one in balances if not one.exact]
    if wrong:
        raise DemoFailed(f"demo: the balance of {', '.join(wrong)} is not what it should be", hint="report this")


def _costs(scenes: list[Scene]) -> Table:
    table = Table(title="What it cost", show_footer=True)
    payments = sum(one.payments for one in scenes)
    gas = sum(one.gas for one in scenes)
    table.add_column("scene", footer="all")
    table.add_column("payments", justify="right", footer=f"{payments:,}")
    table.add_column("transactions", justify="right", footer=f"{sum(one.transactions for one in scenes):,}")
    table.add_column("gas paid", justify="right", footer=f"{gas:,}")
    table.add_column("as plain transfers", justify="right", footer=f"{payments * TRANSFER_GAS:,}")
    table.add_column("gas saved", justify="right", footer=_saved(payments, gas))
    table.add_column("payments/s", justify="right")
    for one in scenes:
        plain = f"{one.payments * TRANSFER_GAS:,}" if one.payments else ""
        rate = f"{one.payments / one.seconds:,.0f}" if one.payments > 1 and one.seconds else ""
        saved = _saved(one.payments, one.gas) if one.payments > 1 else ""
        count = f"{one.payments:,}" if one.payments else ""
        table.add_row(one.title, count, f"{one.transactions:,}", f"{one.gas:,}", plain, saved, rate)
    return table


def _saved(payments: int, gas: int) -> str:
    plain = payments * TRANSFER_GAS
    return f"{(1 - gas / plain) * 100:.1f} %" if plain > gas else ""


def _accounts(balances: list[Balance]) -> Table:
    table = Table(title="Who owns what at the end, in wei")
    table.add_column("account")
    for name in ("should own", "owns"):
        table.add_column(name, justify="right")
    table.add_column("exact")
    for one in balances:
        mark = "[green]yes[/]" if one.exact else f"[red]off by {one.actual - one.expected:+,}[/]"
        table.add_row(one.name, f"{one.expected:,}", f"{one.actual:,}", mark)
    return table


def _verdict(stage: Stage, balances: list[Balance]) -> str:
    if not all(one.exact for one in balances):
        return "[bold red]A balance is off.[/]"
    moved = format_amount(stage.moved)
    return (
        f"[bold green]Every balance is exact to the wei.[/] {stage.payments_made:,} payments, {moved} moved, "
        f"{stage.durable_rate:,.0f} payments a second signed, verified and written to disk by both sides."
    )
