"""Plasma payment commands: register-token, deposit, send, merge, deliver, retry and cancel."""

from __future__ import annotations

import click

from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.context import unique
from layer2.cli.common.output import transaction
from layer2.cli.common.tokens import token_option
from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.plasma.context import Context, desk_of, operator_option
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import InputError

__all__ = ["cancel", "deliver", "deposit", "merge", "register_token", "retry", "send"]


@PLASMA.verb("register-token")
@click.argument("address")
def register_token(workspace: Workspace, address: str) -> None:
    """Register the ERC-20 token at ADDRESS under a number, so that it can be deposited."""
    with desk_of(workspace) as desk:
        receipt = desk.wallet.register_token(to_address(address))
        number = int(desk.place.root.contract.events(receipt, "TokenRegistered")[0].args["id"])
        text = f"token {to_address(address)} has the number {number}, {receipt.gas_used:,} gas"
        workspace.emit({"token": number, "address": to_address(address), **transaction(receipt)}, text)


@PLASMA.verb("deposit")
@click.argument("amount")
@token_option
@click.option("--owner", default="", help="Owner: an address or a role; you by default.")
def deposit(workspace: Workspace, amount: str, token: str, owner: str) -> None:
    """Deposit AMOUNT from the main chain; it can be spent immediately, without a block of the operator."""
    with desk_of(workspace) as desk:
        asset = desk.token(token)
        target = party_address(owner, workspace.connection) if owner else None
        kit = desk.wallet.deposit(amount, asset, target)
        one = kit.output
        facts = {"deposit": kit.deposit.number, "position": hex(kit.position), "amount": str(one.amount)}
        text = f"{desk.wallet.show(one.amount, asset)} paid in for {one.address} as deposit {kit.deposit.number}"
        workspace.emit({**facts, "token": asset, "owner": one.address}, text)


@PLASMA.verb("send")
@click.argument("to")
@click.argument("amount")
@token_option
@click.option("--fee", default="0", help="Fee for the operator, in the token of the payment.")
@click.option("--memo", default="", help="32 bytes in hex to attach.")
@click.option("--expiry", type=click.IntRange(1), help="Last block that may include it; by default 100 blocks ahead.")
@operator_option
def send(
    workspace: Workspace, to: str, amount: str, token: str, fee: str, memo: str, expiry: int | None, operator: str
) -> None:
    """Pay AMOUNT to an address (or role); the operator's next block includes the payment."""
    with desk_of(workspace, operator) as desk:
        asset = desk.token(token)
        target = party_address(to, workspace.connection)
        one = desk.wallet.send(target, amount, token=asset, fee=fee, memo=_memo(memo), expiry=expiry)
        units = one.transaction.outputs[0].amount
        _signed(desk, [one], f"accepted: {desk.wallet.show(units, asset)} to {target}")


@PLASMA.verb("merge")
@token_option
@click.option("--fee", default="0", help="Fee for the operator, for each payment.")
@operator_option
def merge(workspace: Workspace, token: str, fee: str, operator: str) -> None:
    """Merge your outputs of a token, four into one: fewer outputs are cheaper to pay with and to exit."""
    with desk_of(workspace, operator) as desk:
        made = desk.wallet.merge(desk.token(token), fee=fee)
        joined = sum(len(one.transaction.inputs) for one in made)
        _signed(desk, made, f"accepted: {joined} outputs become {len(made)}")


@PLASMA.verb("deliver")
@click.argument("payment")
@operator_option
def deliver(workspace: Workspace, payment: str, operator: str) -> None:
    """Submit PAYMENT (its hash) to the operator again, if it may not have arrived. It is paid only once."""
    with desk_of(workspace, operator) as desk:
        hashed = payment_named(desk, payment)
        desk.wallet.payments.deliver(hashed)
        _signed(desk, [desk.wallet.wallet_store.payment(hashed)], "accepted")


@PLASMA.verb("retry")
@click.argument("payment")
@click.option("--fee", help="New fee, taken out of the change.")
@operator_option
def retry(workspace: Workspace, payment: str, fee: str | None, operator: str) -> None:
    """Sign PAYMENT (its hash) again after it expired or was rejected; at most one of the two is paid."""
    with desk_of(workspace, operator) as desk:
        one = desk.wallet.retry(payment_named(desk, payment), fee=fee)
        _signed(desk, [one], f"accepted: 0x{one.hash.hex()} in its place")


@PLASMA.verb("cancel")
@click.argument("payment")
@click.option("--fee", default="0", help="Fee for the operator.")
@operator_option
def cancel(workspace: Workspace, payment: str, fee: str, operator: str) -> None:
    """Recover the inputs of PAYMENT (its hash) after it expired or was rejected, so that it can never be included."""
    with desk_of(workspace, operator) as desk:
        one = desk.wallet.cancel(payment_named(desk, payment), fee=fee)
        _signed(desk, [one], f"accepted: 0x{one.hash.hex()} releases its inputs")


def payment_named(desk: Context, text: str) -> bytes:
    """Return the hash of this wallet's payment that begins with the given digits."""
    return unique(text, "payment", list(desk.wallet.wallet_store.sent), "this wallet", "give more digits of one hash")


def _signed(desk: Context, made: list[SentPayment], text: str) -> None:
    rows = [
        {
            "payment": "0x" + one.hash.hex(),
            "what": one.what,
            "expiry": one.transaction.expiry,
            "inputs": len(one.transaction.inputs),
            "outputs": [
                {"owner": row.address, "token": row.token, "amount": str(row.amount)} for row in one.transaction.outputs
            ],
        }
        for one in made
    ]
    facts = rows[0] if len(rows) == 1 else {"payments": rows}
    until = made[-1].transaction.expiry
    desk.workspace.emit(facts, f"{text}; payment 0x{made[0].hash.hex()[:8]}, valid until block {until}")


def _memo(text: str) -> bytes:
    if not text:
        return b""
    try:
        memo = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        memo = b""
    if len(memo) != 32 or not any(memo):
        raise InputError(f"memo {text[:40]!r}: not 32 bytes in hex", hint="pass 64 hex digits")
    return memo
