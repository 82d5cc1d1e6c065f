"""Commands to sell a withdrawal before it is final: safe-to-buy, sign-claim and take-claim.

`transfer-claim`, among the payment commands, gives a withdrawal away directly.
"""

from __future__ import annotations

import json
from typing import Any

import click

from layer2.cli.common.command_registry import ROLLUP
from layer2.cli.common.input import read_text
from layer2.cli.common.output import transaction
from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.rollup.context import Context, desk_of, outgoing_named
from layer2.primitives.errors import InputError
from layer2.primitives.json_text import parse_json
from layer2.primitives.units import parse_duration
from layer2.rollup.protocol.errors import PurchaseUnsafe
from layer2.rollup.wallet.claim_offer import ClaimOffer
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.rollup.wallet.sale_safety import PURCHASE_MARGIN, owner_of, withdrawal_at

__all__ = ["safe_to_buy", "sign_claim", "take_claim"]


def _facts(desk: Context, one: Outgoing) -> dict[str, Any]:
    paid, replica = one.withdrawal, desk.wallet.replica
    facts = {"place": one.place, "amount": str(paid.amount), "token": paid.token, "standing": one.standing}
    return {**facts, "owner": owner_of(replica, one)}


@ROLLUP.verb("safe-to-buy")
@click.argument("place")
@click.option(
    "--margin",
    default=f"{PURCHASE_MARGIN} s",
    show_default=True,
    help="Time between the end of the last window and the earliest freeze.",
)
def safe_to_buy(workspace: Workspace, place: str, margin: str) -> None:
    """Check that the withdrawal at PLACE is safe to buy now, and show its owner; exit code 2 if it is not.

    A withdrawal under an assertion that cannot become final before a freeze is lost, because the seller can escape with
    the money.
    """
    with desk_of(workspace) as desk:
        one = withdrawal_at(desk.wallet.replica, place)
        desk.wallet.safe_to_buy(one, margin=parse_duration(margin)).require()
        facts = _facts(desk, one)
        amount = desk.wallet.show(one.withdrawal.amount, one.withdrawal.token)
        text = f"{one.place} is safe to buy now: {amount}, {one.standing}, owned by {facts['owner']}"
        workspace.emit({**facts, "safe": True}, text)


@ROLLUP.verb("sign-claim")
@click.argument("place")
@click.argument("to")
@click.option("--valid-for", default="1 day", show_default=True, help="How long the buyer can submit it.")
def sign_claim(workspace: Workspace, place: str, to: str, valid_for: str) -> None:
    """Sign your withdrawal at PLACE over to an address (or role) and print it as JSON, for the buyer to submit.

    Collect the payment first, or simultaneously: anyone with the text can transfer the withdrawal to that address.
    """
    with desk_of(workspace) as desk:
        wallet = desk.wallet
        one, target = outgoing_named(wallet.outgoing(incomplete=True), place), party_address(to, workspace.connection)
        if one.paid:
            raise InputError(f"withdrawal {one.place}: already paid", hint="layer2 rollup withdrawals")
        if one.withdrawal.target != wallet.signer.address:
            raise InputError(
                f"withdrawal {one.place}: only its target {one.withdrawal.target} can sign it over, after it "
                f"gave the withdrawal "
                f"to {wallet.signer.address}",
                hint="use: layer2 rollup transfer-claim",
            )
        until = workspace.connection.timestamp() + parse_duration(valid_for)
        signature = wallet.sign_claim(one, target, until)
        offer = ClaimOffer(desk.rollup.address, one.claim.id, one.index, one.withdrawal, target, until, signature)
        click.echo(json.dumps(offer.to_json()))


@ROLLUP.verb("take-claim")
@click.argument("record")
@click.option("--though-unsafe", is_flag=True, help="Buy even if it is unsafe: the seller may escape with the money.")
def take_claim(workspace: Workspace, record: str, though_unsafe: bool) -> None:
    """Submit the output of `sign-claim` (RECORD, @file, or - for standard input), which gives the buyer the withdrawal.

    If the withdrawal is not safe to buy (see `safe-to-buy`), an error is reported and nothing is sent.
    """
    offer = ClaimOffer.from_json(parse_json(read_text(record), "offer"))
    with desk_of(workspace) as desk:
        if offer.rollup != desk.rollup.address:
            raise InputError(
                f"offer: it belongs to rollup {offer.rollup}, not to {desk.rollup.address}",
                hint="pass --network of its chain",
            )
        one = withdrawal_at(desk.wallet.replica, offer.place)
        if one.withdrawal != offer.withdrawal:
            raise PurchaseUnsafe(
                f"offer: {one.place} does not match the withdrawal on the chain",
                hint="do not pay for it; ask the seller",
            )
        if not though_unsafe:
            desk.wallet.safe_to_buy(one).require()
        receipt = desk.wallet.take_claim(one, offer.to, offer.valid_until, offer.signature)
        desk.wallet.replica.step()
        amount = desk.wallet.show(one.withdrawal.amount, one.withdrawal.token)
        text = f"{one.place}, {amount}, now belongs to {offer.to}, {receipt.gas_used:,} gas"
        facts = {"validUntil": offer.valid_until, **transaction(receipt)}
        workspace.emit({**_facts(desk, one), **facts}, text)
