"""Calls that both parties sign. Mirrors `Cooperation.sol`."""

from __future__ import annotations

from layer2.channels.bindings.errors import AmountOutOfRange, TokenMismatch
from layer2.channels.bindings.events import Withdrawn
from layer2.channels.model.actions import Close, Move, Withdraw
from layer2.channels.model.base import Call
from layer2.channels.model.funding import credit, require_new
from layer2.channels.model.state import MASK112, MAX_EPOCH, MAX_NET, Channel, Key, payoff
from layer2.channels.protocol.messages import Close as CloseMessage
from layer2.channels.protocol.messages import Move as MoveMessage
from layer2.channels.protocol.messages import Withdraw as WithdrawMessage


def close(call: Call, action: Close) -> None:
    """Model `close`."""
    key = action.key
    channel_id, channel = call.load(key, simplex=False)
    call.require_alive(channel_id, channel)
    message = CloseMessage(channel_id, action.sent_a, action.sent_b)
    _require_both(call, message.struct_hash(), key, action.signature_a, action.signature_b)
    if channel.deadline:
        channel = clear_dispute(call, channel_id, channel)
    pay(call, key, channel_id, channel, action.sent_a, action.sent_b)


def withdraw(call: Call, action: Withdraw) -> None:
    """Model `withdraw`."""
    key = action.key
    call.require_not_expired(action.valid_until)
    channel_id, epoch = _take_out(call, key, action.out_a, action.out_b)
    message = WithdrawMessage(channel_id, action.out_a, action.out_b, epoch, action.valid_until)
    _require_both(call, message.struct_hash(), key, action.signature_a, action.signature_b)
    call.push(key.token, key.a, action.out_a)
    call.push(key.token, key.b, action.out_b)


def move(call: Call, action: Move) -> None:
    """Model `move`."""
    source, target = action.source, action.target
    out_a, out_b, in_a, in_b = action.amounts
    if target.token != source.token:
        raise TokenMismatch(target.token, source.token)
    call.require_not_expired(action.valid_until)
    to_id = target.id
    call.require_at_most(to_id, MASK112, out_a | out_b | in_a | in_b)
    from_id, epoch = _take_out(call, source, out_a, out_b)
    if out_a + out_b != in_a + in_b:
        raise AmountOutOfRange(from_id, out_a + out_b, in_a + in_b)
    message = MoveMessage(from_id, to_id, out_a, out_b, in_a, in_b, epoch, action.valid_until)
    _require_both(call, message.struct_hash(), source, action.signature_a, action.signature_b)
    channel = call.channel(to_id)
    require_new(call, target, to_id, channel)
    call.remember_token(to_id, target.token)
    credit(call, to_id, channel, target.simplex, in_a, in_b)


def pay(call: Call, key: Key, channel_id: bytes, channel: Channel, paid_a: int, paid_b: int) -> None:
    """Close a duplex channel and pay the totals of its directions."""
    call.end(key, channel_id, channel, *payoff(channel.net_a, channel.net_b, paid_a, paid_b))


def clear_dispute(call: Call, channel_id: bytes, channel: Channel) -> Channel:
    """Clear the data of a dispute."""
    return call.store(channel_id, channel, sent_a=0, sent_b=0, epoch=0, claim_a=None, claim_b=None)


def _take_out(call: Call, key: Key, out_a: int, out_b: int) -> tuple[bytes, int]:
    """Deduct amounts from the nets of an open channel and consume an epoch; return the epoch to be signed."""
    channel_id, channel = call.load(key, simplex=False)
    call.require_open(channel_id, channel)
    need = out_a + out_b
    call.require_at_most(channel_id, out_a | out_b, 1)
    call.require_at_most(channel_id, channel.net_a + channel.net_b, need)
    net_a, net_b = channel.net_a - out_a, channel.net_b - out_b
    if min(net_a, net_b) < -MAX_NET:
        raise AmountOutOfRange(channel_id, MAX_NET, need)
    epoch = channel.epoch
    call.require_at_most(channel_id, MAX_EPOCH - 1, epoch)
    call.store(channel_id, channel, net_a=net_a, net_b=net_b, epoch=epoch + 1)
    call.emit(Withdrawn(channel_id, net_a, net_b, epoch + 1))
    return channel_id, epoch


def _require_both(call: Call, struct_hash: bytes, key: Key, signature_a: bytes, signature_b: bytes) -> None:
    call.require_consent(struct_hash, key.a, signature_a)
    call.require_consent(struct_hash, key.b, signature_b)
