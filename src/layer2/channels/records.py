"""How a node's events lie in its journal: one tag byte, fixed-width fields, signatures last."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from layer2.channels.events import (
    Adopted,
    ChainSeen,
    Claimable,
    CloseSigned,
    Event,
    LocksReceived,
    LocksSigned,
    Received,
    Signed,
    WithdrawSigned,
)
from layer2.channels.key import ChannelKey
from layer2.channels.locks import LEAF_BYTES, Lock, decode_locks, encode_locks
from layer2.primitives.errors import MalformedError

__all__ = ["JOINED", "decode_event", "decode_join", "encode_event", "encode_join", "pack_vouchers"]

JOINED = 1
_SIGNED = 2
_RECEIVED = 3
_LOCKS_SIGNED = 4
_LOCKS_RECEIVED = 5
_CLAIMABLE = 6
_CLOSE = 7
_WITHDRAW = 8
_CHAIN = 9
_ADOPTED = 10

_JOIN_BYTES = 131
_HEAD = struct.Struct(">BI")
_CLAIM = struct.Struct(">B32s16s")
_CLOSE_HEAD = struct.Struct(">B16s16s")
_WITHDRAW_HEAD = struct.Struct(">B16s16sIQ")
_CHAIN_HEAD = struct.Struct(">B16s16sIIQ")
_LOCKS_HEAD = struct.Struct(">B16sQQQBH")


def encode_join(key: ChannelKey, side: str, frozen: bool) -> bytes:
    """A channel this node keeps from now on; `frozen` until a resync."""
    return bytes((JOINED,)) + key.encode() + side.encode() + bytes((frozen,))


def decode_join(data: bytes) -> tuple[ChannelKey, str, bool]:
    """The reverse of `encode_join`."""
    if len(data) != _JOIN_BYTES or data[129:130] not in (b"A", b"B"):
        raise MalformedError(f"journal record: a channel of {len(data)} bytes", hint="restore the journal")
    return ChannelKey.decode(data[1:129]), data[129:130].decode(), bool(data[130])


def pack_vouchers(mine: bool, vouchers: Iterable[tuple[bytes, int, bytes]], count: int) -> bytes:
    """A batch of vouchers, all of them, in one record: per voucher 16 bytes amount, 2 bytes length, signature."""
    parts = [_HEAD.pack(_SIGNED if mine else _RECEIVED, count)]
    for _, amount, signature in vouchers:
        parts.append(amount.to_bytes(16, "big") + len(signature).to_bytes(2, "big") + signature)
    return b"".join(parts)


def encode_event(event: Event) -> bytes:
    """The journal record of an event."""
    match event:
        case Signed() | Received():
            return pack_vouchers(isinstance(event, Signed), [(b"", event.amount, event.signature)], event.payments)
        case LocksSigned():
            return _locks(_LOCKS_SIGNED, event.amount, event.nonce, event.now, 0, 1, event.locks, event.signature)
        case LocksReceived():
            head = (_LOCKS_RECEIVED, event.amount, event.nonce, event.now, event.horizon, int(event.resync))
            return _locks(*head, event.locks, event.signature)
        case Adopted():
            head = (_ADOPTED, event.amount, event.nonce, 0, 0, int(event.bearing))
            return _locks(*head, event.locks, event.signature)
        case Claimable():
            return _CLAIM.pack(_CLAIMABLE, event.condition, _u128(event.value)) + event.resolution
        case CloseSigned():
            return _CLOSE_HEAD.pack(_CLOSE, _u128(event.sent_a), _u128(event.sent_b)) + event.signature
        case WithdrawSigned():
            head_bytes = _WITHDRAW_HEAD.pack(
                _WITHDRAW, _u128(event.out_a), _u128(event.out_b), event.epoch, event.valid_until
            )
            return head_bytes + event.signature
        case ChainSeen():
            return _CHAIN_HEAD.pack(
                _CHAIN,
                event.net_a.to_bytes(16, "big", signed=True),
                event.net_b.to_bytes(16, "big", signed=True),
                event.epoch,
                event.deadline,
                event.now,
            )


def decode_event(data: bytes) -> Event:
    """The event of a record; raises `MalformedError` for anything else."""
    tag = data[0] if data else 0
    try:
        if tag in (_SIGNED, _RECEIVED):
            return _vouchers(data)
        if tag in (_LOCKS_SIGNED, _LOCKS_RECEIVED, _ADOPTED):
            return _locks_event(data)
        if tag == _CLAIMABLE:
            _, condition, value = _CLAIM.unpack_from(data)
            return Claimable(condition, int.from_bytes(value, "big"), data[_CLAIM.size :])
        if tag == _CLOSE:
            _, sent_a, sent_b = _CLOSE_HEAD.unpack_from(data)
            rest = data[_CLOSE_HEAD.size :]
            return CloseSigned(int.from_bytes(sent_a, "big"), int.from_bytes(sent_b, "big"), rest)
        if tag == _WITHDRAW:
            _, out_a, out_b, epoch, until = _WITHDRAW_HEAD.unpack_from(data)
            outs = (int.from_bytes(out_a, "big"), int.from_bytes(out_b, "big"))
            return WithdrawSigned(*outs, epoch, until, data[_WITHDRAW_HEAD.size :])
        if tag == _CHAIN:
            _, net_a, net_b, epoch, deadline, now = _CHAIN_HEAD.unpack(data)
            nets = (int.from_bytes(net_a, "big", signed=True), int.from_bytes(net_b, "big", signed=True))
            return ChainSeen(*nets, epoch, deadline, now)
    except (struct.error, IndexError) as failure:
        raise MalformedError(f"journal record of tag {tag}: {failure}", hint="restore the journal") from failure
    raise MalformedError(f"journal record: unknown tag {tag}", hint="use a newer version of layer2")


def _vouchers(data: bytes) -> Signed | Received:
    tag, count = _HEAD.unpack_from(data)
    at = _HEAD.size
    amount, signature = 0, b""
    while at < len(data):
        amount = int.from_bytes(data[at : at + 16], "big")
        length = int.from_bytes(data[at + 16 : at + 18], "big")
        signature = data[at + 18 : at + 18 + length]
        at += 18 + length
    if at != len(data):
        raise MalformedError("journal record: a voucher is cut short", hint="restore the journal")
    return Signed(amount, signature, count) if tag == _SIGNED else Received(amount, signature, count)


def _locks(
    tag: int,
    amount: int,
    nonce: int,
    now: int,
    horizon: int,
    bearing: int,
    locks: tuple[Lock, ...],
    signature: bytes,
) -> bytes:
    head = _LOCKS_HEAD.pack(tag, _u128(amount), nonce, now, horizon, bearing, len(locks))
    return head + encode_locks(locks) + signature


def _locks_event(data: bytes) -> LocksSigned | LocksReceived | Adopted:
    tag, amount_bytes, nonce, now, horizon, bearing, count = _LOCKS_HEAD.unpack_from(data)
    amount = int.from_bytes(amount_bytes, "big")
    at = _LOCKS_HEAD.size
    end = at + LEAF_BYTES * count
    if len(data) < end:
        raise MalformedError("journal record: the locks are cut short", hint="restore the journal")
    locks, signature = decode_locks(data[at:end]), data[end:]
    if tag == _LOCKS_SIGNED:
        return LocksSigned(amount, nonce, locks, signature, now)
    if tag == _LOCKS_RECEIVED:
        return LocksReceived(amount, nonce, locks, signature, now, horizon, bool(bearing))
    return Adopted(amount, nonce, locks, bool(bearing), signature)


def _u128(value: int) -> bytes:
    return value.to_bytes(16, "big")
