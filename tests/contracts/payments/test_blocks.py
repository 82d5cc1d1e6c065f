"""Blocks: one place for each, and only the operator's; the operator changes with notice."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    DATA_BOND,
    EXIT_BOND,
    IN_FLIGHT_BOND,
    NOWHERE,
    PIGGYBACK_BOND,
    ROTATION_DELAY,
    W,
    World,
    word,
)  # fmt: skip

from layer2.primitives.hashing import keccak
from layer2.testing import reverts

ROOT = b"\x11" * 32


def test_a_block_is_one_commitment_to_root_time_and_count(world: World) -> None:
    receipt = world.send(world.operator, "submitBlock", 1, ROOT, 3)
    (event,) = world.chain.events(receipt, "BlockSubmitted")
    assert event.args["word"] == world.now << 32 | 3
    assert world.chain.call("blocks", 1) == keccak(ROOT + word(event.args["word"]))
    assert world.chain.call("head")[1] == 2


def test_no_block_is_skipped_or_overwritten(world: World) -> None:
    world.send(world.operator, "submitBlock", 1, ROOT, 3)
    for given in (0, 1, 3):
        with reverts("UnexpectedBlockNumber", world.chain, given=given, next=2):
            world.send(world.operator, "submitBlock", given, b"\x22" * 32, 3)


def test_only_the_operator_adds_blocks(world: World) -> None:
    with reverts("UnauthorizedCaller", world.chain, caller=world.thief.address, need=world.operator.address):
        world.send(world.thief, "submitBlock", 1, ROOT, 3)


@pytest.mark.parametrize("count", [0, 65_537, 2**32, 2**32 + 1])
def test_a_block_of_no_or_too_many_transactions_is_refused(world: World, count: int) -> None:
    with reverts("InvalidCount", world.chain, count=count):
        world.send(world.operator, "submitBlock", 1, ROOT, count)
    world.send(world.operator, "submitBlock", 1, ROOT, 65_536)


def test_a_proof_that_the_chain_does_not_ask_for_is_refused(world: World) -> None:
    with reverts("UnexpectedVerifier", world.chain, given=True):
        world.send(world.operator, "submitProvenBlock", 1, ROOT, 3, ROOT, b"")


def test_the_operator_changes_after_notice_only(world: World) -> None:
    operator, successor = world.operator.address, world.successor.address
    with reverts("UnauthorizedCaller", world.chain, caller=world.thief.address, need=operator):
        world.send(world.thief, "proposeOperator", world.thief.address)
    with reverts("UnauthorizedCaller", world.chain, caller=world.thief.address, need=NOWHERE):
        world.send(world.thief, "acceptOperator")
    world.send(world.operator, "proposeOperator", successor)
    begin = world.now + ROTATION_DELAY
    assert world.chain.call("pendingOperator") == (successor, begin)
    world.at(begin - 1)
    with reverts("TooEarly", world.chain, now_=begin - 1, **{"from": begin}):
        world.send(world.successor, "acceptOperator")
    world.at(begin)
    with reverts("UnauthorizedCaller", world.chain, caller=world.thief.address, need=successor):
        world.send(world.thief, "acceptOperator")
    world.send(world.operator, "submitBlock", 1, ROOT, 1)
    world.send(world.successor, "acceptOperator")
    with reverts("UnauthorizedCaller", world.chain, caller=operator, need=successor):
        world.send(world.operator, "submitBlock", 2, ROOT, 1)
    world.send(world.successor, "submitBlock", 2, ROOT, 1)
    with reverts("UnauthorizedCaller", world.chain, caller=successor, need=NOWHERE):
        world.send(world.successor, "acceptOperator")


def test_an_announcement_can_be_taken_back(world: World) -> None:
    world.send(world.operator, "proposeOperator", world.thief.address)
    world.send(world.operator, "proposeOperator", world.operator.address)
    world.at(world.now + 2 * ROTATION_DELAY)
    with reverts("UnauthorizedCaller", world.chain, caller=world.thief.address, need=world.operator.address):
        world.send(world.thief, "acceptOperator")


@pytest.mark.parametrize(
    "change",
    [
        {"operator": NOWHERE}, {"exitPeriod": 1}, {"exitPeriod": 2**39}, {"bounty": EXIT_BOND + 1},
        {"piggybackBond": BOUNTY - 1}, {"rotationDelay": 2**39}, {"dataDelay": 2**39},
    ],
)  # fmt: skip
def test_parameters_that_contradict_each_other_are_refused(world: World, change: dict[str, object]) -> None:
    with reverts("InvalidConfig", world.chain):
        World(world.connection, **change)


def test_the_parameters_can_be_read(world: World) -> None:
    config = world.chain.call("config")
    assert config[:4] == (world.operator.address, NOWHERE, NOWHERE, W)
    assert config[6:] == (EXIT_BOND, IN_FLIGHT_BOND, PIGGYBACK_BOND, DATA_BOND, BOUNTY)
