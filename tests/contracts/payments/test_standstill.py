"""A chain that stands still, and a swap that only one of two has signed: what its signer can do, and what not."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    DATA_BOND,
    DATA_DELAY,
    ETHER,
    IN_FLIGHT_BOND,
    PIGGYBACK_BOND,
    Deposit,
    W,
    World,
    deposit_id,
    in_flight,
    packed,
    tx_hash,
)

from layer2.testing import reverts

CHALLENGED, PAID = 2, 3


@pytest.fixture
def swap(world: World) -> tuple[Deposit, Deposit, bytes]:
    """The payer's money against the thief's, which the payer has signed and the thief keeps."""
    mine, thiefs = world.deposit(world.payer), world.deposit(world.thief)
    data = packed([mine.position, thiefs.position], [(world.payer, 0, ETHER), (world.thief, 0, ETHER)], 3)
    return mine, thiefs, data


@pytest.mark.parametrize("still", ["blocks", "no block", "frozen"])
def test_a_swap_half_signed_holds_its_signer_up_for_no_time(
    world: World, swap: tuple[Deposit, Deposit, bytes], still: str
) -> None:
    """Not while blocks come, and not on a chain at a standstill, where it would be for ever: a ransom."""
    mine, thiefs, data = swap
    identity = deposit_id(mine.number)
    if still != "no block":
        block = world.block(packed([], [(world.operator, 0, 1)], 1, kind=2))
    if still == "frozen":
        world.send(world.watcher, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
        world.at(world.now + DATA_DELAY)
        world.send(world.watcher, "freeze", 1, 0)
    world.exit(world.payer, mine.proof)
    both = [mine.proof, thiefs.proof]
    owner = {"owner": world.thief.address}
    for spend, error, args in (
        (world.spend(data, world.payer), "InvalidInputs", {"index": 2}),
        (world.spend(data, world.payer, inputs=both), "InvalidInputs", {"index": 2}),
        (world.spend(data, world.payer, world.payer, inputs=both), "InvalidSignature", owner),
    ):
        with reverts(error, world.chain, **args):
            world.send(world.thief, "challengeExit", mine.proof, spend)
    world.at(world.now + W)
    world.send(world.watcher, "processExits", [(mine.position, mine.record)], [])
    assert world.exit_of(identity)[0] == PAID


def test_half_a_swap_does_not_count_in_a_block_either(world: World, swap: tuple[Deposit, Deposit, bytes]) -> None:
    """An operator that works for the thief includes it: the signer's own money leaves all the same."""
    mine, thiefs, data = swap
    included = world.block(data).proof()
    world.exit(world.payer, mine.proof)
    half = world.spend(data, world.payer, world.payer, inputs=[mine.proof, thiefs.proof], proof=included)
    with reverts("InvalidSignature", world.chain, owner=world.thief.address):
        world.send(world.thief, "challengeExit", mine.proof, half)
    world.at(world.now + W)
    world.send(world.watcher, "processExits", [(mine.position, mine.record)], [])
    assert world.exit_of(deposit_id(mine.number))[0] == PAID


def test_who_shows_the_whole_swap_lets_its_other_signer_leave_with_it(
    world: World, swap: tuple[Deposit, Deposit, bytes]
) -> None:
    """The challenge says both signatures in an event, in whatever call it came: the payer starts the game with them."""
    mine, thiefs, data = swap
    world.exit(world.payer, mine.proof)
    whole = world.spend(data, world.payer, world.thief, inputs=[mine.proof, thiefs.proof])
    receipt = world.send(world.thief, "challengeExit", mine.proof, whole)
    assert world.exit_of(deposit_id(mine.number))[0] == CHALLENGED
    (shown,) = world.chain.events(receipt, "SpendShown")
    assert bytes(shown.args["spender"]) == tx_hash(data)
    value = IN_FLIGHT_BOND + PIGGYBACK_BOND
    row = (in_flight(data), [mine.proof, thiefs.proof], bytes(shown.args["signatures"]), 16)
    world.send(world.payer, "startInFlightExit", *row, value=value)
    world.at(world.now + W)
    before = world.balance(world.payer)
    ids = [deposit_id(one.number) for one in (mine, thiefs)]
    world.send(world.watcher, "processInFlightExit", data, ids, [mine.record, thiefs.record], [])
    assert world.balance(world.payer) > before + ETHER


def test_a_swap_signed_by_both_leaves_from_a_chain_at_a_standstill(
    world: World, swap: tuple[Deposit, Deposit, bytes]
) -> None:
    mine, thiefs, data = swap
    ids = [deposit_id(one.number) for one in (mine, thiefs)]
    world.start(world.payer, data, [mine.proof, thiefs.proof], [world.payer, world.thief], 16)
    world.at(world.now + W)
    before = world.balance(world.payer)
    world.send(world.watcher, "processInFlightExit", data, ids, [mine.record, thiefs.record], [])
    assert world.balance(world.payer) > before + ETHER
