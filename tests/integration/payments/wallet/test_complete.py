"""A wallet that lacks blocks says so: it gives no number, and chooses no exit by what it lacks."""

from __future__ import annotations

import pytest
from tests.integration.payments.wallet.conftest import ETHER, World

from layer2.plasma.payments.chain.errors import OperatorMisbehaved, ViewIncomplete
from layer2.plasma.payments.wallet.wallet import Wallet


def test_before_the_first_block_the_chain_says_it_all(world: World) -> None:
    alone = world.wallet(world.payer, gate=False, name="alone")
    with pytest.raises(ViewIncomplete, match="lacks the chain"):
        alone.balance()
    alone.deposit("1 ether")
    alone.look()
    assert (alone.complete, alone.balance()) == (True, ETHER)


def test_an_unknown_balance_is_an_error_and_a_heard_one_is_known_until_the_next_block(
    world: World, payer: Wallet, payee: Wallet
) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.25 ether")
    world.gate.block()
    payee.look()
    for ask in (payee.balance, payee.exit_all):
        with pytest.raises(ViewIncomplete, match="1 of 1 blocks"):
            ask()
    assert (payee.balance(incomplete=True), payee.exit_all(incomplete=True)) == (0, [])
    assert "not heard of" in repr(payee)
    payee.sync()
    assert (payee.complete, payee.balance()) == (True, ETHER // 4)
    payee.payments.gate = None
    payee.sync()
    assert payee.balance() == ETHER // 4
    world.gate.empty()
    payee.sync()
    with pytest.raises(ViewIncomplete, match="1 of 2 blocks"):
        payee.balance()


def test_it_is_remembered_what_was_heard(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.25 ether")
    world.gate.block()
    payee.sync()
    path = payee.wallet_store.log.journal.path
    payee.close()
    again = Wallet(world.root, world.payee, path, world.chain_state, None)
    world.open.append(again)
    again.sync()
    assert again.balance() == ETHER // 4


def test_an_operator_that_keeps_proofs_back_or_lies_leaves_the_view_incomplete(
    world: World, payer: Wallet, payee: Wallet
) -> None:
    payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "0.25 ether")
    number = world.gate.block()
    world.gate.withheld.add(number)
    world.gate.extra = [number << 24]
    payee.sync()
    assert not payee.complete
    # And of a payment of one's own it says where it is, without showing it.
    world.gate.extra, world.gate.places = [], {sent.hash: (number, 0)}
    payer.sync()
    assert not payer.complete
    world.gate.withheld.clear()
    world.gate.extra = [number << 24 | 9 << 8]
    with pytest.raises((OperatorMisbehaved, IndexError)):
        payee.sync()
    assert not payee.complete


def test_who_follows_the_chain_tells_of_no_block_that_it_has_not_reached(
    world: World, payer: Wallet, payee: Wallet
) -> None:
    """A watcher that answers for owners may be behind: what it lists is not all."""
    payer.deposit("1 ether")
    world.gate.empty()
    world.gate.empty()
    world.gate.told = 1
    payee.sync()
    assert not payee.complete
    with pytest.raises(ViewIncomplete, match="1 of 2 blocks"):
        payee.balance()
    world.gate.told = 7
    payee.sync()
    assert payee.complete


def test_another_block_in_the_place_of_the_one_that_was_heard_is_not_heard(
    world: World, payer: Wallet, payee: Wallet
) -> None:
    payer.deposit("1 ether")
    before = world.connection.snapshot()
    world.gate.empty()
    payee.sync()
    assert payee.complete
    world.connection.revert(before)
    payer.send(world.payee.address, "0.25 ether")
    world.gate.block()
    payee.look()
    assert not payee.complete
    payee.sync()
    assert payee.balance() == ETHER // 4
