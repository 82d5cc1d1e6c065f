"""Calls of the hub that a watchtower sends without waiting, as names and arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from layer2.channels.key import ChannelKey
from layer2.channels.locks import locks_hash
from layer2.channels.proofs import LockPayment
from layer2.primitives.addresses import ZERO_ADDRESS, Address

__all__ = [
    "Delegation",
    "HubCall",
    "LockProof",
    "claim_voucher",
    "lock_proof",
    "post",
    "post_locks",
    "settle",
    "start_close",
    "unlock",
]


class HubCall(NamedTuple):
    """One call: the function's name and its arguments in ABI form."""

    name: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class LockProof:
    """A lock-bearing proof as the hub takes it; see `IChannelHub.LockProof`."""

    amount: int
    nonce: int
    locked: int
    last_expiry: int
    locks_hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Delegation:
    """A receiver's consent to one act of a tower; empty when the receiver itself sends."""

    tower: Address = ZERO_ADDRESS
    valid_until: int = 0
    signature: bytes = b""


def lock_proof(payment: LockPayment) -> LockProof:
    """The hub's form of a lock-bearing proof."""
    head = (payment.amount, payment.nonce, payment.locked, payment.last_expiry)
    return LockProof(*head, locks_hash(payment.locks), payment.signature)


def start_close(key: ChannelKey, amount: int = 0, signature: bytes = b"") -> HubCall:
    """Start a unilateral close as a party, with the newest voucher received."""
    return HubCall("startClose", (key.as_tuple(), amount, signature))


def post(key: ChannelKey, side: str, amount: int, signature: bytes) -> HubCall:
    """Post a newer voucher of `side`'s direction."""
    return HubCall("post", (key.as_tuple(), side == "B", amount, signature))


def post_locks(key: ChannelKey, side: str, proof: LockProof, consent: Delegation | None = None) -> HubCall:
    """Post a lock-bearing proof of `side`'s direction, as its receiver or with its consent."""
    row = (proof.amount, proof.nonce, proof.locked, proof.last_expiry, proof.locks_hash, proof.signature)
    return HubCall("postLocks", (key.as_tuple(), side == "B", row, _consent(consent)))


def unlock(
    key: ChannelKey,
    side: str,
    locked: int,
    last_expiry: int,
    locks: bytes,
    resolutions: Sequence[bytes],
    consent: Delegation | None = None,
) -> HubCall:
    """Resolve locks of the standing proof of `side`'s direction."""
    head = (key.as_tuple(), side == "B", locked, last_expiry)
    return HubCall("unlock", (*head, locks, list(resolutions), _consent(consent)))


def settle(key: ChannelKey) -> HubCall:
    """Pay both parties by the posted counters, after the window."""
    return HubCall("settle", (key.as_tuple(),))


def claim_voucher(key: ChannelKey, amount: int, signature: bytes) -> HubCall:
    """Pay a simplex payee for one voucher."""
    return HubCall("claimVoucher", (key.as_tuple(), amount, signature))


def _consent(consent: Delegation | None) -> tuple[str, int, bytes]:
    one = consent or Delegation()
    return (one.tower, one.valid_until, one.signature)
