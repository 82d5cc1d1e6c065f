"""Rollup payment commands: deposit, open, send, batch, withdraw, claim, transfer-claim and register-token."""

from __future__ import annotations

import json
from typing import Any

import click

from layer2.cli.common.command_registry import ROLLUP
from layer2.cli.common.context import incomplete_option
from layer2.cli.common.input import read_text
from layer2.cli.common.output import transaction
from layer2.cli.common.tokens import token_option
from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.rollup.context import Context, desk_of, outgoing_named, sequencer_option
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import InputError, MalformedError
from layer2.rollup.protocol.errors import AccountUnknown
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.state.commitments import Status

__all__ = ["batch", "claim", "deposit", "open_account", "register_token", "send", "transfer_claim", "withdraw"]


@ROLLUP.verb("deposit")
@click.argument("amount")
@token_option
@click.option("--to", default=0, help="Number of an existing account; a new one by default.")
@click.option("--owner", default="", help="Owner of the new account: an address or a role; you by default.")
def deposit(workspace: Workspace, amount: str, token: str, to: int, owner: str) -> None:
    """Deposit AMOUNT from the main chain; it is available once the deposit is in the inbox."""
    with desk_of(workspace) as desk:
        asset = desk.token(token)
        units = desk.wallet.amount(amount, asset)
        target = party_address(owner, workspace.connection) if owner else ""
        receipt = desk.wallet.deposit(units, asset, to, target)
        place = desk.rollup.queue_length() - 1
        text = f"{desk.wallet.show(units, asset)} paid in as item {place} of the queue, {receipt.gas_used:,} gas"
        workspace.emit({"amount": str(units), "token": asset, "item": place, **transaction(receipt)}, text)


@ROLLUP.verb("open")
@token_option
@sequencer_option
def open_account(workspace: Workspace, token: str, sequencer: str) -> None:
    """Open an account of your BLS key, which has the cheapest transfers; the sequencer posts it."""
    with desk_of(workspace, sequencer) as desk:
        asset = desk.token(token)
        try:
            index = desk.wallet.account(asset, bls=True)
        except AccountUnknown:
            desk.wallet.open_account(asset)
            text = "account requested; it exists after the sequencer's next post (layer2 rollup run --once)"
            workspace.emit({"account": None, "key": "0x" + desk.wallet.bls.public.hex()}, text)
            return
        workspace.emit({"account": index, "key": "0x" + desk.wallet.bls.public.hex()}, f"account {index} is open")


@ROLLUP.verb("send")
@click.argument("to")
@click.argument("amount")
@token_option
@click.option("--fee", default="0", help="Fee for the sequencer: one significant digit (or up to 15) and zeros.")
@click.option("--from", "source", type=int, help="Number of your account that pays; by default the first that can.")
@sequencer_option
def send(workspace: Workspace, to: str, amount: str, token: str, fee: str, source: int | None, sequencer: str) -> None:
    """Send AMOUNT to an account: TO is its number, or its owner's address (or role)."""
    with desk_of(workspace, sequencer) as desk:
        asset = desk.token(token)
        op = desk.wallet.send(desk.receiver(to, asset), amount, fee=fee, account=source, token=asset)
        _accepted(desk, [op])


@ROLLUP.verb("batch")
@click.argument("rows", nargs=-1, required=True)
@token_option
@click.option("--fee", default="0", help="Fee for each payment.")
@click.option("--from", "source", type=int, help="Number of your account that pays; by default the first that can.")
@sequencer_option
def batch(
    workspace: Workspace, rows: tuple[str, ...], token: str, fee: str, source: int | None, sequencer: str
) -> None:
    """Send many payments in one call: ROWS are TO=AMOUNT, or one @file (or -) with a line "TO,AMOUNT" for each."""
    with desk_of(workspace, sequencer) as desk:
        asset = desk.token(token)
        asked = [(desk.receiver(to, asset), amount) for to, amount in _rows(rows)]
        _accepted(desk, desk.wallet.send_many(asked, fee=fee, account=source, token=asset))


def _rows(given: tuple[str, ...]) -> list[tuple[str, str]]:
    if len(given) == 1 and given[0][:1] in "@-":
        lines, separator = read_text(given[0]).splitlines(), ","
    else:
        lines, separator = list(given), "="
    rows = []
    for number, line in enumerate(lines, 1):
        to, found, amount = (part.strip() for part in line.partition(separator))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not (to and found and amount):
            raise MalformedError(f"row {number}: {line[:40]!r} given, TO{separator}AMOUNT needed", hint="fix the row")
        rows.append((to, amount))
    return rows


def _accepted(desk: Context, ops: list[SignedOp]) -> None:
    first = ops[0].message
    total = sum(op.message.amount for op in ops)
    what = f"account {first.to}" if len(ops) == 1 else f"{len(ops)} receivers"
    facts: dict[str, Any] = {
        "account": first.sender,
        "nonce": first.nonce,
        "count": len(ops),
        "amount": str(total),
        "token": first.token,
    }
    text = f"accepted: {desk.wallet.show(total, first.token)} from account {first.sender} to {what}"
    desk.workspace.emit(facts, text)


@ROLLUP.verb("withdraw")
@click.argument("amount")
@token_option
@click.option("--to", default="", help="An address or a role; your own address by default.")
@click.option("--fee", default="0", help="Fee for the sequencer.")
@click.option("--from", "source", type=int, help="Number of your account that pays; by default the first that can.")
@sequencer_option
def withdraw(
    workspace: Workspace, amount: str, token: str, to: str, fee: str, source: int | None, sequencer: str
) -> None:
    """Withdraw AMOUNT to the main chain; it can be claimed when an assertion that includes it is final."""
    with desk_of(workspace, sequencer) as desk:
        asset = desk.token(token)
        target = party_address(to, workspace.connection) if to else ""
        op = desk.wallet.withdraw(amount, to=target, fee=fee, account=source, token=asset)
        one = op.message
        facts = {"account": one.sender, "nonce": one.nonce, "amount": str(one.amount), "token": asset, "to": one.to}
        text = f"accepted: {desk.wallet.show(one.amount, asset)} from account {one.sender} out to {one.to}"
        workspace.emit(facts, text)


@ROLLUP.verb("claim")
@click.argument("places", nargs=-1)
def claim(workspace: Workspace, places: tuple[str, ...]) -> None:
    """Claim withdrawals: those named (see `withdrawals`), or all claimable ones."""
    with desk_of(workspace) as desk:
        known = desk.wallet.outgoing(incomplete=True)
        chosen = [outgoing_named(known, one) for one in places] or [one for one in known if one.standing == "claimable"]
        if not chosen:
            desk.wallet.require_judged("claim", Status.OPEN, Status.FINAL)
            waiting = sum(one.standing == "waiting" for one in known)
            raise InputError(
                f"{desk.wallet.signer.address}: nothing to claim, {waiting} not final yet",
                hint="see: layer2 rollup withdrawals",
            )
        for one in chosen:
            receipt = desk.wallet.claim(one)
            amount = desk.wallet.show(one.withdrawal.amount, one.withdrawal.token)
            facts = {"place": one.place, "amount": str(one.withdrawal.amount), "token": one.withdrawal.token}
            workspace.emit({**facts, **transaction(receipt)}, f"{one.place} paid: {amount}, {receipt.gas_used:,} gas")


@ROLLUP.verb("transfer-claim")
@click.argument("place")
@click.argument("to")
def transfer_claim(workspace: Workspace, place: str, to: str) -> None:
    """Transfer the withdrawal at PLACE to an address (or role), for example to a buyer who waits in your place."""
    with desk_of(workspace) as desk:
        one = outgoing_named(desk.wallet.outgoing(incomplete=True), place)
        target = party_address(to, workspace.connection)
        receipt = desk.wallet.transfer_claim(one, target)
        workspace.emit(
            {"place": one.place, "to": target, **transaction(receipt)}, f"{one.place} now belongs to {target}"
        )


@ROLLUP.verb("withdrawals")
@incomplete_option
def withdrawals(workspace: Workspace, incomplete: bool) -> None:
    """Show your withdrawals in assertions, with their status."""
    with desk_of(workspace) as desk:
        rows = [
            {
                "place": one.place,
                "amount": str(one.withdrawal.amount),
                "token": one.withdrawal.token,
                "standing": one.standing,
            }
            for one in desk.wallet.outgoing(incomplete=incomplete)
        ]
        if workspace.as_json:
            click.echo(json.dumps(rows, indent=1))
            return
        for row in rows:
            amount = desk.wallet.show(int(str(row["amount"])), int(str(row["token"])))
            click.echo(f"{row['place']}  {amount}  {row['standing']}")
        if not rows:
            click.echo("no assertion contains a withdrawal of yours")


@ROLLUP.verb("register-token")
@click.argument("address")
def register_token(workspace: Workspace, address: str) -> None:
    """Register the ERC-20 token at ADDRESS under a number, so that it can be deposited."""
    with desk_of(workspace) as desk:
        receipt = desk.wallet.register_token(to_address(address))
        number = int(desk.rollup.contract.events(receipt, "TokenRegistered")[0].args["id"])
        text = f"token {to_address(address)} has the number {number}, {receipt.gas_used:,} gas"
        workspace.emit({"token": number, "address": to_address(address), **transaction(receipt)}, text)
