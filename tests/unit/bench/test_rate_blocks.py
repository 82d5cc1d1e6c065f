"""The benches of plasma's blocks and trees measure what they say, and count the hashes that no way leads around."""

from __future__ import annotations

import random

import pytest

import layer2.plasma.coins.protocol.sparse_merkle as sparse
import layer2.plasma.protocol.blocks as blocks
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.protocol.blocks import BlockTree
from layer2.plasma.protocol.params import COIN_LEVELS
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2_bench.bare import parsed, recover_all
from layer2_bench.rate_blocks import FullLoad, hashes_of_keys, run_block, run_sparse, run_validation


class Counting:
    """keccak, and how often."""

    def __init__(self, inner: object) -> None:
        self.inner, self.sizes = inner, list[int]()

    def __call__(self, message: bytes) -> object:
        self.sizes.append(len(message))
        return self.inner(message)  # type: ignore[operator]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 100])
def test_the_needed_hashes_of_a_block_are_those_its_tree_makes(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    load = FullLoad(count)
    counting = Counting(blocks.keccak_256)
    monkeypatch.setattr(blocks, "keccak_256", counting)
    monkeypatch.setattr(blocks, "keccak", lambda message: counting(message).digest())  # type: ignore[attr-defined]
    BlockTree.of_records(load.records)
    assert {size: counting.sizes.count(size) for size in set(counting.sizes)} == {
        size: times for size, times in load.hashes().items() if times
    }


@pytest.mark.parametrize("bits", [4, 9, 40, COIN_LEVELS])
def test_the_needed_hashes_of_a_tree_of_coins_are_those_it_makes(monkeypatch: pytest.MonkeyPatch, bits: int) -> None:
    draw = random.Random(bits)
    keys = list({draw.getrandbits(bits) for _ in range(100)})
    counting = Counting(sparse.keccak_256)
    monkeypatch.setattr(sparse, "keccak_256", counting)
    monkeypatch.setattr(sparse, "keccak", lambda message: counting(message).digest())  # type: ignore[attr-defined]
    SparseTree({key: bytes(32) for key in keys})
    assert len(counting.sizes) == len(keys) + hashes_of_keys(keys)


def test_no_keys_need_no_hashes() -> None:
    assert (hashes_of_keys([]), hashes_of_keys([7])) == (0, 0)


def test_the_bare_library_finds_the_same_signers() -> None:
    keys = [PrivateKey(keccak(b"%d" % at)) for at in range(8)]
    digests = [keccak(b"digest %d" % at) for at in range(8)]
    signatures = [key.sign_compact(digest) for key, digest in zip(keys, digests, strict=True)]
    found = recover_all(digests, parsed(signatures))
    assert ["0x" + one.hex() for one in found] == [key.address.lower() for key in keys]
    assert recover_all(digests[::-1], parsed(signatures)) != found


def test_a_block_reports_every_figure() -> None:
    result = run_block(200, rounds=1)
    assert result["body_bytes"] == 200 * (2 + 83 + 64)
    for name in ("root_ms", "limit_root_ms", "root_of_leaves_ms", "persist_ms", "limit_persist_ms"):
        assert 0 <= result[name] < 1_000
    assert 0.1 < result["ratio_to_limit"]["root"] < 2


def test_a_watcher_judges_as_fast_as_it_says() -> None:
    result = run_validation(300, rounds=1)
    assert 1_000 < result["transactions_per_second"] < 300 / result["limit_seconds_per_block"] * 2
    assert 0.1 < result["ratio_to_limit"] < 1.5


def test_a_tree_of_coins_needs_more_hashes_for_keys_all_over() -> None:
    result = run_sparse(1_024, rounds=1)
    assert result["dense"]["hashes_per_leaf"] == round((2 * 1_024 - 1 + COIN_LEVELS - 10) / 1_024, 2)
    assert result["spread"]["hashes_per_leaf"] > 2.2
    assert 0.02 < result["spread"]["ratio_to_limit"] < 2
