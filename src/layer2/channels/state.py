"""One party's view of one channel: what it holds, what it may sign away, what is reserved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layer2.channels.events import CloseSigned
from layer2.channels.key import ChannelKey
from layer2.channels.locks import Lock

__all__ = ["TOMBSTONE", "Direction", "PaidOut", "Side", "State"]

Side = Literal["A", "B"]
TOMBSTONE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction's newest proof: cumulative `amount`, pending `locks`, lock `nonce`, and how many payments.

    `bearing`: the newest proof is a `LockVoucher` (perhaps of no locks), not a plain voucher.
    """

    amount: int = 0
    nonce: int = 0
    locks: tuple[Lock, ...] = ()
    signature: bytes = b""
    payments: int = 0
    bearing: bool = False

    @property
    def locked(self) -> int:
        """Sum of the pending locks, token units."""
        return sum(lock.amount for lock in self.locks)

    @property
    def last_expiry(self) -> int:
        """The latest expiry among the pending locks, Unix seconds; 0 without locks."""
        return max((lock.expiry for lock in self.locks), default=0)


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A co-signed withdrawal under way: reserved until it lands (the epoch moves) or its last second is over."""

    out_a: int
    out_b: int
    epoch: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class State:
    """One party's view of one channel. `net_*` and `epoch` are what the chain confirmed, token units."""

    key: ChannelKey
    side: Side
    net_a: int = 0
    net_b: int = 0
    epoch: int = 0
    deadline: int = 0
    mine: Direction = Direction()
    theirs: Direction = Direction()
    closing: CloseSigned | None = None
    withdraw: PaidOut | None = None
    claims: tuple[tuple[bytes, int, bytes], ...] = ()

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
    def available(self) -> int:
        """What this party may still sign away."""
        reserved = self._reserved(self.side)
        return self.net_mine - self.mine.amount - self.mine.locked + self.theirs.amount - reserved

    @property
    def peer_available(self) -> int:
        """What the peer may still sign away to this party."""
        reserved = self._reserved("B" if self.side == "A" else "A")
        return self.net_theirs - self.theirs.amount - self.theirs.locked + self.mine.amount - reserved

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
        for condition, value, resolution in self.claims:
            if condition == lock.condition:
                return min(value, lock.amount), resolution
        return None

    def _reserved(self, side: Side) -> int:
        if self.withdraw is None:
            return 0
        return self.withdraw.out_a if side == "A" else self.withdraw.out_b


def _clamp(value: int, total: int) -> int:
    return max(0, min(value, total))
