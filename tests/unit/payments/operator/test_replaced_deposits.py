"""A reorganisation may put another deposit in the place of one: what was accepted for the old one is not put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.plasma.common.errors import BlockLost
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.block_validation import validate
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.positions import deposit_position, encode_position
from layer2.primitives.ecdsa import PrivateKey

from .conftest import DOMAIN, PAYEE, PAYER, THIEF, Ground, outputs_of, pay

OTHERS = {
    "somebody else's": (THIEF, 100),
    "a larger one of the same owner": (PAYER, 1_000),
    "a smaller one of the same owner": (PAYER, 50),
}
MOMENTS = ["pending", "made", "posted"]


def replace(ground: Ground, blocks: int, owner: PrivateKey, amount: int) -> None:
    """The newest blocks are gone, and a deposit of this owner has the number of the first that was among them."""
    ground.take_back(blocks)
    ground.deposit(owner, amount)


def stands(operator: Operator, ground: Ground) -> bool:
    """Whether watchers find every block good that the chain has."""
    ledger = UtxoSet()
    for number in range(1, operator.books.ledger.deposits + 1):
        ledger.deposit(operator.books.deposits[number])
    for one in ground.posted():
        body = operator.store.path(one.number).read_bytes()
        verdict = validate(ledger, one.number, one.header, body, DOMAIN)
        if not verdict.good:
            return False
        ledger.apply(one.number, verdict.transactions)
    return True


def after(operator: Operator, ground: Ground, tmp_path: Path, restart: bool) -> tuple[Operator, Ground]:
    if not restart:
        return operator, ground
    operator.close()
    other = ground.again()
    return Operator(other, tmp_path, margin=operator.books.margin), other


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("other", OTHERS)
def test_a_payment_is_not_put_back_on_top_of_another_deposit(
    ground: Ground, tmp_path: Path, other: str, moment: str, restart: bool
) -> None:
    operator = Operator(ground, tmp_path, margin=0)
    one = pay(ground.deposit(PAYER))
    operator.submit(one)
    blocks = 1
    if moment == "made":
        operator.make_block()
    elif moment == "posted":
        operator.step()
        blocks = 2
    replace(ground, blocks, *OTHERS[other])
    operator, ground = after(operator, ground, tmp_path, restart)
    assert operator.step() is None
    assert ground.posted() == []
    assert operator.tx_status(one.transaction.hash).state == "dropped"
    # Who owns what is there now spends it, and the block is good.
    owner, amount = OTHERS[other]
    operator.submit(pay(deposit_position(1), by=owner, amount=amount, change=0))
    assert operator.step().number == 1
    assert stands(operator, ground)
    assert sum(found.amount for found in outputs_of(operator, PAYEE).values()) == amount
    operator.close()


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_payment_comes_back_when_the_same_deposit_does(
    ground: Ground, tmp_path: Path, moment: str, restart: bool
) -> None:
    operator = Operator(ground, tmp_path, margin=0)
    one = pay(ground.deposit(PAYER))
    operator.submit(one)
    if moment == "made":
        operator.make_block()
    elif moment == "posted":
        operator.step()
    replace(ground, 2 if moment == "posted" else 1, PAYER, 100)
    operator, ground = after(operator, ground, tmp_path, restart)
    operator.step()
    assert len(ground.posted()) == 1
    assert stands(operator, ground)
    assert operator.tx_status(one.transaction.hash).state == "included"
    operator.close()


@pytest.mark.parametrize("restart", [False, True])
def test_payments_beside_the_one_whose_deposit_was_replaced_stand(
    ground: Ground, tmp_path: Path, restart: bool
) -> None:
    """The later deposit is the same again, a block that stands spends it, and only the earlier one is another."""
    operator = Operator(ground, tmp_path, margin=0)
    first, second = ground.deposit(PAYER), ground.deposit(PAYEE)
    stays = pay(second, PAYER, by=PAYEE)
    operator.submit(stays)
    operator.step()
    falls = pay(first)
    operator.submit(falls)
    operator.make_block()
    ground.take_back(3)
    ground.deposit(THIEF)
    ground.deposit(PAYEE)
    operator, ground = after(operator, ground, tmp_path, restart)
    assert operator.step() is None
    assert stands(operator, ground)
    assert operator.tx_status(stays.transaction.hash).state == "included"
    assert operator.tx_status(falls.transaction.hash).state == "dropped"
    assert operator.ledger.totals() == {0: 200}
    operator.submit(pay(first, by=THIEF))
    assert operator.step().number == 2
    assert stands(operator, ground)
    operator.close()


def test_what_builds_on_a_block_that_fell_falls_with_it(operator: Operator, ground: Ground) -> None:
    falls = pay(ground.deposit(PAYER))
    operator.submit(falls)
    operator.make_block()
    child = pay(encode_position(1, 0, 0), PAYER, 60, by=PAYEE, change=0)
    operator.submit(child)
    replace(ground, 1, THIEF, 100)
    # The thief's own payment has the same place in the next block as that of the payer had.
    operator.step()
    operator.submit(pay(deposit_position(1), THIEF, by=THIEF))
    assert operator.step().number == 1
    assert operator.step() is None
    assert stands(operator, ground)
    assert {operator.tx_status(one.transaction.hash).state for one in (falls, child)} == {"dropped"}


@pytest.mark.parametrize("restart", [False, True])
def test_a_block_that_the_chain_has_over_another_deposit_stops_the_operator(
    ground: Ground, tmp_path: Path, restart: bool
) -> None:
    """Its old transaction was mined again without the deposit: no promise can be kept any more."""
    operator = Operator(ground, tmp_path, margin=0)
    operator.submit(pay(ground.deposit(PAYER)))
    operator.step()
    posted = ground.take_back(2)[-1]
    ground.deposit(THIEF)
    ground.add(posted)
    operator, ground = after(operator, ground, tmp_path, restart)
    with pytest.raises(BlockLost):
        operator.step()
    operator.close()


def test_a_deposit_in_the_place_of_another_waits_for_its_margin(ground: Ground, tmp_path: Path) -> None:
    operator = Operator(ground, tmp_path, margin=3)
    one = pay(ground.deposit(PAYER))
    ground.mine(3)
    operator.submit(one)
    operator.make_block()
    replace(ground, 4, THIEF, 100)
    ground.mine(1)
    assert operator.step() is None
    assert operator.tx_status(one.transaction.hash).state == "dropped"
    assert operator.ledger.deposits == 0
    ground.mine(3)
    operator.step()
    assert operator.ledger.deposits == 1
    operator.close()
