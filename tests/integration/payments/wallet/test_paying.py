"""From deposit to claim; what a wallet believes, and what it signs a second time."""

from __future__ import annotations

from unittest.mock import ANY

import pytest
from tests.integration.payments.wallet.conftest import ETHER, World

from layer2.plasma.common.errors import FeeTooLow
from layer2.plasma.payments.chain.errors import (
    FundsMissing,
    OperatorMisbehaved,
    OutputUnknown,
    PaymentUnknown,
    StillPending,
)
from layer2.plasma.payments.operator.client_protocol import Inclusion
from layer2.plasma.payments.wallet.payment_status import PaymentStatus
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.positions import encode_position
from layer2.primitives.errors import InputError
from layer2.store.errors import JournalLocked
from layer2.testing.revert_checks.reverts import reverts


def amounts(wallet: Wallet, token: int = 0) -> list[int]:
    return sorted(one.amount for one in wallet.utxos(token))


def test_what_is_paid_in_and_sent_on_comes_out_again(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    world.gate.block()
    payer.sync()
    payee.sync()
    assert (payer.balance(), payee.balance()) == (6 * ETHER // 10, 4 * ETHER // 10)
    before = world.balance(world.payee)
    payee.exit_all()
    world.mature()
    payee.claim_all()
    gained = world.balance(world.payee) - before
    assert 0 < 4 * ETHER // 10 - gained < ETHER // 100
    assert payee.utxos() == []
    assert payee.claim_all() == []


def test_nothing_is_claimed_before_its_time(world: World, payer: Wallet) -> None:
    kit = payer.deposit("1 ether")
    payer.exit_all()
    assert payer.claim_all() == []
    with reverts("TooEarly", world.root.contract.abi, now_=ANY, **{"from": world.root.exit(kit.output_id).time}):
        world.root.process_exits(payer.sender, [(kit.position, kit.made)])
    world.mature()
    assert len(payer.claim_all()) == 1


def test_a_payment_is_believed_once_the_chain_has_its_block(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "1 ether")
    payee.sync()
    assert payee.balance() == 0
    world.gate.block()
    payee.sync()
    assert payee.balance() == ETHER


def test_change_comes_back_and_nothing_is_spent_twice(world: World, payer: Wallet) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    with pytest.raises(FundsMissing) as caught:
        payer.send(world.payee.address, "0.1 ether")
    assert (caught.value.have, caught.value.need) == (0, ETHER // 10)
    world.gate.block()
    payer.sync()
    payer.send(world.payee.address, "0.1 ether", fee="0.1 ether")
    world.gate.block()
    payer.sync()
    assert amounts(payer) == [4 * ETHER // 10]


def test_outputs_are_merged_and_split(world: World, payer: Wallet) -> None:
    for _ in range(5):
        payer.deposit("0.2 ether")
    with pytest.raises(FundsMissing, match="merge first"):
        payer.send(world.payee.address, "0.9 ether")
    payer.merge()
    world.gate.block()
    payer.sync()
    assert amounts(payer) == [2 * ETHER // 10, 8 * ETHER // 10]
    payer.split(["0.1 ether", "0.2 ether", "0.3 ether"])
    world.gate.block()
    payer.sync()
    assert amounts(payer) == [ETHER // 10, 2 * ETHER // 10, 2 * ETHER // 10, 2 * ETHER // 10, 3 * ETHER // 10]


def test_one_output_cannot_be_merged(world: World, payer: Wallet) -> None:
    payer.deposit("0.2 ether")
    with pytest.raises(FundsMissing):
        payer.merge()


def test_tokens_pay_with_a_fee_in_ether(world: World, payer: Wallet, payee: Wallet) -> None:
    world.give_tokens(world.payer, 1_000)
    payer.deposit(1_000, token=1)
    payer.deposit("1 ether")
    payer.send(world.payee.address, 300, token=1, fee="0.1 ether", fee_token=0)
    world.gate.block()
    payer.sync()
    payee.sync()
    assert (payee.balance(1), payer.balance(1), payer.balance()) == (300, 700, 9 * ETHER // 10)
    with pytest.raises(FundsMissing):
        payer.send(world.payee.address, 701, token=1)


# ------------------------------------------------------------------------------------------------------ a lying gate


def _paid(world: World, payer: Wallet) -> int:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    payer.deposit("1 ether")
    payer.send(world.watcher.address, "0.4 ether")
    return world.gate.block()


LIES = {
    "a sibling": lambda one: Inclusion(one.header, one.packed, (b"\1" * 32,)),
    "a longer path": lambda one: Inclusion(one.header, one.packed, (*one.path, bytes(32))),
    "no path": lambda one: Inclusion(one.header, one.packed, ()),
    "another time": lambda one: Inclusion(Header(one.header.root, one.header.time + 1, 2), one.packed, one.path),
    "another count": lambda one: Inclusion(Header(one.header.root, one.header.time, 1), one.packed, one.path),
    "another root": lambda one: Inclusion(Header(b"\1" * 32, one.header.time, 2), one.packed, one.path),
    "more money": lambda one: Inclusion(one.header, one.packed[:-1] + b"\xff", one.path),
    "no transaction": lambda one: Inclusion(one.header, one.packed[:-1], one.path),
}


@pytest.mark.parametrize("name", LIES)
def test_a_wrong_proof_is_not_believed(world: World, payer: Wallet, payee: Wallet, name: str) -> None:
    _paid(world, payer)
    world.gate.lie = LIES[name]
    with pytest.raises(OperatorMisbehaved):
        payee.sync()
    assert payee.utxos() == []
    world.gate.lie = lambda one: one
    payee.sync()
    assert payee.balance() == 4 * ETHER // 10


def test_somebody_elses_output_is_not_believed(world: World, payer: Wallet, payee: Wallet) -> None:
    number = _paid(world, payer)
    world.gate.extra = [encode_position(number, 1, 0)]
    with pytest.raises(OperatorMisbehaved, match="belongs to"):
        payee.sync()
    # What was true beside the lie counts.
    assert payee.balance(incomplete=True) == 4 * ETHER // 10


def test_an_output_that_is_not_there_is_not_believed(world: World, payer: Wallet, payee: Wallet) -> None:
    number = _paid(world, payer)
    world.gate.extra = [encode_position(number, 0, 2)]
    with pytest.raises(OperatorMisbehaved):
        payee.sync()
    assert len(payee.utxos()) == 1


def test_a_block_that_the_chain_lacks_is_not_believed(world: World, payer: Wallet, payee: Wallet) -> None:
    number = _paid(world, payer)
    world.gate.blocks[number + 1] = world.gate.blocks[number]
    world.gate.header = lambda _: Header(b"\1" * 32, 1, 2)  # type: ignore[method-assign]
    with pytest.raises(OperatorMisbehaved):
        payee.sync()
    assert payee.utxos() == []


def test_another_payment_does_not_stand_for_the_own(world: World, payer: Wallet) -> None:
    number = _paid(world, payer)
    first, second = list(payer.wallet_store.sent)
    world.gate.places = {first: (number, 1)}
    with pytest.raises(OperatorMisbehaved, match="not the payment"):
        payer.sync()
    assert payer.wallet_store.payment(first).state is PaymentStatus.PENDING
    assert payer.wallet_store.payment(second).state is PaymentStatus.INCLUDED


# ------------------------------------------------------------------------------------------------------------- retry


def test_after_expiry_the_same_outputs_are_spent_again(world: World, payee: Wallet) -> None:
    payer = world.wallet(world.payer, lifetime=2)
    payer.deposit("1 ether")
    payer.deposit("1 ether")
    first = payer.send(world.payee.address, "0.4 ether")
    world.gate.taken.clear()
    world.gate.empty()
    with pytest.raises(StillPending, match="may still be included"):
        payer.retry(first.hash)
    world.gate.empty()
    second = payer.retry(first.hash)
    assert second.transaction.inputs == first.transaction.inputs
    assert second.transaction.outputs == first.transaction.outputs
    world.gate.block()
    payer.sync()
    payee.sync()
    assert payee.balance() == 4 * ETHER // 10
    assert payer.wallet_store.payment(first.hash).state is PaymentStatus.REPLACED
    with pytest.raises(StillPending, match="replaced already"):
        payer.retry(first.hash)


def test_outputs_of_an_expired_payment_are_not_picked_for_another(world: World) -> None:
    payer = world.wallet(world.payer, lifetime=1)
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    world.gate.taken.clear()
    world.gate.empty()
    payer.sync()
    # Whether it was included is the operator's word: a second payment out of other outputs could pay twice.
    with pytest.raises(FundsMissing):
        payer.send(world.payee.address, "0.4 ether")


def test_what_was_included_is_not_retried(world: World) -> None:
    payer = world.wallet(world.payer, lifetime=1)
    payer.deposit("1 ether")
    first = payer.send(world.payee.address, "0.4 ether")
    world.gate.block()
    world.gate.empty()
    with pytest.raises(StillPending, match="included already"):
        payer.retry(first.hash)


def test_a_second_retry_waits_for_the_first(world: World) -> None:
    payer = world.wallet(world.payer, lifetime=1)
    payer.deposit("1 ether")
    first = payer.send(world.payee.address, "0.4 ether")
    world.gate.taken.clear()
    world.gate.empty()
    payer.retry(first.hash)
    with pytest.raises(StillPending, match="was signed to replace it"):
        payer.retry(first.hash)
    with pytest.raises(StillPending, match="was signed to replace it"):
        payer.cancel(first.hash)


def test_a_cancelled_payment_never_happens(world: World, payee: Wallet) -> None:
    payer = world.wallet(world.payer, lifetime=1)
    payer.deposit("1 ether")
    first = payer.send(world.payee.address, "0.4 ether")
    world.gate.taken.clear()
    world.gate.empty()
    payer.cancel(first.hash)
    world.gate.block()
    payer.sync()
    payee.sync()
    assert (payer.balance(), payee.balance()) == (ETHER, 0)


def test_a_refused_payment_is_retried_with_a_fee_out_of_its_change(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    world.gate.refusing = True
    with pytest.raises(FeeTooLow):
        payer.send(world.payee.address, "0.4 ether")
    (first,) = payer.wallet_store.open
    assert first.state is PaymentStatus.REFUSED
    world.gate.refusing = False
    world.gate.taken.clear()
    with pytest.raises(FundsMissing):
        payer.retry(first.hash, fee="0.7 ether")
    payer.retry(first.hash, fee="0.1 ether")
    world.gate.block()
    payer.sync()
    payee.sync()
    assert (payer.balance(), payee.balance()) == (5 * ETHER // 10, 4 * ETHER // 10)


def test_a_refused_payment_that_was_included_all_the_same_counts(world: World, payer: Wallet) -> None:
    payer.deposit("1 ether")
    world.gate.refusing = True
    with pytest.raises(FeeTooLow):
        payer.send(world.payee.address, "0.4 ether")
    (first,) = payer.wallet_store.open
    world.gate.block()
    with pytest.raises(StillPending, match="included already"):
        payer.retry(first.hash)


# ------------------------------------------------------------------------------------------------------- the memory


def test_the_memory_outlives_the_process(world: World, payee: Wallet) -> None:
    payer = world.wallet(world.payer, name="payer")
    payer.deposit("1 ether")
    payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "0.4 ether")
    before = (payer.utxos(), payer.history(), payer.wallet_store.sent)
    with pytest.raises(JournalLocked):
        world.wallet(world.payer, name="payer")
    payer.close()
    again = world.wallet(world.payer, name="payer")
    again.look()
    assert (again.utxos(), again.history(), again.wallet_store.sent) == before
    world.gate.block()
    again.sync()
    assert again.wallet_store.payment(sent.hash).state is PaymentStatus.INCLUDED
    assert again.balance() == ETHER + 6 * ETHER // 10


def test_what_was_never_signed_cannot_be_retried(world: World, payer: Wallet) -> None:
    with pytest.raises(PaymentUnknown):
        payer.retry(bytes(32))
    with pytest.raises(OutputUnknown):
        payer.exit(encode_position(1, 0, 0))


def test_without_an_operator_nothing_is_signed(world: World) -> None:
    alone = world.wallet(world.payer, gate=False)
    alone.deposit("1 ether")
    with pytest.raises(InputError, match="has no operator"):
        alone.send(world.payee.address, "0.4 ether")
    assert alone.balance(incomplete=True) == ETHER


def test_a_deposit_that_the_chain_takes_back_is_not_owned(world: World, payer: Wallet) -> None:
    payer.deposit("1 ether")
    before = world.connection.snapshot()
    payer.deposit("2 ether")
    payer.look()
    assert payer.balance() == 3 * ETHER
    world.connection.revert(before)
    payer.look()
    assert payer.balance() == ETHER
