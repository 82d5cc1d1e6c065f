"""Channels, rollup and plasma in action, measured, with every balance checked to the wei."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from rich.console import Console

from layer2.cli.common.tables import console
from layer2.ethereum.connection import Connection
from layer2.primitives.units import format_amount
from layer2_demo import channels as demo_steps
from layer2_demo import plasma as demo_plasma
from layer2_demo import rollup as demo_rollup
from layer2_demo.chapters import CHAPTERS
from layer2_demo.plasma_stage import PlasmaStage
from layer2_demo.report import accounts_table, costs_table, per_transfer_table, plasma_gas_table, verdict
from layer2_demo.rollup_stage import RollupStage
from layer2_demo.stage import DemoFailed, HubStage, Stage, require_dev

__all__ = ["run_demo"]


def run_demo(
    connection: Connection,
    *,
    payments: int = 2_000,
    accounts: int = 1_000,
    transfers: int = 10_000,
    users: int = 100,
    doublings: int = 5,
    chapters: Collection[str] = CHAPTERS,
    out: Console | None = None,
) -> None:
    """Play the chapters on a development chain and print the results; raise `DemoFailed` if a balance is wrong."""
    prevalidate = out or console()
    require_dev(connection)
    name = str(connection.web3.client_version).split("/")[0]
    prevalidate.print(f"[bold]layer2 demo[/] on chain {connection.chain_id} ({name})")
    if "channels" in chapters:
        prevalidate.print("\n[bold]Channels[/]\n")
        _channels(HubStage(connection, payments, prevalidate))
    if "rollup" in chapters:
        prevalidate.print("\n[bold]Rollup[/]\n")
        _rollup(RollupStage(connection, prevalidate, accounts=accounts, transfers=transfers))
    if "plasma" in chapters:
        prevalidate.print("\n[bold]Plasma[/]\n")
        _plasma(PlasmaStage(connection, prevalidate, users=users, doublings=doublings))


def _channels(stage: HubStage) -> None:
    try:
        for title, play in demo_steps.SCENES:
            stage.play(title, partial(play, stage))
        _close_books(
            stage,
            f"{stage.payments_made:,} payments, {format_amount(stage.moved)} moved, {stage.durable_rate:,.0f} payments "
            "a second signed, verified and written to disk by both sides.",
        )
    finally:
        stage.close()


def _rollup(stage: RollupStage) -> None:
    try:
        for title, play in demo_rollup.SCENES:
            stage.play(title, partial(play, stage))
        stage.prevalidate.print(per_transfer_table(stage))
        _close_books(stage, f"{stage.payments_made:,} transfers between {len(stage.books):,} accounts.")
    finally:
        stage.close()


def _plasma(stage: PlasmaStage) -> None:
    try:
        for title, play in demo_plasma.SCENES:
            stage.play(title, partial(play, stage))
        stage.prevalidate.print(plasma_gas_table(stage.gas))
        _close_books(
            stage, f"{stage.payments_made:,} payments between {len(stage.users):,} users, and all of them left."
        )
    finally:
        stage.close()


def _close_books(stage: Stage, told: str) -> None:
    """Print costs and balances; raise DemoFailed if a balance differs from its expected value."""
    balances = stage.balances()
    stage.prevalidate.print()
    stage.prevalidate.print(costs_table(stage.scenes))
    stage.prevalidate.print(accounts_table(balances))
    stage.prevalidate.print(verdict(balances, told))
    wrong = [one.name for one in balances if not one.exact]
    if wrong:
        raise DemoFailed(f"demo: the balance of {', '.join(wrong)} is not what it should be", hint="report this")
