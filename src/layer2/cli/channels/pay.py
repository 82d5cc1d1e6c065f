"""Channel commands for payments: open, deposit, show, pay, request and verify."""

from __future__ import annotations

import secrets

import click
from rich.table import Table

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.json_codec import decode, encode
from layer2.channels.protocol.proofs import Acceptance, LockPayment, Payment, PaymentRequest
from layer2.cli.channels.context import Context, confirming, describe, desk_of
from layer2.cli.common.command_registry import CHANNELS
from layer2.cli.common.deploy import warn_of_windows
from layer2.cli.common.input import read_text
from layer2.cli.common.tables import show as show_table
from layer2.cli.common.workspace import Workspace, party_address
from layer2.ethereum.windows import require_windows
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.display import time_left
from layer2.primitives.errors import InputError
from layer2.primitives.units import parse_duration

__all__ = ["deposit", "open_channel", "pay", "request", "show", "verify"]


@CHANNELS.verb("open")
@confirming
@click.argument("peer")
@click.option("--deposit", required=True, help='Your deposit, for example "5 ether".')
@click.option("--dispute", default="1 day", show_default=True, help="Challenge window, or exit delay with --simplex.")
@click.option("--token", default=ZERO_ADDRESS, help="ERC-20 address; ether by default.")
@click.option("--simplex", is_flag=True, help="One-way channel: you pay, and the peer claims without a dispute.")
@click.option(
    "--open-for",
    default="1 day",
    show_default=True,
    help="How long the channel can be funded the first time.",
)
def open_channel(
    workspace: Workspace, peer: str, deposit: str, dispute: str, token: str, simplex: bool, open_for: str
) -> None:
    """Open a channel with PEER (an address, or a role on a development chain) and deposit money."""
    with desk_of(workspace) as desk:
        connection = workspace.connection
        asset = to_address(token)
        amount = desk.amount(deposit, asset)
        key = ChannelKey(
            a=desk.party.address,
            b=party_address(peer, connection),
            token=asset,
            delay=parse_duration(dispute),
            open_before=connection.timestamp() + parse_duration(open_for),
            salt=secrets.randbits(64),
            simplex=simplex,
        )
        window = desk.hub.window(key)
        require_windows(connection, challenge_window=window)
        warn_of_windows(challenge_window=window)
        with desk.intents.opening(key, desk.party):
            if asset != ZERO_ADDRESS:
                desk.allow(asset, amount)
            mined = desk.hub.deposit(workspace.sender, key, amount)
        state = desk.party.refresh(key.id)
        held = desk.show(state.balance, asset)
        text = f"channel {key.id.hex()[:8]} opened with {held}, {mined.gas_used:,} gas"
        workspace.emit({**describe(desk, state), "gas": mined.gas_used}, text)


@CHANNELS.verb("deposit")
@confirming
@click.argument("channel")
@click.argument("amount")
def deposit(workspace: Workspace, channel: str, amount: str) -> None:
    """Deposit AMOUNT more into CHANNEL, on your own side."""
    with desk_of(workspace) as desk:
        key = desk.key(channel)
        units = desk.amount(amount, key.token)
        mine = (units, 0) if desk.party.state(key.id).side == "A" else (0, units)
        if key.token != ZERO_ADDRESS:
            desk.allow(key.token, units)
        mined = desk.hub.deposit(workspace.sender, key, *mine)
        state = desk.party.refresh(key.id)
        left = desk.show(state.available, key.token)
        text = f"channel {key.id.hex()[:8]}: {left} available, {mined.gas_used:,} gas"
        workspace.emit({**describe(desk, state), "gas": mined.gas_used}, text)


@CHANNELS.verb("show")
@confirming
@click.argument("channel", required=False)
def show(workspace: Workspace, channel: str | None) -> None:
    """Show CHANNEL, or every channel of the account."""
    with desk_of(workspace) as desk:
        ids = [desk.key(channel).id] if channel else list(desk.party.channels)
        states = [desk.party.state(one) for one in ids]
        if workspace.as_json:
            import json

            click.echo(json.dumps([describe(desk, state) for state in states], indent=1))
            return
        for key in desk.opening:
            click.echo(f"channel {key.id.hex()[:8]} is being opened: its deposit is not confirmed yet", err=True)
        if not states:
            click.echo(f"no channels of {desk.party.address} in {workspace.home}")
            return
        table = Table(title=f"Channels of {desk.party.address}")
        for name in ("channel", "kind", "phase", "side", "peer"):
            table.add_column(name)
        for name in ("balance", "peer's", "payments"):
            table.add_column(name, justify="right")
        for state in states:
            row = describe(desk, state)
            balances = [desk.show(one, state.key.token) for one in (state.balance, state.peer_balance)]
            cells = [row["id"][2:10], row["kind"], row["phase"], row["side"], row["peer"][:10] + ".."]
            table.add_row(*cells, *balances, f"{row['payments']:,}")
        show_table(table)


@CHANNELS.verb("pay")
@confirming
@click.argument("channel")
@click.argument("amount", required=False)
@click.option("--times", default=1, show_default=True, type=click.IntRange(1, 100_000), help="How many payments.")
@click.option("--request", help="Pay this request (the line, @file, or - for standard input).")
def pay(workspace: Workspace, channel: str, amount: str | None, times: int, request: str | None) -> None:
    """Pay AMOUNT in CHANNEL and print the signed voucher for the peer to `verify`."""
    if (amount is None) == (request is None):
        raise InputError(
            "pay: give either an amount or --request",
            hint="layer2 channels pay ID AMOUNT",
        )
    with desk_of(workspace) as desk:
        key = desk.key(channel)
        units = desk.amount(str(amount), key.token) if request is None else _asked(desk, request, key)
        payments = desk.party.pay_many(key.id, units, times)
        click.echo(encode(payments[-1], key))


def _asked(desk: Context, request: str, key: ChannelKey) -> int:
    asked, its_key = decode(read_text(request), PaymentRequest)
    assert isinstance(asked, PaymentRequest)
    if its_key.id != key.id:
        raise InputError(
            f"request: it belongs to channel {its_key.id.hex()[:8]}, {key.id.hex()[:8]} given",
            hint="pass that channel",
        )
    now = desk.hub.connection.timestamp()
    if asked.valid_until < now:
        raise InputError(
            f"request: it was valid until {time_left(asked.valid_until, now)}", hint="ask the payee for a new one"
        )
    if asked.condition:
        raise InputError("request: it asks for a hash-locked payment", hint="in Python: party.locks.add_lock(...)")
    return asked.amount


@CHANNELS.verb("request")
@confirming
@click.argument("channel")
@click.argument("amount")
@click.option("--valid", default="1 hour", show_default=True, help="How long the request is valid.")
@click.option("--memo", default="", help="A note for the payer.")
def request(workspace: Workspace, channel: str, amount: str, valid: str, memo: str) -> None:
    """Print a request for AMOUNT in CHANNEL, for the payer to `pay --request`."""
    with desk_of(workspace) as desk:
        key = desk.key(channel)
        until = workspace.connection.timestamp() + parse_duration(valid)
        click.echo(encode(PaymentRequest(key.id, desk.amount(amount, key.token), until, memo), key))


@CHANNELS.verb("verify")
@confirming
@click.argument("record")
@click.option("--dry-run", is_flag=True, help="Verify only; store nothing.")
def verify(workspace: Workspace, record: str, dry_run: bool) -> None:
    """Verify a signed payment (RECORD, @file, or - for standard input) and store it.

    For a payment with locks, print the acceptance to send back. An acceptance is also verified and stored.
    """
    proof, key = decode(read_text(record), Payment, LockPayment, Acceptance)
    with desk_of(workspace) as desk:
        if key.id not in desk.party.channels:
            desk.party.join(key)
        if isinstance(proof, Acceptance):
            _accepted(desk, key, proof, dry_run)
            return
        before = desk.party.state(key.id).theirs.amount
        answer = ""
        if isinstance(proof, LockPayment):
            if dry_run:
                raise InputError("verify: a lock proof can only be kept", hint="leave out --dry-run")
            answer = encode(desk.party.locks.receive_locks(proof), key)
            gained = proof.amount - before
        else:
            assert isinstance(proof, Payment)
            gained = desk.party.verify(proof) if dry_run else desk.party.receive(proof)
        state = desk.party.state(key.id)
        word = "acceptable" if dry_run else "received"
        text = f"{word} {desk.show(gained, key.token)}; balance {desk.show(state.balance, key.token)}"
        facts = {**describe(desk, state), "gained": str(gained)}
        if answer:
            facts["acceptance"] = answer
            text += f"\nsend this acceptance back; the peer needs it:\n{answer}"
        workspace.emit(facts, text)


def _accepted(desk: Context, key: ChannelKey, acceptance: Acceptance, dry_run: bool) -> None:
    if dry_run:
        raise InputError("verify: an acceptance can only be kept", hint="leave out --dry-run")
    voucher = desk.party.locks.take_accept(acceptance)
    state = desk.party.state(key.id)
    facts = describe(desk, state)
    text = f"lock proof {acceptance.nonce} is accepted; {desk.show(state.available, key.token)} available"
    if voucher is not None:
        facts["voucher"] = encode(voucher, key)
        text += f"\nno lock is pending; send this voucher:\n{facts['voucher']}"
    desk.workspace.emit(facts, text)
