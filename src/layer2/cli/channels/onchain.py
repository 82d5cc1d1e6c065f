"""Channel commands that send transactions: close, withdraw, dispute, settle, watch, claim, exit and sweep."""

from __future__ import annotations

import contextlib
from typing import Any

import click

from layer2.channels.bindings.events import Closed
from layer2.channels.contract.calls import lock_proof
from layer2.channels.contract.hub import HubReceipt
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.json_codec import decode, encode
from layer2.channels.protocol.proofs import CloseTerms, LockPayment, Payment, WithdrawTerms, claim_rows
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.cli.channels.context import Context, confirming, describe, desk_of
from layer2.cli.common.command_registry import CHANNELS
from layer2.cli.common.daemons import Daemon, run_daemons
from layer2.cli.common.input import read_text
from layer2.cli.common.workspace import Workspace
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import InputError
from layer2.primitives.units import parse_duration
from layer2.store.errors import JournalLocked

__all__ = ["close", "dispute", "settle", "watch"]

_CLAIMS_AT_ONCE = 100


def _report(desk: Context, key: ChannelKey, mined: HubReceipt, did: str) -> None:
    state = desk.party.refresh(key.id)
    text = f"channel {key.id.hex()[:8]} {did}, {mined.gas_used:,} gas"
    for event in mined.events:
        if isinstance(event, Closed):
            mine = event.pay_a if state.side == "A" else event.pay_b
            text += f"; paid {desk.show(mine, key.token)}"
    desk.workspace.emit({**describe(desk, state), "gas": mined.gas_used, "transaction": _hash(mined)}, text)


def _hash(mined: HubReceipt) -> str:
    return "0x" + mined.receipt.tx_hash.hex()


@CHANNELS.verb("close")
@confirming
@click.argument("channel_or_record")
def close(workspace: Workspace, channel_or_record: str) -> None:
    """Close together: with a channel, print your signed terms; with the peer's (line, @file, -), finish on chain.

    The payee closes a simplex channel immediately, with a channel and no terms.
    """
    with desk_of(workspace) as desk:
        if channel_or_record != "-" and channel_or_record[:1] not in "@{":
            key = desk.key(channel_or_record)
            state = desk.party.state(key.id)
            if not key.simplex:
                click.echo(encode(desk.party.closing.sign_close(key.id), key))
                return
            if state.side != "B":
                raise InputError(
                    f"channel {key.id.hex()[:8]}: only the payee can close it immediately",
                    hint="use: layer2 channels exit",
                )
            mined = desk.hub.close_simplex(workspace.sender, key, state.theirs.amount, state.theirs.signature)
            _report(desk, key, mined, "closed")
            return
        terms, key = decode(read_text(channel_or_record), CloseTerms)
        assert isinstance(terms, CloseTerms)
        _check_fair(desk, key, terms)
        desk.party.closing.sign_close(key.id, terms)
        # The sender of the transaction needs no signature of its own.
        signatures = (terms.signature, b"") if terms.side == "A" else (b"", terms.signature)
        mined = desk.hub.close(workspace.sender, key, terms.sent_a, terms.sent_b, *signatures)
        _report(desk, key, mined, "closed")


def _check_fair(desk: Context, key: ChannelKey, terms: CloseTerms) -> None:
    state = desk.party.state(key.id)
    if (terms.sent_a, terms.sent_b) != state.counters:
        raise InputError(
            f"channel {key.id.hex()[:8]}: the peer's terms have the counters {(terms.sent_a, terms.sent_b)}, "
            f"this side has {state.counters}",
            hint="exchange the newest payments, then ask for new terms",
        )


@CHANNELS.verb("withdraw")
@confirming
@click.argument("channel_or_record")
@click.option("--a", "out_a", default="0 wei", help="Amount that side A withdraws.")
@click.option("--b", "out_b", default="0 wei", help="Amount that side B withdraws.")
@click.option("--valid", default="1 hour", show_default=True, help="How long the terms are valid.")
def withdraw(workspace: Workspace, channel_or_record: str, out_a: str, out_b: str, valid: str) -> None:
    """Withdraw from an open channel: with a channel, print signed terms; with the peer's terms, finish on chain."""
    with desk_of(workspace) as desk:
        if channel_or_record != "-" and channel_or_record[:1] not in "@{":
            key = desk.key(channel_or_record)
            outs = (desk.amount(out_a, key.token), desk.amount(out_b, key.token))
            if not any(outs):
                raise InputError("withdraw: nothing to take out", hint='pass --a "1 ether" or --b "1 ether"')
            until = workspace.connection.timestamp() + parse_duration(valid)
            click.echo(encode(desk.party.closing.sign_withdraw(key.id, *outs, until), key))
            return
        terms, key = decode(read_text(channel_or_record), WithdrawTerms)
        assert isinstance(terms, WithdrawTerms)
        desk.party.closing.sign_withdraw(key.id, terms.out_a, terms.out_b, terms.valid_until, terms)
        signatures = (terms.signature, b"") if terms.side == "A" else (b"", terms.signature)
        outs = (terms.out_a, terms.out_b)
        mined = desk.hub.withdraw(workspace.sender, key, *outs, terms.valid_until, *signatures)
        _report(desk, key, mined, "paid out")


@CHANNELS.verb("dispute")
@confirming
@click.argument("channel")
@click.option("--with", "record", help="Post this proof (line, @file, -) instead of the newest one held.")
def dispute(workspace: Workspace, channel: str, record: str | None) -> None:
    """Start a unilateral close of CHANNEL, or answer one, with the newest proof received."""
    with desk_of(workspace) as desk:
        key = desk.key(channel)
        proof: Any = desk.party.proofs.newest_received(key.id)
        if record is not None:
            proof, its_key = decode(read_text(record), Payment, LockPayment)
            if its_key.id != key.id:
                raise InputError(
                    f"record: it belongs to channel {its_key.id.hex()[:8]}", hint="pass a record of this channel"
                )
        running = desk.party.state(key.id).phase == "disputed"
        mined = _post(desk, key, proof, running)
        _report(desk, key, mined, "answered" if running else "disputed")


def _post(desk: Context, key: ChannelKey, proof: Payment | LockPayment | None, running: bool) -> HubReceipt:
    sender = desk.workspace.sender
    # A party posts the proofs that it received, so the direction is the peer's.
    side = "B" if desk.party.state(key.id).side == "A" else "A"
    if isinstance(proof, LockPayment):
        row = lock_proof(proof)
        return desk.hub.post_locks(sender, key, side, row)
    if proof is not None and desk.party.proofs.signed_by_me(proof):
        # A voucher of one's own can only be posted after the start; a cheating party does so with an old one.
        if not running:
            desk.hub.start_close(sender, key)
        return desk.hub.post(sender, key, desk.party.state(key.id).side, proof.amount, proof.signature)
    amount, signature = (proof.amount, proof.signature) if proof is not None else (0, b"")
    if not running:
        return desk.hub.start_close(sender, key, amount, signature)
    if proof is None:
        raise InputError(
            f"channel {key.id.hex()[:8]}: no proof was received, so none can be posted",
            hint="wait for the end of the window, then settle",
        )
    return desk.hub.post(sender, key, side, amount, signature)


@CHANNELS.verb("settle")
@confirming
@click.argument("channel")
def settle(workspace: Workspace, channel: str) -> None:
    """Pay out both sides of CHANNEL after the challenge window."""
    with desk_of(workspace) as desk:
        key = desk.key(channel)
        _report(desk, key, desk.hub.settle(workspace.sender, key), "settled")


@CHANNELS.verb("watch")
@confirming
@click.option("--once", is_flag=True, help="Run one step and exit.")
@click.option("--interval", default="10 seconds", show_default=True, help="Time between steps.")
def watch(workspace: Workspace, once: bool, interval: str) -> None:
    """Watch the account's channels and answer stale proofs, until Ctrl-C.

    A chain that does not respond is queried again. The exit code is 2 if the last step left an action undone.
    """
    with contextlib.ExitStack() as stack:
        watching = _Watching(workspace, once, stack)
        tower = Daemon("tower", watching.step, trouble=lambda: watching.undone)
        run_daemons([tower], parse_duration(interval), once=once)


class _Watching:
    """The account's watchtower across all steps; between them the node's journal is free for other commands."""

    def __init__(self, workspace: Workspace, once: bool, stack: contextlib.ExitStack) -> None:
        self._workspace, self._once, self._stack = workspace, once, stack
        self._tower: Watchtower | None = None
        self.undone: list[str] = []

    def step(self) -> list[str]:
        """Check every channel and take the due actions; `undone` then lists the failed ones."""
        try:
            with desk_of(self._workspace) as desk:
                return self._look(desk)
        except JournalLocked as failure:
            if self._once or self._tower is None:
                raise
            # Another command holds the journal, so that undone actions remain until the next step.
            return [f"not done, retrying soon: {failure}"]

    def _look(self, desk: Context) -> list[str]:
        if self._tower is None:
            path = desk.workspace.folder / f"{desk.hub.address}-tower.journal"
            connection, sender = desk.hub.connection, desk.workspace.sender
            self._tower = Watchtower(connection, desk.hub, sender, journal=path, settle=True)
            self._stack.callback(self._tower.close)
        self._tower.attach(desk.party)
        answers = self._tower.step()
        for answer in answers:
            if answer.channel_id in desk.party.channels:
                desk.party.refresh(answer.channel_id)
        self.undone = [f"channel {one.channel_id.hex()[:8]} {one.act}: {one.detail}" for one in answers if one.failed]
        return [
            f"channel {one.channel_id.hex()[:8]} {one.act} {'done' if one.done else 'not done'}: {one.detail}"
            for one in answers
            if not one.failed
        ]


@CHANNELS.verb("claim")
@confirming
@click.argument("channels", nargs=-1)
def claim(workspace: Workspace, channels: tuple[str, ...]) -> None:
    """Claim the vouchers of simplex CHANNELS (all by default), up to a hundred of one token per transaction.

    Vouchers of session keys are claimed with the others.
    """
    with desk_of(workspace) as desk:
        ids = [desk.key(one).id for one in channels] or list(desk.party.channels)
        owed = [state for state in map(desk.party.state, ids) if _claimable(desk, state.key)]
        if not owed:
            raise InputError(
                f"{desk.party.address}: nothing to claim", hint="verify a payment in a simplex channel first"
            )
        for token in sorted({state.key.token for state in owed}):
            due = [state for state in owed if state.key.token == token]
            for at in range(0, len(due), _CLAIMS_AT_ONCE):
                part = due[at : at + _CLAIMS_AT_ONCE]
                vouchers = [
                    (state.key, Payment(state.key.id, state.theirs.plain, state.theirs.voucher)) for state in part
                ]
                mined = desk.hub.claim_vouchers(workspace.sender, desk.party.address, token, *claim_rows(vouchers))
                each = mined.gas_used // len(part)
                facts = {"channels": len(part), "token": token, "gas": mined.gas_used, "transaction": _hash(mined)}
                workspace.emit(facts, f"claimed {len(part)} channels, {mined.gas_used:,} gas, {each:,} each")


def _claimable(desk: Context, key: ChannelKey) -> bool:
    state = desk.party.state(key.id)
    return key.simplex and state.side == "B" and state.theirs.amount > desk.hub.view(key).sent_a


@CHANNELS.verb("exit")
@confirming
@click.argument("channel")
def exit_channel(workspace: Workspace, channel: str) -> None:
    """Exit a simplex CHANNEL as its payer: the first call starts the delay, a later one pays out."""
    with desk_of(workspace) as desk:
        key = desk.key(channel)
        view = desk.hub.view(key)
        if not view.disputed:
            _report(
                desk,
                key,
                desk.hub.request_exit(workspace.sender, key),
                f"can be exited in {desk.hub.window(key):,} s",
            )
        else:
            _report(desk, key, desk.hub.exit(workspace.sender, key), "exited")


@CHANNELS.verb("sweep")
@confirming
@click.option("--token", default=ZERO_ADDRESS, help="ERC-20 address; ether by default.")
@click.option("--to", help="Receiver; the account itself by default.")
def sweep(workspace: Workspace, token: str, to: str | None) -> None:
    """Withdraw your deferred payouts."""
    with desk_of(workspace) as desk:
        asset = to_address(token)
        amount = desk.hub.owed(desk.party.address, asset)
        mined = desk.hub.withdraw_pending(workspace.sender, asset, to)
        facts = {"amount": str(amount), "token": asset, "gas": mined.gas_used, "transaction": _hash(mined)}
        workspace.emit(facts, f"collected {desk.show(amount, asset)}")
