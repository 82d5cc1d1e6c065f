"""Binary keccak trees of fixed depth over a growing list of leaves; the right side of a tree is empty.

An absent leaf is 32 zero bytes, a node is `keccak(left | right)`, and an absent subtree has the root of an empty tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak

__all__ = ["EMPTY", "AppendOnlyTree", "empty_roots", "root_of_path", "verify_path"]

EMPTY = bytes(32)
"""Leaf of an absent entry."""

_EMPTY_ROOTS: list[bytes] = [EMPTY]


def empty_roots(depth: int) -> Sequence[bytes]:
    """Return the roots of empty trees of depth 0 to `depth`."""
    while len(_EMPTY_ROOTS) <= depth:
        _EMPTY_ROOTS.append(keccak(_EMPTY_ROOTS[-1] * 2))
    return _EMPTY_ROOTS


class AppendOnlyTree:
    """A tree of `depth` levels over leaves 0, 1, 2 ...: memory grows with the highest leaf ever set."""

    __slots__ = ("_dirty", "_levels", "depth")

    def __init__(self, depth: int, leaves: Iterable[bytes] = ()) -> None:
        self.depth = depth
        self._levels: list[list[bytes]] = [[] for _ in range(depth + 1)]
        self._dirty: set[int] = set()
        for index, leaf in enumerate(leaves):
            self.set(index, leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def copy(self) -> AppendOnlyTree:
        """Return an independent tree with the same leaves."""
        other = AppendOnlyTree(self.depth)
        other._levels = [list(level) for level in self._levels]
        other._dirty = set(self._dirty)
        return other

    def get(self, index: int) -> bytes:
        """Return a leaf; EMPTY if it is not set."""
        leaves = self._levels[0]
        return leaves[index] if index < len(leaves) else EMPTY

    def set(self, index: int, leaf: bytes) -> None:
        """Set a leaf; the root is updated on its next access."""
        if not 0 <= index < 1 << self.depth:
            raise RangeError(f"leaf {index} is outside a tree of depth {self.depth}")
        leaves = self._levels[0]
        while len(leaves) <= index:
            # The parents of a new leaf must be created too.
            self._dirty.add(len(leaves))
            leaves.append(EMPTY)
        leaves[index] = leaf
        self._dirty.add(index)

    def update(self, changes: Mapping[int, bytes]) -> None:
        """Set many leaves."""
        for index, leaf in changes.items():
            self.set(index, leaf)

    @property
    def root(self) -> bytes:
        """Root of the tree; access hashes only the nodes above the leaves changed since the last access."""
        self.settle()
        top = self._levels[self.depth]
        return top[0] if top else empty_roots(self.depth)[self.depth]

    def path(self, index: int) -> list[bytes]:
        """Return the siblings of a leaf, from the bottom up."""
        if not 0 <= index < 1 << self.depth:
            raise RangeError(f"leaf {index} is outside a tree of depth {self.depth}")
        self.settle()
        return [self.node(level, index >> level ^ 1) for level in range(self.depth)]

    def node(self, level: int, index: int) -> bytes:
        """Return a node of a settled tree."""
        nodes = self._levels[level]
        return nodes[index] if index < len(nodes) else empty_roots(self.depth)[level]

    def settle(self) -> None:
        """Hash the changed nodes, as required before `node`."""
        dirty = self._dirty
        if not dirty:
            return
        zeros, digest = empty_roots(self.depth), keccak
        for level in range(self.depth):
            below, above = self._levels[level], self._levels[level + 1]
            size, empty = len(below), zeros[level]
            parents = {index >> 1 for index in dirty}
            for parent in sorted(parents):
                right = below[2 * parent + 1] if 2 * parent + 1 < size else empty
                node = digest(below[2 * parent] + right)
                if parent < len(above):
                    above[parent] = node
                else:
                    above.append(node)
            dirty = parents
        self._dirty = set()


def root_of_path(leaf: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """Return the root over a leaf and its siblings from the bottom up."""
    node = leaf
    for sibling in path:
        node = keccak(sibling + node) if index & 1 else keccak(node + sibling)
        index >>= 1
    return node


def verify_path(root: bytes, leaf: bytes, index: int, path: Sequence[bytes]) -> bool:
    """Return True if the leaf is at `index` under `root`, in a tree with the depth of the path."""
    return index >> len(path) == 0 and root_of_path(leaf, index, path) == root
