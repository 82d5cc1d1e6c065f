"""A reorganisation may make another coin in the place of one: what was accepted for the old one is not put back."""

from __future__ import annotations

import pytest

from layer2.primitives.ecdsa import PrivateKey

from .conftest import ETHER, PAYEE, PAYER, THIEF, Stage

OTHERS = {"somebody else's": (THIEF, ETHER // 10), "a dearer one of the same owner": (PAYER, ETHER)}
MOMENTS = ["pending", "made", "posted"]


def make_coin(stage: Stage, owner: PrivateKey, value: int) -> int:
    return stage.coins.deposit_ether(stage.by(owner), value)[0]


def advance(stage: Stage, moment: str) -> None:
    if moment == "made":
        stage.operator.make_block()
    elif moment == "posted":
        stage.operator.step()


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("other", OTHERS)
def test_a_transfer_is_not_put_back_on_top_of_another_coin(
    stage: Stage, other: str, moment: str, restart: bool
) -> None:
    beside = stage.deposit()
    before = stage.chain.snapshot()
    coin = stage.deposit()
    one, also = stage.give(coin), stage.give(beside)
    stage.operator.submit_many([one, also])
    advance(stage, moment)
    stage.chain.revert(before)
    owner, value = OTHERS[other]
    assert make_coin(stage, owner, value) == coin
    if restart:
        stage.reopen()
    stage.operator.step()
    state = stage.operator.coin(coin)
    assert (state.owner, state.last_block, state.pending) == (owner.address, 0, None)
    assert stage.operator.tx_status(one.transaction.hash).state == "dropped"
    # Whoever has it now gives it on, and everybody can see that it was theirs.
    stage.operator.submit(stage.give(coin, 0, PAYEE, by=owner, expiry=999))
    stage.operator.step()
    assert stage.operator.coin(coin).owner == PAYEE.address


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_transfer_comes_back_when_the_same_coin_does(stage: Stage, moment: str, restart: bool) -> None:
    before = stage.chain.snapshot()
    coin = stage.deposit()
    one = stage.give(coin)
    stage.operator.submit(one)
    advance(stage, moment)
    stage.chain.revert(before)
    assert stage.deposit() == coin
    if restart:
        stage.reopen()
    stage.operator.step()
    assert stage.operator.coin(coin).owner == PAYEE.address
    assert stage.operator.tx_status(one.transaction.hash).state == "included"


def test_two_deposits_of_one_owner_that_change_places_are_not_paid_for_each_other(stage: Stage) -> None:
    """The payer gives its small coin away; the reorganisation puts the large one in its place."""
    before = stage.chain.snapshot()
    small, large = make_coin(stage, PAYER, ETHER // 100), make_coin(stage, PAYER, ETHER)
    stage.operator.submit(stage.give(small))
    stage.operator.step()
    stage.chain.revert(before)
    assert (make_coin(stage, PAYER, ETHER), make_coin(stage, PAYER, ETHER // 100)) == (small, large)
    stage.operator.step()
    mine = {coin: stage.operator.coin(coin) for coin in (small, large)}
    assert {one.owner for one in mine.values()} == {PAYER.address}
    assert mine[small].record.value == ETHER
