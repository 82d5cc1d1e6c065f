"""Bonds and bounties that a claim has still to pay cover nothing else that it pays."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    DATA_BOND,
    DATA_DELAY,
    ETHER,
    EXIT_BOND,
    PIGGYBACK_BOND,
    Deposit,
    W,
    World,
    deposit_id,
    output_id,
    packed,
)

from layer2.testing.revert_checks.reverts import reverts

OPEN, PAID = 1, 3
OWN_BUCKET = [0]
JOIN_OUTPUT = 16


@pytest.fixture
def honest(world: World) -> Deposit:
    """The payer's, registered in time; the thief has put in as much, which is all that it may take."""
    deposit = world.deposit(world.payer)
    world.deposit(world.thief)
    world.exit(world.payer, deposit.proof)
    return deposit


def claims(world: World, honest: Deposit) -> None:
    world.send(world.payer, "processExits", [(honest.position, honest.record)], OWN_BUCKET)
    assert world.exit_of(deposit_id(honest.number)).status == PAID


@pytest.mark.parametrize(("over", "paid"), [(0, True), (1, False), (BOUNTY, False)])
def test_a_bounty_of_one_exit_does_not_cover_the_next(world: World, honest: Deposit, over: int, paid: bool) -> None:
    small, big = (packed([5], [(world.thief, 0, amount)]) for amount in (1_000, ETHER - 1_000 + over))
    mint = world.block(small, big)
    for index in (0, 1):
        world.exit(world.thief, mint.proof(index))
    world.at(world.now + 2 * W)
    items = [(mint.proof(index)[0], one) for index, one in enumerate((small, big))]
    world.send(world.thief, "processExits", items, OWN_BUCKET)
    assert world.exit_of(output_id(small)).status == PAID
    assert world.exit_of(output_id(big)).status == (PAID if paid else OPEN)
    claims(world, honest)


@pytest.mark.parametrize(("over", "paid"), [(0, True), (1, False), (EXIT_BOND, False)])
def test_the_bond_of_an_exit_that_a_game_ends_does_not_cover_the_game(
    world: World, honest: Deposit, over: int, paid: bool
) -> None:
    made = packed([5], [(world.thief, 0, ETHER + over)])
    mint = world.block(made)
    spending = packed([mint.proof()[0]], [(world.thief, 0, ETHER + over)])
    world.exit(world.thief, mint.proof())
    world.start(world.thief, spending, [mint.proof()], [world.thief], JOIN_OUTPUT)
    world.at(world.now + 2 * W)
    world.send(world.thief, "processInFlightExit", spending, [output_id(made)], [made], OWN_BUCKET)
    assert world.exit_of(output_id(spending)).status == (PAID if paid else 0)
    claims(world, honest)


@pytest.mark.parametrize(("over", "paid"), [(0, True), (1, False), (BOUNTY, False)])
def test_a_bounty_of_one_output_of_a_game_does_not_cover_the_next(
    world: World, honest: Deposit, over: int, paid: bool
) -> None:
    made = packed([5], [(world.thief, 0, ETHER + over)])
    mint = world.block(made)
    outputs = [(world.thief, 0, 1_000), (world.thief, 0, ETHER - 1_000 + over)]
    spending = packed([mint.proof()[0]], outputs)
    world.start(world.thief, spending, [mint.proof()], [world.thief], 16 + 32)
    world.at(world.now + 2 * W)
    held = world.ledger()[1]
    world.send(world.thief, "processInFlightExit", spending, [output_id(made)], [made], OWN_BUCKET)
    assert world.exit_of(output_id(spending, 0)).status == PAID
    assert world.exit_of(output_id(spending, 1)).status == (PAID if paid else 0)
    # What was paid has left the bonds, and nothing else.
    assert held - world.ledger()[1] == 30 * 10**15 + PIGGYBACK_BOND * (2 if paid else 1)
    claims(world, honest)


def test_a_question_has_one_name(world: World) -> None:
    """Index 65,536 of a block is not index 0 of the next."""
    block = world.block(packed([5], [(world.payer, 0, 1)]))
    world.send(world.payer, "challengeData", block.number, 0, block.tree.root, block.word, value=DATA_BOND)
    world.at(world.now + DATA_DELAY)
    for number, index in ((block.number - 1, 65_536), (block.number + 2**240, 0)):
        with reverts("UnexpectedDataStatus", number=number, index=index):
            world.send(world.payer, "freeze", number, index)
        assert world.chain.call("dataChallenge", number, index)[1] == 0
    world.send(world.payer, "freeze", block.number, 0)
    assert world.chain.call("head")[3]
