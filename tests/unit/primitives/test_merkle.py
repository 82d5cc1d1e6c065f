"""The list tree against plain recursion, and its paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.merkle import EMPTY, AppendOnlyTree, empty_roots, root_of_path, verify_path

leaves = st.binary(min_size=32, max_size=32)


def plain(entries: dict[int, bytes], depth: int, start: int = 0) -> bytes:
    if depth == 0:
        return entries.get(start, EMPTY)
    half = 1 << (depth - 1)
    return keccak(plain(entries, depth - 1, start) + plain(entries, depth - 1, start + half))


@given(st.lists(st.tuples(st.integers(0, 31), leaves, st.booleans()), max_size=40))
def test_the_root_is_that_of_all_leaves_whenever_it_is_asked_for(steps: list[tuple[int, bytes, bool]]) -> None:
    tree, entries = AppendOnlyTree(5), {}
    for index, leaf, ask in steps:
        tree.set(index, leaf)
        entries[index] = leaf
        if ask:
            assert tree.root == plain(entries, 5)
    assert tree.root == plain(entries, 5)
    copy = tree.copy()
    copy.set(0, keccak(b"changed"))
    assert tree.root == plain(entries, 5) != copy.root


@given(st.lists(leaves, min_size=1, max_size=20), st.integers(0, 31))
def test_every_path_proves_its_leaf_and_no_other(entries: list[bytes], index: int) -> None:
    tree = AppendOnlyTree(5, entries)
    path = tree.path(index)
    assert verify_path(tree.root, tree.get(index), index, path)
    assert not verify_path(tree.root, keccak(b"another"), index, path)
    assert not verify_path(tree.root, tree.get(index), index + 32, path)
    wrong = index ^ 1
    assert (root_of_path(tree.get(index), wrong, path) == tree.root) == (tree.get(wrong) == tree.get(index))


def test_an_empty_tree_has_the_root_of_zeros() -> None:
    assert AppendOnlyTree(32).root == empty_roots(32)[32]
    assert AppendOnlyTree(3).root == plain({}, 3)


def test_a_leaf_outside_the_tree_is_refused() -> None:
    for index in (-1, 32):
        with pytest.raises(RangeError):
            AppendOnlyTree(5).set(index, EMPTY)
        with pytest.raises(RangeError):
            AppendOnlyTree(5).path(index)
