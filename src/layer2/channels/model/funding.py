"""Deposits. Mirrors `Funding.sol`."""

from __future__ import annotations

from layer2.channels.bindings.errors import (
    AmountOutOfRange,
    IncorrectValue,
    InsufficientTransfer,
    InvalidKey,
    OpeningExpired,
    UnexpectedChannelMode,
)
from layer2.channels.bindings.events import Deposited
from layer2.channels.model.actions import Deposit, DepositETH, DepositPulled, Pull, Source
from layer2.channels.model.base import Call
from layer2.channels.model.state import MAX_NET, Channel, Key
from layer2.channels.protocol.messages import Deposit as DepositMessage
from layer2.primitives.addresses import ZERO_ADDRESS, Address


def deposit_eth(call: Call, action: DepositETH) -> None:
    """Model `depositETH`."""
    channel_id, value = action.channel_id, action.value
    if channel_id[31] & 1:
        raise UnexpectedChannelMode(channel_id)
    channel = call.channel(channel_id)
    if channel.empty:
        _require_openable(call, channel_id)
    amounts = (0, value) if action.side_b else (value, 0)
    call.receive(ZERO_ADDRESS, call.env.caller, value)
    credit(call, channel_id, channel, bool(channel_id[31] & 2), *amounts)


def deposit(call: Call, action: Deposit) -> None:
    """Model `deposit`."""
    key, total = action.key, action.amount_a + action.amount_b
    due = 0 if key.token != ZERO_ADDRESS else total
    if action.value != due:
        raise IncorrectValue(action.value, due)
    received = call.env.pull(key.token, call.env.caller, total) if key.token != ZERO_ADDRESS else total
    _require_received(key.token, received, total)
    call.receive(key.token, call.env.caller, received)
    channel_id = key.id
    channel = call.channel(channel_id)
    require_new(call, key, channel_id, channel)
    call.remember_token(channel_id, key.token)
    credit(call, channel_id, channel, key.simplex, action.amount_a, action.amount_b)


def deposit_pulled(call: Call, action: DepositPulled) -> None:
    """Model `depositPulled`; `Env.pull` models the token's response to authorisations."""
    key = action.key
    channel_id = key.id
    channel = call.channel(channel_id)
    require_new(call, key, channel_id, channel)
    amounts = [0, 0]
    for part in action.pulls:
        owner = key.b if part.side_b else key.a
        source = call.env.caller if part.source is Source.ALLOWANCE else owner
        if part.source is Source.PERMIT:
            if call.deposit_nonce_used(owner, part.nonce):
                continue
            _require_deposit_signed(call, channel_id, part, owner)
        got = call.env.pull(key.token, source, part.amount) if key.token != ZERO_ADDRESS else 0
        # An authorisation that was used by someone else was credited then; it must not block the other side.
        if not got and part.source is not Source.ALLOWANCE:
            continue
        _require_received(key.token, got, part.amount)
        call.receive(key.token, source, got)
        if part.source is Source.PERMIT:
            call.use_deposit_nonce(owner, part.nonce)
        amounts[part.side_b] += part.amount
    call.remember_token(channel_id, key.token)
    credit(call, channel_id, channel, key.simplex, *amounts)


def credit(call: Call, channel_id: bytes, channel: Channel, simplex: bool, amount_a: int, amount_b: int) -> None:
    """Add to the nets."""
    if channel.deadline:
        call.require_open(channel_id, channel)
    if not amount_a | amount_b:
        raise AmountOutOfRange(channel_id, 0, 1)
    if simplex:
        if amount_b:
            raise UnexpectedChannelMode(channel_id)
        net = channel.net_a + amount_a
        call.require_at_most(channel_id, MAX_NET, net)
        call.store(channel_id, channel, net_a=net)
        call.emit(Deposited(channel_id, net, channel.sent_a))
        return
    call.require_at_most(channel_id, MAX_NET, amount_a | amount_b)
    net_a, net_b = channel.net_a + amount_a, channel.net_b + amount_b
    call.require_at_most(channel_id, MAX_NET, net_a)
    call.require_at_most(channel_id, MAX_NET, net_b)
    call.store(channel_id, channel, net_a=net_a, net_b=net_b)
    call.emit(Deposited(channel_id, net_a, net_b))


def require_new(call: Call, key: Key, channel_id: bytes, channel: Channel) -> None:
    """Raise if the channel is empty and its key is invalid or `openBefore` has passed."""
    if not channel.empty:
        return
    config = call.config
    if (
        key.a == key.b
        or ZERO_ADDRESS in (key.a, key.b)
        or key.params >> 129
        or not config.min_delay <= key.delay <= config.max_delay
    ):
        raise InvalidKey(channel_id)
    _require_openable(call, channel_id)


def _require_openable(call: Call, channel_id: bytes) -> None:
    open_before = int.from_bytes(channel_id[27:31], "big")
    if call.now > open_before:
        raise OpeningExpired(channel_id, call.now, open_before)


def _require_received(token: Address, received: int, need: int) -> None:
    if received != need:
        # A decrease of the balance wraps around.
        raise InsufficientTransfer(token, received % (1 << 256), need)


def _require_deposit_signed(call: Call, channel_id: bytes, part: Pull, owner: Address) -> None:
    call.require_not_expired(part.valid_until)
    message = DepositMessage(channel_id, part.amount, part.nonce, part.valid_until)
    call.require_signed(message.struct_hash(), owner, part.deposit_signature)
