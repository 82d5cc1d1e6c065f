"""A disk without room under the coin operator: what could not be written has not happened."""

from __future__ import annotations

import pytest
from tests.support.full_disk import fill, make_room

from layer2.store.errors import JournalFull

from .conftest import PAYEE, PAYER, THIEF, Stage


def test_a_transfer_that_could_not_be_written_is_in_no_block(stage: Stage) -> None:
    kept, refused = stage.give(stage.deposit()), stage.give(stage.deposit())
    stage.operator.submit(kept)
    fill(stage.operator._promises.journal)
    with pytest.raises(JournalFull):
        stage.operator.submit(refused)
    assert stage.operator.waiting == 1
    assert stage.operator.tx_status(refused.transaction.hash) is None
    assert stage.operator.pending(refused.transaction.coin) is None
    make_room(stage.operator._promises.journal)
    assert stage.operator.step().count == 1
    assert stage.operator.coin(refused.transaction.coin).owner == PAYER.address
    stage.operator.submit(refused)
    assert stage.operator.step().count == 1


@pytest.mark.parametrize("restart", [False, True])
def test_blocks_that_could_not_be_given_up_are_given_up_when_there_is_room(stage: Stage, restart: bool) -> None:
    beside = stage.deposit()
    before = stage.chain.snapshot()
    coin = stage.deposit()
    stage.operator.submit_many([stage.give(coin), stage.give(beside)])
    stage.operator.make_block()
    stage.operator.submit(stage.give(beside, 1, PAYER, by=PAYEE))
    stage.operator.make_block()
    stage.chain.revert(before)
    assert stage.deposit(THIEF) == coin
    fill(stage.operator._promises.journal)
    with pytest.raises(JournalFull):
        stage.operator.step()
    assert (len(stage.operator.store), stage.operator.waiting, stage.coins.next_block()) == (2, 0, 1)
    make_room(stage.operator._promises.journal)
    if restart:
        stage.reopen()
    made = stage.operator.step()
    assert (made.number, made.count, stage.coins.next_block()) == (1, 1, 2)
    assert stage.operator.coin(coin).owner == THIEF.address
    assert stage.operator.coin(beside).owner == PAYEE.address
    assert stage.reopen().coin(beside).owner == PAYEE.address
