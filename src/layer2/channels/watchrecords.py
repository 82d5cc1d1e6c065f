"""What a watchtower keeps of one channel: constant size per direction, packed for its journal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from layer2.channels.contract import Delegation
from layer2.channels.key import ChannelKey
from layer2.channels.locks import Lock, decode_locks, encode_locks
from layer2.channels.proofs import LockPayment, Payment
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import MalformedError
from layer2.primitives.jsontext import parse_json

__all__ = ["Guard", "Watched", "decode_watched", "encode_watched"]


@dataclass(frozen=True, slots=True)
class Guard:
    """What is known of the direction that side `side` pays: its newest proof, and how its locks are taken.

    `consent` is the receiver's to post exactly this lock proof; `unlock_consent` to unlock exactly with `resolutions`
    (needed for voucher and contract locks; known preimages need none).
    """

    side: str
    proof: Payment | LockPayment
    consent: Delegation | None = None
    resolutions: tuple[bytes, ...] = ()
    unlock_consent: Delegation | None = None

    @property
    def locks(self) -> tuple[Lock, ...]:
        """The proof's locks."""
        return self.proof.locks if isinstance(self.proof, LockPayment) else ()


@dataclass(frozen=True, slots=True)
class Watched:
    """A channel under watch: its key and at most one guard per direction."""

    key: ChannelKey
    guards: dict[str, Guard] = field(default_factory=dict)

    def with_guard(self, guard: Guard) -> Watched:
        """With a newer guard; an older one (by counter, then nonce) leaves it as it is."""
        old = self.guards.get(guard.side)
        if old is not None and _rank(guard) < _rank(old):
            return self
        return replace(self, guards={**self.guards, guard.side: guard})


def encode_watched(watched: Watched) -> bytes:
    """To bytes (JSON, hex): written once per update, far from any hot path."""
    return json.dumps(
        {
            "key": watched.key.encode().hex(),
            "guards": [_guard(one) for one in watched.guards.values()],
        },
        separators=(",", ":"),
    ).encode()


def decode_watched(data: bytes) -> Watched:
    """The reverse; raises `MalformedError`."""
    try:
        raw = parse_json(data, "watchtower record")
        key = ChannelKey.decode(bytes.fromhex(raw["key"]))
        guards = [_unguard(key.id, one) for one in raw["guards"]]
    except (ValueError, KeyError, TypeError) as failure:
        raise MalformedError(f"watchtower record: {failure!r}", hint="give the tower the proofs again") from failure
    return Watched(key, {one.side: one for one in guards})


def _rank(guard: Guard) -> tuple[int, int]:
    nonce = guard.proof.nonce if isinstance(guard.proof, LockPayment) else 0
    return guard.proof.amount, nonce


def _guard(guard: Guard) -> dict[str, object]:
    proof = guard.proof
    raw: dict[str, object] = {"side": guard.side, "amount": proof.amount, "signature": proof.signature.hex()}
    if isinstance(proof, LockPayment):
        raw["nonce"] = proof.nonce
        raw["locks"] = encode_locks(proof.locks).hex()
    if guard.consent is not None:
        raw["consent"] = _consent(guard.consent)
    if guard.resolutions:
        raw["resolutions"] = [one.hex() for one in guard.resolutions]
    if guard.unlock_consent is not None:
        raw["unlock_consent"] = _consent(guard.unlock_consent)
    return raw


def _unguard(channel_id: bytes, raw: dict[str, object]) -> Guard:
    signature = bytes.fromhex(str(raw["signature"]))
    amount = int(str(raw["amount"]))
    proof: Payment | LockPayment = Payment(channel_id, amount, signature)
    if "nonce" in raw:
        locks = decode_locks(bytes.fromhex(str(raw["locks"])))
        proof = LockPayment(channel_id, amount, int(str(raw["nonce"])), locks, signature)
    listed = raw.get("resolutions")
    return Guard(
        str(raw["side"]),
        proof,
        _unconsent(raw.get("consent")),
        tuple(bytes.fromhex(one) for one in listed) if isinstance(listed, list) else (),
        _unconsent(raw.get("unlock_consent")),
    )


def _consent(consent: Delegation) -> list[object]:
    return [consent.tower, consent.valid_until, consent.signature.hex()]


def _unconsent(raw: object) -> Delegation | None:
    if not isinstance(raw, list):
        return None
    return Delegation(to_address(raw[0]), int(raw[1]), bytes.fromhex(raw[2]))
