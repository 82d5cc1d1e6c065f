"""Read-only plasma commands: balance, utxos, history and status."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.context import incomplete_option
from layer2.cli.common.tables import show, titled
from layer2.cli.common.tokens import token_option
from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.context import desk_of, operator_option
from layer2.cli.plasma.deployment import place_of
from layer2.primitives.display import format_time
from layer2.primitives.units import counted, format_amount

__all__ = ["balance", "history", "status", "utxos"]


@PLASMA.verb("balance")
@token_option
@operator_option
def balance(workspace: Workspace, token: str, operator: str) -> None:
    """Show your spendable balance of a token; fails if the data of all blocks is not available."""
    with desk_of(workspace, operator, needed=False) as desk:
        asset = desk.token(token)
        units, doubted = desk.wallet.balance(asset), desk.wallet.in_doubt(asset)
        text = desk.wallet.show(units, asset)
        if doubted:
            text += f"\nand {desk.wallet.show(doubted, asset)} in doubt: layer2 plasma recover"
        workspace.emit({"balance": str(units), "inDoubt": str(doubted), "token": asset}, text)


@PLASMA.verb("utxos")
@incomplete_option
@operator_option
def utxos(workspace: Workspace, incomplete: bool, operator: str) -> None:
    """Show your outputs: free, pending in a payment, exiting, or doubtful (another wallet may have spent it)."""
    with desk_of(workspace, operator, needed=False) as desk:
        if not incomplete:
            desk.wallet.require_complete("utxos")
        found = desk.wallet.utxos()
        if workspace.as_json:
            rows = [{**asdict(one), "position": hex(one.position), "amount": str(one.amount)} for one in found]
            click.echo(json.dumps(rows, indent=1))
            return
        for one in found:
            click.echo(f"{one.position:#018x}  {desk.wallet.show(one.amount, one.token)}  {one.state}")
        if not found:
            click.echo(f"no outputs of {desk.wallet.signer.address}; layer2 plasma deposit makes one")


@PLASMA.verb("history")
@operator_option
def history(workspace: Workspace, operator: str) -> None:
    """Show the history of deposits, payments with their status, and exits."""
    with desk_of(workspace, operator, needed=False) as desk:
        lines = desk.wallet.history()
        if workspace.as_json:
            click.echo(json.dumps([{**asdict(one), "amount": str(one.amount)} for one in lines]))
            return
        if not lines:
            click.echo(f"no history of {desk.wallet.signer.address}")
            return
        table = titled(f"History of {desk.wallet.signer.address}")
        for name in ("time", "what"):
            table.add_column(name)
        table.add_column("amount", justify="right")
        table.add_column("output, or with whom")
        for one in lines:
            table.add_row(format_time(one.time)[:-4], one.what, desk.wallet.show(one.amount, one.token), one.other)
        show(table)


@PLASMA.verb("status")
def status(workspace: Workspace) -> None:
    """Show the status of the chain: operator, blocks, deposits and registered exits."""
    place = place_of(workspace)
    root, chain_state = place.root, place.chain_state()
    chain_state.step()
    operator, following, deposit, frozen = root.head()
    reserved, kept = root.reserve_of(0)
    held = workspace.connection.balance(root.address)
    announced, since = root.pending_operator()
    count = sum(one.count for one in chain_state.headers.values())
    facts = {
        "address": root.address,
        "blocks": following - 1,
        "deposits": deposit - 1,
        "exitPeriod": root.profile.exit_period,
        "frozen": frozen,
        "held": str(held),
        "heldForBonds": str(kept),
        "inFlightExits": len(chain_state.games),
        "operator": operator,
        "registeredToLeave": str(reserved),
        "transactions": count,
    }
    last = chain_state.headers.get(following - 1)
    lines = [
        f"root chain  {root.address}, holds {format_amount(held)}",
        f"operator    {operator}",
        f"blocks      {following - 1:,} with {counted(count, 'transaction')}"
        + (f", {format_time(last.time)}" if last else ""),
        f"deposits    {deposit - 1:,}",
        f"leaving     {format_amount(reserved)} registered; {counted(len(chain_state.games), 'in-flight exit')} so far",
    ]
    if since:
        lines.append(f"ANNOUNCED   {announced} operates from {format_time(since)} on; exit before then if you disagree")
    if frozen:
        lines.append("FROZEN      withdraw everything: layer2 plasma exit all")
    workspace.emit(facts, "\n".join(lines))
