"""What both signed, used twice, late or against a dispute."""

from __future__ import annotations

import pytest
from web3.types import RPCEndpoint

from layer2.channels.protocol.messages import Close, Move, Withdraw
from layer2.ethereum.anvil import AnvilNode
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.channels.steps import LATER, closed, dispute, funded, paid
from layer2.testing.adversaries.channels.world import ETHER, GasWorld
from layer2.testing.revert_checks.reverts import reverts


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


@pytest.mark.parametrize("entry", ["close", "withdraw", "move"])
@pytest.mark.parametrize("thief", ["payer", "payee"])
def test_what_needs_both_is_refused_to_one_alone(world: GasWorld, entry: str, thief: str) -> None:
    """The caller consents by calling; the other's signature is asked for, and is not the caller's own."""
    key, other = funded(world), funded(world)
    caller, victim = (world.payer, world.payee) if thief == "payer" else (world.payee, world.payer)
    takes_a, takes_b = (2 * ETHER, 0) if thief == "payer" else (0, 2 * ETHER)
    message, args = {
        "close": (Close(key.id, 0, 2 * ETHER), (0, 2 * ETHER)),
        "withdraw": (Withdraw(key.id, takes_a, takes_b, 0, LATER), (takes_a, takes_b, LATER)),
        "move": (
            Move(key.id, other.id, takes_a, takes_b, 2 * ETHER, 0, 0, LATER),
            (other.as_tuple(), [takes_a, takes_b, 2 * ETHER, 0], LATER),
        ),
    }[entry]
    own, others = world.sign(caller, message), world.sign(victim, message)
    for forged in (b"", own, world.sign(world.relayer, message)):
        pair = (own, forged) if thief == "payer" else (forged, own)
        with reverts("InvalidSignature", signer=victim.address):
            world.act(caller, entry, key.as_tuple(), *args, *pair)
        with reverts("InvalidSignature", signer=victim.address):
            world.act(world.relayer, entry, key.as_tuple(), *args, *pair)
    pair = (b"", others) if thief == "payer" else (others, b"")
    world.act(caller, entry, key.as_tuple(), *args, *pair)


def test_a_channel_closed_in_its_last_opening_second_stays_closed(world: GasWorld) -> None:
    """Else a close in the very second of `openBefore` would leave a slot that can be opened again in that second."""
    key = funded(world)
    signed = closed(world, key, 0, 0)
    world.connection.set_next_timestamp(key.open_before)
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed)
    assert world.hub.call("channel", key.id)[0] == ((1 << 32) - 1) << 224


def test_a_channel_closed_after_its_last_opening_second_frees_its_slot(world: GasWorld) -> None:
    key = funded(world)
    signed = closed(world, key, 0, 0)
    world.connection.set_next_timestamp(key.open_before + 1)
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed)
    assert world.hub.call("channel", key.id)[0] == 0


def test_more_than_the_channel_holds_cannot_be_withdrawn_or_moved(world: GasWorld) -> None:
    key, other = funded(world), funded(world)
    for out_a, out_b in ((2 * ETHER + 1, 0), (ETHER, ETHER + 1)):
        message = Withdraw(key.id, out_a, out_b, 0, LATER)
        signed = (world.sign(world.payer, message), world.sign(world.payee, message))
        with reverts("AmountOutOfRange", channelId=key.id, have=2 * ETHER, need=2 * ETHER + 1):
            world.act(world.relayer, "withdraw", key.as_tuple(), out_a, out_b, LATER, *signed)
    # Sums that wrap around are none.
    wide = (1 << 256) - 1
    for amounts in ([wide, 1, 0, 0], [0, 1, wide, 2], [1 << 112, 0, 1 << 112, 0]):
        need = amounts[0] | amounts[1] | amounts[2] | amounts[3]
        with reverts("AmountOutOfRange", channelId=other.id, have=(1 << 112) - 1, need=need):
            world.act(world.payer, "move", key.as_tuple(), other.as_tuple(), amounts, LATER, b"", b"")


def test_a_withdrawal_counts_once(world: GasWorld) -> None:
    key = funded(world)
    message = Withdraw(key.id, ETHER // 2, 0, 0, LATER)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    world.act(world.relayer, "withdraw", key.as_tuple(), ETHER // 2, 0, LATER, *signed)
    with reverts("InvalidSignature", signer=world.payer.address):
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


@pytest.mark.parametrize("entry", ["withdraw", "move"])
def test_what_both_signed_counts_in_its_last_second_and_not_after_it(world: GasWorld, entry: str) -> None:
    """Else a consent that was given for now takes money out, or moves it, whenever it suits its holder."""
    key, other = funded(world), funded(world)

    def signed(until: int, epoch: int) -> tuple[object, ...]:
        message = {
            "withdraw": Withdraw(key.id, 5, 0, epoch, until),
            "move": Move(key.id, other.id, 5, 0, 5, 0, epoch, until),
        }[entry]
        args = (5, 0) if entry == "withdraw" else (other.as_tuple(), [5, 0, 5, 0])
        return (key.as_tuple(), *args, until, world.sign(world.payer, message), world.sign(world.payee, message))

    until = world.connection.timestamp() + 50
    world.connection.set_next_timestamp(until)
    world.act(world.relayer, entry, *signed(until, 0))
    assert world.connection.timestamp() == until
    late = until + 50
    world.connection.set_next_timestamp(late + 1)
    with reverts("ExpiredConsent", timestamp=late + 1, validUntil=late):
        world.act(world.relayer, entry, *signed(late, 1))


@pytest.mark.anvil
def test_the_last_epoch_cannot_be_passed() -> None:
    """An epoch more would spill into the bits behind it, or come back to zero: old withdrawals would count again."""
    with AnvilNode() as node:
        world = GasWorld(node.connection)
        key, last = funded(world), (1 << 30) - 2
        words = int.from_bytes(keccak(key.id + bytes(32)), "big")

        def at_epoch(epoch: int) -> tuple[object, ...]:
            where, value = hex(words + 1), "0x" + (epoch << 224).to_bytes(32, "big").hex()
            request = RPCEndpoint("anvil_setStorageAt")
            assert node.connection.web3.provider.make_request(request, [world.hub.address, where, value])["result"]
            message = Withdraw(key.id, 1, 0, epoch, LATER)
            signed = world.sign(world.payer, message), world.sign(world.payee, message)
            return (key.as_tuple(), 1, 0, LATER, *signed)

        world.act(world.relayer, "withdraw", *at_epoch(last))
        assert world.hub.call("channel", key.id)[1] == (last + 1) << 224
        with reverts("AmountOutOfRange", channelId=key.id, have=last, need=last + 1):
            world.act(world.relayer, "withdraw", *at_epoch(last + 1))
