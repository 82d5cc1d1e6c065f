"""What both signed, used twice, late or against a dispute."""

from __future__ import annotations

from layer2.channels.messages import Move, Withdraw
from layer2.testing.bench.world import ETHER, GasWorld
from layer2.testing.hubsteps import LATER, closed, dispute, funded, paid
from layer2.testing.reverts import reverts


def test_a_close_cannot_be_spoiled_by_a_dust_deposit(world: GasWorld) -> None:
    key = funded(world)
    signed = closed(world, key, ETHER // 2, 0)
    world.act(world.relayer, "depositETH", key.id, False, value=1)
    before = world.connection.balance(world.payer.address)
    world.act(world.relayer, "close", key.as_tuple(), ETHER // 2, 0, *signed)
    assert world.connection.balance(world.payer.address) - before == ETHER // 2 + 1


def test_a_closed_channel_cannot_be_closed_or_opened_again(world: GasWorld) -> None:
    key = funded(world)
    signed = closed(world, key, 0, 0)
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed)
    with reverts("ChannelClosed", channelId=key.id):
        world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed)
    with reverts("ChannelClosed", channelId=key.id):
        world.act(world.relayer, "depositETH", key.id, False, value=1)


def test_a_freed_slot_cannot_be_opened_again(world: GasWorld) -> None:
    key = funded(world)
    world.past_opening()
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *closed(world, key, 0, 0))
    assert world.hub.call("channel", key.id)[0] == 0
    now = world.connection.timestamp() + 5
    world.connection.set_next_timestamp(now)
    with reverts("OpeningExpired", channelId=key.id, timestamp=now, openBefore=key.open_before):
        world.act(world.relayer, "depositETH", key.id, False, value=1)


def test_a_withdrawal_counts_once(world: GasWorld) -> None:
    key = funded(world)
    message = Withdraw(key.id, ETHER // 2, 0, 0, LATER)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    world.act(world.relayer, "withdraw", key.as_tuple(), ETHER // 2, 0, LATER, *signed)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "withdraw", key.as_tuple(), ETHER // 2, 0, LATER, *signed)


def test_a_withdrawal_cannot_race_a_dispute(world: GasWorld) -> None:
    key = funded(world)
    message = Withdraw(key.id, ETHER // 2, 0, 0, LATER)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    dispute(world, world.payee, key)
    deadline = world.hub.call("channel", key.id)[0] >> 224
    with reverts("DisputeRunning", channelId=key.id, deadline=deadline):
        world.act(world.relayer, "withdraw", key.as_tuple(), ETHER // 2, 0, LATER, *signed)


def test_what_a_peer_won_can_be_withdrawn_above_its_own_deposit(world: GasWorld) -> None:
    key = funded(world)
    message = Withdraw(key.id, 0, 3 * ETHER // 2, 0, LATER)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    world.act(world.relayer, "withdraw", key.as_tuple(), 0, 3 * ETHER // 2, LATER, *signed)
    dispute(world, world.payee, key, 3 * ETHER // 4)
    assert paid(world, key) == (ETHER // 4, ETHER // 4)


def test_a_move_takes_no_more_than_it_brings(world: GasWorld) -> None:
    key, other = funded(world), funded(world)
    fair = Move(key.id, other.id, ETHER, 0, 0, ETHER, 0, LATER)
    greedy = Move(key.id, other.id, ETHER, 0, 0, 2 * ETHER, 0, LATER)
    signed = [(world.sign(world.payer, m), world.sign(world.payee, m)) for m in (fair, greedy)]
    with reverts("AmountOutOfRange", channelId=key.id, have=ETHER, need=2 * ETHER):
        row = (key.as_tuple(), other.as_tuple(), [ETHER, 0, 0, 2 * ETHER], LATER, *signed[1])
        world.act(world.relayer, "move", *row)
    world.act(world.relayer, "move", key.as_tuple(), other.as_tuple(), [ETHER, 0, 0, ETHER], LATER, *signed[0])
    dispute(world, world.payee, other)
    assert paid(world, other) == (ETHER, 2 * ETHER)
