"""Claims of in-time exits beside money that is older, the thief's own, and registered only after its mint was paid."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.support.payments.builder import (
    ETHER,
    Deposit,
    Proof,
    W,
    World,
    deposit_id,
    deposit_position,
    output_id,
    packed,
)
from tests.support.payments.in_flight import Game

from layer2.ethereum.errors import ContractReverted

PAID = 3


@dataclass
class Fraud:
    """The thief has a deposit of one ether, the payee nine in block 1; block 2 mints one ether, and both leave."""

    world: World
    booty: Deposit
    honest: Proof
    mint: Proof
    begun: int

    def claim(self, proof: Proof, *newer: int) -> None:
        self.world.send(self.world.thief, "processExits", [(proof[0], proof[2])], list(newer))

    @property
    def payee_is_paid(self) -> bool:
        status: int = self.world.exit_of(output_id(self.honest[2]))[0]
        return status == PAID


@pytest.fixture
def fraud(world: World) -> Fraud:
    booty, deposit = world.deposit(world.thief), world.deposit(world.payer, 9 * ETHER)
    honest = world.block(packed([deposit.position], [(world.payee, 0, 9 * ETHER)])).proof()
    mint = world.block(packed([deposit_position(99)], [(world.thief, 0, ETHER)])).proof()
    begun = world.now
    world.exit(world.payee, honest)
    world.exit(world.thief, mint)
    return Fraud(world, booty, honest, mint, begun)


def test_who_is_claimed_for_before_2w_is_whole_whatever_is_registered_later(fraud: Fraud) -> None:
    world = fraud.world
    world.at(fraud.begun + 2 * W - 1)
    fraud.claim(fraud.honest, 1)
    assert fraud.payee_is_paid
    world.at(fraud.begun + 2 * W)
    fraud.claim(fraud.mint)
    world.exit(world.thief, fraud.booty.proof)


def test_who_is_claimed_for_after_2w_is_whole_though_older_money_was_registered_after_the_mint_was_paid(
    fraud: Fraud,
) -> None:
    """Found by the search of two owners in front of mints: who comes late stands behind."""
    world = fraud.world
    world.at(fraud.begun + 2 * W)
    # All that is registered is covered, since the thief's own deposit is not registered.
    fraud.claim(fraud.mint)
    world.exit(world.thief, fraud.booty.proof)
    fraud.claim(fraud.honest, 0, 1)
    assert fraud.payee_is_paid


def test_who_comes_late_is_registered_under_the_latest_block_that_was_paid(fraud: Fraud) -> None:
    world = fraud.world
    assert world.chain.call("passed") == 0
    world.at(fraud.begun + 2 * W)
    fraud.claim(fraud.mint)
    assert world.chain.call("passed") == 2
    receipt = world.exit(world.thief, fraud.booty.proof)
    assert world.exit_of(deposit_id(fraud.booty.number)).priority == 2
    assert world.chain.events(receipt, "ExitStarted")[0].args["priority"] == 2
    assert (world.chain.call("reservedUnder", 0, 0), world.chain.call("reservedUnder", 0, 2)) == (0, ETHER)
    # It is not lost: once the others are paid it is worth what is left.
    fraud.claim(fraud.honest, 1)
    world.at(world.now + W)
    with pytest.raises(ContractReverted, match="NotCovered"):
        fraud.claim(fraud.booty.proof, 1)
    world.deposit(world.payer, ETHER)
    fraud.claim(fraud.booty.proof, 1)
    assert world.exit_of(deposit_id(fraud.booty.number))[0] == PAID
    assert world.chain.call("reserveOf", 0)[0] == 0


def test_who_leaves_before_anything_newer_was_paid_stands_in_front_of_it(fraud: Fraud) -> None:
    world = fraud.world
    world.at(fraud.begun + 2 * W - 1)
    world.exit(world.thief, fraud.booty.proof)
    assert world.exit_of(deposit_id(fraud.booty.number)).priority == 0
    with pytest.raises(ContractReverted, match="NotCovered"):
        fraud.claim(fraud.mint, 1)


def test_a_game_that_was_begun_in_front_of_a_mint_and_joined_behind_it_stands_behind(fraud: Fraud) -> None:
    world = fraud.world
    data = packed([fraud.booty.position], [(world.thief, 0, ETHER)])
    kept = Game(world, [fraud.booty.proof], [world.thief], [deposit_id(fraud.booty.number)], data)
    world.at(fraud.begun + 2 * W - 1)
    kept.start(who=world.thief)
    assert kept.state["priority"] == 0
    world.at(fraud.begun + 2 * W)
    fraud.claim(fraud.mint)
    kept.join(world.thief, 4)
    assert kept.state["priority"] == 2
    fraud.claim(fraud.honest, 0, 1)
    assert fraud.payee_is_paid
