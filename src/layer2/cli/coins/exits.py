"""Coin exit commands, which need only the main chain: exit, cancel, claim and withdraw."""

from __future__ import annotations

import click

from layer2.cli.coins.context import CoinContext, coin_desk_of, coin_named, sources_option
from layer2.cli.common.command_registry import COINS
from layer2.cli.common.output import transaction
from layer2.cli.common.workspace import Workspace, party_address
from layer2.ethereum.assets import asset_at
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.display import format_time
from layer2.primitives.errors import InputError
from layer2.primitives.units import counted, format_amount

__all__ = ["cancel", "claim", "exit_", "withdraw"]


@COINS.verb("exit")
@click.argument("coin")
@click.option("--though-signed", is_flag=True, help="Exit even if a block without data may contain a transfer of it.")
@click.option("--incomplete", is_flag=True, help="Exit even if blocks without data were not verified.")
@sources_option
def exit_(
    workspace: Workspace, coin: str, though_signed: bool, incomplete: bool, operator: str, mirrors: tuple[str, ...]
) -> None:
    """Start an exit of COIN with a bond. The operator is asked for block data if it is available.

    Without the data of all blocks, the exit requires --incomplete: a transfer signed by another wallet of yours costs
    the bond.
    """
    with coin_desk_of(workspace, operator, mirrors, needed=False) as desk:
        number = coin_named(coin)
        found = desk.holder.exit(number, though_signed=though_signed, incomplete=incomplete)
        facts = {"coin": hex(number), "block": found.number, "exitableAt": found.exitable_at}
        bond = format_amount(desk.place.chain.profile.exit_bond)
        text = f"coin {number:#x} is exiting with a bond of {bond}; claim it after {format_time(found.exitable_at)}"
        workspace.emit(facts, f"{text}, and run `layer2 plasma coin guard` until then")


@COINS.verb("cancel")
@click.argument("coin")
def cancel(workspace: Workspace, coin: str) -> None:
    """Cancel the exit of COIN; the bond is returned."""
    with coin_desk_of(workspace) as desk:
        number = coin_named(coin)
        receipt = desk.holder.cancel(number)
        workspace.emit(
            {"coin": hex(number), **transaction(receipt)},
            f"coin {number:#x} is no longer exiting, {receipt.gas_used:,} gas",
        )


@COINS.verb("claim")
def claim(workspace: Workspace) -> None:
    """Process all mature exits of your coins."""
    with coin_desk_of(workspace) as desk:
        paid, receipt = desk.holder.claim()
        if receipt is None:
            raise InputError(
                f"{desk.holder.address}: nothing to claim now, {_waiting(desk)}",
                hint="see: layer2 plasma coin list",
            )
        holds = [desk.holds(desk.holder.wallet.chain_state.records[coin]) for coin in paid]
        rows = [{"coin": hex(coin), "holds": held} for coin, held in zip(paid, holds, strict=True)]
        text = f"claimed: {', '.join(holds)}, {receipt.gas_used:,} gas"
        workspace.emit({"paid": rows, **transaction(receipt)}, text)


@COINS.verb("withdraw")
@click.option("--token", default=ZERO_ADDRESS, help="Address of the token; ether by default.")
@click.option("--nft", type=click.IntRange(0, (1 << 256) - 1), help="Number of an ERC-721 token of that contract.")
@click.option("--to", default="", help="An address or a role; your own address by default.")
def withdraw(workspace: Workspace, token: str, nft: int | None, to: str) -> None:
    """Withdraw your deferred payouts."""
    with coin_desk_of(workspace) as desk:
        chain, address = desk.place.chain, to_address(token)
        target = party_address(to, workspace.connection) if to else None
        if nft is not None:
            if chain.pending_nft(address, nft) != desk.holder.address:
                raise InputError(f"withdraw: NFT {nft} of {address} is not pending for you", hint="check its owner")
            receipt, what = desk.holder.withdraw_nft(address, nft, target), f"NFT {nft} of {address}"
        else:
            units = chain.owed(desk.holder.address, address)
            if not units:
                raise InputError(f"withdraw: no deferred payout of {address}", hint="claims are paid to you directly")
            what = asset_at(workspace.connection, address).format(units)
            receipt = desk.holder.withdraw(address, target)
        workspace.emit({"fetched": what, **transaction(receipt)}, f"{what} withdrawn, {receipt.gas_used:,} gas")


def _waiting(desk: CoinContext) -> str:
    exits = [found for coin in desk.holder.coins() if (found := desk.holder.exit_of(coin)) is not None]
    if not exits:
        return "no exit waits"
    said = f"{counted(len(exits), 'exit')} {'waits' if len(exits) == 1 else 'wait'}"
    return f"{said}, the first until {format_time(min(one.exitable_at for one in exits))}"
