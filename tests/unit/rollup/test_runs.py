"""Runs of calldata and the root over them: the Python twin against the library, and what must not be shown."""

from __future__ import annotations

import pytest

from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.calldata_chunks import commit, path, run_at, run_count
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.testing import deploy_mock

SIZES = [*range(1, 18), 31, 32, 33]


def noise(size: int) -> bytes:
    return b"".join(keccak(b"%d" % at) for at in range(-(-size // 32)))[:size]


@pytest.fixture(scope="module")
def bench() -> Contract:
    connection = new_chain()
    return deploy_mock("ChunkTreeBench", sender=Sender(connection, connection.signers(1)[0]))


def root_of(leaves: list[bytes]) -> bytes:
    """The definition, from the top: the left half is the greatest power of two that does not reach the end."""
    width = 1
    while width < len(leaves):
        width *= 2
    return _node(leaves, width)


def _node(leaves: list[bytes], width: int) -> bytes:
    if not leaves:
        return bytes(32)
    if width == 1:
        return leaves[0]
    half = width // 2
    return keccak(_node(leaves[:half], half) + _node(leaves[half:], half))


@pytest.mark.parametrize("runs", SIZES)
@pytest.mark.parametrize("left", [1, 300, FRAME_BYTES])
def test_both_sides_commit_to_the_same_and_every_run_is_shown(bench: Contract, runs: int, left: int) -> None:
    data = noise((runs - 1) * FRAME_BYTES + left)
    padded = data.ljust(runs * FRAME_BYTES, b"\0")
    root = commit(data)
    assert run_count(len(data)) == bench.call("count", len(data)) == runs
    # What follows in the calldata does not count.
    assert bench.call("commit", data, b"\xff" * 600) == root == commit(padded)
    assert root == root_of([keccak(padded[at * FRAME_BYTES :][:FRAME_BYTES]) for at in range(runs)])
    for index in range(runs) if left == FRAME_BYTES else (runs - 1,):
        run, siblings = run_at(data, index), path(data, index)
        assert len(siblings) == 32 * bench.call("depth", runs)
        assert bench.call("holds", root, runs, index, run, 0, siblings, 0)
        # From a place inside, as for the second of two runs.
        assert bench.call("holds", root, runs, index, b"\1" * 496 + run, 496, b"\2" * 64 + siblings, 64)


@pytest.mark.parametrize("runs", [2, 5, 16, 33])
def test_nothing_else_is_shown(bench: Contract, runs: int) -> None:
    data = noise(runs * FRAME_BYTES)
    root = commit(data)
    for index in range(runs):
        run, siblings = run_at(data, index), path(data, index)
        other = (index + 1) % runs
        refused = {
            "index": (root, runs, other, run, 0, siblings, 0),
            "beyond": (root, runs, index + (1 << len(siblings) // 32), run, 0, siblings, 0),
            "run": (root, runs, index, run_at(data, other), 0, siblings, 0),
            "byte": (root, runs, index, run[:-1] + bytes((run[-1] ^ 1,)), 0, siblings, 0),
            "path": (root, runs, index, run, 0, siblings[:-1] + bytes((siblings[-1] ^ 1,)), 0),
            "short path": (root, runs, index, run, 0, siblings[:-32], 0),
            "path from further on": (root, runs, index, run, 0, siblings, 32),
            "short run": (root, runs, index, run[:-1], 0, siblings, 0),
            "run from further on": (root, runs, index, run, 1, siblings, 0),
            "root": (keccak(root), runs, index, run, 0, siblings, 0),
        }
        assert [name for name, row in refused.items() if bench.call("holds", *row)] == []


def test_nothing_commits_to_zero_and_shows_nothing(bench: Contract) -> None:
    assert commit(b"") == bench.call("commit", b"", b"\xff" * 600) == bytes(32)
    assert not bench.call("holds", bytes(32), 0, 0, bytes(FRAME_BYTES), 0, b"", 0)
    assert commit(bytes(1)) == keccak(bytes(FRAME_BYTES))
