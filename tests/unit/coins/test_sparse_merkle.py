"""The tree of coins: each key is proved there or not there, never both, whatever the shape of the tree."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.plasma.coins.protocol.sparse_merkle import (
    EMPTY,
    SparseProof,
    SparseTree,
    coin_leaf,
    verify_absence,
    verify_presence,
)
from layer2.plasma.protocol.malformed import TreeMalformed
from layer2.primitives.hashing import keccak

TOP = 2**64 - 1
# Near each other and far apart: paths that part at the top, at the bottom and in between.
KEYS = st.integers(0, 12) | st.integers(TOP - 12, TOP) | st.integers(0, TOP) | st.integers(0, 63).map(lambda b: 1 << b)
TREES = st.dictionaries(KEYS, st.binary(min_size=32, max_size=32), max_size=24)


def plain_root(leaves: dict[int, bytes], bit: int = 63) -> bytes:
    """The root as the format says it."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return coin_leaf(*next(iter(leaves.items())))
    left = {key: value for key, value in leaves.items() if not key >> bit & 1}
    right = {key: value for key, value in leaves.items() if key >> bit & 1}
    return keccak(b"\1" + plain_root(left, bit - 1) + plain_root(right, bit - 1))


@given(TREES, st.lists(KEYS, max_size=8))
def test_each_key_is_proved_there_or_not_there(leaves: dict[int, bytes], asked: list[int]) -> None:
    tree = SparseTree(leaves)
    assert tree.root == plain_root(leaves)
    assert len(tree) == len(leaves)
    for key in [*leaves, *asked]:
        proof = tree.proof(key)
        value = tree.get(key)
        assert value == leaves.get(key)
        if value is None:
            assert verify_absence(tree.root, key, proof)
            assert not verify_presence(tree.root, key, bytes(32), proof.siblings)
            if proof.other is not None:
                assert not verify_presence(tree.root, key, proof.other[1], proof.siblings)
        else:
            assert proof.other is None
            assert verify_presence(tree.root, key, value, proof.siblings)
            assert not verify_presence(tree.root, key, keccak(value), proof.siblings)
            assert not verify_absence(tree.root, key, proof)
            assert not verify_absence(tree.root, key, SparseProof(proof.siblings, (key, value)))


@given(TREES.filter(lambda leaves: len(leaves) > 1), st.data())
def test_a_key_that_is_there_is_not_proved_absent_by_any_other_proof(
    leaves: dict[int, bytes], data: st.DataObject
) -> None:
    tree = SparseTree(leaves)
    key = data.draw(st.sampled_from(sorted(leaves)))
    found = [tree.proof(one) for one in [*leaves, *data.draw(st.lists(KEYS, max_size=6))]]
    for siblings, other in found:
        for cut in {0, len(siblings) // 2, len(siblings)}:
            for claim in (other, None, *leaves.items()):
                assert not verify_absence(tree.root, key, SparseProof(siblings[:cut], claim))
                assert not verify_absence(tree.root, key, SparseProof((*siblings, EMPTY)[cut:], claim))


@given(TREES.filter(bool), st.data())
def test_a_changed_proof_proves_nothing(leaves: dict[int, bytes], data: st.DataObject) -> None:
    tree = SparseTree(leaves)
    key = data.draw(st.sampled_from(sorted(leaves)))
    siblings = tree.proof(key).siblings
    value = leaves[key]
    wrong: list[tuple[bytes, ...]] = [(*siblings, EMPTY), (EMPTY, *siblings)]
    wrong += [siblings[:at] + siblings[at + 1 :] for at in range(len(siblings))]
    wrong += [(*siblings[:at], keccak(siblings[at]), *siblings[at + 1 :]) for at in range(len(siblings))]
    for one in wrong:
        assert not verify_presence(tree.root, key, value, one)
    for bit in range(64):
        # A leaf lies under one key: not under one that differs where the path has ended, either.
        assert not verify_presence(tree.root, key ^ 1 << bit, value, siblings)


def test_an_empty_tree_proves_every_key_absent() -> None:
    tree = SparseTree({})
    assert tree.root == EMPTY
    assert verify_absence(EMPTY, 7, tree.proof(7))
    assert not verify_presence(EMPTY, 7, bytes(32), ())
    assert not verify_absence(coin_leaf(8, bytes(32)), 7, tree.proof(7))


def test_a_single_leaf_is_the_root_and_answers_for_every_other_key() -> None:
    tree = SparseTree({5: b"\1" * 32})
    assert tree.root == coin_leaf(5, b"\1" * 32)
    assert tree.proof(5) == SparseProof(())
    for key in (0, 4, 6, TOP):
        assert verify_absence(tree.root, key, tree.proof(key))


def test_a_leaf_of_another_prefix_proves_nothing() -> None:
    leaves = {0: b"\1" * 32, 1: b"\2" * 32, TOP: b"\3" * 32}
    tree = SparseTree(leaves)
    proof = tree.proof(0)
    assert len(proof.siblings) == 64
    for depth, key in ((64, 2), (64, TOP - 1)):
        assert len(proof.siblings) == depth
        assert not verify_absence(tree.root, key, SparseProof(proof.siblings, (0, leaves[0])))
    assert not verify_absence(tree.root, 2, SparseProof(tree.proof(TOP).siblings, (TOP, leaves[TOP])))
    assert verify_absence(tree.root, TOP - 1, SparseProof(tree.proof(TOP).siblings, (TOP, leaves[TOP])))


@pytest.mark.parametrize("siblings", [(EMPTY,) * 65, (b"",), (bytes(31),), (bytes(33),)])
def test_siblings_that_no_tree_has_are_refused(siblings: tuple[bytes, ...]) -> None:
    tree = SparseTree({5: b"\1" * 32})
    assert not verify_presence(tree.root, 5, b"\1" * 32, siblings)
    for other in (None, (5, b"\1" * 32)):
        assert not verify_absence(tree.root, 6, SparseProof(siblings, other))


def test_keys_and_values_out_of_range_are_refused() -> None:
    value = b"\1" * 32
    tree = SparseTree({5: value})
    for key in (-1, 2**64):
        with pytest.raises(TreeMalformed):
            SparseTree({key: value})
        with pytest.raises(TreeMalformed):
            tree.proof(key)
        assert not verify_presence(tree.root, key, value, ())
        assert not verify_absence(tree.root, key, SparseProof((), (5, value)))
        assert not verify_absence(tree.root, 6, SparseProof((), (key, value)))
    with pytest.raises(TreeMalformed):
        SparseTree({5: value[:31]})
    assert not verify_presence(tree.root, 5, value[:31], ())
    assert not verify_absence(tree.root, 6, SparseProof((), (5, value[:31])))


def test_a_key_twice_is_refused() -> None:
    with pytest.raises(TreeMalformed, match="key 7 is given twice"):
        SparseTree([(7, b"\1" * 32), (8, b"\1" * 32), (7, b"\2" * 32)])


@pytest.mark.parametrize("keys", ["dense", "random"])
def test_a_large_tree(keys: str) -> None:
    draw = random.Random(3)
    numbers = range(1, 4097) if keys == "dense" else [draw.getrandbits(64) for _ in range(4096)]
    leaves = {key: keccak(key.to_bytes(8, "big")) for key in numbers}
    tree = SparseTree(leaves)
    assert tree.root == plain_root(leaves)
    for key in draw.sample(sorted(leaves), 50):
        assert verify_presence(tree.root, key, leaves[key], tree.proof(key).siblings)
        assert verify_absence(tree.root, TOP - key, tree.proof(TOP - key))
