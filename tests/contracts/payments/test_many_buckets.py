"""A fraud spread over more buckets than a transaction can list: claims of what is older do not grow with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.campaign import NIGHTLY
from tests.support.payments.builder import ETHER, W, World, deposit_position, packed, word

from layer2.ethereum.anvil import AnvilNode
from layer2.primitives.hashing import keccak
from layer2.testing import reverts

LEDGERS, BUCKETS = 5, 6
"""Slots of the mappings, as in the storage snapshot."""
STEP = 4_000
"""Buckets that one transaction moves the sum over: below 16 million gas."""
MINT = ETHER


@pytest.fixture
def world() -> Iterator[World]:
    with AnvilNode() as node:
        yield World(node.connection)


def slot(key: int, base: int | bytes) -> bytes:
    return keccak(word(key) + (word(base) if isinstance(base, int) else base))


def spread(world: World, first: int, count: int) -> None:
    """The ledger as it is after so many mints have begun to leave, each under a bucket of its own: written down."""
    store, at = world.connection.backend.rpc, world.chain.address
    for bucket in range(first, first + count):
        store("anvil_setStorageAt", at, "0x" + slot(bucket, slot(0, BUCKETS)).hex(), "0x" + word(MINT).hex())
    reserved, held = world.ledger()
    store(
        "anvil_setStorageAt",
        at,
        "0x" + slot(0, LEDGERS).hex(),
        "0x" + word(held << 128 | reserved + count * MINT).hex(),
    )
    assert world.ledger() == (reserved + count * MINT, held)


@pytest.mark.anvil
@pytest.mark.parametrize(
    "count",
    [
        10,
        1_000,
        pytest.param(
            100_000, marks=pytest.mark.skipif(not NIGHTLY, reason="nightly: 100,000 buckets are filled one by one")
        ),
    ],
)
def test_a_claim_costs_the_same_however_many_buckets_are_newer(world: World, count: int) -> None:
    deposit = world.deposit(world.payer, 2 * ETHER)
    block = world.block(packed([deposit.position], [(world.payee, 0, ETHER), (world.payer, 0, ETHER)]))
    for output, owner in enumerate((world.payee, world.payer)):
        world.exit(owner, block.proof(output=output))
    # As many blocks as the mints need, without their transactions.
    head = (0, 1 + 2 * count + 2, 2)
    packed_head = head[2] << 200 | head[1] << 160 | int(world.operator.address, 16)
    world.connection.backend.rpc("anvil_setStorageAt", world.chain.address, "0x0", "0x" + word(packed_head).hex())
    assert world.chain.call("head")[1:3] == (2 * count + 3, 2)
    spread(world, 1, count)
    world.at(world.now + 2 * W)
    item = [(block.proof()[0], block.proof()[2])]
    with reverts("NotCovered", world.chain, token=0, need=2 * ETHER + count * MINT, have=2 * ETHER):
        world.send(world.watcher, "processExits", item, [])
    end, spent = count + 2, []
    while end > 1:
        end = max(1, end - STEP)
        spent.append(world.send(world.watcher, "track", 0, end).gas_used)
    assert world.chain.call("tracked", 0) == (1, count * MINT)
    assert max(spent) < 16_000_000
    assert sum(spent) < 60_000 * len(spent) + 2_900 * count
    receipt = world.send(world.watcher, "processExits", item, [])
    assert receipt.gas_used < 75_000
    # What begins and ends under a newer block changes the sum.
    assert world.chain.call("tracked", 0) == (1, count * MINT)
    world.send(world.watcher, "processExits", [(block.proof(output=1)[0], block.transactions[0])], [])


@pytest.mark.anvil
def test_a_sum_follows_what_begins_and_ends_and_is_kept_only_while_something_is_short(world: World) -> None:
    deposit = world.deposit(world.payer, 2 * ETHER)
    honest = world.block(packed([deposit.position], [(world.payee, 0, 2 * ETHER)]))
    mints = [world.block(packed([deposit_position(99)], [(world.thief, 0, MINT)], 900 + at)) for at in range(6)]
    world.exit(world.payee, honest.proof())
    world.send(world.watcher, "track", 0, 1)
    assert world.chain.call("tracked", 0) == (2**40 - 1, 0)
    for one in mints[:4]:
        world.exit(world.thief, one.proof())
    world.send(world.watcher, "track", 0, 2)
    # Blocks 4 and 5 and later; 2 and 3 are in bucket 1.
    assert world.chain.call("tracked", 0) == (2, 2 * MINT)
    world.exit(world.thief, mints[4].proof())
    assert world.chain.call("tracked", 0) == (2, 3 * MINT)
    spender = packed([mints[4].proof()[0]], [(world.thief, 0, 1)], 900)
    shown = (mints[4].proof()[0], 0, mints[4].transactions[0], [])
    world.send(world.watcher, "challengeExit", shown, world.spend(spender, world.thief))
    assert world.chain.call("tracked", 0) == (2, 2 * MINT)
    world.send(world.watcher, "track", 0, 1)
    assert world.chain.call("tracked", 0) == (1, 4 * MINT)
    world.send(world.watcher, "track", 0, 3)
    assert world.chain.call("tracked", 0) == (3, 0)
    world.send(world.watcher, "track", 0, 1)
    world.at(world.now + 2 * W)
    world.send(world.watcher, "processExits", [(honest.proof()[0], honest.proof()[2])], [])
    world.deposit(world.payer, 4 * MINT)
    world.send(world.watcher, "track", 0, 1)
    assert world.chain.call("tracked", 0) == (2**40 - 1, 0)
