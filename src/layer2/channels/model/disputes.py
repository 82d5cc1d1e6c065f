"""Unilateral close of a duplex channel. Twin of `Disputes.sol`."""

from __future__ import annotations

from layer2.channels.errors import CallerUnauthorized, CounterStale, LocksStanding
from layer2.channels.hubevents import CounterPosted, DisputeStarted
from layer2.channels.messages import RIGHT_TO_CLOSE, Voucher
from layer2.channels.model.actions import Post, Settle, StartClose, StartCloseAs
from layer2.channels.model.base import Call
from layer2.channels.model.cooperation import clear_dispute, pay
from layer2.channels.model.state import MASK112, Channel, Key


def start_close(call: Call, action: StartClose) -> None:
    """`startClose`."""
    caller_is_b = call.env.caller == action.key.b
    if not caller_is_b and call.env.caller != action.key.a:
        raise CallerUnauthorized(call.env.caller)
    _start_close(call, action.key, caller_is_b, action.amount, action.signature)


def start_close_as(call: Call, action: StartCloseAs) -> None:
    """`startCloseAs`."""
    key = action.key
    owner = key.b if action.for_b else key.a
    session_key = call.require_session(key.id, owner, RIGHT_TO_CLOSE, 0, action.session)
    if call.env.caller != session_key:
        raise CallerUnauthorized(call.env.caller)
    _start_close(call, key, action.for_b, action.amount, action.signature)


def post(call: Call, action: Post) -> None:
    """`post`."""
    channel_id, channel = call.load(action.key, simplex=False)
    call.require_dispute_open(channel_id, channel)
    _post_counter(call, action.key, channel_id, channel, action.from_b, action.amount, action.signature)


def settle(call: Call, action: Settle) -> None:
    """`settle`."""
    channel_id, channel = call.load(action.key, simplex=False)
    call.require_dispute_over(channel_id, channel)
    cleared = clear_dispute(call, channel_id, channel)
    pay(call, action.key, channel_id, cleared, channel.sent_a, channel.sent_b)


def open_dispute(call: Call, key: Key, channel_id: bytes) -> Channel:
    """Start the window."""
    deadline = call.deadline_from_now(key)
    channel = call.store(channel_id, call.channel(channel_id), deadline=deadline)
    call.emit(DisputeStarted(channel_id, deadline))
    return channel


def store_sent(call: Call, channel_id: bytes, channel: Channel, from_b: bool, amount: int) -> Channel:
    """Write a counter."""
    channel = call.store(channel_id, channel, **{"sent_b" if from_b else "sent_a": amount})
    call.emit(CounterPosted(channel_id, channel.sent_a, channel.sent_b))
    return channel


def _start_close(call: Call, key: Key, caller_is_b: bool, amount: int, signature: bytes) -> None:
    channel_id, channel = call.load(key, simplex=False)
    call.require_open(channel_id, channel)
    channel = open_dispute(call, key, channel_id)
    # A party posts what it received: the counter of the other direction.
    if amount:
        _post_counter(call, key, channel_id, channel, not caller_is_b, amount, signature)


def _post_counter(
    call: Call, key: Key, channel_id: bytes, channel: Channel, from_b: bool, amount: int, signature: bytes
) -> None:
    sender, receiver = (key.b, key.a) if from_b else (key.a, key.b)
    have = channel.sent(from_b)
    if amount <= have:
        raise CounterStale(channel_id, have, amount)
    call.require_at_most(channel_id, MASK112, amount)
    if channel.locks(from_b):
        if call.env.caller != receiver:
            raise LocksStanding(channel_id)
        channel = call.store(channel_id, channel, **{"locks_b" if from_b else "locks_a": False})
    struct_hash = Voucher(channel_id, amount).struct_hash()
    call.require_counter_signed(channel_id, sender, struct_hash, amount, signature)
    store_sent(call, channel_id, channel, from_b, amount)
