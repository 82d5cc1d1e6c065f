"""Moves of an in-flight exit that the chain below takes back: made again by whoever makes them, and counted once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.anvil import AnvilNode
from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof
from layer2.plasma.protocol.signing import Signed

pytestmark = pytest.mark.anvil

DEPTHS = range(1, 13)
OUTPUT = 1 << 4


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


def rivals(world: World) -> tuple[DepositExitProof, Signed, Signed]:
    """A deposit of the thief's, and two payments of it: to itself and to the payee."""
    kit = world.deposit(world.thief)
    mine = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    return kit, mine, world.pay([(world.thief, kit)], [(world.payee, ETHER)])


def undo(node: AnvilNode, depth: int) -> None:
    """The last transaction, and all that came after it, are taken back."""
    node.connection.mine(depth - 1)
    node.reorg(depth)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_contest_that_was_taken_back_is_made_again(node: AnvilNode, world: World, depth: int) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, mine, yours = rivals(world)
    world.hostile.block([yours])
    game = world.start_game(world.thief, mine, [kit], OUTPUT)
    node.connection.mine(12)
    assert watcher.step().done() == ["challengeNonCanonical"]
    assert world.root.reserve_of(0)[0] == 0
    undo(node, depth)
    assert not world.root.in_flight(game).contested
    assert world.root.reserve_of(0)[0] == ETHER
    assert watcher.step().done() == ["challengeNonCanonical"]
    assert world.root.in_flight(game).contested
    assert world.root.reserve_of(0)[0] == 0


@pytest.mark.parametrize("depth", DEPTHS)
def test_an_answer_that_was_taken_back_is_given_again(node: AnvilNode, world: World, depth: int) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, mine, yours = rivals(world)
    world.hostile.block([yours])
    game = world.start_game(world.thief, yours, [kit], 0)
    world.join(world.payee, yours, [kit], 4)
    world.contest(world.thief, yours, [kit], mine)
    node.connection.mine(12)
    assert watcher.step().done() == ["respondNonCanonical"]
    assert world.root.reserve_of(0)[0] == ETHER
    undo(node, depth)
    assert world.root.in_flight(game).contested
    assert world.root.reserve_of(0)[0] == 0
    assert watcher.step().done() == ["respondNonCanonical"]
    assert not world.root.in_flight(game).contested
    assert world.root.reserve_of(0)[0] == ETHER


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_claim_in_flight_that_was_taken_back_pays_once(node: AnvilNode, world: World, depth: int) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, _, yours = rivals(world)
    world.hostile.block([yours])
    game = world.start_game(world.thief, yours, [kit], 0)
    world.join(world.payee, yours, [kit], 4)
    world.later(2 * W)
    node.connection.mine(12)
    before = world.connection.balance(world.payee.address)
    assert watcher.step().done() == ["processInFlightExit"]
    undo(node, depth)
    assert world.root.in_flight(game).status is InFlightStatus.OPEN
    assert world.connection.balance(world.payee.address) == before
    assert watcher.step().done() == ["processInFlightExit"]
    profile = world.root.profile
    paid = world.connection.balance(world.payee.address) - before
    assert paid == ETHER + profile.piggyback_bond - profile.bounty
    assert world.root.exit(yours.transaction.output_id(0)).status is ExitStatus.PAID
    assert world.root.reserve_of(0) == (0, 0)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_game_whose_start_was_taken_back_is_as_if_never_played(node: AnvilNode, world: World, depth: int) -> None:
    """Started, joined, contested in one go, all gone: nothing is registered, no bond held, and it can begin again."""
    watcher = world.watch(sender=world.watcher)
    kit, mine, yours = rivals(world)
    world.hostile.block([yours])
    node.connection.mine(12)
    watcher.step()
    game = world.start_game(world.thief, mine, [kit], OUTPUT)
    if depth > 1:
        assert watcher.step().done() == ["challengeNonCanonical"]
        undo(node, depth - 1)
        assert not world.root.in_flight(game).contested
    node.reorg(depth)
    assert world.root.in_flight(game).status is InFlightStatus.NONE
    assert world.root.reserve_of(0) == (0, 0)
    watcher.step()
    world.start_game(world.thief, mine, [kit], OUTPUT)
    assert watcher.step().done() == ["challengeNonCanonical"]
    assert world.root.reserve_of(0)[0] == 0
