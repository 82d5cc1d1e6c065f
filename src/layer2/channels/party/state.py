"""One party's view of one channel: what it holds, what it may sign away, what is reserved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layer2.channels.party.events import CloseSigned
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import Lock

__all__ = ["NO_PROOF", "TOMBSTONE", "Direction", "PaidOut", "Proof", "Side", "State"]

Side = Literal["A", "B"]
TOMBSTONE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Proof:
    """A lock proof: cumulative `amount` without the locks, and the receiver's `Accept` of it; nonce 0 is none."""

    amount: int = 0
    nonce: int = 0
    locks: tuple[Lock, ...] = ()
    signature: bytes = b""
    accept: bytes = b""

    @property
    def locked(self) -> int:
        """Sum of the locks, token units."""
        return sum(lock.amount for lock in self.locks)

    @property
    def limit(self) -> int:
        """What the proof can be worth at most, token units."""
        return self.amount + self.locked

    @property
    def last_expiry(self) -> int:
        """The latest expiry among the locks, Unix seconds; 0 without locks."""
        return max((lock.expiry for lock in self.locks), default=0)


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction: its newest plain voucher, its newest accepted lock proof, and what is not accepted yet.

    Attributes:
        plain, voucher: cumulative amount and signature of the newest plain voucher.
        proof: the newest lock proof that its receiver has accepted.
        offers: lock proofs signed after it and not accepted, oldest first; of the receiver's own view always none.
        used_nonce: the highest lock nonce that is signed, or may have been.
        payments: how many payments there were.
    """

    plain: int = 0
    voucher: bytes = b""
    proof: Proof = NO_PROOF
    offers: tuple[Proof, ...] = ()
    used_nonce: int = 0
    payments: int = 0

    @property
    def amount(self) -> int:
        """The cumulative sum that is paid for certain, token units."""
        return max(self.plain, self.proof.amount)

    @property
    def limit(self) -> int:
        """What the direction can cost its sender at most: each proof that the receiver may still use counts in full."""
        return max(self.plain, self.proof.limit, *(one.limit for one in self.offers))

    @property
    def locks(self) -> tuple[Lock, ...]:
        """The pending locks, of the newest accepted proof."""
        return self.proof.locks

    @property
    def locked(self) -> int:
        """Sum of the pending locks, token units."""
        return self.proof.locked

    @property
    def last_expiry(self) -> int:
        """The latest expiry among the pending locks, Unix seconds; 0 without locks."""
        return self.proof.last_expiry

    @property
    def nonce(self) -> int:
        """The nonce of the newest accepted lock proof."""
        return self.proof.nonce

    @property
    def bearing(self) -> bool:
        """True if the newest accepted lock proof is worth more than the newest plain voucher, or may be."""
        return self.proof.limit > self.plain

    @property
    def signature(self) -> bytes:
        """The signature of what is worth most: the lock proof or the plain voucher."""
        return self.proof.signature if self.bearing else self.voucher


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A co-signed withdrawal: reserved while it may still land, also again after a reorganisation."""

    out_a: int
    out_b: int
    epoch: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class State:
    """One party's view of one channel. `net_*` and `epoch` are what the chain confirmed, token units.

    Attributes:
        withdrawals: signed ones that may still land, or be taken back and land again.
        claims: how incoming locks are taken: `(lock, value, resolution)`, by the lock's whole contents.
        given_up: incoming locks that the peer may drop unpaid, once for each entry.
    """

    key: ChannelKey
    side: Side
    net_a: int = 0
    net_b: int = 0
    epoch: int = 0
    deadline: int = 0
    mine: Direction = Direction()
    theirs: Direction = Direction()
    closing: CloseSigned | None = None
    withdrawals: tuple[PaidOut, ...] = ()
    claims: tuple[tuple[Lock, int, bytes], ...] = ()
    given_up: tuple[Lock, ...] = ()

    @property
    def net_mine(self) -> int:
        """What the chain holds to this party's name."""
        return self.net_a if self.side == "A" else self.net_b

    @property
    def net_theirs(self) -> int:
        """What the chain holds to the peer's name."""
        return self.net_b if self.side == "A" else self.net_a

    @property
    def balance(self) -> int:
        """What this party gets if the channel ends now with every newest counter and no lock paid."""
        return _clamp(self.net_mine - self.mine.amount + self.theirs.amount, self.net_a + self.net_b)

    @property
    def peer_balance(self) -> int:
        """What the peer gets then."""
        return self.net_a + self.net_b - self.balance

    @property
    def capacity(self) -> int:
        """What this party's own direction may promise in all."""
        return self.net_mine + self.theirs.amount - self.reserved(self.side)

    @property
    def peer_capacity(self) -> int:
        """What the peer's direction may promise in all."""
        return self.net_theirs + self.mine.amount - self.reserved("B" if self.side == "A" else "A")

    @property
    def available(self) -> int:
        """What this party may still sign away."""
        return self.capacity - self.mine.limit

    @property
    def peer_available(self) -> int:
        """What the peer may still sign away to this party."""
        return self.peer_capacity - self.theirs.limit

    @property
    def withdraw(self) -> PaidOut | None:
        """The signed withdrawal that may land next."""
        return next((one for one in self.withdrawals if one.epoch == self.epoch), None)

    @property
    def phase(self) -> str:
        """`new`, `open`, `closing` (a close is signed), `disputed` or `closed`."""
        if self.deadline == TOMBSTONE:
            return "closed"
        if self.deadline:
            return "disputed"
        if self.closing is not None:
            return "closing"
        return "open" if self.net_a + self.net_b or self.epoch else "new"

    @property
    def counters(self) -> tuple[int, int]:
        """`(sentA, sentB)` by the newest proofs."""
        pair = (self.mine.amount, self.theirs.amount)
        return pair if self.side == "A" else (pair[1], pair[0])

    def claim_of(self, lock: Lock) -> tuple[int, bytes] | None:
        """What this party can take for an incoming lock: `(value, resolution)`, if it knows how."""
        for known, value, resolution in self.claims:
            if known == lock:
                return value, resolution
        return None

    def reserved(self, side: Side) -> int:
        """What signed withdrawals may still take from a side's money."""
        pending = (one for one in self.withdrawals if one.epoch >= self.epoch)
        return sum(one.out_a if side == "A" else one.out_b for one in pending)


def _clamp(value: int, total: int) -> int:
    return max(0, min(value, total))
