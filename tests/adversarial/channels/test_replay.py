"""The same signature somewhere else: another hub, another chain, another message, the next life of a channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from web3.types import RPCEndpoint

from layer2.channels.model.state import RawKey
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_tree import EMPTY_ROOT
from layer2.channels.protocol.messages import (
    Accept,
    Close,
    Deposit,
    LockVoucher,
    Move,
    Resolve,
    Session,
    Voucher,
    Withdraw,
)
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy_with_receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.addresses import ZERO_ADDRESS, address_bytes
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.typed_data import TypedMessage
from layer2.testing.adversaries.channels.steps import LATER, closed, dispute, funded, row_of, voucher
from layer2.testing.adversaries.channels.world import DELAY, ETHER, GasWorld
from layer2.testing.revert_checks.reverts import reverts

AMOUNT = 5


def test_what_was_signed_for_one_hub_is_refused_by_another(world: GasWorld) -> None:
    key = funded(world)
    signature, signed = voucher(world, world.payer, key, AMOUNT), closed(world, key, AMOUNT, 0)
    first = world.hub
    args = ("0x" + "00" * 20, 60, 86_400, 86_400)
    world.hub, _ = deploy_with_receipt(world.operator, load_artifact("ChannelHub"), *args)
    try:
        world.act(world.payer, "depositETH", key.id, False, value=ETHER)
        with reverts("InvalidSignature", signer=key.a):
            world.act(world.relayer, "close", key.as_tuple(), AMOUNT, 0, *signed)
        with reverts("InvalidSignature", signer=key.a):
            world.act(world.payee, "startClose", key.as_tuple(), AMOUNT, signature)
    finally:
        world.hub = first
    world.act(world.payee, "startClose", key.as_tuple(), AMOUNT, signature)


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"name": "layer2 RollupHub"}, {"version": "2"}])
def test_what_was_signed_for_another_chain_or_version_is_refused(world: GasWorld, change: dict[str, object]) -> None:
    key = funded(world)
    message = Voucher(key.id, AMOUNT)
    elsewhere = replace(world.domain, **change)
    assert elsewhere.separator != world.domain.separator
    signature = to_compact(world.payer.key.sign(message.digest(elsewhere)))
    with reverts("InvalidSignature", signer=key.a):
        world.act(world.payee, "startClose", key.as_tuple(), AMOUNT, signature)
    world.act(world.payee, "startClose", key.as_tuple(), AMOUNT, world.sign(world.payer, message))


def lookalikes(world: GasWorld, key: ChannelKey) -> list[TypedMessage]:
    """Every message type about the channel, with the same numbers in it."""
    return [
        LockVoucher(key.id, AMOUNT, 0, 0, 0, EMPTY_ROOT),
        Close(key.id, AMOUNT, 0),
        Withdraw(key.id, AMOUNT, 0, 0, LATER),
        Move(key.id, key.id, AMOUNT, 0, AMOUNT, 0, 0, LATER),
        Session(key.id, world.payer.address, AMOUNT, LATER, 3),
        Accept(key.id, False, AMOUNT, Voucher(key.id, AMOUNT).struct_hash()),
        Resolve(key.id, False, AMOUNT.to_bytes(32, "big"), Voucher(key.id, AMOUNT).struct_hash()),
        Deposit(key.id, AMOUNT, 0, LATER),
    ]


@pytest.mark.parametrize("index", range(8))
def test_no_other_message_passes_for_a_voucher(world: GasWorld, index: int) -> None:
    key = funded(world)
    message = lookalikes(world, key)[index]
    with reverts("InvalidSignature", signer=key.a):
        world.act(world.payee, "startClose", key.as_tuple(), AMOUNT, world.sign(world.payer, message))


def test_a_voucher_passes_for_no_other_message(world: GasWorld) -> None:
    key = funded(world)
    by_a, by_b = (voucher(world, one, key, AMOUNT) for one in (world.payer, world.payee))
    with reverts("InvalidSignature", signer=key.a):
        world.act(world.relayer, "close", key.as_tuple(), AMOUNT, 0, by_a, by_b)
    with reverts("InvalidSignature", signer=key.a):
        world.act(world.relayer, "withdraw", key.as_tuple(), AMOUNT, 0, LATER, by_a, by_b)
    proof = (AMOUNT, 1, 0, 0, EMPTY_ROOT, by_a)
    with reverts("InvalidSignature", signer=key.a):
        world.act(world.payee, "postLocks", key.as_tuple(), False, proof, b"")


def test_a_voucher_of_the_other_direction_is_refused(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    with reverts("InvalidSignature", signer=key.b):
        world.act(world.relayer, "post", key.as_tuple(), True, AMOUNT, voucher(world, world.payer, key, AMOUNT))


def test_old_vouchers_are_worth_nothing_after_the_channel_has_ended(world: GasWorld) -> None:
    key = funded(world)
    newest = voucher(world, world.payer, key, ETHER)
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *closed(world, key, 0, 0))
    for player, entry, args in (
        (world.payee, "startClose", (ETHER, newest)),
        (world.relayer, "post", (False, ETHER, newest)),
        (world.relayer, "settle", ()),
    ):
        with reverts("ChannelClosed", channelId=key.id):
            world.act(player, entry, key.as_tuple(), *args)


def test_old_vouchers_are_worth_nothing_once_the_slot_is_free(world: GasWorld) -> None:
    key = funded(world)
    newest = voucher(world, world.payer, key, ETHER)
    world.past_opening()
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *closed(world, key, 0, 0))
    with reverts("ChannelNotOpen", channelId=key.id):
        world.act(world.payee, "startClose", key.as_tuple(), ETHER, newest)


def test_a_channel_closed_in_its_first_block_cannot_be_opened_again_in_it(world: GasWorld) -> None:
    """Open, close and open again with one timestamp: the tombstone holds within the block."""
    key = world.make_key()
    world.act(world.payer, "depositETH", key.id, False, value=ETHER)
    signed = closed(world, key, 0, 0)
    now = world.connection.timestamp()
    assert now <= key.open_before
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed)
    assert world.hub.call("channel", key.id)[0] == ((1 << 32) - 1) << 224
    with reverts("ChannelClosed", channelId=key.id):
        world.act(world.payer, "deposit", key.as_tuple(), ETHER, 0, value=ETHER)
    with reverts("ChannelClosed", channelId=key.id):
        world.act(world.relayer, "settle", key.as_tuple())


def test_a_zero_address_cannot_sign(world: GasWorld) -> None:
    """Ether goes in by id alone, so a channel of the zero address can hold money; garbage must not recover to it."""
    honest = world.make_key()
    key = RawKey(ZERO_ADDRESS, honest.b, honest.token, honest.params)
    row = (key.a, key.b, key.token, key.params)
    world.act(world.relayer, "depositETH", key.id, False, value=ETHER)
    for garbage in (bytes(64), bytes(65), b"\xff" * 64, bytes(32) + b"\x01" * 32):
        with reverts("InvalidSignature", signer=ZERO_ADDRESS):
            world.act(world.payee, "startClose", row, ETHER, garbage)
    honest = world.make_key(simplex=True)
    one_way = RawKey(ZERO_ADDRESS, honest.b, honest.token, honest.params)
    world.act(world.relayer, "depositETH", one_way.id, False, value=ETHER)
    with reverts("NothingClaimed"):
        claim = address_bytes(ZERO_ADDRESS) + row_of(honest, ETHER, bytes(64))[20:]
        world.act(world.payee, "claimVouchers", honest.b, ZERO_ADDRESS, claim, b"")
    with reverts("InvalidSignature", signer=ZERO_ADDRESS):
        row = (one_way.a, one_way.b, one_way.token, one_way.params)
        world.act(world.payee, "claimVoucher", row, ETHER, bytes(64))


@pytest.mark.parametrize(("delay", "window"), [(0, 60), (59, 60), (DELAY, DELAY), (2**32 - 1, 86_400 * 30)])
def test_a_window_outside_the_bounds_is_clamped_when_it_starts(world: GasWorld, delay: int, window: int) -> None:
    """By id alone nobody checks the delay: neither may it rob the payee of its window nor freeze money for years."""
    key = replace(world.make_key(), delay=delay)
    world.act(world.payer, "depositETH", key.id, False, value=ETHER)
    world.act(world.payer, "startClose", key.as_tuple(), 0, b"")
    assert world.hub.call("channel", key.id)[0] >> 224 == world.connection.timestamp() + window


@pytest.mark.parametrize("delay", [59, 86_400 * 30 + 1])
def test_a_delay_outside_the_bounds_cannot_be_opened_by_its_key(world: GasWorld, delay: int) -> None:
    key = replace(world.make_key(), delay=delay)
    with reverts("InvalidKey", channelId=key.id):
        world.act(world.payer, "deposit", key.as_tuple(), ETHER, 0, value=ETHER)


def test_huge_calldata_is_refused_and_costs_its_sender_only(world: GasWorld) -> None:
    key = funded(world)
    junk = bytes(100_000)
    with reverts("InvalidSignature", signer=key.a):
        world.act(world.payee, "startClose", key.as_tuple(), AMOUNT, junk)
    with reverts("InvalidSignature", signer=key.a):
        world.act(world.relayer, "close", key.as_tuple(), AMOUNT, 0, junk, junk)
    rows = row_of(world.make_key(simplex=True), AMOUNT, bytes(64)) * 500
    with reverts("NothingClaimed"):
        world.act(world.relayer, "claimVouchers", world.payee.address, ZERO_ADDRESS, rows, rows[: 223 * 200])


@pytest.mark.anvil
def test_what_was_signed_before_a_fork_is_refused_on_the_chain_that_renumbered_itself() -> None:
    """After a split one side takes another chain id: what is signed on one side must not be used on the other."""
    with AnvilNode() as node:
        world = GasWorld(node.connection)
        key = funded(world)
        signature = voucher(world, world.payer, key, AMOUNT)
        node.connection.web3.provider.make_request(RPCEndpoint("anvil_setChainId"), [4242])
        forked = Connection.connect(node.url)
        assert forked.chain_id == 4242
        payee = Sender(forked, LocalSigner(world.payee.key))
        hub = Contract(forked, world.hub.address, world.hub.abi)
        with reverts("InvalidSignature", signer=key.a):
            hub.transact(payee, "startClose", key.as_tuple(), AMOUNT, signature)
        elsewhere = Voucher(key.id, AMOUNT).digest(replace(world.domain, chain_id=4242))
        hub.transact(payee, "startClose", key.as_tuple(), AMOUNT, world.payer.key.sign(elsewhere))
