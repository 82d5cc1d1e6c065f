"""Hashing in lanes and trees in arrays, against one hash at a time and trees in lists."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from numba.core import caching

from layer2.primitives import numba_jit as compiling
from layer2.primitives.dense_merkle import DenseTree
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.keccak_simd import LANES, digests
from layer2.primitives.merkle import AppendOnlyTree

Change = dict[int, bytes]


def settled(tree: DenseTree, changes: list[Change]) -> list[bytes]:
    """The roots after each change; leaves are the hashes of the given 64 bytes."""
    leaves = [index for change in changes for index in sorted(change)]
    messages = b"".join(change[index] for change in changes for index in sorted(change))
    ends = np.cumsum([len(change) for change in changes], dtype=np.int64)
    words = np.frombuffer(messages, np.uint64).reshape(-1, 8)
    return tree.settle(np.array(leaves, np.int64), words, ends)


def random_change(rnd: random.Random, below: int) -> Change:
    return {index: rnd.randbytes(64) for index in rnd.sample(range(below), rnd.randint(0, min(below, 40)))}


def test_every_lane_computes_keccak() -> None:
    rnd, groups = random.Random(1), 5
    messages = [rnd.randbytes(64) for _ in range(groups * LANES)]
    words = np.frombuffer(b"".join(messages), np.uint64).reshape(groups, LANES, 8)
    found = digests(np.ascontiguousarray(words.transpose(0, 2, 1)).reshape(-1), groups)
    rows = found.reshape(groups, 4, LANES).transpose(0, 2, 1).reshape(-1, 4)
    assert [row.tobytes() for row in rows] == [keccak(message) for message in messages]


@pytest.mark.parametrize(("depth", "width"), [(32, 0), (32, 6), (32, 9), (9, 9), (5, 3), (1, 1)])
def test_roots_after_each_of_many_changes_are_those_of_a_list_tree(depth: int, width: int) -> None:
    rnd, tree, plain = random.Random(depth + width), DenseTree(depth, width), AppendOnlyTree(depth)
    count = 0
    for _ in range(30):
        changes = [random_change(rnd, 1 << width) for _ in range(rnd.randint(0, 9))]
        wanted = []
        for change in changes:
            plain.update({index: keccak(message) for index, message in change.items()})
            wanted.append(plain.root)
            count += len(change)
        assert settled(tree, changes) == wanted
        assert tree.root == plain.root
        for index in (0, (1 << width) - 1, (1 << depth) - 1, rnd.randrange(1 << depth)):
            assert tree.path(index) == plain.path(index)
    assert count > 50


def test_a_wider_tree_has_the_same_root_and_takes_more_leaves() -> None:
    rnd, tree, plain = random.Random(5), DenseTree(32, 2), AppendOnlyTree(32)
    for width in (2, 3, 7, 12):
        tree = tree.widened(width)
        change = random_change(rnd, 1 << width)
        before = plain.root
        assert tree.root == before
        plain.update({index: keccak(message) for index, message in change.items()})
        assert settled(tree, [change]) == [plain.root]


def test_a_copy_stays_as_it_was_and_an_untouched_tree_is_empty() -> None:
    tree = DenseTree(32, 4)
    assert tree.root == AppendOnlyTree(32).root
    copy = tree.copy()
    settled(tree, [{3: bytes(64)}])
    assert copy.root == AppendOnlyTree(32).root != tree.root


def test_no_path_leads_from_outside() -> None:
    for index in (-1, 1 << 5):
        with pytest.raises(RangeError, match="outside a tree of depth 5"):
            DenseTree(5, 2).path(index)


def twice(number: int) -> int:
    return 2 * number


def test_what_cannot_be_kept_on_disk_is_compiled_all_the_same(monkeypatch) -> None:
    assert compiling.compiled(twice)(21) == 42
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiling.compiled(twice)(4) == 8


def test_numba_is_loaded_by_the_first_state_and_not_before() -> None:
    code = (
        "import sys, layer2.cli, layer2.rollup.state.state\n"
        "import layer2.rollup.wallet.wallet, layer2.rollup.validator.challenger\n"
        "assert not {'numba', 'llvmlite'} & set(sys.modules)\n"
        "layer2.rollup.state.state.State()\n"
        "assert 'numba' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
