"""Records of a watchtower for one channel: constant size per direction, packed for its journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.locks import Lock, decode_locks, encode_locks, most_of
from layer2.channels.protocol.proofs import LockPayment, Payment
from layer2.channels.protocol.session_keys import SessionGrant
from layer2.primitives.errors import InputError, MalformedError
from layer2.primitives.json_text import parse_json

__all__ = ["DirectionRecord", "WatchedChannel", "decode_watched", "encode_watched"]


@dataclass(frozen=True, slots=True)
class DirectionRecord:
    """Stored proofs of the direction that side `side` pays.

    Attributes:
        plain: its newest plain voucher.
        proof: its newest accepted lock proof.
        accept: the receiver's `Accept` of `proof`.
        openings: the resolutions of its locks, with the receiver's consents if others need them.
        closing: the receiver's grant to the watchtower to start a close, for locks and sessions that end.
        answering: True if only the direction's sender is guarded: a proof is posted only over an older lock proof.
    """

    side: str
    plain: Payment | None = None
    proof: LockPayment | None = None
    accept: bytes = b""
    openings: tuple[Opening, ...] = ()
    closing: SessionGrant | None = None
    answering: bool = False

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Locks of the proof."""
        return () if self.proof is None else self.proof.locks

    @property
    def amount(self) -> int:
        """Amount that the direction has paid unconditionally, token units."""
        plain = 0 if self.plain is None else self.plain.amount
        return max(plain, 0 if self.proof is None else self.proof.amount)

    def merged(self, newer: DirectionRecord) -> DirectionRecord:
        """Return the newest of each part: vouchers by amount, lock proofs by nonce, openings by the value they take."""
        plain = max((one for one in (self.plain, newer.plain) if one is not None), key=_amount, default=None)
        proof, accept, openings = self.proof, self.accept, self.openings
        if newer.proof is not None and (proof is None or newer.proof.nonce > proof.nonce):
            proof, accept, openings = newer.proof, newer.accept, newer.openings
        elif newer.proof is not None and proof is not None and newer.proof.nonce == proof.nonce:
            openings = _better(proof.locks, openings, newer.openings)
        closing, answering = newer.closing or self.closing, newer.answering and self.answering
        return DirectionRecord(self.side, plain, proof, accept, openings, closing, answering)


@dataclass(frozen=True, slots=True)
class WatchedChannel:
    """A watched channel: its key and at most one guard per direction."""

    key: ChannelKey
    guards: dict[str, DirectionRecord] = field(default_factory=dict)

    def with_guard(self, guard: DirectionRecord) -> WatchedChannel:
        """Return this record with the newer parts of a guard merged in; older parts change nothing."""
        old = self.guards.get(guard.side)
        merged = guard if old is None else old.merged(guard)
        return self if merged == old else replace(self, guards={**self.guards, guard.side: merged})


def encode_watched(watched: WatchedChannel) -> bytes:
    """Encode a watched channel as JSON with hex; performance is not critical here, with one write per update."""
    guards = [_guard(one) for one in watched.guards.values()]
    return json.dumps({"key": watched.key.encode().hex(), "guards": guards}, separators=(",", ":")).encode()


def decode_watched(data: bytes) -> WatchedChannel:
    """Decode the output of `encode_watched`; raise `MalformedError`."""
    try:
        raw = parse_json(data, "watchtower record")
        key = ChannelKey.decode(bytes.fromhex(raw["key"]))
        guards = [_unguard(key.id, one) for one in raw["guards"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, InputError) as failure:
        raise MalformedError(
            f"watchtower record: {failure!r}", hint="pass the proofs to the watchtower again"
        ) from failure
    return WatchedChannel(key, {one.side: one for one in guards})


def _better(locks: tuple[Lock, ...], old: tuple[Opening, ...], new: tuple[Opening, ...]) -> tuple[Opening, ...]:
    """Return, for each lock, the opening that takes more, or the new one if equal; a late opening may be older."""
    best = {one.index: one for one in old}
    for one in new:
        lock, known = locks[one.index], best.get(one.index)
        if known is None or most_of(lock, one.resolution) >= most_of(lock, known.resolution):
            best[one.index] = one
    return tuple(best[index] for index in sorted(best))


def _amount(payment: Payment) -> int:
    return payment.amount


def _guard(guard: DirectionRecord) -> dict[str, object]:
    raw: dict[str, object] = {"side": guard.side, "answering": guard.answering}
    if guard.plain is not None:
        raw["plain"] = [guard.plain.amount, guard.plain.signature.hex()]
    if guard.proof is not None:
        proof = guard.proof
        raw["proof"] = [proof.amount, proof.nonce, encode_locks(proof.locks).hex(), proof.signature.hex()]
        raw["accept"] = guard.accept.hex()
        raw["openings"] = [[one.index, one.resolution.hex(), one.consent.hex()] for one in guard.openings]
    if guard.closing is not None:
        raw["closing"] = guard.closing.encode().hex()
    return raw


def _unguard(channel_id: bytes, raw: Mapping[str, Any]) -> DirectionRecord:
    side = raw["side"]
    if side not in ("A", "B"):
        raise ValueError(f"side {side!r}")
    plain, proof = None, None
    if "plain" in raw:
        amount, signature = raw["plain"]
        plain = Payment(channel_id, _natural(amount), bytes.fromhex(signature))
    if "proof" in raw:
        amount, nonce, locks, signature = raw["proof"]
        listed = decode_locks(bytes.fromhex(locks))
        proof = LockPayment(channel_id, _natural(amount), _natural(nonce), listed, bytes.fromhex(signature))
    openings = tuple(
        Opening(_natural(index), bytes.fromhex(resolution), bytes.fromhex(consent))
        for index, resolution, consent in raw.get("openings", ())
    )
    closing = SessionGrant.decode(bytes.fromhex(raw["closing"])) if "closing" in raw else None
    accept, answering = bytes.fromhex(raw.get("accept", "")), raw["answering"]
    if type(answering) is not bool:
        raise ValueError(f"answering {answering!r:.80}")
    return DirectionRecord(side, plain, proof, accept, openings, closing, answering)


def _natural(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 128:
        raise ValueError(f"{value!r:.80} is not an amount")
    return value
