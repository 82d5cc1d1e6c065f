"""One-way channels: bad rows, races of claim and exit."""

from __future__ import annotations

import pytest

from layer2.channels.protocol.messages import Close
from layer2.testing.adversaries.channels.steps import funded, row_of, voucher
from layer2.testing.adversaries.channels.world import DELAY, ETHER, GasWorld
from layer2.testing.revert_checks.reverts import reverts


def test_bad_rows_are_skipped_and_the_good_ones_paid(world: GasWorld) -> None:
    good, unfunded, over = funded(world, simplex=True), world.make_key(simplex=True), funded(world, simplex=True)
    duplex = funded(world)
    rows = row_of(good, 5, voucher(world, world.payer, good, 5)) * 2
    rows += row_of(good, 6, voucher(world, world.payee, good, 6))
    rows += row_of(unfunded, 5, voucher(world, world.payer, unfunded, 5))
    rows += row_of(duplex, 5, voucher(world, world.payer, duplex, 5))
    rows += row_of(over, 9 * ETHER, voucher(world, world.payer, over, 9 * ETHER))
    before = world.connection.balance(world.payee.address)
    world.act(world.relayer, "claimVouchers", world.payee.address, good.token, rows, b"")
    assert world.connection.balance(world.payee.address) - before == 5 + ETHER


def test_a_batch_of_bad_rows_pays_nothing(world: GasWorld) -> None:
    key = funded(world, simplex=True)
    row = row_of(key, 5, voucher(world, world.payer, key, 5))
    with reverts("NothingClaimed"):
        world.act(world.relayer, "claimVouchers", world.relayer.address, key.token, row, b"")
    with reverts("MalformedRows", length=len(row) - 1):
        world.act(world.relayer, "claimVouchers", world.payee.address, key.token, row[1:], b"")


def test_a_claim_still_counts_while_the_payer_exits(world: GasWorld) -> None:
    key = funded(world, simplex=True)
    world.act(world.payer, "requestExit", key.as_tuple())
    row = row_of(key, 5, voucher(world, world.payer, key, 5))
    world.connection.advance(DELAY + 100)
    world.act(world.relayer, "claimVouchers", world.payee.address, key.token, row, b"")
    before = world.connection.balance(world.payer.address)
    world.act(world.relayer, "exit", key.as_tuple())
    assert world.connection.balance(world.payer.address) - before == ETHER - 5
    with reverts("NothingClaimed"):
        late = row_of(key, 6, voucher(world, world.payer, key, 6))
        world.act(world.relayer, "claimVouchers", world.payee.address, key.token, late, b"")


def test_a_payer_cannot_exit_early_or_for_somebody_else(world: GasWorld) -> None:
    key = funded(world, simplex=True)
    with reverts("UnauthorizedCaller(address caller)", caller=world.relayer.address):
        world.act(world.relayer, "requestExit", key.as_tuple())
    world.act(world.payer, "requestExit", key.as_tuple())
    deadline = world.hub.call("channel", key.id)[0] >> 224
    world.connection.set_next_timestamp(deadline)
    with reverts("DisputeNotOver", channelId=key.id, timestamp=deadline, deadline=deadline):
        world.act(world.payer, "exit", key.as_tuple())


@pytest.mark.parametrize("instead", ["nothing", "the payer's own", "a smaller close"])
def test_a_simplex_channel_ends_early_by_the_payees_signature_only(world: GasWorld, instead: str) -> None:
    """The payer would take back at once what the payee has not claimed yet."""
    key = funded(world, simplex=True)
    forged = {
        "nothing": b"",
        "the payer's own": world.sign(world.payer, Close(key.id, 0, 0)),
        "a smaller close": world.sign(world.payee, Close(key.id, 5, 0)),
    }[instead]
    for player in (world.payer, world.relayer):
        with reverts("InvalidSignature", signer=world.payee.address):
            world.act(player, "closeSimplex", key.as_tuple(), 0, b"", forged)
    before = world.connection.balance(world.payee.address)
    agreed = world.sign(world.payee, Close(key.id, 7, 0))
    world.act(world.relayer, "closeSimplex", key.as_tuple(), 7, voucher(world, world.payer, key, 7), agreed)
    assert world.connection.balance(world.payee.address) == before + 7


def test_a_closed_simplex_channel_pays_no_voucher_though_it_may_not_open_again(world: GasWorld) -> None:
    key = funded(world, simplex=True)
    agreed = world.sign(world.payee, Close(key.id, 7, 0))
    world.act(world.relayer, "closeSimplex", key.as_tuple(), 7, voucher(world, world.payer, key, 7), agreed)
    row = row_of(key, 9, voucher(world, world.payer, key, 9))
    with reverts("NothingClaimed"):
        world.act(world.relayer, "claimVouchers", world.payee.address, key.token, row, b"")
