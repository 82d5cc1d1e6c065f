"""Binary records of a node's journal: a tag byte, then the event's fields in order, fixed-width or length-prefixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from layer2.channels.party.events import (
    Adopted,
    ChainSeen,
    Claimable,
    CloseSigned,
    Event,
    LocksAccepted,
    LocksGivenUp,
    LocksReceived,
    LocksSigned,
    Received,
    Signed,
    WithdrawSigned,
)
from layer2.channels.party.state import Direction, PaidOut, Proof, State
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import LEAF_BYTES, Lock, decode_locks, encode_locks
from layer2.primitives.errors import MalformedError

__all__ = [
    "JOINED",
    "SNAPSHOT",
    "decode_event",
    "decode_join",
    "decode_state",
    "encode_event",
    "encode_join",
    "encode_state",
]

JOINED = 1
SNAPSHOT = 20
_TAGS: dict[int, type[Event]] = {
    2: Signed,
    3: Received,
    4: LocksSigned,
    5: LocksReceived,
    6: Claimable,
    7: CloseSigned,
    8: WithdrawSigned,
    9: ChainSeen,
    10: Adopted,
    11: LocksAccepted,
    12: LocksGivenUp,
}
_TAG_OF = {kind: tag for tag, kind in _TAGS.items()}
_JOIN_BYTES = 131
_HINT = "restore the journal"


class _Reader:
    """Reader of a record's fields from left to right; raises `MalformedError` if the record is truncated."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        if len(part) != size:
            raise MalformedError(f"journal record: {size} bytes needed at {self.at}, {len(part)} left", hint=_HINT)
        self.at += size
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def end(self) -> None:
        if self.at != len(self.data):
            raise MalformedError(f"journal record: {len(self.data) - self.at} bytes behind its end", hint=_HINT)


def _unsigned(size: int) -> tuple[Callable[[Any], bytes], Callable[[_Reader], Any]]:
    return (lambda value: _fixed(value, size)), (lambda reader: reader.number(size))


def _fixed(value: int, size: int) -> bytes:
    try:
        return value.to_bytes(size, "big")
    except OverflowError as failure:
        raise MalformedError(f"journal record: {value} does not fit {size} bytes") from failure


def _signed(value: int) -> bytes:
    try:
        return value.to_bytes(16, "big", signed=True)
    except OverflowError as failure:
        raise MalformedError(f"journal record: {value} does not fit 16 bytes") from failure


def _text(value: bytes) -> bytes:
    return _fixed(len(value), 4) + value


def _list(value: tuple[Lock, ...]) -> bytes:
    return _fixed(len(value), 2) + encode_locks(value)


def _flag(reader: _Reader) -> bool:
    value = reader.number(1)
    if value > 1:
        raise MalformedError(f"journal record: a flag is {value}", hint=_HINT)
    return bool(value)


_AMOUNT, _TIME, _EPOCH = _unsigned(16), _unsigned(8), _unsigned(4)
_BYTES = (_text, lambda reader: reader.take(reader.number(4)))
_LOCKS = (_list, lambda reader: decode_locks(reader.take(reader.number(2) * LEAF_BYTES)))
_LOCK = (lambda lock: lock.encode(), lambda reader: Lock.decode(reader.take(LEAF_BYTES)))
_NET = (_signed, lambda reader: int.from_bytes(reader.take(16), "big", signed=True))
_CODECS: dict[str, tuple[Callable[[Any], bytes], Callable[[_Reader], Any]]] = {
    **dict.fromkeys(("amount", "plain", "value", "sent_a", "sent_b", "out_a", "out_b"), _AMOUNT),
    **dict.fromkeys(("nonce", "used_nonce", "now", "horizon", "valid_until"), _TIME),
    **dict.fromkeys(("epoch", "final_epoch", "deadline", "payments"), _EPOCH),
    **dict.fromkeys(("signature", "accept", "voucher", "resolution"), _BYTES),
    **dict.fromkeys(("net_a", "net_b"), _NET),
    "locks": _LOCKS,
    "lock": _LOCK,
    "resync": (lambda value: bytes((value,)), _flag),
}


def _plan(kind: type[Any]) -> list[tuple[str, Callable[[Any], bytes], Callable[[_Reader], Any]]]:
    return [(one.name, *_CODECS[one.name]) for one in fields(kind)]


_PLANS = {kind: _plan(kind) for kind in (*_TAGS.values(), Proof, PaidOut)}


def _pack(value: Any) -> bytes:
    return b"".join(write(getattr(value, name)) for name, write, _ in _PLANS[type(value)])


def _unpack(kind: type[Any], reader: _Reader) -> Any:
    return kind(*[read(reader) for _, _, read in _PLANS[kind]])


def encode_join(key: ChannelKey, side: str, frozen: bool) -> bytes:
    """Encode the key and side of a channel that joins this node; `frozen` until a resync."""
    return bytes((JOINED,)) + key.encode() + side.encode() + bytes((frozen,))


def decode_join(data: bytes) -> tuple[ChannelKey, str, bool]:
    """Decode the output of `encode_join`; raise `MalformedError` or `RangeError` for anything else."""
    if len(data) != _JOIN_BYTES or data[0] != JOINED or data[129:130] not in (b"A", b"B") or data[130] > 1:
        raise MalformedError(f"journal record: a channel of {len(data)} bytes", hint=_HINT)
    return ChannelKey.decode(data[1:129]), data[129:130].decode(), bool(data[130])


def encode_event(event: Event) -> bytes:
    """Encode an event; raise `MalformedError` for a number that no message can carry."""
    return bytes((_TAG_OF[type(event)],)) + _pack(event)


def decode_event(data: bytes) -> Event:
    """Decode the output of `encode_event`; raise `MalformedError` or `RangeError` for anything else."""
    kind = _TAGS.get(data[0]) if data else None
    if kind is None:
        raise MalformedError(f"journal record: unknown tag {data[:1].hex() or 'none'}", hint="use a newer layer2")
    reader = _Reader(data, 1)
    event: Event = _unpack(kind, reader)
    reader.end()
    return event


def encode_state(state: State, frozen: bool) -> bytes:
    """Encode a complete state, which replaces all of a channel's events when the journal is rewritten."""
    parts = [bytes((SNAPSHOT,)), encode_join(state.key, state.side, frozen)]
    parts.append(_pack(ChainSeen(state.net_a, state.net_b, state.epoch, state.deadline, 0)))
    for one in (state.mine, state.theirs):
        parts += [_fixed(one.plain, 16), _text(one.voucher), _fixed(one.used_nonce, 8), _fixed(one.payments, 4)]
        parts += [_fixed(len(one.offers), 2), _pack(one.proof), *(_pack(offer) for offer in one.offers)]
    parts.append(bytes((state.closing is not None,)))
    if state.closing is not None:
        parts.append(_pack(state.closing))
    parts += [_fixed(len(state.withdrawals), 2), *(_pack(one) for one in state.withdrawals)]
    claims = [Claimable(*one) for one in state.claims]
    parts += [_fixed(len(claims), 2), *(_pack(one) for one in claims), _list(state.given_up)]
    return b"".join(parts)


def decode_state(data: bytes) -> tuple[State, bool]:
    """Decode the output of `encode_state` as the state and its frozen flag; raise `MalformedError` or `RangeError`."""
    reader = _Reader(data, 1)
    key, side, frozen = decode_join(reader.take(_JOIN_BYTES))
    seen: ChainSeen = _unpack(ChainSeen, reader)
    mine, theirs = _direction(reader), _direction(reader)
    closing: CloseSigned | None = _unpack(CloseSigned, reader) if _flag(reader) else None
    withdrawals = tuple(_unpack(PaidOut, reader) for _ in range(reader.number(2)))
    found = [_unpack(Claimable, reader) for _ in range(reader.number(2))]
    claims = tuple((one.lock, one.value, one.resolution) for one in found)
    given_up = decode_locks(reader.take(reader.number(2) * LEAF_BYTES))
    reader.end()
    nets = (seen.net_a, seen.net_b, seen.epoch, seen.deadline)
    state = State(key, "A" if side == "A" else "B", *nets, mine, theirs, closing, withdrawals, claims, given_up)
    return state, frozen


def _direction(reader: _Reader) -> Direction:
    plain, voucher = reader.number(16), reader.take(reader.number(4))
    used, payments, count = reader.number(8), reader.number(4), reader.number(2)
    proof: Proof = _unpack(Proof, reader)
    offers = tuple(_unpack(Proof, reader) for _ in range(count))
    return Direction(plain, voucher, proof, offers, used, payments)
