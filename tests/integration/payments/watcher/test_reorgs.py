"""The chain below takes back up to twelve blocks: what is gone is not believed, what came instead is, and acts are
made again. On anvil, which can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.anvil import AnvilNode
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus

pytestmark = pytest.mark.anvil

DEPTHS = list(range(1, 13))


@pytest.fixture
def node() -> Iterator[AnvilNode]:
    # One for each test: anvil forgets old states when it has both gone back to snapshots and reorganised.
    with AnvilNode() as one:
        yield one


@pytest.fixture
def world(node: AnvilNode, tmp_path: Path) -> Iterator[World]:
    one = World(node.connection, tmp_path)
    yield one
    one.close()


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_challenge_that_was_taken_back_is_made_again(node: AnvilNode, world: World, depth: int) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
    world.exit(world.thief, kit)
    node.connection.mine(12)
    assert watcher.step().done() == ["challengeExit"]
    assert watcher.step().acts == []
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.status(kit) is ExitStatus.OPEN
    assert watcher.step().done() == ["challengeExit"]
    assert world.status(kit) is ExitStatus.CHALLENGED


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_bad_block_that_was_taken_back_was_never_there(node: AnvilNode, world: World, depth: int) -> None:
    watcher = world.watch("one", sender=world.watcher)
    kit = world.deposit(world.payer)
    payment = world.pay([(world.payer, kit)], [(world.payee, ETHER)])
    node.connection.mine(12)
    lie = world.hostile.invalid_mint(ETHER, beside=[payment])
    assert watcher.step().kinds() == {AlertKind.BLOCK_INVALID}
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.root.head()[1] == lie.number
    assert watcher.step().findings == []
    assert watcher.status().healthy
    # An honest block in its place is good, and stays good for a watcher that starts now.
    world.hostile.block([payment])
    assert watcher.step().findings == []
    assert watcher.status().verified == lie.number
    watcher.close()
    again = world.watch("one")
    assert again.status().verified == lie.number
    assert again.step().findings == []
    assert again.line.ledger.totals() == {0: ETHER}


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_deposit_that_was_taken_back_makes_what_spends_it_bad(node: AnvilNode, world: World, depth: int) -> None:
    """The operator goes on as if it were there: its next block spends a deposit that nobody made."""
    watcher = world.watch()
    world.deposit(world.payer)
    node.connection.mine(12)
    gone = world.deposit(world.payee)
    payment = world.pay([(world.payee, gone)], [(world.payer, ETHER)])
    assert watcher.step().findings == []
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.root.head()[2] == gone.deposit.number
    lie = world.hostile.block([payment])
    assert [(one.kind, one.subject) for one in watcher.step().findings] == [(AlertKind.BLOCK_INVALID, lie.number)]


@pytest.mark.parametrize("depth", [1, 2, 5, 12])
def test_an_exit_that_was_taken_back_and_paid_is_open_again(node: AnvilNode, world: World, depth: int) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    world.exit(world.payer, kit)
    world.later(W + 1)
    node.connection.mine(12)
    assert watcher.step().done() == ["processExits"]
    assert watcher.step().findings == []
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.status(kit) is ExitStatus.OPEN
    assert watcher.step().done() == ["processExits"]
    assert world.status(kit) is ExitStatus.PAID


def test_a_reorganisation_beyond_memory_is_said_and_all_is_read_anew(node: AnvilNode, world: World) -> None:
    watcher = world.watch("one", sender=world.watcher, memory=4)
    kit = world.deposit(world.payer)
    world.hostile.block([world.pay([(world.payer, kit)], [(world.payee, ETHER)])])
    node.connection.mine(12)
    lie = world.hostile.invalid_mint(ETHER)
    node.connection.mine(6)
    assert watcher.step().kinds() == {AlertKind.BLOCK_INVALID}
    node.reorg(9)
    assert AlertKind.CHAIN_REWRITTEN in watcher.step().kinds()
    assert watcher.status().healthy
    assert watcher.status().verified == lie.number - 1
    watcher.close()
    assert world.watch("one").status().verified == lie.number - 1


def test_confirmations_keep_what_is_not_deep_enough_from_being_read(node: AnvilNode, world: World) -> None:
    watcher = world.watch(sender=world.watcher, confirmations=3)
    kit = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
    world.exit(world.thief, kit)
    node.connection.mine(2)
    assert watcher.step().findings == []
    node.connection.mine(1)
    assert watcher.step().done() == ["challengeExit"]
    # The challenge is not deep enough to be read: it is not sent a second time all the same.
    report = watcher.step()
    assert [(act.done, act.detail) for act in report.acts] == [(False, "somebody else was faster")]
