"""Records that nodes exchange: signed proofs, requests and copies, as small immutable records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.messages import Accept, LockVoucher
from layer2.channels.protocol.session_keys import SessionProof, encode_session, is_session_proof
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import to_compact

__all__ = [
    "Acceptance",
    "CloseTerms",
    "LockPayment",
    "MoveTerms",
    "Payment",
    "PaymentRequest",
    "PeerCopy",
    "WithdrawTerms",
    "claim_row",
    "claim_rows",
]


class Payment(NamedTuple):
    """A signed voucher: the cumulative `amount` (token units) that its sender has paid in the channel."""

    channel_id: bytes
    amount: int
    signature: bytes

    def __repr__(self) -> str:
        return f"<Payment {self.channel_id.hex()[:4]}.. up to {self.amount:,} units>"


def claim_row(key: ChannelKey, payment: Payment) -> bytes:
    """Return one row of a simplex batch claim.

    A row is `payer(20) | delay(4) openBefore(4) salt(8) | amount(16) | r(32) | vs(32)`. For a voucher under a session
    the grant follows: `key(20) cap(16) validUntil(6) rights(1) | r(32) | vs(32)`. The owner's signature is zero for a
    session that is registered on chain. The two kinds of rows are in separate lists; `claim_rows` separates them.
    """
    params = key.params & ((1 << 128) - 1)
    head = address_bytes(key.a) + params.to_bytes(16, "big") + payment.amount.to_bytes(16, "big")
    if not is_session_proof(payment.signature):
        return head + to_compact(payment.signature)
    proof = SessionProof.parse(key.id, payment.signature)
    owner = to_compact(proof.owner_signature) if proof.owner_signature else bytes(64)
    return head + proof.signature + encode_session(proof.session, owner)


def claim_rows(vouchers: Iterable[tuple[ChannelKey, Payment]]) -> tuple[bytes, bytes]:
    """Return the rows of a batch claim: those signed by owners, and those signed by session keys."""
    owners: list[bytes] = []
    sessions: list[bytes] = []
    for key, payment in vouchers:
        (sessions if is_session_proof(payment.signature) else owners).append(claim_row(key, payment))
    return b"".join(owners), b"".join(sessions)


@dataclass(frozen=True, slots=True)
class LockPayment:
    """A signed lock proof: cumulative `amount` without the locks, and all pending `locks` in order."""

    channel_id: bytes
    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    signature: bytes

    def message(self) -> LockVoucher:
        """Return the message that the sender signed."""
        head = (self.amount, self.nonce, self.locked, self.last_expiry)
        return LockVoucher(self.channel_id, *head, locks_root(self.locks))

    @property
    def proof_hash(self) -> bytes:
        """Struct hash of the lock voucher, which an `Accept` refers to."""
        return self.message().struct_hash()

    @property
    def limit(self) -> int:
        """Maximum value of the proof, token units."""
        return self.amount + self.locked

    def accept_message(self, side: str) -> Accept:
        """Return the message with which the receiver accepts this proof of `side`'s direction as its newest one."""
        return Accept(self.channel_id, side == "B", self.nonce, self.proof_hash)

    @property
    def locked(self) -> int:
        """Sum of the locks, token units."""
        return sum(lock.amount for lock in self.locks)

    @property
    def last_expiry(self) -> int:
        """Latest expiry, Unix seconds; 0 without locks."""
        return max((lock.expiry for lock in self.locks), default=0)

    def __repr__(self) -> str:
        return (
            f"<LockPayment {self.channel_id.hex()[:4]}.. up to {self.amount:,} "
            f"+ {len(self.locks)} locks of {self.locked:,}>"
        )


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The receiver's signature of `Accept`: the lock proof of `side`'s direction that it accepts as its newest one."""

    channel_id: bytes
    side: str
    nonce: int
    proof_hash: bytes
    signature: bytes

    def message(self) -> Accept:
        """Return the message that the receiver signed."""
        return Accept(self.channel_id, self.side == "B", self.nonce, self.proof_hash)

    def accepts(self, proof: LockPayment) -> bool:
        """Return True if this refers to the proof; the signature is verified elsewhere."""
        return (self.channel_id, self.nonce, self.proof_hash) == (proof.channel_id, proof.nonce, proof.proof_hash)


@dataclass(frozen=True, slots=True)
class CloseTerms:
    """One side's signature of a cooperative close at these counters."""

    channel_id: bytes
    side: str
    sent_a: int
    sent_b: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class WithdrawTerms:
    """One side's signature of a withdrawal; `valid_until` is its last second."""

    channel_id: bytes
    side: str
    out_a: int
    out_b: int
    epoch: int
    valid_until: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class MoveTerms:
    """One side's signature of a move of `(outA, outB, inA, inB)` to another channel."""

    channel_id: bytes
    to_id: bytes
    side: str
    amounts: tuple[int, int, int, int]
    epoch: int
    valid_until: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A payee's request of `amount` token units in this channel until `valid_until`; `memo` is free text.

    With a `condition`, the payer is asked for a hash lock whose preimage the payee holds.
    """

    channel_id: bytes
    amount: int
    valid_until: int
    memo: str = ""
    condition: bytes = b""

    def __repr__(self) -> str:
        kind = "hash-locked " if self.condition else ""
        note = f" {self.memo!r}" if self.memo else ""
        return f"<PaymentRequest {self.channel_id.hex()[:4]}.. {kind}{self.amount:,} units{note}>"


@dataclass(frozen=True, slots=True)
class PeerCopy:
    """Proofs that a node sends to a peer that lost its journal; all parts are signed and verified by the peer.

    Attributes:
        received: the newest voucher that this node holds from the peer.
        received_proof: the newest lock proof that this node accepted from the peer.
        acceptance: this node's `Accept` of that proof.
        signed: this node's own newest voucher.
        signed_proof: this node's own newest lock proof.
    """

    channel_id: bytes
    received: Payment | None = None
    received_proof: LockPayment | None = None
    acceptance: Acceptance | None = None
    signed: Payment | None = None
    signed_proof: LockPayment | None = None
