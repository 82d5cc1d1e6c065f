"""The tree of a block of coins: keyed by 64-bit numbers, compact, with proofs that a key is there or is not.

A node is `keccak(0x01 | left | right)`, split by the key's bits from the highest down; a subtree of one leaf is that
leaf, `keccak(0x00 | key(8) | value(32))`; an empty one is 32 zero bytes. A proof holds the siblings from the root down.
Every key's path ends in exactly one of: its leaf, another key's leaf, emptiness.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sha3 import keccak_256

from layer2.plasma.malformed import TreeMalformed
from layer2.plasma.params import COIN_LEVELS
from layer2.primitives.hashing import keccak

__all__ = ["EMPTY", "SparseProof", "SparseTree", "coin_leaf", "verify_absence", "verify_presence"]

EMPTY = bytes(32)
"""The root of a tree without leaves."""


class SparseProof(NamedTuple):
    """Where a key's path ends: the siblings from the root down, and the leaf of another key, if it ends in one."""

    siblings: tuple[bytes, ...]
    other: tuple[int, bytes] | None = None


def coin_leaf(key: int, value: bytes) -> bytes:
    """The leaf of a key and its 32 bytes."""
    return keccak(b"\0" + key.to_bytes(8, "big") + value)


class SparseTree:
    """A tree over (key, 32 bytes), made at once.

    Raises (at construction):
        TreeMalformed: a key twice or outside 64 bits, a value that is not 32 bytes.
    """

    __slots__ = ("_keys", "_root", "_values")

    def __init__(self, leaves: Mapping[int, bytes] | Iterable[tuple[int, bytes]]) -> None:
        pairs = sorted(leaves.items() if isinstance(leaves, Mapping) else leaves)
        self._keys = [key for key, _ in pairs]
        self._values = [value for _, value in pairs]
        if self._keys and not 0 <= self._keys[0] <= self._keys[-1] < 1 << COIN_LEVELS:
            raise TreeMalformed(f"keys {self._keys[0]} to {self._keys[-1]}, need 0 to 2**{COIN_LEVELS} - 1")
        if any(len(value) != 32 for value in self._values):
            raise TreeMalformed("each value has 32 bytes")
        self._root = _build(self._keys, self._values)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def root(self) -> bytes:
        """Its 32-byte root."""
        return self._root[0]

    def get(self, key: int) -> bytes | None:
        """The 32 bytes of a key, if it is there."""
        at = bisect_left(self._keys, key)
        return self._values[at] if at < len(self._keys) and self._keys[at] == key else None

    def proof(self, key: int) -> SparseProof:
        """The proof that a key is there, with its value, or that it is not; raises `TreeMalformed` for no key."""
        if not 0 <= key < 1 << COIN_LEVELS:
            raise TreeMalformed(f"key {key} is no uint64")
        node, siblings = self._root, []
        bit = COIN_LEVELS - 1
        while len(node) == 3:
            _, left, right = node
            if key >> bit & 1:
                siblings.append(left[0])
                node = right
            else:
                siblings.append(right[0])
                node = left
            bit -= 1
        if len(node) == 1 or self._keys[node[1]] == key:
            return SparseProof(tuple(siblings))
        return SparseProof(tuple(siblings), (self._keys[node[1]], self._values[node[1]]))


def verify_presence(root: bytes, key: int, value: bytes, siblings: Sequence[bytes]) -> bool:
    """Whether `key` stands with `value` under `root`."""
    if not 0 <= key < 1 << COIN_LEVELS or len(value) != 32:
        return False
    return _climb(key, coin_leaf(key, value), siblings) == root


def verify_absence(root: bytes, key: int, proof: SparseProof) -> bool:
    """Whether `key` does not stand under `root`: its path ends in nothing, or in the leaf of another key."""
    if not 0 <= key < 1 << COIN_LEVELS:
        return False
    if proof.other is None:
        return _climb(key, EMPTY, proof.siblings) == root
    other, value = proof.other
    depth = len(proof.siblings)
    if not 0 <= other < 1 << COIN_LEVELS or len(value) != 32 or depth > COIN_LEVELS:
        return False
    # The other leaf answers for this key only where their paths are still one.
    if other == key or (other ^ key) >> (COIN_LEVELS - depth):
        return False
    return _climb(key, coin_leaf(other, value), proof.siblings) == root


def _climb(key: int, node: bytes, siblings: Sequence[bytes]) -> bytes | None:
    """The root above a node of the key's path; None if no tree has such siblings."""
    depth = len(siblings)
    if depth > COIN_LEVELS or any(len(one) != 32 for one in siblings):
        return None
    bits = key >> (COIN_LEVELS - depth)
    for sibling in reversed(siblings):
        node = keccak(b"\x01" + sibling + node) if bits & 1 else keccak(b"\x01" + node + sibling)
        bits >>= 1
    return node


_Leaf = tuple[bytes, int]
_Inner = tuple[bytes, "_Node", "_Node"]
_Node = tuple[bytes] | _Leaf | _Inner
"""Nothing: (hash,). A leaf: (hash, its place in the sorted keys). A node: (hash, left, right)."""

_NOTHING = (EMPTY,)


def _build(keys: list[int], values: list[bytes]) -> _Node:
    """Left to right over the sorted keys: what two neighbours share says how deep their paths part."""
    if not keys:
        return _NOTHING
    hashed = keccak_256
    # Finished subtrees on the left, each with its depth and a key under it; between them the depths where they part.
    waiting: list[tuple[_Node, int, int]] = []
    splits: list[int] = []
    before = -1
    last = len(keys) - 1
    for at, key in enumerate(keys):
        if at == last:
            after = -1
        else:
            parting = key ^ keys[at + 1]
            if not parting:
                raise TreeMalformed(f"key {key} is given twice")
            after = COIN_LEVELS - parting.bit_length()
        node: _Node = (hashed(b"\0" + key.to_bytes(8, "big") + values[at]).digest(), at)
        depth = 1 + (before if before > after else after)
        # All that parts deeper than this key and the next is complete: join it.
        while splits and splits[-1] > after:
            split = splits.pop()
            other, height, its = waiting.pop()
            if height != split + 1:
                other = _lift(other, its, height, split + 1)
            if depth != split + 1:
                node = _lift(node, key, depth, split + 1)
            node, depth = (hashed(b"\x01" + other[0] + node[0]).digest(), other, node), split
        waiting.append((node, depth, key))
        splits.append(after)
        before = after
    node, depth, key = waiting[0]
    return _lift(node, key, depth, 0)


def _lift(node: _Node, key: int, depth: int, target: int) -> _Node:
    """The node at depth `target` under which there is nothing but `node` at `depth`, on the path of `key`."""
    while depth > target:
        depth -= 1
        if key >> (COIN_LEVELS - 1 - depth) & 1:
            node = (keccak(b"\x01" + EMPTY + node[0]), _NOTHING, node)
        else:
            node = (keccak(b"\x01" + node[0] + EMPTY), node, _NOTHING)
    return node
