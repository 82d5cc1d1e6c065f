"""Coin payment commands: deposit, deposit-nft, send, receive and history."""

from __future__ import annotations

import json
from pathlib import Path

import click

from layer2.cli.coins.context import CoinContext, coin_desk_of, coin_named, sources_option
from layer2.cli.common.command_registry import COINS
from layer2.cli.common.workspace import Workspace, party_address
from layer2.ethereum.assets import asset_at
from layer2.plasma.coins.protocol.coin_history import Standing
from layer2.plasma.coins.protocol.history_codec import decode_history, encode_history
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import InputError
from layer2.primitives.units import counted
from layer2.store.private_files import open_private

__all__ = ["deposit", "deposit_nft", "history", "receive", "send"]

_MOST_BYTES = 1 << 28
"""Maximum length in bytes of a history that is read; a ten-year history is shorter."""
_ETHER = ("ether", "eth", "0", ZERO_ADDRESS)


@COINS.verb("deposit")
@click.argument("amount")
@click.option("--token", default="ether", show_default=True, help="Address of an ERC-20 token.")
def deposit(workspace: Workspace, amount: str, token: str) -> None:
    """Deposit AMOUNT as one coin, which can only be transferred as a whole."""
    with coin_desk_of(workspace) as desk:
        address = ZERO_ADDRESS if token.lower() in _ETHER else to_address(token)
        units = asset_at(workspace.connection, address).parse(amount)
        made = (
            desk.holder.deposit_ether(units) if address == ZERO_ADDRESS else desk.holder.deposit_erc20(address, units)
        )
        _told(desk, made)


@COINS.verb("deposit-nft")
@click.argument("token")
@click.argument("number", type=click.IntRange(0, (1 << 256) - 1))
def deposit_nft(workspace: Workspace, token: str, number: int) -> None:
    """Deposit the ERC-721 token NUMBER of the contract TOKEN as a coin."""
    with coin_desk_of(workspace) as desk:
        _told(desk, desk.holder.deposit_nft(to_address(token), number))


@COINS.verb("send")
@click.argument("coin")
@click.argument("to")
@click.option("--expiry", type=click.IntRange(1), help="Last block that may include it; by default 100 blocks ahead.")
@click.option(
    "--history", "file", type=click.Path(dir_okay=False), help="Write the coin's history for the payee to this file."
)
@sources_option
def send(
    workspace: Workspace,
    coin: str,
    to: str,
    expiry: int | None,
    file: str | None,
    operator: str,
    mirrors: tuple[str, ...],
) -> None:
    """Transfer COIN to an address (or role); the operator's next block includes it. Repeating it is safe.

    The payee verifies the coin's history, from the file or from the operator (receive).
    """
    with coin_desk_of(workspace, operator, mirrors) as desk:
        number, target = coin_named(coin), party_address(to, workspace.connection)
        signed = desk.holder.send(number, target, expiry=expiry)
        one = signed.transaction
        facts = {"coin": hex(number), "to": target, "transfer": "0x" + one.hash.hex(), "expiry": one.expiry}
        text = f"accepted: coin {number:#x} to {target}, valid until block {one.expiry}"
        if file is not None:
            size = _write(file, desk, number)
            facts |= {"history": file, "bytes": size}
            text += f"; its history ({size:,} bytes) is in {file}"
        workspace.emit(facts, text)


@COINS.verb("receive")
@click.argument("what")
@sources_option
def receive(workspace: Workspace, what: str, operator: str, mirrors: tuple[str, ...]) -> None:
    """Receive a coin that was transferred to you, if its history is valid. WHAT: a file from the payer, or the coin.

    The operator is asked for the missing part of the history, or for all of it. Everything is verified with proofs.
    """
    path = Path(what)
    with coin_desk_of(workspace, operator, mirrors, needed=not path.is_file()) as desk:
        standing = desk.holder.receive(decode_history(_read(path))) if path.is_file() else _fetch(desk, what)
        blocks = standing.next_block - standing.record.birth
        facts = {"coin": hex(standing.coin), "blocks": blocks, "transfers": len(standing.moves)}
        holds = desk.holds(standing.record)
        checked = f"{counted(blocks, 'block')} and {counted(len(standing.moves), 'transfer')} verified"
        text = f"yours: coin {standing.coin:#x}, {holds}; {checked}"
        workspace.emit({**facts, "holds": holds}, text)


@COINS.verb("history")
@click.argument("coin")
@click.option("--file", type=click.Path(dir_okay=False), help="Write the history to this file, for the next owner.")
@sources_option
def history(workspace: Workspace, coin: str, file: str | None, operator: str, mirrors: tuple[str, ...]) -> None:
    """Show the owners of COIN, as far as this wallet has verified its history."""
    with coin_desk_of(workspace, operator, mirrors, needed=False) as desk:
        standing = desk.holder.wallet.standing(coin_named(coin))
        rows = [{"block": 0, "owner": standing.record.owner}]
        rows += [{"block": move.number, "owner": move.as_tuple()[2]} for move in standing.moves]
        size = _write(file, desk, standing.coin) if file is not None else None
        if workspace.as_json:
            click.echo(json.dumps({"coin": hex(standing.coin), "owners": rows, "checked": standing.next_block - 1}))
            return
        for row in rows:
            click.echo(f"{'deposit' if not row['block'] else 'block ' + str(row['block']):<12} {row['owner']}")
        click.echo(f"checked up to block {standing.next_block - 1}" + (f"; {size:,} bytes in {file}" if size else ""))


def _told(desk: CoinContext, coin: int) -> None:
    record = desk.holder.wallet.standing(coin).record
    holds = desk.holds(record)
    facts = {"coin": hex(coin), "holds": holds, "kind": record.kind.name.lower(), "token": record.token}
    desk.workspace.emit({**facts, "value": str(record.value)}, f"coin {coin:#x} made of {holds}")


def _fetch(desk: CoinContext, what: str) -> Standing:
    try:
        coin = coin_named(what)
    except InputError:
        raise InputError(
            f"{what[:80]!r}: neither a file nor a coin", hint="pass the payer's file or the coin's number"
        ) from None
    return desk.holder.fetch(coin)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise InputError(f"{path}: more than {_MOST_BYTES:,} bytes", hint="pass a coin's history")
    return raw


def _write(file: str, desk: CoinContext, coin: int) -> int:
    raw = encode_history(desk.holder.wallet.history(coin))
    with open_private(file) as target:
        target.write(raw)
    return len(raw)
