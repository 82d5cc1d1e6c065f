"""A disk without room: what could not be written has not happened, in memory, in blocks and after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.full_disk import fill, make_room

from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.positions import encode_position
from layer2.store.errors import JournalFull

from .conftest import PAYEE, PAYER, Ground, outputs_of, pay
from .test_late_blocks import LATE, leaves, roots


def test_a_payment_that_could_not_be_written_is_in_no_block(operator: Operator, ground: Ground) -> None:
    kept, refused = pay(ground.deposit(PAYER)), pay(ground.deposit(PAYER))
    operator.submit(kept)
    fill(operator._promises.journal)
    with pytest.raises(JournalFull):
        operator.submit(refused)
    assert [one.hash for one in operator.pending] == [kept.transaction.hash]
    assert operator.tx_status(refused.transaction.hash) is None
    assert operator.spender(refused.transaction.inputs[0]) is None
    make_room(operator._promises.journal)
    assert operator.step().count == 1
    # Its owner tries again, with the same or with another one.
    operator.submit(pay(refused.transaction.inputs[0], PAYER, 100, change=0))
    assert operator.step().count == 1


def test_a_block_that_could_not_be_written_is_none(operator: Operator, ground: Ground) -> None:
    one = pay(ground.deposit(PAYER))
    operator.submit(one)
    fill(operator._promises.journal)
    with pytest.raises(JournalFull):
        operator.step()
    assert (len(operator.store), operator.ledger.head, ground.submissions) == (0, 0, 0)
    assert operator.tx_status(one.transaction.hash).state == "pending"
    make_room(operator._promises.journal)
    assert operator.step().number == 1


@pytest.mark.parametrize("restart", [False, True])
def test_blocks_that_could_not_be_given_up_are_given_up_when_there_is_room(
    ground: Ground, tmp_path: Path, restart: bool
) -> None:
    operator = Operator(ground, tmp_path, margin=0)
    gone, kept = ground.deposit(PAYER), ground.deposit(PAYER)
    falls, stays = pay(gone), pay(kept)
    operator.submit_many([falls, stays])
    operator.make_block()
    child = pay(encode_position(1, 1, 0), PAYER, 60, by=PAYEE, change=0)
    operator.submit(child)
    operator.make_block()
    leaves(ground, gone)
    ground.mine(LATE)
    fill(operator._promises.journal)
    with pytest.raises(JournalFull):
        operator.step()
    # Nothing has changed: it stands for the blocks that its journal has.
    assert (len(operator.store), operator.ledger.head, operator.waiting, roots(ground)) == (2, 2, 0, [])
    make_room(operator._promises.journal)
    if restart:
        operator.close()
        ground = ground.again()
        operator = Operator(ground, tmp_path, margin=0)
    assert operator.step().number == 1
    assert len(roots(ground)) == 1
    assert operator.tx_status(falls.transaction.hash).state == "dropped"
    assert operator.tx_status(stays.transaction.hash).state == "included"
    operator.submit(pay(encode_position(1, 0, 0), PAYER, 60, by=PAYEE, change=0))
    assert operator.step().number == 2
    operator.close()
    after = Operator(ground.again(), tmp_path, margin=0)
    assert (after.step(), len(after.store)) == (None, 2)
    assert sum(one.amount for one in outputs_of(after, PAYEE).values()) == 0
    after.close()


def test_what_could_not_be_dropped_durably_is_pending_still(operator: Operator, ground: Ground) -> None:
    gone = ground.deposit(PAYER)
    one = pay(gone)
    operator.submit(one)
    fill(operator._promises.journal)
    leaves(ground, gone)
    with pytest.raises(JournalFull):
        operator.step()
    assert operator.tx_status(one.transaction.hash).state == "pending"
    make_room(operator._promises.journal)
    assert operator.step() is None
    assert operator.tx_status(one.transaction.hash).state == "dropped"
