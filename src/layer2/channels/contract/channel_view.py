"""The on-chain state of a channel, decoded from its six words."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.channels.protocol.lock_tree import fingerprint
from layer2.primitives.display import Readable
from layer2.primitives.packed_words import signed_bits

__all__ = ["CLOSED", "ChannelView", "PostedClaim"]

CLOSED = 0xFFFFFFFF
"""Value of the deadline of a permanently closed channel."""

_MASK111 = (1 << 111) - 1
_MASK112 = (1 << 112) - 1
_MASK208 = (1 << 208) - 1
_MASK30 = (1 << 30) - 1


@dataclass(frozen=True, slots=True)
class PostedClaim:
    """The lock proof posted for one direction in a dispute.

    Attributes:
        nonce: nonce of the posted lock proof; only a higher one replaces it.
        fingerprint: fingerprint of its limit and root, see `lock_tree.fingerprint`.
        claimed: its amount plus the sum that its locks have paid, token units.
        resolved: one bit for each resolved lock, by index.
        latest: latest deadline, Unix seconds; a proof of this direction that moves the deadline beyond it is rejected.
    """

    nonce: int
    fingerprint: int
    claimed: int
    resolved: int
    latest: int

    @classmethod
    def decode(cls, proof: int, claim: int) -> PostedClaim:
        """Decode the two words of a direction."""
        return cls(proof >> 208, proof & _MASK208, claim & _MASK112, claim >> 112 & _MASK112, claim >> 224)

    def is_resolved(self, index: int) -> bool:
        """Return True if the lock at this index has been resolved."""
        return bool(self.resolved >> index & 1)

    def is_of(self, limit: int, root: bytes) -> bool:
        """Return True if it was posted from a proof with this limit (amount plus locked sum) and root."""
        return self.fingerprint == fingerprint(limit, root)


@dataclass(frozen=True, slots=True, repr=False)
class ChannelView(Readable):
    """A channel's decoded words. Amounts in token units; `deadline` in Unix seconds, 0 if open, `CLOSED` if closed.

    In a simplex channel `net_a` is the deposit and `sent_a` the claimed amount. In a duplex channel `sent_*` are the
    plain counters and `claim_*` the posted lock proofs; each direction pays the greater of the two (`paid`).
    """

    channel_id: bytes
    net_a: int
    net_b: int
    deadline: int
    sent_a: int
    sent_b: int
    epoch: int
    claim_a: PostedClaim | None = None
    claim_b: PostedClaim | None = None

    @classmethod
    def decode(cls, channel_id: bytes, words: tuple[int, int, int, int, int, int], *, simplex: bool) -> ChannelView:
        """Decode `channel(id)`: slot0, slot1, and proof and claim words of both directions."""
        slot0, slot1, proof_a, word_a, proof_b, word_b = words
        deadline = slot0 >> 224
        if simplex:
            return cls(channel_id, slot0 & _MASK111, 0, deadline, slot0 >> 111 & _MASK111, 0, 0)
        return cls(
            channel_id,
            signed_bits(slot0, 111),
            signed_bits(slot0 >> 111, 111),
            deadline,
            slot1 & _MASK112,
            slot1 >> 112 & _MASK112,
            slot1 >> 224 & _MASK30,
            PostedClaim.decode(proof_a, word_a) if slot0 >> 222 & 1 else None,
            PostedClaim.decode(proof_b, word_b) if slot0 >> 223 & 1 else None,
        )

    @property
    def exists(self) -> bool:
        """True if the channel holds money, or has been used, and is not closed."""
        return not self.closed and bool(self.net_a or self.net_b or self.deadline)

    @property
    def closed(self) -> bool:
        """True if the channel has a tombstone. A channel closed after `openBefore` is an empty slot instead."""
        return self.deadline == CLOSED

    @property
    def disputed(self) -> bool:
        """True if a challenge window or an exit delay has been started and not finished."""
        return 0 < self.deadline < CLOSED

    @property
    def total(self) -> int:
        """Total money in the channel, token units."""
        return self.net_a + self.net_b

    def sent(self, side: str) -> int:
        """Return the on-chain plain counter of side `"A"` or `"B"`."""
        return self.sent_a if side == "A" else self.sent_b

    def claim(self, side: str) -> PostedClaim | None:
        """Return the lock proof posted for that side's direction, or None."""
        return self.claim_a if side == "A" else self.claim_b

    def paid(self, side: str) -> int:
        """Return the amount that a side's direction pays if settled now: the greater of counter and claim."""
        claim = self.claim(side)
        return max(self.sent(side), 0 if claim is None else claim.claimed)

    def payoffs(self, paid_a: int | None = None, paid_b: int | None = None) -> tuple[int, int]:
        """Return `(payA, payB)` if the channel settled now, with other paid sums of the directions if given."""
        a = self.paid("A") if paid_a is None else paid_a
        b = self.paid("B") if paid_b is None else paid_b
        pay_a = max(0, min(self.net_a - a + b, self.total))
        return pay_a, self.total - pay_a
