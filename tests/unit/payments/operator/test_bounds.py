"""The very last block, unit and second at which something is allowed, and the first at which it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.plasma.common.errors import DepositsMissing, Expired, FeeTooLow, InputUnknown, Overspent
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.payments.operator.operator import _PATIENCE, Operator
from layer2.plasma.payments.utxo.block_validation import Flaw, validate
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.positions import deposit_position
from layer2.plasma.protocol.transaction import Deposit, fee_transaction

from .conftest import DOMAIN, OPERATOR, PAYEE, PAYER, Ground, pay, raw
from .test_validation import GOOD, PLACES, ledger, validate_block


def test_a_payment_gets_into_the_block_of_its_expiry_and_into_none_after_it(operator: Operator, ground: Ground) -> None:
    operator.submit(pay(ground.deposit(PAYER), expiry=1))
    assert operator.step().number == 1
    place = ground.deposit(PAYER)
    with pytest.raises(Expired):
        operator.submit(pay(place, expiry=1))
    operator.submit(pay(place, expiry=2))
    assert operator.step().number == 2
    assert validate_block(ledger(), 2, [record_of(pay(PLACES[0], expiry=2))]).good
    (fault,) = validate_block(ledger(), 2, [record_of(pay(PLACES[0], expiry=1))]).faults
    assert fault.flaw is Flaw.EXPIRED


def test_all_of_an_output_can_be_given_and_not_one_unit_more(operator: Operator, ground: Ground) -> None:
    operator.submit(pay(ground.deposit(PAYER), amount=60, change=40))
    with pytest.raises(Overspent):
        operator.submit(pay(ground.deposit(PAYER), amount=61, change=40))
    assert operator.step().count == 1


def test_the_least_fee_is_enough_and_one_unit_less_is_not(ground: Ground, tmp_path: Path) -> None:
    operator = Operator(ground, tmp_path, policy=FeePolicy({0: 5}), margin=0)
    with pytest.raises(FeeTooLow):
        operator.submit(pay(ground.deposit(PAYER), amount=96, change=0))
    operator.submit(pay(ground.deposit(PAYER), amount=95, change=0))
    operator.close()


def test_a_merge_into_fewer_outputs_is_free_and_one_into_as_many_is_not(ground: Ground, tmp_path: Path) -> None:
    operator = Operator(ground, tmp_path, policy=FeePolicy({0: 5}), margin=0)
    places = [ground.deposit(PAYER) for _ in range(2)]
    with pytest.raises(FeeTooLow):
        operator.submit(pay(places, PAYER, 150, change=50))
    operator.submit(pay(places, PAYER, 200, change=0))
    operator.close()


@pytest.mark.parametrize(
    ("amount", "number", "good"), [(6, 2, True), (7, 2, False), (6, 3, False), (6, 1, False), (1, 2, True)]
)
def test_exactly_what_was_paid_is_collected_at_most_and_in_its_own_block(amount: int, number: int, good: bool) -> None:
    fees = fee_transaction(number, [(OPERATOR.address, 0, amount)]).packed
    assert validate_block(ledger(), 2, [*GOOD, fees]).good is good


@pytest.mark.parametrize("margin", [0, 1, 5])
def test_a_deposit_counts_when_as_many_blocks_are_above_it_as_the_margin(
    ground: Ground, tmp_path: Path, margin: int
) -> None:
    operator = Operator(ground, tmp_path, margin=margin)
    place = ground.deposit(PAYER)
    if margin:
        ground.mine(margin - 1)
        with pytest.raises(InputUnknown):
            operator.submit(pay(place))
        ground.mine(1)
    operator.submit(pay(place))
    operator.close()


def test_a_block_whose_deposit_is_gone_is_given_up_after_its_patience_and_not_before(
    operator: Operator, ground: Ground
) -> None:
    one = pay(ground.deposit(PAYER))
    operator.submit(one)
    operator.make_block()
    ground.take_back(1)
    with pytest.raises(DepositsMissing):
        operator.step()
    gone_at = operator.books.head
    ground.mine(_PATIENCE)
    assert len(ground.blocks) == gone_at + _PATIENCE
    with pytest.raises(DepositsMissing):
        operator.step()
    ground.mine(1)
    assert operator.step() is None
    assert operator.tx_status(one.transaction.hash).state == "dropped"


@pytest.mark.parametrize(("late", "good"), [(-1, True), (0, True), (1, False)])
def test_what_leaves_may_be_spent_up_to_the_last_second_of_its_time(
    operator: Operator, ground: Ground, late: int, good: bool
) -> None:
    operator.submit(pay(ground.deposit(PAYER)))
    made = operator.make_block()
    body = operator.store.path(1).read_bytes()
    one = UtxoSet()
    one.deposit(Deposit(1, raw(PAYER), 0, 100, 5))
    one.exiting(deposit_position(1))
    header = Header(made.root, 1_000 + late, made.count)
    verdict = validate(one, 1, header, body, DOMAIN, spendable=lambda position: 1_000)
    assert verdict.good is good
    assert good or {fault.flaw for fault in verdict.faults} == {Flaw.INPUT_LEAVING}


def test_an_output_is_the_owners_of_exactly_that_output(operator: Operator, ground: Ground) -> None:
    mine, theirs = ground.deposit(PAYER), ground.deposit(PAYEE)
    operator.submit(pay([mine, theirs], amount=100, change=100, signers=[PAYER, PAYEE]))
    assert operator.step().count == 1
