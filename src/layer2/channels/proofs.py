"""What two nodes hand each other: signed proofs, requests and copies, as small immutable records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from layer2.channels.key import ChannelKey
from layer2.channels.locks import Lock
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import to_compact

__all__ = [
    "CloseTerms",
    "LockPayment",
    "MoveTerms",
    "Payment",
    "PaymentRequest",
    "PeerCopy",
    "WithdrawTerms",
    "claim_row",
]


class Payment(NamedTuple):
    """A signed voucher: the cumulative `amount` (token units) that its sender has paid in the channel."""

    channel_id: bytes
    amount: int
    signature: bytes

    def __repr__(self) -> str:
        return f"<Payment {self.channel_id.hex()[:4]}.. up to {self.amount:,}>"


def claim_row(key: ChannelKey, payment: Payment) -> bytes:
    """One row of a simplex batch claim, 116 bytes: `payer | delay openBefore salt | amount | r | vs` (EIP-2098)."""
    params = key.params & ((1 << 128) - 1)
    head = address_bytes(key.a) + params.to_bytes(16, "big") + payment.amount.to_bytes(16, "big")
    return head + to_compact(payment.signature)


@dataclass(frozen=True, slots=True)
class LockPayment:
    """A signed lock-bearing proof: cumulative `amount` without the locks, and all pending `locks`."""

    channel_id: bytes
    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    signature: bytes

    @property
    def locked(self) -> int:
        """Sum of the locks, token units."""
        return sum(lock.amount for lock in self.locks)

    @property
    def last_expiry(self) -> int:
        """The latest expiry, Unix seconds; 0 without locks."""
        return max((lock.expiry for lock in self.locks), default=0)

    def __repr__(self) -> str:
        return (
            f"<LockPayment {self.channel_id.hex()[:4]}.. up to {self.amount:,} "
            f"+ {len(self.locks)} locks of {self.locked:,}>"
        )


@dataclass(frozen=True, slots=True)
class CloseTerms:
    """One side's signature under a cooperative close at these counters."""

    channel_id: bytes
    side: str
    sent_a: int
    sent_b: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class WithdrawTerms:
    """One side's signature under a withdrawal; `valid_until` is its last second."""

    channel_id: bytes
    side: str
    out_a: int
    out_b: int
    epoch: int
    valid_until: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class MoveTerms:
    """One side's signature under a move of `(outA, outB, inA, inB)` to another channel."""

    channel_id: bytes
    to_id: bytes
    side: str
    amounts: tuple[int, int, int, int]
    epoch: int
    valid_until: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What a payee asks for: `amount` token units in this channel until `valid_until`; `memo` is for people.

    With a `condition`, the payer is asked for a hash lock: the payee holds the preimage.
    """

    channel_id: bytes
    amount: int
    valid_until: int
    memo: str = ""
    condition: bytes = b""

    def __repr__(self) -> str:
        kind = "hash-locked " if self.condition else ""
        note = f" {self.memo!r}" if self.memo else ""
        return f"<PaymentRequest {self.channel_id.hex()[:4]}.. {kind}{self.amount:,}{note}>"


@dataclass(frozen=True, slots=True)
class PeerCopy:
    """What a peer gives to one that lost its journal: the newest proof it holds from it, and its own newest.

    The nonces are of the newest lock proofs of both directions, for when plain vouchers have followed them.
    """

    channel_id: bytes
    received: Payment | LockPayment | None
    signed: Payment | LockPayment | None
    received_nonce: int = 0
    signed_nonce: int = 0
