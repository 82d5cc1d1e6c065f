"""Atomic swaps by three lines of text: the offer, the taker's half, and the payment signed by both."""

from __future__ import annotations

import json

import click

from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.input import read_text
from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.plasma.context import desk_of, operator_option
from layer2.plasma.payments.chain.errors import ExitProofMalformed
from layer2.plasma.payments.chain.exit_proof_file import payment_from_json, to_json
from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof
from layer2.plasma.payments.wallet.swaps import Offer
from layer2.primitives.errors import MalformedError
from layer2.primitives.json_text import parse_json

__all__ = ["swap_accept", "swap_complete", "swap_note", "swap_offer"]


@PLASMA.verb("swap-offer")
@click.argument("taker")
@click.argument("give")
@click.argument("want")
@click.option("--give-token", default="0", help="Number, symbol or address; ether by default.")
@click.option("--want-token", default="0", help="Number, symbol or address; ether by default.")
@operator_option
def swap_offer(
    workspace: Workspace, taker: str, give: str, want: str, give_token: str, want_token: str, operator: str
) -> None:
    """Offer TAKER a swap: you GIVE an amount and WANT another. Prints the non-binding offer (JSON)."""
    with desk_of(workspace, operator, needed=False) as desk:
        offer = desk.wallet.swaps.propose(
            party_address(taker, workspace.connection),
            give=give,
            want=want,
            give_token=desk.token(give_token),
            want_token=desk.token(want_token),
        )
        click.echo(offer.to_text())


@PLASMA.verb("swap-accept")
@click.argument("offer")
@operator_option
def swap_accept(workspace: Workspace, offer: str, operator: str) -> None:
    """Sign your half of OFFER (its text, @file, or -). Prints it (JSON) for the maker."""
    with desk_of(workspace, operator, needed=False) as desk:
        half = desk.wallet.swaps.accept(Offer.from_text(read_text(offer)))
        click.echo(json.dumps(to_json(half)))


@PLASMA.verb("swap-complete")
@click.argument("offer")
@click.argument("half")
@operator_option
def swap_complete(workspace: Workspace, offer: str, half: str, operator: str) -> None:
    """Check HALF against your own OFFER, sign, and submit it to the operator. Prints the payment for the taker."""
    with desk_of(workspace, operator) as desk:
        made = desk.wallet.swaps.complete(Offer.from_text(read_text(offer)), _payment(half))
        click.echo(json.dumps(to_json(made.kit)))


@PLASMA.verb("swap-note")
@click.argument("payment")
def swap_note(workspace: Workspace, payment: str) -> None:
    """Store the maker's signature of PAYMENT: with it your part can be exited in flight."""
    with desk_of(workspace) as desk:
        kit = _payment(payment)
        desk.wallet.swaps.note(kit)
        workspace.emit({"payment": "0x" + kit.hash.hex()}, f"0x{kit.hash.hex()[:8]} is signed by both")


def _payment(text: str) -> InFlightExitProof:
    try:
        value = parse_json(read_text(text))
    except MalformedError:
        raise ExitProofMalformed("swap: not JSON", hint="pass the other side's output") from None
    return payment_from_json(value)
