"""Blocks that were made and not submitted for so long that what they spend may have left: they are made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.plasma.common.errors import InputUnknown
from layer2.plasma.payments.chain.events import ExitEnded, ExitPaid, ExitStarted, Happening
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.transaction import deposit_output_id

from .conftest import PAYEE, PAYER, Ground, pay

EARLY, LATE = 75, 76
"""Blocks of the chain: three quarters of the time in which a block may spend what leaves, and one more."""


def leaves(ground: Ground, position: int, *more: Happening) -> None:
    """A deposit's owner exits it."""
    for one in (ExitStarted(deposit_output_id(position >> 24 & 0xFFFF), position), *more):
        ground.add(one)


def roots(ground: Ground) -> list[bytes]:
    return [one.header.root for one in ground.posted()]


@pytest.mark.parametrize("restart", [False, True])
def test_a_block_that_would_be_invalid_by_now_is_made_anew_without_what_leaves(
    ground: Ground, tmp_path: Path, restart: bool
) -> None:
    operator = Operator(ground, tmp_path, margin=0)
    gone, kept = ground.deposit(PAYER), ground.deposit(PAYER)
    falls, stays = pay(gone), pay(kept)
    operator.submit_many([falls, stays])
    old = operator.make_block()
    leaves(ground, gone)
    ground.mine(LATE)
    if restart:
        operator.close()
        operator = Operator(ground.again(), tmp_path, margin=0)
        ground = operator.chain  # type: ignore[assignment]
    new = operator.step()
    assert (new.number, new.count, ground.submissions) == (1, 1, 1)
    assert roots(ground) == [new.root] != [old.root]
    assert operator.tx_status(falls.transaction.hash).state == "dropped"
    assert operator.tx_status(stays.transaction.hash).state == "included"
    assert operator.ledger.totals() == {0: 200}
    operator.close()
    # And whoever comes after it stands for the same.
    after = Operator(ground.again(), tmp_path, margin=0)
    assert after.step() is None
    assert (after.tx_status(falls.transaction.hash).state, after.store.block(1)) == ("dropped", new)
    after.close()


def test_a_block_that_is_still_in_time_is_submitted_as_it_was_made(operator: Operator, ground: Ground) -> None:
    gone = ground.deposit(PAYER)
    operator.submit(pay(gone))
    made = operator.make_block()
    leaves(ground, gone)
    ground.mine(EARLY)
    assert operator.step() is None
    assert roots(ground) == [made.root]


def test_a_block_that_spends_what_was_paid_out_is_given_up_at_once(operator: Operator, ground: Ground) -> None:
    gone = ground.deposit(PAYER)
    payment = pay(gone)
    operator.submit(payment)
    operator.make_block()
    leaves(ground, gone, ExitPaid(deposit_output_id(1)))
    assert operator.step() is None
    assert roots(ground) == []
    assert (operator.ledger.head, operator.tx_status(payment.transaction.hash).state) == (0, "dropped")


def test_an_exit_that_was_stopped_makes_no_block_late(operator: Operator, ground: Ground) -> None:
    gone = ground.deposit(PAYER)
    operator.submit(pay(gone))
    made = operator.make_block()
    leaves(ground, gone, ExitEnded(deposit_output_id(1)))
    ground.mine(10 * LATE)
    operator.step()
    assert roots(ground) == [made.root]


def test_blocks_before_it_stand_and_payments_that_build_on_it_fall_with_it(operator: Operator, ground: Ground) -> None:
    first, gone = pay(ground.deposit(PAYER)), ground.deposit(PAYER)
    operator.submit(first)
    good = operator.make_block()
    operator.submit(pay(gone))
    operator.make_block()
    in_block = pay(encode_position(2, 0, 0), by=PAYEE, amount=60, change=0)
    operator.submit(in_block)
    operator.make_block()
    waiting = pay(encode_position(2, 0, 1), amount=40, change=0)
    operator.submit(waiting)
    leaves(ground, gone)
    ground.mine(LATE)
    assert operator.step() is None
    assert roots(ground) == [good.root]
    assert [operator.tx_status(one.transaction.hash).state for one in (in_block, waiting)] == ["dropped"] * 2
    assert operator.ledger.totals() == {0: 200}
    with pytest.raises(InputUnknown):
        operator.submit(waiting)
    # Who has what the good block made goes on.
    operator.submit(pay(encode_position(1, 0, 0), by=PAYEE, amount=60, change=0))
    assert operator.step().number == 2


def test_what_becomes_late_while_an_earlier_block_is_on_its_way_is_not_submitted(
    operator: Operator, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = ground.deposit(PAYER), ground.deposit(PAYER)
    operator.submit(pay(kept))
    first = operator.make_block()
    operator.submit(pay(gone))
    operator.make_block()
    leaves(ground, gone)
    put = ground.submit

    def slowly(number: int, root: bytes, count: int) -> None:
        ground.mine(LATE)
        put(number, root, count)

    monkeypatch.setattr(ground, "submit", slowly)
    assert operator.step() is None
    assert roots(ground) == [first.root]
