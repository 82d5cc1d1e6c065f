"""Merkle commitment to calldata in runs of 496 bytes that can be opened individually; mirrors `ChunkTree.sol`."""

from __future__ import annotations

from layer2.primitives.hashing import keccak
from layer2.primitives.merkle import EMPTY
from layer2.rollup.protocol.params import FRAME_BYTES

__all__ = ["commit", "path", "run_at", "run_count"]


def run_count(length: int) -> int:
    """Return the number of runs that a number of bytes fills."""
    return -(-length // FRAME_BYTES)


def run_at(data: bytes, index: int) -> bytes:
    """Return run `index`, padded with zeros."""
    return data[index * FRAME_BYTES : (index + 1) * FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


def commit(data: bytes) -> bytes:
    """Return the Merkle root over the runs of `data`; zeros if it is empty. A missing right sibling is zero."""
    return _levels(data)[-1][0] if data else EMPTY


def path(data: bytes, index: int) -> bytes:
    """Return the siblings of run `index` from the bottom up, 32 bytes each."""
    siblings = b""
    for level in _levels(data)[:-1]:
        siblings += level[index ^ 1] if index ^ 1 < len(level) else EMPTY
        index >>= 1
    return siblings


def _levels(data: bytes) -> list[list[bytes]]:
    level = [keccak(run_at(data, at)) for at in range(run_count(len(data)))]
    levels = [level]
    while len(level) > 1:
        padded = level + [EMPTY] * (len(level) % 2)
        level = [keccak(padded[at] + padded[at + 1]) for at in range(0, len(padded), 2)]
        levels.append(level)
    return levels
