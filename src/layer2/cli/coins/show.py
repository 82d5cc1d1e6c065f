"""Read-only coin commands: list and status."""

from __future__ import annotations

import json

import click

from layer2.cli.coins.context import coin_desk_of, sources_option
from layer2.cli.coins.deployment import coin_place_of
from layer2.cli.common.command_registry import COINS
from layer2.cli.common.workspace import Workspace
from layer2.primitives.display import format_time
from layer2.primitives.units import format_amount

__all__ = ["list_", "status"]


@COINS.verb("list")
@sources_option
def list_(workspace: Workspace, operator: str, mirrors: tuple[str, ...]) -> None:
    """Show your coins: the content of each, and its state: free, signed over, exiting or broken."""
    with coin_desk_of(workspace, operator, mirrors, needed=False) as desk:
        rows, lines = [], []
        for coin in desk.holder.coins():
            standing = desk.holder.wallet.standing(coin)
            holds, (state, words) = desk.holds(standing.record), desk.state(coin)
            rows.append({"coin": hex(coin), "holds": holds, "state": state, "transfers": len(standing.moves)})
            lines.append(f"{coin:#018x}  {holds}  {words}")
        if workspace.as_json:
            click.echo(json.dumps(rows, indent=1))
            return
        click.echo("\n".join(lines) or f"no coins of {desk.holder.address}; layer2 plasma coin deposit makes one")


@COINS.verb("status")
def status(workspace: Workspace) -> None:
    """Show the status of the coin chain: operator, blocks, coins and exits."""
    place = coin_place_of(workspace)
    chain, chain_state = place.chain, place.chain_state()
    chain_state.step()
    operator, held = chain.operator(), workspace.connection.balance(chain.address)
    announced, since = chain.pending_operator()
    leaving = sum(map(len, chain_state.leaving.values()))
    facts = {
        "address": chain.address,
        "blocks": chain_state.next_block - 1,
        "coins": len(chain_state.records),
        "exitPeriod": chain.profile.exit_period,
        "exits": leaving,
        "held": str(held),
        "operator": operator,
        "paid": len(chain_state.paid),
    }
    last = chain_state.headers.get(chain_state.next_block - 1)
    lines = [
        f"coin chain  {chain.address}, holds {format_amount(held)}",
        f"operator    {operator}",
        f"blocks      {chain_state.next_block - 1:,}" + (f", the last {format_time(last.time)}" if last else ""),
        f"coins       {len(chain_state.records):,} made, {len(chain_state.paid):,} paid out",
        f"exits       {leaving:,} running",
    ]
    if since:
        lines.append(f"ANNOUNCED   {announced} operates from {format_time(since)} on; exit before then if you disagree")
    workspace.emit(facts, "\n".join(lines))
