"""One-way channels, and the collection of owed money. Mirrors `Simplex.sol`."""

from __future__ import annotations

from layer2.channels.bindings.errors import (
    ExpiredConsent,
    InvalidSignature,
    MalformedRows,
    NothingClaimed,
    NothingPending,
    PaymentFailed,
    SessionExceeded,
    StaleCounter,
    UnauthorizedCaller,
)
from layer2.channels.bindings.events import Claimed, DisputeStarted, PendingWithdrawn
from layer2.channels.model.actions import ClaimVoucher, ClaimVouchers, CloseSimplex, Exit, RequestExit, WithdrawPending
from layer2.channels.model.base import Call
from layer2.channels.model.state import CLOSED, Channel, RawKey
from layer2.channels.protocol.messages import RIGHT_TO_PAY, Close, Voucher
from layer2.channels.protocol.session_keys import HEAD_BYTES
from layer2.primitives.addresses import Address, to_address

ROW_BYTES = 116
SESSION_ROW_BYTES = 223
"""Size of a row that includes the grant of the session key that signed it."""
_SIMPLEX = 1 << 128


def claim(call: Call, action: ClaimVouchers) -> None:
    """Model `claim`: rows that cannot be paid are skipped."""
    total = 0
    for rows, size in ((action.rows, ROW_BYTES), (action.session_rows, SESSION_ROW_BYTES)):
        if len(rows) % size:
            raise MalformedRows(len(rows))
    for rows, size in ((action.rows, ROW_BYTES), (action.session_rows, SESSION_ROW_BYTES)):
        for at in range(0, len(rows), size):
            total += _claim_row(call, action.payee, action.token, rows[at : at + size])
    if not total:
        raise NothingClaimed()
    call.push(action.token, action.payee, total)


def claim_voucher(call: Call, action: ClaimVoucher) -> None:
    """Model `claimVoucher`."""
    key = action.key
    channel_id, channel = call.load(key, simplex=True)
    call.require_alive(channel_id, channel)
    current = min(action.amount, channel.net_a)
    if current <= channel.sent_a:
        raise StaleCounter(channel_id, channel.sent_a, action.amount)
    struct_hash = Voucher(channel_id, action.amount).struct_hash()
    call.require_counter_signed(channel_id, key.a, RIGHT_TO_PAY, action.amount, struct_hash, action.signature)
    call.store(channel_id, channel, sent_a=current)
    call.emit(Claimed(channel_id, current))
    call.push(key.token, key.b, current - channel.sent_a)


def close_simplex(call: Call, action: CloseSimplex) -> None:
    """Model `closeSimplex`."""
    key, amount = action.key, action.amount
    channel_id, channel = call.load(key, simplex=True)
    call.require_consent(Close(channel_id, amount, 0).struct_hash(), key.b, action.payee_signature)
    call.require_alive(channel_id, channel)
    before = channel.sent_a
    current = max(before, min(amount, channel.net_a))
    if current > before:
        struct_hash = Voucher(channel_id, amount).struct_hash()
        call.require_counter_signed(channel_id, key.a, RIGHT_TO_PAY, amount, struct_hash, action.voucher_signature)
        call.emit(Claimed(channel_id, current))
    call.end(key, channel_id, channel, channel.net_a - current, current - before)


def request_exit(call: Call, action: RequestExit) -> None:
    """Model `requestExit`."""
    channel_id, channel = call.load(action.key, simplex=True)
    call.require_open(channel_id, channel)
    if call.env.caller != action.key.a:
        raise UnauthorizedCaller(call.env.caller)
    deadline = call.deadline_from_now(action.key)
    call.store(channel_id, channel, deadline=deadline)
    call.emit(DisputeStarted(channel_id, deadline))


def exit_simplex(call: Call, action: Exit) -> None:
    """Model `exit`."""
    channel_id, channel = call.load(action.key, simplex=True)
    call.require_dispute_over(channel_id, channel)
    call.end(action.key, channel_id, channel, channel.net_a - channel.sent_a, 0)


def sweep(call: Call, action: WithdrawPending) -> None:
    """Model `sweep`."""
    caller, token = call.env.caller, action.token
    amount = call.owed(caller, token)
    if not amount:
        raise NothingPending(caller, token)
    call.set_owed(caller, token, 0)
    call.emit(PendingWithdrawn(caller, token, action.to, amount))
    if not call.try_push(token, action.to, amount):
        raise PaymentFailed(action.to, token)


def _claim_row(call: Call, payee: Address, token: Address, row: bytes) -> int:
    """Return the amount that a row adds to the payout; zero, without an effect, if it is not payable."""
    payer, amount = to_address(row[:20]), int.from_bytes(row[36:52], "big")
    channel_id = RawKey(payer, payee, token, int.from_bytes(row[20:36], "big") | _SIMPLEX).id
    channel: Channel = call.channel(channel_id)
    if channel.deadline == CLOSED:
        return 0
    before, current = channel.sent_a, min(amount, channel.net_a)
    if current <= before:
        return 0
    signer = payer if len(row) == ROW_BYTES else _session_of_row(call, channel_id, payer, amount, row[ROW_BYTES:])
    if signer is None or not call.is_signed_by(Voucher(channel_id, amount).struct_hash(), signer, row[52:ROW_BYTES]):
        return 0
    call.store(channel_id, channel, sent_a=current)
    call.emit(Claimed(channel_id, current))
    return current - before


def _session_of_row(call: Call, channel_id: bytes, payer: Address, amount: int, grant: bytes) -> Address | None:
    """Return the session key of a row; None if it has no right to sign."""
    # Rows have a fixed length: for a registered session the owner's signature is zero.
    session = grant if any(grant[HEAD_BYTES:]) else grant[:HEAD_BYTES]
    try:
        return call.require_session(channel_id, payer, RIGHT_TO_PAY, amount, session)
    except (InvalidSignature, SessionExceeded, ExpiredConsent):
        return None
