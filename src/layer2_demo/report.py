"""Final output of the demonstration: costs, balances, and bytes and gas per transfer compared with the anchors."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from layer2.rollup.protocol.params import FRAME_BYTES
from layer2_demo.audit import Balance
from layer2_demo.rollup_stage import RollupStage
from layer2_demo.stage import Scene

__all__ = ["accounts_table", "costs_table", "per_transfer_table", "plasma_gas_table", "verdict"]

ROOTS_OF_A_FRAME = 2 * 31
"""Bytes of the state roots after each half of a frame, without their first byte, which is zero."""

TRANSFER_GAS = 21_000
"""Gas of one plain ether transfer; a token transfer costs about twice as much."""


def costs_table(scenes: list[Scene]) -> Table:
    """Return a table of each scene's payments, transactions and gas, with the gas of as many plain transfers."""
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


def accounts_table(balances: list[Balance]) -> Table:
    """Return a table of the expected and actual balance of each account."""
    table = Table(title="Who owns what at the end, in wei")
    table.add_column("account")
    for name in ("should own", "owns"):
        table.add_column(name, justify="right")
    table.add_column("exact")
    for one in balances:
        mark = "[green]yes[/]" if one.exact else f"[red]off by {one.actual - one.expected:+,}[/]"
        table.add_row(one.name, f"{one.expected:,}", f"{one.actual:,}", mark)
    return table


def per_transfer_table(stage: RollupStage) -> Table:
    """Return a table of bytes and gas per transfer by kind of key, compared with the best comparable systems."""
    from layer2_bench.anchors import anchors_of

    anchors = anchors_of("rollup")
    size, gas = stage.assertion
    table = Table(title="One transfer")
    table.add_column("what")
    for one in stage.posted[::-1]:
        table.add_column(one.kind, justify="right")
    table.add_column("best competitor", justify="right")
    # Each batch bears the share of the assertion that its frames have of the roots.
    pairs = [(one, ROOTS_OF_A_FRAME * one.size // FRAME_BYTES) for one in stage.posted[::-1]]
    rows = [
        ("bytes of data", [one.size / one.transfers for one, _ in pairs], "bytes.per_transfer_data"),
        ("bytes with roots", [(one.size + part) / one.transfers for one, part in pairs], "bytes.per_transfer_all_in"),
        ("gas of posting", [one.gas / one.transfers for one, _ in pairs], "batch.calldata_per_transfer"),
        ("blob gas of posting", [one.blob_gas / one.transfers for one, _ in pairs], ""),
        ("gas of the assertion", [gas * part / size / one.transfers for one, part in pairs], ""),
    ]
    for what, values, anchor in rows:
        best = anchors[anchor]["anchor"] if anchor else None
        shown = f"{best['gas']:,} {best['name']}" if best else ""
        table.add_row(what, *(f"{value:,.1f}" for value in values), shown)
    return table


def plasma_gas_table(measured: Mapping[str, float]) -> Table:
    """Return a table of the measured gas, compared with the best comparable systems."""
    from layer2_bench.anchors import anchors_of

    anchors = anchors_of("plasma")
    table = Table(title="Gas of plasma")
    table.add_column("operation")
    table.add_column("gas", justify="right")
    table.add_column("best competitor", justify="right")
    for name, gas in measured.items():
        best = anchors.get(name, {}).get("anchor")
        table.add_row(name, f"{gas:,.0f}", f"{best['gas']:,} {best['name']}" if best else "")
    return table


def verdict(balances: list[Balance], told: str) -> str:
    """Return the last line of a chapter."""
    if not all(one.exact for one in balances):
        return "[bold red]A balance is off.[/]"
    return f"[bold green]Every balance is exact to the wei.[/] {told}"
