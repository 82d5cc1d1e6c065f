"""Disputes: stale, missing, oversized and late counters."""

from __future__ import annotations

from layer2.testing.adversaries.channels.steps import dispute, funded, paid, voucher
from layer2.testing.adversaries.channels.world import ETHER, GasWorld
from layer2.testing.revert_checks.reverts import reverts


def test_a_stale_counter_is_answered_by_a_stranger(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payer, key, ETHER // 100)
    newest = voucher(world, world.payer, key, ETHER // 2)
    world.act(world.relayer, "post", key.as_tuple(), False, ETHER // 2, newest)
    assert paid(world, key) == (ETHER // 2 + ETHER // 100, 3 * ETHER // 2 - ETHER // 100)


def test_a_stale_counter_cannot_replace_a_newer_one(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payer, key)
    for amount in (ETHER // 2, ETHER // 4, ETHER // 2):
        signature = voucher(world, world.payer, key, amount)
        if amount == ETHER // 2 and world.hub.call("channel", key.id)[1] == 0:
            world.act(world.relayer, "post", key.as_tuple(), False, amount, signature)
            continue
        with reverts("StaleCounter", channelId=key.id, have=ETHER // 2, given=amount):
            world.act(world.relayer, "post", key.as_tuple(), False, amount, signature)


def test_without_any_proof_everybody_gets_the_deposit_back(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    assert paid(world, key) == (ETHER, ETHER)


def test_a_promise_above_the_deposits_is_cut_to_them(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key, 50 * ETHER)
    assert paid(world, key) == (0, 2 * ETHER)


def test_a_counter_above_its_range_is_refused(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    huge = 1 << 112
    with reverts("AmountOutOfRange", channelId=key.id, have=huge - 1, need=huge):
        world.act(world.relayer, "post", key.as_tuple(), False, huge, voucher(world, world.payer, key, huge))


def test_the_window_is_open_at_its_last_second_and_shut_after_it(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payer, key)
    deadline = world.hub.call("channel", key.id)[0] >> 224
    chain = world.connection
    before = chain.snapshot()
    chain.set_next_timestamp(deadline)
    with reverts("DisputeNotOver", channelId=key.id, timestamp=deadline, deadline=deadline):
        world.act(world.relayer, "settle", key.as_tuple())
    chain.revert(before)
    chain.set_next_timestamp(deadline)
    world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.payer, key, 5))
    chain.revert(before)
    chain.set_next_timestamp(deadline + 1)
    with reverts("DisputeNotOpen", channelId=key.id, timestamp=deadline + 1, deadline=deadline):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.payer, key, 5))


def test_a_stranger_cannot_start_a_close(world: GasWorld) -> None:
    key = funded(world)
    with reverts("UnauthorizedCaller(address caller)", caller=world.relayer.address):
        world.act(world.relayer, "startClose", key.as_tuple(), 0, b"")


def test_a_stale_counter_by_the_payee_is_answered(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key, ETHER // 2)
    world.act(world.relayer, "post", key.as_tuple(), True, ETHER // 4, voucher(world, world.payee, key, ETHER // 4))
    assert paid(world, key) == (3 * ETHER // 4, 5 * ETHER // 4)


def test_when_both_sides_are_stale_each_loses_only_what_it_did_not_show(world: GasWorld) -> None:
    """Both have promised half an ether; both show an older counter of the other: what was shown counts."""
    key = funded(world)
    dispute(world, world.payer, key, ETHER // 10)
    world.act(world.payee, "post", key.as_tuple(), False, ETHER // 5, voucher(world, world.payer, key, ETHER // 5))
    assert paid(world, key) == (ETHER + ETHER // 10 - ETHER // 5, ETHER - ETHER // 10 + ETHER // 5)
