"""What acts cost at a full block stays below what the policy reckons with, and a full block is judged in time."""

from __future__ import annotations

import time

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.plasma.common.watcher.actions import GAS, WatchPolicy
from layer2.plasma.payments.chain.contract import ExitStatus, Proof, Spend
from layer2.plasma.protocol.params import MAX_TRANSACTIONS
from layer2.plasma.protocol.signing import Signed

JUDGED_WITHIN = 20.0
"""Seconds of one processor for 65,536 payments: fetched, kept, indexed, judged."""


def full(world: World, *first: Signed) -> list[Signed | bytes]:
    """A block as deep as blocks can be: these payments, then leaves that nobody will open."""
    filler = world.pay([(world.thief, world.deposit(world.thief, 1))], [(world.thief, 1)])
    record = filler.transaction.packed + filler.signatures[0]
    return [*first, *[record] * (MAX_TRANSACTIONS - len(first))]


def test_acts_cost_no_more_than_the_policy_reckons(world: World) -> None:
    """Of a block that is invalid, and full: what is proven of it is no worse for that."""
    watcher = world.watch(sender=world.watcher, policy=WatchPolicy(question=None))
    kits = [world.deposit(world.thief) for _ in range(4)]
    spent = [
        world.pay([(world.thief, kits[0])], [(world.payee, ETHER)]),
        world.pay([(world.thief, kits[1])], [(world.payee, ETHER)]),
        world.pay([(world.thief, kits[2])], [(world.thief, ETHER)]),
    ]
    block = world.hostile.block(full(world, *spent))
    onward = world.pay([(world.thief, world.kit(block, 2))], [(world.payee, ETHER)])
    second = world.hostile.block(full(world, onward))
    world.exit(world.thief, kits[0])
    rival = world.pay([(world.thief, kits[1])], [(world.thief, ETHER)])
    world.start_game(world.thief, rival, [kits[1]], 0b1_0001)
    world.start_game(world.thief, spent[2], [kits[2]], 0b1_0000)
    other = world.pay([(world.thief, kits[2])], [(world.thief, ETHER // 2)])
    shown = Spend(Proof.of_nothing(other.transaction.packed), other.signatures[0])
    made = (spent[2].transaction.packed, [kits[2].output_id], 0, [kits[2].made], shown)
    world.root.challenge_non_canonical(world.second, *made)
    word = second.header.time << 32 | second.header.count
    world.root.challenge_data(world.thief, second.number, 7, second.header.root, word)
    report = watcher.step()
    names = {
        "challengeExit",
        "challengeNonCanonical",
        "challengeInputSpent",
        "challengeOutputSpent",
        "respondNonCanonical",
        "showData",
    }
    assert set(report.done()) == names
    world.exit(world.thief, kits[3])
    world.later(2 * W + 1)
    report.acts += watcher.step().acts
    assert {"processExits", "processInFlightExit"} <= set(report.done())
    for act in report.acts:
        assert act.receipt is not None, act
        assert act.receipt.gas_used <= GAS[act.name], f"{act.name}: {act.receipt.gas_used}"


def test_buckets_that_a_claim_lists_are_in_its_estimate(world: World) -> None:
    """A hostile operator spreads its loot over many blocks: the older claim lists each of their buckets."""
    kit = world.deposit(world.payer)
    world.exit(world.payer, kit)
    lies = [world.hostile.invalid_mint(ETHER) for _ in range(60)]
    world.hostile.steal(*[position for lie in lies[1::2] for position in lie.loot])
    watcher = world.watch(sender=world.watcher)
    watcher.step()
    world.later(2 * W + 1)
    (act,) = [one for one in watcher.step().acts if one.name == "processExits"]
    (plan,) = [one for one in watcher.plans if one.name == "processExits"]
    assert act.receipt is not None
    listed = len(plan.arguments[1])
    assert listed >= 29
    # What a claim without a list costs at most would not have been enough.
    assert 140_000 < act.receipt.gas_used <= plan.cost
    assert world.status(kit) is ExitStatus.PAID


@pytest.mark.slow
def test_a_full_block_is_judged_in_time(world: World) -> None:
    """The same payment 65,536 times: each is hashed, its signature recovered, and looked up like any other."""
    watcher = world.watch()
    kit = world.deposit(world.payer)
    assert watcher.step().findings == []
    payment = world.pay([(world.payer, kit)], [(world.payee, ETHER // 2), (world.payer, ETHER // 2)])
    record = payment.transaction.packed + payment.signatures[0]
    lie = world.hostile.block([record] * MAX_TRANSACTIONS)
    before = time.process_time()
    report = watcher.step()
    spent = time.process_time() - before
    assert watcher.status().invalid == lie.number
    assert "before in this block" in report.findings[0].detail
    assert spent < JUDGED_WITHIN, f"{spent:.1f} s"
