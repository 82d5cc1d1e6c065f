"""Any transaction of any block is shown in time, or the chain takes no more."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    DATA_BOND,
    DATA_DELAY,
    NEVER,
    NOWHERE,
    Block,
    World,
    deposit_position,
    packed,
    position_of,
)  # fmt: skip

from layer2.testing import reverts


@pytest.fixture
def block(world: World) -> Block:
    return world.block(*[packed([deposit_position(1)], [(world.payee, 0, 1 + k)]) for k in range(3)])


def ask(world: World, block: Block, index: int = 1, value: int = DATA_BOND) -> None:
    world.send(world.watcher, "challengeData", block.number, index, block.tree.root, block.word, value=value)


def test_what_is_asked_is_shown_and_the_bond_pays_for_it(world: World, block: Block) -> None:
    ask(world, block)
    until = world.now + DATA_DELAY
    assert world.chain.call("dataChallenge", 1, 1) == (world.watcher.address, until)
    receipt = world.send(world.operator, "showData", block.proof(1))
    (event,) = world.chain.events(receipt, "DataShown")
    assert event.args["data"] == block.transactions[1]
    assert world.balance(world.chain.address) == 0
    assert world.chain.call("dataChallenge", 1, 1)[1] == NEVER
    world.at(until + 1)
    for name, args in (("freeze", (1, 1)), ("showData", (block.proof(1),))):
        with reverts("UnexpectedDataStatus", world.chain, number=1, index=1):
            world.send(world.watcher, name, *args)
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=1):
        ask(world, block)


def test_what_is_not_shown_in_time_freezes_the_chain(world: World, block: Block) -> None:
    ask(world, block)
    until = world.now + DATA_DELAY
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=1):
        ask(world, block)
    world.at(until - 1)
    with reverts("TooEarly", world.chain, now_=until - 1, **{"from": until}):
        world.send(world.watcher, "freeze", 1, 1)
    world.at(until)
    world.send(world.watcher, "freeze", 1, 1)
    assert world.balance(world.chain.address) == 0
    assert world.chain.call("head")[3] is True
    with reverts("ChainFrozen", world.chain):
        world.send(world.operator, "submitBlock", 2, b"\1" * 32, 1)
    with reverts("ChainFrozen", world.chain):
        ask(world, block, 2)
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=1):
        world.send(world.watcher, "freeze", 1, 1)


def test_a_late_answer_counts_while_nobody_froze(world: World, block: Block) -> None:
    ask(world, block)
    world.at(world.now + 2 * DATA_DELAY)
    world.send(world.operator, "showData", block.proof(1))
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=1):
        world.send(world.watcher, "freeze", 1, 1)


def test_only_what_a_block_holds_can_be_asked(world: World, block: Block) -> None:
    for index in (3, 4, 65_536, 2**255):
        with reverts("InvalidProof", world.chain, position=1):
            ask(world, block, index)
    with reverts("InvalidProof", world.chain, position=2):
        world.send(world.watcher, "challengeData", 2, 0, block.tree.root, block.word, value=DATA_BOND)
    with reverts("IncorrectValue", world.chain, have=1, need=DATA_BOND):
        ask(world, block, value=1)
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=0):
        world.send(world.operator, "showData", block.proof(0))


def test_another_transaction_is_no_answer(world: World, block: Block) -> None:
    ask(world, block)
    wrong = block.proof(0)
    with reverts("InvalidProof", world.chain, position=position_of(1, 1)):
        world.send(world.operator, "showData", (position_of(1, 1), *wrong[1:]))


def test_what_is_no_transaction_can_be_shown_too(world: World) -> None:
    block = world.block(b"rubbish")
    ask(world, block, 0)
    world.send(world.operator, "showData", block.proof())
    assert world.chain.call("head")[3] is False


def test_a_chain_with_a_validity_check_takes_no_unproven_block(world: World) -> None:
    there = World(world.connection, validity=world.deployer.address)
    with reverts("UnexpectedVerifier", there.chain, given=False):
        there.send(there.operator, "submitBlock", 1, b"\1" * 32, 1)
    assert there.chain.call("stateRoot") == bytes(32)
    assert there.chain.call("pendingOperator") == (NOWHERE, 0)
