"""Unilateral close of a duplex channel. Mirrors `Disputes.sol`."""

from __future__ import annotations

from layer2.channels.bindings.errors import StaleCounter, UnauthorizedCaller
from layer2.channels.bindings.events import CounterPosted, DisputeStarted, SessionRegistered
from layer2.channels.model.actions import Post, RegisterSession, Settle, StartClose, StartCloseAs
from layer2.channels.model.base import Call
from layer2.channels.model.cooperation import clear_dispute, pay
from layer2.channels.model.state import MASK112, Channel, Key
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE, RIGHT_TO_PAY, Session, Voucher


def register_session(call: Call, action: RegisterSession) -> None:
    """Model `registerSession`."""
    grant = (action.cap, action.valid_until, action.rights)
    session = Session(action.channel_id, action.session_key, *grant)
    call.register(call.env.caller, session.struct_hash())
    call.emit(SessionRegistered(call.env.caller, action.channel_id, action.session_key, *grant))


def start_close(call: Call, action: StartClose) -> None:
    """Model `startClose`."""
    caller_is_b = call.env.caller == action.key.b
    if not caller_is_b and call.env.caller != action.key.a:
        raise UnauthorizedCaller(call.env.caller)
    _start_close(call, action.key, caller_is_b, action.amount, action.signature)


def start_close_as(call: Call, action: StartCloseAs) -> None:
    """Model `startCloseAs`."""
    key = action.key
    owner = key.b if action.for_b else key.a
    session_key = call.require_session(key.id, owner, RIGHT_TO_CLOSE, 0, action.session)
    if call.env.caller != session_key:
        raise UnauthorizedCaller(call.env.caller)
    _start_close(call, key, action.for_b, action.amount, action.signature)


def post(call: Call, action: Post) -> None:
    """Model `post`."""
    channel_id, channel = call.load(action.key, simplex=False)
    call.require_dispute_open(channel_id, channel)
    _post_counter(call, action.key, channel_id, channel, action.from_b, action.amount, action.signature)


def settle(call: Call, action: Settle) -> None:
    """Model `settle`."""
    channel_id, channel = call.load(action.key, simplex=False)
    call.require_dispute_over(channel_id, channel)
    cleared = clear_dispute(call, channel_id, channel)
    pay(call, action.key, channel_id, cleared, channel.paid(False), channel.paid(True))


def _start_close(call: Call, key: Key, caller_is_b: bool, amount: int, signature: bytes) -> None:
    channel_id, channel = call.load(key, simplex=False)
    call.require_open(channel_id, channel)
    channel = call.store(channel_id, channel, deadline=call.deadline_from_now(key))
    call.emit(DisputeStarted(channel_id, channel.deadline))
    # A party posts its received voucher, which is the counter of the other direction.
    if amount:
        _post_counter(call, key, channel_id, channel, not caller_is_b, amount, signature)


def _post_counter(
    call: Call, key: Key, channel_id: bytes, channel: Channel, from_b: bool, amount: int, signature: bytes
) -> None:
    have = channel.sent(from_b)
    if amount <= have:
        raise StaleCounter(channel_id, have, amount)
    call.require_at_most(channel_id, MASK112, amount)
    sender = key.b if from_b else key.a
    struct_hash = Voucher(channel_id, amount).struct_hash()
    call.require_counter_signed(channel_id, sender, RIGHT_TO_PAY, amount, struct_hash, signature)
    channel = call.store(channel_id, channel, **{"sent_b" if from_b else "sent_a": amount})
    call.emit(CounterPosted(channel_id, channel.sent_a, channel.sent_b))
