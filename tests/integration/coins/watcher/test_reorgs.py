"""The chain below takes blocks back: what is gone is not believed, what came instead is, and acts are made again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.coins.watcher_world import ETHER, PERIOD, CoinWorld

from layer2.ethereum.anvil import AnvilNode
from layer2.plasma.common.watcher.alerts import AlertKind

pytestmark = pytest.mark.anvil

DEPTHS = range(1, 13)


@pytest.fixture
def node() -> Iterator[AnvilNode]:
    # One for each test: anvil forgets old states when it has both gone back to snapshots and reorganised.
    with AnvilNode() as one:
        yield one


@pytest.fixture
def world(node: AnvilNode, tmp_path: Path) -> Iterator[CoinWorld]:
    one = CoinWorld(node.connection, tmp_path)
    yield one
    one.close()


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_challenge_that_was_taken_back_is_made_again(node: AnvilNode, world: CoinWorld, depth: int) -> None:
    watcher = world.watch()
    coin, record, _ = world.chain_of("thief", "payee")
    world.exit("thief", coin, record, 0)
    node.connection.mine(12)
    assert watcher.step().done() == ["challengeAfter"]
    assert watcher.step().acts == []
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.runs(coin, 0)
    assert watcher.step().done() == ["challengeAfter"]
    assert not world.runs(coin, 0)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_transfer_that_was_taken_back_was_never_there(node: AnvilNode, world: CoinWorld, depth: int) -> None:
    watcher = world.watch()
    coin, record, numbers = world.chain_of("payer", "payee")
    node.connection.mine(12)
    forged = world.pass_on(coin, "thief", "thief", numbers[0])
    assert AlertKind.TRANSFER_INVALID in watcher.step().kinds()
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.chain.next_block() == forged
    assert watcher.step().findings == []
    assert watcher.status().healthy
    # In its place the coin goes on, and whoever had it before is refuted.
    again = world.pass_on(coin, "payee", "other", numbers[0])
    world.exit("payee", coin, record, numbers[0])
    assert watcher.step().done() == ["challengeAfter"]
    standing = watcher.books.standing(coin)
    assert standing is not None
    assert (again, standing.last_block) == (forged, again)
    watcher.close()
    restarted = world.watch("one", by=None)
    restarted.step()
    assert restarted.books.standing(coin) == standing


@pytest.mark.parametrize("depth", [1, 5])
def test_a_coin_that_another_one_made_instead_is_the_other_ones(
    node: AnvilNode, world: CoinWorld, depth: int
) -> None:  # fmt: skip
    """The number of a coin says nothing about whose it is: after a reorganisation it may be somebody else's."""
    watcher = world.watch()
    world.deposit("other", ETHER)
    node.connection.mine(12)
    coin, _ = world.deposit("payer", ETHER)
    watcher.step()
    node.connection.mine(depth - 1)
    node.reorg(depth)
    again, record = world.deposit("payee", ETHER)
    assert again == coin
    world.pass_on(coin, "payee", "other")
    assert watcher.step().findings == []
    assert watcher.books.coins_of(world.people["payer"].address) == []
    world.exit("payee", coin, record, 0)
    assert watcher.step().done() == ["challengeAfter"]


@pytest.mark.parametrize("depth", [1, 5])
def test_a_claim_that_was_taken_back_is_made_again(node: AnvilNode, world: CoinWorld, depth: int) -> None:
    watcher = world.watch()
    coin, record = world.deposit("payer", ETHER)
    world.exit("payer", coin, record, 0)
    world.later(PERIOD + 1)
    node.connection.mine(12)
    assert watcher.step().done() == ["finalizeExits"]
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.chain.holds(coin, record)
    assert watcher.step().done() == ["finalizeExits"]
    assert not world.chain.holds(coin, record)


def test_a_reorganisation_beyond_memory_is_said_and_all_is_read_anew(node: AnvilNode, world: CoinWorld) -> None:
    watcher = world.watch("one", memory=4)
    coin, _, numbers = world.chain_of("payer", "payee")
    node.connection.mine(12)
    world.pass_on(coin, "thief", "thief", numbers[0])
    node.connection.mine(6)
    assert AlertKind.TRANSFER_INVALID in watcher.step().kinds()
    node.reorg(9)
    assert AlertKind.CHAIN_REWRITTEN in watcher.step().kinds()
    assert watcher.status().healthy
    assert watcher.status().known == 1
    watcher.close()
    assert world.watch("one").view.posted == 1
