"""A binary keccak tree of fixed depth over a growing list of leaves, like `AppendOnlyTree`, stored in arrays.

The arrays allow millions of leaves.
"""

from __future__ import annotations

from layer2.primitives.errors import RangeError
from layer2.primitives.extras import needs
from layer2.primitives.keccak_simd import settle
from layer2.primitives.merkle import empty_roots

with needs("rollup"):
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DenseTree"]

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]


class DenseTree:
    """A tree of `depth` levels with room for `1 << width` leaves; each is the hash of 64 bytes, or absent.

    It uses about 64 bytes for each leaf of its capacity, and is written by `settle` alone.
    """

    __slots__ = ("_empty", "_nodes", "_starts", "depth", "width")

    def __init__(self, depth: int, width: int) -> None:
        self.depth = depth
        self.width = width
        self._empty = np.frombuffer(b"".join(empty_roots(depth)[: depth + 1]), np.uint64).reshape(-1, 4)
        sizes = [1 << max(0, width - level) for level in range(depth + 1)]
        self._starts: Numbers = np.cumsum([0, *sizes], dtype=np.int64)
        self._nodes: Words = np.repeat(self._empty, sizes, axis=0)

    def copy(self) -> DenseTree:
        """Return an independent tree with the same leaves."""
        other = DenseTree.__new__(DenseTree)
        other.depth, other.width = self.depth, self.width
        # These arrays never change, so both trees can share them.
        other._empty, other._starts = self._empty, self._starts
        other._nodes = self._nodes.copy()
        return other

    def widened(self, width: int) -> DenseTree:
        """Return a tree with the same leaves and a larger capacity."""
        other = DenseTree(self.depth, width)
        for level in range(self.depth + 1):
            old = self._nodes[self._starts[level] : self._starts[level + 1]]
            other._nodes[other._starts[level] : other._starts[level] + len(old)] = old
        return other

    @property
    def root(self) -> bytes:
        """Root of the tree."""
        return bytes(self._nodes[-1].data)

    def node(self, level: int, index: int) -> bytes:
        """Return a node; level 0 is the level of the leaves."""
        start, end = int(self._starts[level]), int(self._starts[level + 1])
        row = self._nodes[start + index] if index < end - start else self._empty[level]
        return bytes(row.data)

    def path(self, index: int) -> list[bytes]:
        """Return the siblings of a leaf, from the bottom up."""
        if not 0 <= index < 1 << self.depth:
            raise RangeError(f"leaf {index} is outside a tree of depth {self.depth}")
        return [self.node(level, index >> level ^ 1) for level in range(self.depth)]

    def settle(self, leaves: Numbers, messages: Words, ends: Numbers) -> list[bytes]:
        """Apply changes of many leaves each, and return the root after each: see `keccak_simd.settle`."""
        roots = np.empty((len(ends), 4), np.uint64)
        settle(self._nodes, self._starts, self._empty, leaves, messages, ends, roots)
        raw = roots.tobytes()
        return [raw[at : at + 32] for at in range(0, len(raw), 32)]
