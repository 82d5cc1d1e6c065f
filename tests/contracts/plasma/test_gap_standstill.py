"""A chain that stands still, and a swap that only one of two has signed: what its signer can do, and what not."""

from __future__ import annotations

import pytest
from tests.contracts.plasma.builder import DATA_BOND, DATA_DELAY, ETHER, Deposit, W, World, deposit_id, packed

from layer2.testing import reverts

CHALLENGED, PAID = 2, 3


@pytest.fixture
def swap(world: World) -> tuple[Deposit, Deposit, bytes]:
    """The payer's money against the thief's, which the payer has signed and the thief keeps."""
    mine, thiefs = world.deposit(world.payer), world.deposit(world.thief)
    data = packed([mine.position, thiefs.position], [(world.payer, 0, ETHER), (world.thief, 0, ETHER)], 3)
    return mine, thiefs, data


def blocks(world: World, count: int) -> None:
    for _ in range(count):
        number = world.chain.call("head")[1]
        world.block(packed([], [(world.operator, 0, 1)], number, kind=2))


def test_a_swap_half_signed_holds_its_signer_up_until_it_has_expired_and_no_longer(
    world: World, swap: tuple[Deposit, Deposit, bytes]
) -> None:
    mine, _, data = swap
    identity = deposit_id(mine.number)
    half = world.spend(data, world.payer)
    world.exit(world.payer, mine.proof)
    world.send(world.thief, "challengeExit", mine.proof, half)
    with reverts("ExitBlocked", world.chain, id=identity, until=3):
        world.exit(world.payer, mine.proof)
    blocks(world, 3)
    world.exit(world.payer, mine.proof)
    with reverts("InclusionLate", world.chain, number=0, expiry=3):
        world.send(world.thief, "challengeExit", mine.proof, half)
    world.at(world.now + W)
    world.send(world.watcher, "claim", [(mine.position, mine.record)], [])
    assert world.exit_of(identity)[0] == PAID


@pytest.mark.parametrize("frozen", [False, True])
def test_it_holds_its_signer_up_for_as_long_as_no_block_comes(
    world: World, swap: tuple[Deposit, Deposit, bytes], frozen: bool
) -> None:
    """Known, and named in the threat model: expiries count blocks, and a chain at a standstill has no more of them."""
    mine, _, data = swap
    identity = deposit_id(mine.number)
    block = world.block(packed([], [(world.operator, 0, 1)], 1, kind=2))
    if frozen:
        world.send(world.watcher, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
        world.at(world.now + DATA_DELAY)
        world.send(world.watcher, "freeze", 1, 0)
    world.exit(world.payer, mine.proof)
    world.send(world.thief, "challengeExit", mine.proof, world.spend(data, world.payer))
    world.at(world.now + 100 * W)
    with reverts("ExitBlocked", world.chain, id=identity, until=3):
        world.exit(world.payer, mine.proof)
    # The thief has nothing of it but the bond: nobody else than the payer can be paid that money.
    with reverts("SignatureInvalid", world.chain, owner=world.thief.address):
        world.start(world.payer, data, [mine.proof, swap[1].proof], [world.payer, world.payer])
    assert world.exit_of(identity)[0] == CHALLENGED


def test_a_swap_signed_by_both_leaves_from_a_chain_at_a_standstill(
    world: World, swap: tuple[Deposit, Deposit, bytes]
) -> None:
    mine, thiefs, data = swap
    ids = [deposit_id(one.number) for one in (mine, thiefs)]
    world.start(world.payer, data, [mine.proof, thiefs.proof], [world.payer, world.thief], 16)
    world.at(world.now + W)
    before = world.balance(world.payer)
    world.send(world.watcher, "claimInFlight", data, ids, [mine.record, thiefs.record], [])
    assert world.balance(world.payer) > before + ETHER
