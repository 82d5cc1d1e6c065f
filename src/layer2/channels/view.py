"""A channel as the chain has it, decoded from its four words."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.channels.hubevents import signed112
from layer2.primitives.hashing import keccak

__all__ = ["CLOSED", "ChannelView", "lock_fingerprint"]

CLOSED = 0xFFFFFFFF
"""In the deadline's place: the channel is closed for good."""

_MASK112 = (1 << 112) - 1
_MASK208 = (1 << 208) - 1
_MASK30 = (1 << 30) - 1


def lock_fingerprint(locked: int, last_expiry: int, locks_hash: bytes) -> int:
    """The low 208 bits of a lock word: `keccak256(abi.encode(locked, lastExpiry, locksHash)) >> 48`."""
    data = locked.to_bytes(32, "big") + last_expiry.to_bytes(32, "big") + locks_hash
    return int.from_bytes(keccak(data), "big") >> 48


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel's words, decoded. Amounts in token units; `deadline` Unix seconds, 0 open, `CLOSED` closed for good.

    In a simplex channel `net_a` is the deposit, `sent_a` what was claimed. `nonce_*` and `fingerprint_*` are of the
    newest lock proof posted for the direction; it stands only while `locks_*` is true.
    """

    channel_id: bytes
    net_a: int
    net_b: int
    deadline: int
    sent_a: int
    sent_b: int
    epoch: int
    locks_a: bool
    locks_b: bool
    nonce_a: int
    nonce_b: int
    fingerprint_a: int
    fingerprint_b: int

    @classmethod
    def decode(cls, channel_id: bytes, words: tuple[int, int, int, int], *, simplex: bool) -> ChannelView:
        """From `channel(id)`: slot0, slot1 and the two lock words."""
        slot0, slot1, locks_a, locks_b = words
        if simplex:
            net_a, net_b = slot0 & _MASK112, 0
            sent_a, sent_b = slot0 >> 112 & _MASK112, 0
        else:
            net_a, net_b = signed112(slot0), signed112(slot0 >> 112)
            sent_a, sent_b = slot1 & _MASK112, slot1 >> 112 & _MASK112
        return cls(
            channel_id,
            net_a,
            net_b,
            slot0 >> 224,
            sent_a,
            sent_b,
            slot1 >> 224 & _MASK30,
            bool(slot1 >> 254 & 1),
            bool(slot1 >> 255),
            locks_a >> 208,
            locks_b >> 208,
            locks_a & _MASK208,
            locks_b & _MASK208,
        )

    @property
    def exists(self) -> bool:
        """Whether the channel holds something or has been used and is not closed."""
        return not self.closed and bool(self.net_a or self.net_b or self.deadline)

    @property
    def closed(self) -> bool:
        """Whether a tombstone stands; a channel that ended after `openBefore` is just empty."""
        return self.deadline == CLOSED

    @property
    def disputed(self) -> bool:
        """Whether a challenge window or an exit delay was started and not finished."""
        return 0 < self.deadline < CLOSED

    @property
    def total(self) -> int:
        """What the channel holds, token units."""
        return self.net_a + self.net_b

    def sent(self, side: str) -> int:
        """The counter on chain of side `"A"` or `"B"`."""
        return self.sent_a if side == "A" else self.sent_b

    def lock_nonce(self, side: str) -> int:
        """The newest lock nonce posted for that side's direction."""
        return self.nonce_a if side == "A" else self.nonce_b

    def standing(self, side: str) -> bool:
        """Whether a lock proof stands for that side's direction."""
        return self.locks_a if side == "A" else self.locks_b

    def fingerprint(self, side: str) -> int:
        """What is left of that lock proof, hashed (see `lock_fingerprint`)."""
        return self.fingerprint_a if side == "A" else self.fingerprint_b

    def payoffs(self, sent_a: int | None = None, sent_b: int | None = None) -> tuple[int, int]:
        """`(payA, payB)` if the channel settled now, with other counters if given."""
        a = self.sent_a if sent_a is None else sent_a
        b = self.sent_b if sent_b is None else sent_b
        pay_a = max(0, min(self.net_a - a + b, self.total))
        return pay_a, self.total - pay_a
