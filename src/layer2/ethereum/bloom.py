"""The bloom filter of a block header, which shows that a block does not contain certain logs (Yellow Paper 4.3.1)."""

from __future__ import annotations

from collections.abc import Sequence

from layer2.ethereum.backend import Topics
from layer2.primitives.addresses import Address, address_bytes
from layer2.primitives.hashing import keccak

__all__ = ["bloom_bits", "may_hold"]

BLOOM_BYTES = 256


def bloom_bits(item: bytes) -> int:
    """Return the three of 2,048 bits that an address or topic sets, as a number."""
    digest = keccak(item)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def may_hold(bloom: bytes, addresses: Sequence[Address], topics: Topics | None) -> bool:
    """Return True if a block with this bloom may contain a log of the addresses and topics; False if it cannot.

    Returns False for a header without a bloom (an empty one).
    """
    if len(bloom) != BLOOM_BYTES:
        return False
    have = int.from_bytes(bloom, "big")
    if addresses and not any(_sets(have, address_bytes(one)) for one in addresses):
        return False
    for topic in topics or ():
        wanted = [topic] if isinstance(topic, bytes) else topic
        if wanted is not None and not any(_sets(have, one) for one in wanted):
            return False
    return True


def _sets(have: int, item: bytes) -> bool:
    bits = bloom_bits(item)
    return have & bits == bits
