"""The ledger: an exit is paid only while all that is older stays covered; so who leaves in time is paid, even late."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    ETHER,
    PIGGYBACK_BOND,
    Block,
    Proof,
    W,
    World,
    deposit_position,
    output_id,
    packed,
)  # fmt: skip

from layer2.testing import deploy_mock, reverts

PAID = 3


def claim(world: World, proof: Proof, *newer: int) -> None:
    world.send(world.thief, "processExits", [(proof[0], proof[2])], list(newer))


@pytest.fixture
def honest(world: World) -> Block:
    """Ten ether came in; nine of them belong to the payee, in block 1."""
    deposit = world.deposit(world.payer, 10 * ETHER)
    return world.block(packed([deposit.position], [(world.payee, 0, 9 * ETHER), (world.payer, 0, ETHER)]))


def minted(world: World, amount: int, salt: int = 0) -> Proof:
    """Out of nothing, by the operator."""
    return world.block(packed([deposit_position(99)], [(world.thief, 0, amount)], 900 + salt)).proof()


def test_what_was_made_by_fraud_is_not_paid_before_what_is_older(world: World, honest: Block) -> None:
    stolen = minted(world, 10 * ETHER)
    world.exit(world.thief, stolen)
    world.at(world.now + 2 * W)
    # In the last second, after the theft could be claimed, and unclaimed since.
    world.exit(world.payee, honest.proof())
    for newer in ((), (1,), (1, 2, 3, 70)):
        with reverts("NotCovered", world.chain, token=0, need=19 * ETHER, have=10 * ETHER):
            claim(world, stolen, *newer)
    with reverts("NotCovered", world.chain, token=0, need=19 * ETHER, have=10 * ETHER):
        claim(world, stolen, 0)
    world.at(world.now + W)
    with reverts("NotCovered", world.chain, token=0, need=19 * ETHER, have=10 * ETHER):
        claim(world, honest.proof())
    claim(world, honest.proof(), 1)
    assert world.exit_of(output_id(honest.transactions[0]))[0] == PAID


def test_the_own_bucket_counts_its_newer_half_only(world: World, honest: Block) -> None:
    even = minted(world, 4 * ETHER, 1)
    odd = minted(world, 8 * ETHER, 2)
    assert (even[0] >> 24, odd[0] >> 24) == (2, 3)
    world.exit(world.thief, even)
    world.exit(world.thief, odd)
    world.at(world.now + 3 * W)
    with reverts("NotCovered", world.chain, token=0, need=12 * ETHER, have=10 * ETHER):
        claim(world, odd)
    with reverts("NotCovered", world.chain, token=0, need=12 * ETHER, have=10 * ETHER):
        claim(world, odd, 1)
    claim(world, even, 1)
    assert world.chain.call("reservedUnder", 0, 2) == 0
    assert world.chain.call("reservedUnder", 0, 3) == 8 * ETHER


def test_a_bucket_listed_twice_or_out_of_order_is_refused(world: World, honest: Block) -> None:
    world.exit(world.payee, honest.proof())
    world.exit(world.thief, minted(world, 5 * ETHER))
    world.at(world.now + 2 * W)
    for newer in ((1, 1), (2, 1), (0, 0)):
        with reverts("UnsortedBuckets", world.chain):
            claim(world, honest.proof(), *newer)
    claim(world, honest.proof(), 0, 1)


def test_bonds_are_no_cover(world: World) -> None:
    world.deposit(world.payer, ETHER)
    first = minted(world, ETHER + 1)
    world.exit(world.thief, first)
    other = world.deposit(world.payee, 1)
    world.exit(world.payee, other.proof)
    world.at(world.now + 2 * W)
    with reverts("NotCovered", world.chain, token=0, need=ETHER + 2, have=ETHER + 1):
        claim(world, first)
    claim(world, other.proof, 0)
    with reverts("NotCovered", world.chain, token=0, need=ETHER + 1, have=ETHER):
        claim(world, first)


def test_each_token_has_its_own_ledger(world: World) -> None:
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=world.deployer)
    world.send(world.deployer, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.payer.address, 100)
    token.transact(world.payer, "approve", world.chain.address, 100)
    world.deposit(world.payee, 7)
    deposit = world.record_of(world.send(world.payer, "deposit", 1, 100, world.payer.address))
    data = packed([deposit.position], [(world.payee, 1, 60), (world.payer, 1, 40)])
    block = world.block(data)
    world.exit(world.payee, block.proof())
    world.exit(world.thief, minted(world, 10**20))
    assert world.ledger(1) == (60, 0)
    world.at(world.now + 2 * W)
    claim(world, block.proof())
    assert token.call("balanceOf", world.payee.address) == 60
    assert world.ledger(1) == (0, 0)


def test_a_loss_of_the_tokens_own_making_is_borne_by_the_newest(world: World) -> None:
    token = deploy_mock("RebasingToken", sender=world.deployer)
    world.send(world.deployer, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.payer.address, 100)
    token.transact(world.payer, "approve", world.chain.address, 100)
    deposits = [world.record_of(world.send(world.payer, "deposit", 1, 50, world.payer.address)) for _ in range(2)]
    old = world.block(packed([deposits[0].position], [(world.payee, 1, 50)])).proof()
    new = world.block(packed([deposits[1].position], [(world.payee, 1, 50)])).proof()
    world.exit(world.payee, old)
    world.exit(world.payee, new)
    token.transact(world.deployer, "rebase", 1, 2)
    world.at(world.now + 2 * W)
    with reverts("NotCovered", world.chain, token=1, need=100, have=50):
        claim(world, new, 1)
    claim(world, old, 1)
    assert token.call("balanceOf", world.payee.address) == 50


def test_an_in_flight_exit_goes_by_its_youngest_input_and_waits_for_cover(world: World, honest: Block) -> None:
    data = packed([honest.proof()[0]], [(world.successor, 0, 9 * ETHER)])
    ids = [output_id(honest.transactions[0])]
    stolen = minted(world, 10 * ETHER)
    world.exit(world.thief, stolen)
    world.start(world.payee, data, [honest.proof()], [world.payee])
    world.send(world.successor, "piggyback", data, ids, 4, [], value=PIGGYBACK_BOND)
    assert world.chain.call("reservedUnder", 0, 1) == 9 * ETHER
    world.at(world.now + 2 * W)
    with reverts("NotCovered", world.chain, token=0, need=19 * ETHER, have=10 * ETHER):
        claim(world, stolen)
    made_by = [honest.transactions[0]]
    # Settled, though nothing can be paid without the list; paid with it.
    world.send(world.watcher, "processInFlightExit", data, ids, made_by, [])
    with reverts("NothingToPay", world.chain):
        world.send(world.watcher, "processInFlightExit", data, ids, made_by, [])
    before = world.balance(world.successor)
    world.send(world.watcher, "processInFlightExit", data, ids, made_by, [1])
    assert world.balance(world.successor) - before > 9 * ETHER
    assert world.exit_of(output_id(data))[0] == PAID


def test_the_bounties_of_a_batch_cover_none_of_it(world: World, honest: Block) -> None:
    """What the claimer has earned by the first items leaves at the end: until then it is nobody's to be paid from."""
    mine = [world.deposit(world.thief, 1_000) for _ in range(10)]
    theft = minted(world, 5 * BOUNTY)
    world.exit(world.payee, honest.proof())
    world.exit(world.payer, honest.proof(output=1))
    world.exit(world.thief, theft)
    for one in mine:
        world.exit(world.thief, one.proof)
    world.at(world.now + 2 * W)
    items = [(one.proof[0], one.proof[2]) for one in mine] + [(theft[0], theft[2])]
    world.send(world.thief, "processExits", items, [1])
    assert world.exit_of(output_id(theft[2]))[0] == 1
    claim(world, honest.proof(), 0, 1)
    claim(world, honest.proof(output=1), 0, 1)
    assert world.exit_of(output_id(honest.transactions[0]))[0] == PAID
