"""Compact sparse Merkle tree of a coin block, keyed by 64-bit numbers, with inclusion and exclusion proofs.

A node is `keccak(0x01 | left | right)`, split by the key's bits from the highest down. A subtree with one leaf is that
leaf, `keccak(0x00 | key(8) | value(32))`, and an empty subtree is 32 zero bytes. A proof lists the siblings from the
root down. The path of a key ends in its leaf, the leaf of another key, or an empty subtree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sha3 import keccak_256

from layer2.plasma.protocol.malformed import TreeMalformed
from layer2.plasma.protocol.params import COIN_LEVELS
from layer2.primitives.hashing import keccak

__all__ = ["EMPTY", "SparseProof", "SparseTree", "coin_leaf", "presence_root", "verify_absence", "verify_presence"]

EMPTY = bytes(32)
"""Root of an empty tree."""


class SparseProof(NamedTuple):
    """Siblings of a key's path from the root down, and the leaf of another key if the path ends there."""

    siblings: tuple[bytes, ...]
    other: tuple[int, bytes] | None = None


def coin_leaf(key: int, value: bytes) -> bytes:
    """Return the leaf hash of a key and its 32-byte value."""
    return keccak(b"\0" + key.to_bytes(8, "big") + value)


class SparseTree:
    """Immutable tree over pairs of a key and a 32-byte value.

    Raises:
        TreeMalformed: A key is repeated or exceeds 64 bits, or a value is not 32 bytes long.
    """

    __slots__ = ("_keys", "_nodes", "_values")

    def __init__(self, leaves: Mapping[int, bytes] | Iterable[tuple[int, bytes]]) -> None:
        pairs = sorted(leaves.items() if isinstance(leaves, Mapping) else leaves)
        self._keys = [key for key, _ in pairs]
        self._values = [value for _, value in pairs]
        if self._keys and not 0 <= self._keys[0] <= self._keys[-1] < 1 << COIN_LEVELS:
            raise TreeMalformed(f"keys {self._keys[0]} to {self._keys[-1]}, need 0 to 2**{COIN_LEVELS} - 1")
        if any(len(value) != 32 for value in self._values):
            raise TreeMalformed("each value has 32 bytes")
        self._nodes = _Nodes(self._keys, self._values)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def root(self) -> bytes:
        """Root of the tree, 32 bytes."""
        return self._nodes.hashes[self._nodes.root]

    def get(self, key: int) -> bytes | None:
        """Return the 32-byte value of a key, or None."""
        at = bisect_left(self._keys, key)
        return self._values[at] if at < len(self._keys) and self._keys[at] == key else None

    def proof(self, key: int) -> SparseProof:
        """Return an inclusion or exclusion proof of a key; raise `TreeMalformed` if it exceeds 64 bits."""
        if not 0 <= key < 1 << COIN_LEVELS:
            raise TreeMalformed(f"key {key} is not a uint64")
        nodes, siblings, leaves = self._nodes, list[bytes](), len(self._keys)
        hashes, lefts, rights, node, show = nodes.hashes, nodes.lefts, nodes.rights, nodes.root, siblings.append
        for bit in f"{key:0{COIN_LEVELS}b}":
            if node < leaves:
                break
            if bit == "1":
                show(hashes[lefts[node]])
                node = rights[node]
            else:
                show(hashes[rights[node]])
                node = lefts[node]
        if node == _NOTHING or self._keys[node] == key:
            return SparseProof(tuple(siblings))
        return SparseProof(tuple(siblings), (self._keys[node], self._values[node]))


def verify_presence(root: bytes, key: int, value: bytes, siblings: Sequence[bytes]) -> bool:
    """Return True if `key` has `value` under `root`."""
    return presence_root(key, value, siblings) == root


def presence_root(key: int, value: bytes, siblings: Sequence[bytes]) -> bytes | None:
    """Return the root under which `key` has `value`, or None if an argument has an invalid range or length."""
    if not 0 <= key < 1 << COIN_LEVELS or len(value) != 32:
        return None
    return _climb(key, coin_leaf(key, value), siblings)


def verify_absence(root: bytes, key: int, proof: SparseProof) -> bool:
    """Return True if `key` is not in the tree: its path ends in an empty subtree or in the leaf of another key."""
    if not 0 <= key < 1 << COIN_LEVELS:
        return False
    if proof.other is None:
        return _climb(key, EMPTY, proof.siblings) == root
    other, value = proof.other
    depth = len(proof.siblings)
    if not 0 <= other < 1 << COIN_LEVELS or len(value) != 32 or depth > COIN_LEVELS:
        return False
    # The other leaf proves absence only if both keys share the path down to it.
    if other == key or (other ^ key) >> (COIN_LEVELS - depth):
        return False
    return _climb(key, coin_leaf(other, value), proof.siblings) == root


def _climb(key: int, node: bytes, siblings: Sequence[bytes]) -> bytes | None:
    """Return the root above a node on the key's path, or None if the siblings have an invalid length."""
    depth = len(siblings)
    if depth > COIN_LEVELS or any(len(one) != 32 for one in siblings):
        return None
    bits = key >> (COIN_LEVELS - depth)
    for sibling in reversed(siblings):
        node = keccak(b"\x01" + sibling + node) if bits & 1 else keccak(b"\x01" + node + sibling)
        bits >>= 1
    return node


_NOTHING = -1
"""Index of the empty subtree."""


class _Nodes:
    """Tree nodes in columns of numbers and bytes, which the garbage collector does not traverse.

    The first nodes are the leaves in order of keys; `lefts` and `rights` are used only for inner nodes.
    """

    __slots__ = ("hashes", "keys", "lefts", "rights", "root")

    def __init__(self, keys: list[int], values: list[bytes]) -> None:
        hashed = keccak_256
        self.keys = keys
        self.hashes: list[bytes] = [
            hashed(b"\0" + key.to_bytes(8, "big") + value).digest() for key, value in zip(keys, values, strict=True)
        ]
        self.lefts, self.rights = [_NOTHING] * len(keys), [_NOTHING] * len(keys)
        self.root = self._build() if keys else _NOTHING
        # This is the last element, so that index _NOTHING refers to it.
        self.hashes.append(EMPTY)

    def _build(self) -> int:
        """Build the tree from left to right over the sorted keys and return its root node.

        The common prefix of two neighbours gives the depth at which their paths fork.
        """
        hashed, hashes, keys = keccak_256, self.hashes, self.keys
        left, right, made = self.lefts.append, self.rights.append, hashes.append
        # Complete subtrees on the left, each with its depth and a key in it, and the depths of the forks between them.
        waiting: list[int] = []
        heights: list[int] = []
        under: list[int] = []
        splits: list[int] = []
        before, key = -1, keys[0]
        depth = node = 0
        for at, following in enumerate([*keys[1:], None]):
            if following is None:
                after = -1
            else:
                parting = key ^ following
                if not parting:
                    raise TreeMalformed(f"key {key} is given twice")
                after = COIN_LEVELS - parting.bit_length()
            node = at
            depth = 1 + (before if before > after else after)
            # Every fork deeper than the one between this key and the next is complete and can be joined.
            while splits and splits[-1] > after:
                split = splits.pop()
                other, height, its = waiting.pop(), heights.pop(), under.pop()
                if height != split + 1:
                    other = self._lift(other, its, height, split + 1)
                if depth != split + 1:
                    node = self._lift(node, key, depth, split + 1)
                left(other)
                right(node)
                made(hashed(b"\x01" + hashes[other] + hashes[node]).digest())
                node, depth = len(hashes) - 1, split
            waiting.append(node)
            heights.append(depth)
            under.append(key)
            splits.append(after)
            before = after
            if following is not None:
                key = following
        return self._lift(node, key, depth, 0)

    def _lift(self, node: int, key: int, depth: int, target: int) -> int:
        """Return the node at depth `target` whose only content is `node` at `depth`, on the path of `key`."""
        while depth > target:
            depth -= 1
            if key >> (COIN_LEVELS - 1 - depth) & 1:
                pair = (_NOTHING, node)
                made = keccak(b"\x01" + EMPTY + self.hashes[node])
            else:
                pair = (node, _NOTHING)
                made = keccak(b"\x01" + self.hashes[node] + EMPTY)
            node = len(self.hashes)
            self.hashes.append(made)
            self.lefts.append(pair[0])
            self.rights.append(pair[1])
        return node
