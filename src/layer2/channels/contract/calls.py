"""Calls of the hub that a watchtower sends without waiting, as function names and arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening, open_locks
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.messages import Session
from layer2.channels.protocol.proofs import LockPayment
from layer2.primitives.addresses import Address

__all__ = [
    "HubCall",
    "LockProof",
    "Opening",
    "claim",
    "claim_voucher",
    "lock_proof",
    "post",
    "post_locks",
    "register_session",
    "settle",
    "start_close",
    "start_close_as",
    "unlock",
]


class HubCall(NamedTuple):
    """One call: the function's name and its arguments in ABI form."""

    name: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class LockProof:
    """A lock proof in the hub's form; see `IChannelHub.LockProof`."""

    amount: int
    nonce: int
    locked: int
    last_expiry: int
    locks_root: bytes
    signature: bytes


def lock_proof(payment: LockPayment) -> LockProof:
    """Return the hub's form of a lock proof."""
    head = (payment.amount, payment.nonce, payment.locked, payment.last_expiry)
    return LockProof(*head, locks_root(payment.locks), payment.signature)


def start_close(key: ChannelKey, amount: int = 0, signature: bytes = b"") -> HubCall:
    """Start a unilateral close as a party, with the newest voucher received."""
    return HubCall("startClose", (key.as_tuple(), amount, signature))


def post(key: ChannelKey, side: str, amount: int, signature: bytes) -> HubCall:
    """Post a newer voucher of `side`'s direction."""
    return HubCall("post", (key.as_tuple(), side == "B", amount, signature))


def start_close_as(key: ChannelKey, side: str, session: bytes, amount: int = 0, signature: bytes = b"") -> HubCall:
    """Start a unilateral close with a session key of `side`; `session` is the output of `encode_session`."""
    return HubCall("startCloseAs", (key.as_tuple(), side == "B", session, amount, signature))


def post_locks(key: ChannelKey, side: str, proof: LockProof, accept: bytes = b"") -> HubCall:
    """Post a lock proof of `side`'s direction, as its receiver or with the receiver's `Accept` signature."""
    row = (proof.amount, proof.nonce, proof.locked, proof.last_expiry, proof.locks_root, proof.signature)
    return HubCall("postLocks", (key.as_tuple(), side == "B", row, accept))


def unlock(key: ChannelKey, side: str, limit: int, locks: Sequence[Lock], openings: Iterable[Opening]) -> HubCall:
    """Resolve locks of the posted proof of `side`'s direction.

    Args:
        limit: the proof's amount plus its locked sum.
        locks: all locks of the proof.
        openings: the locks to resolve.
    """
    rows, others = open_locks(locks, openings)
    return HubCall("unlock", (key.as_tuple(), side == "B", limit, rows, list(others)))


def settle(key: ChannelKey) -> HubCall:
    """Pay both parties by the posted counters, after the window."""
    return HubCall("settle", (key.as_tuple(),))


def claim(payee: Address, token: Address, rows: bytes, session_rows: bytes = b"") -> HubCall:
    """Pay a simplex payee for many channels in one call; see `proofs.claim_rows`."""
    return HubCall("claimVouchers", (payee, token, rows, session_rows))


def claim_voucher(key: ChannelKey, amount: int, signature: bytes) -> HubCall:
    """Pay a simplex payee for one voucher."""
    return HubCall("claimVoucher", (key.as_tuple(), amount, signature))


def register_session(session: Session) -> HubCall:
    """Register a session key on chain, as its owner, for accounts that are contracts. Irrevocable."""
    row = (session.channel_id, session.key, session.cap, session.valid_until, session.rights)
    return HubCall("registerSession", row)
