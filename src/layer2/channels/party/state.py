"""One party's view of one channel: balances, the amount it may still sign away, reserved amounts."""

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
    """A lock proof: cumulative `amount` without the locks, and the receiver's `Accept` of it. Nonce 0: no proof."""

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
        """Maximum value of the proof, token units."""
        return self.amount + self.locked

    @property
    def last_expiry(self) -> int:
        """Latest expiry among the locks, Unix seconds; 0 without locks."""
        return max((lock.expiry for lock in self.locks), default=0)


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction: its newest plain voucher, its newest accepted lock proof, and the proofs not yet accepted.

    Attributes:
        plain: cumulative amount of the newest plain voucher.
        voucher: signature of the newest plain voucher.
        proof: the newest lock proof that its receiver has accepted.
        offers: lock proofs signed after it and not accepted, oldest first; always empty in the receiver's view.
        used_nonce: the highest lock nonce that is signed, or may have been.
        payments: number of payments.
    """

    plain: int = 0
    voucher: bytes = b""
    proof: Proof = NO_PROOF
    offers: tuple[Proof, ...] = ()
    used_nonce: int = 0
    payments: int = 0

    @property
    def amount(self) -> int:
        """Cumulative amount paid unconditionally, token units."""
        return max(self.plain, self.proof.amount)

    @property
    def limit(self) -> int:
        """Maximum cost for the sender: every proof that the receiver may still use counts in full, token units."""
        return max(self.plain, self.proof.limit, *(one.limit for one in self.offers))

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Pending locks of the newest accepted proof."""
        return self.proof.locks

    @property
    def locked(self) -> int:
        """Sum of the pending locks, token units."""
        return self.proof.locked

    @property
    def last_expiry(self) -> int:
        """Latest expiry among the pending locks, Unix seconds; 0 without locks."""
        return self.proof.last_expiry

    @property
    def nonce(self) -> int:
        """Nonce of the newest accepted lock proof."""
        return self.proof.nonce

    @property
    def bearing(self) -> bool:
        """True if the newest accepted lock proof is, or may be, worth more than the newest plain voucher."""
        return self.proof.limit > self.plain

    @property
    def signature(self) -> bytes:
        """Signature of the more valuable proof: the lock proof or the plain voucher."""
        return self.proof.signature if self.bearing else self.voucher


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A co-signed withdrawal, reserved while it may still be mined, including again after a reorganisation."""

    out_a: int
    out_b: int
    epoch: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class State:
    """One party's view of one channel. `net_*` and `epoch` are confirmed on chain; amounts are token units.

    Attributes:
        withdrawals: signed withdrawals that may still be mined, or be reverted and mined again.
        claims: resolutions of incoming locks: `(lock, value, resolution)`, by the lock's complete contents.
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
        """Confirmed on-chain balance of this party, token units."""
        return self.net_a if self.side == "A" else self.net_b

    @property
    def net_theirs(self) -> int:
        """Confirmed on-chain balance of the peer, token units."""
        return self.net_b if self.side == "A" else self.net_a

    @property
    def balance(self) -> int:
        """Balance of this party if the channel closed now at the newest counters, with no lock paid."""
        return _clamp(self.net_mine - self.mine.amount + self.theirs.amount, self.net_a + self.net_b)

    @property
    def peer_balance(self) -> int:
        """Balance of the peer if the channel closed now at the newest counters, with no lock paid."""
        return self.net_a + self.net_b - self.balance

    @property
    def capacity(self) -> int:
        """Maximum total that this party's direction may commit."""
        return self.net_mine + self.theirs.amount - self.reserved(self.side)

    @property
    def peer_capacity(self) -> int:
        """Maximum total that the peer's direction may commit."""
        return self.net_theirs + self.mine.amount - self.reserved("B" if self.side == "A" else "A")

    @property
    def available(self) -> int:
        """Amount that this party may still sign away."""
        return self.capacity - self.mine.limit

    @property
    def peer_available(self) -> int:
        """Amount that the peer may still sign away to this party."""
        return self.peer_capacity - self.theirs.limit

    @property
    def withdraw(self) -> PaidOut | None:
        """Signed withdrawal that may be mined next."""
        return next((one for one in self.withdrawals if one.epoch == self.epoch), None)

    @property
    def phase(self) -> str:
        """Phase of the channel: `new`, `open`, `closing` (a close is signed), `disputed` or `closed`."""
        if self.deadline == TOMBSTONE:
            return "closed"
        if self.deadline:
            return "disputed"
        if self.closing is not None:
            return "closing"
        return "open" if self.net_a + self.net_b or self.epoch else "new"

    @property
    def counters(self) -> tuple[int, int]:
        """Counters `(sentA, sentB)` of the newest proofs."""
        pair = (self.mine.amount, self.theirs.amount)
        return pair if self.side == "A" else (pair[1], pair[0])

    def claim_of(self, lock: Lock) -> tuple[int, bytes] | None:
        """Return `(value, resolution)` of an incoming lock, or `None` if no resolution is known."""
        for known, value, resolution in self.claims:
            if known == lock:
                return value, resolution
        return None

    def reserved(self, side: Side) -> int:
        """Return the amount that signed withdrawals may still take from a side's money."""
        pending = (one for one in self.withdrawals if one.epoch >= self.epoch)
        return sum(one.out_a if side == "A" else one.out_b for one in pending)


def _clamp(value: int, total: int) -> int:
    return max(0, min(value, total))
