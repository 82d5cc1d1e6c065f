"""The Merkle tree of one direction's locks: its root, and the siblings that open some of its leaves.

Leaves are in the order in which the locks are signed, padded with zero words to a power of two. A packed lock has 53
bytes and an inner node hashes 64, so neither can be mistaken for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from layer2.channels.protocol.locks import Lock
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak

__all__ = ["EMPTY_ROOT", "MAX_LOCKS", "fingerprint", "leaf_hash", "locks_root", "root_of", "siblings"]

MAX_LOCKS = 112
"""Maximum number of locks that the hub can resolve in one direction: the free bits of a claim word."""

EMPTY_ROOT = bytes(32)
"""Root of an empty list of locks."""


def leaf_hash(lock: Lock) -> bytes:
    """Return the leaf of a lock: keccak of its 53 packed bytes."""
    return keccak(lock.encode())


def locks_root(locks: Iterable[Lock]) -> bytes:
    """Return the root that a lock voucher signs. Raises RangeError for more than `MAX_LOCKS` locks."""
    leaves = _leaves(locks)
    return _levels(leaves)[-1][0] if leaves else EMPTY_ROOT


def siblings(locks: Iterable[Lock], indexes: Iterable[int]) -> tuple[bytes, ...]:
    """Return the siblings for the locks at `indexes`, level by level, from left to right.

    Raises:
        RangeError: too many locks, or an index without a lock.
    """
    leaves = _leaves(locks)
    known = sorted(set(indexes))
    if not known or known[0] < 0 or known[-1] >= len(leaves):
        raise RangeError(f"opening the locks {known} of {len(leaves)}", hint="name indexes of the signed list")
    found: list[bytes] = []
    for level in _levels(leaves)[:-1]:
        inside = set(known)
        found += [level[index ^ 1] for index in known if index ^ 1 not in inside]
        known = sorted({index >> 1 for index in known})
    return tuple(found)


def root_of(opened: Mapping[int, bytes], others: Sequence[bytes]) -> bytes | None:
    """Return the root of leaves at their indexes with these siblings; None if the hub would find no valid tree.

    Mirrors the hub's own computation: siblings are consumed level by level, from left to right.
    """
    level = sorted(opened.items())
    used = 0
    while len(level) > 1 or used < len(others):
        above: list[tuple[int, bytes]] = []
        at = 0
        while at < len(level):
            index, node = level[at]
            if not index & 1 and at + 1 < len(level) and level[at + 1][0] == index + 1:
                pair = node + level[at + 1][1]
                at += 2
            elif used < len(others):
                pair = others[used] + node if index & 1 else node + others[used]
                used += 1
                at += 1
            else:
                return None
            above.append((index >> 1, keccak(pair)))
        level = above
    return level[0][1] if level and level[0][0] == 0 else None


def fingerprint(limit: int, root: bytes) -> int:
    """Return the hub's fingerprint of a posted proof: the upper 208 bits of `keccak256(abi.encode(limit, root))`.

    `limit` is the amount plus the locked sum, the maximum value of the proof.
    """
    return int.from_bytes(keccak(limit.to_bytes(32, "big") + root), "big") >> 48


def _leaves(locks: Iterable[Lock]) -> list[bytes]:
    leaves = [leaf_hash(lock) for lock in locks]
    if len(leaves) > MAX_LOCKS:
        raise RangeError(f"{len(leaves)} locks in one direction, need at most {MAX_LOCKS}", hint="resolve some first")
    return leaves


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    width = 1 << (len(leaves) - 1).bit_length()
    level = leaves + [bytes(32)] * (width - len(leaves))
    levels = [level]
    while len(level) > 1:
        level = [keccak(level[at] + level[at + 1]) for at in range(0, len(level), 2)]
        levels.append(level)
    return levels
