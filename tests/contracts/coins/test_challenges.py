"""Exits of coins that were spent, or spent twice, are refuted at any time until they are claimed."""

from __future__ import annotations

import pytest
from tests.support.coins.builder import (
    DOUBLE_SPENT,
    ETHER,
    EXIT_BOND,
    NEVER,
    SPENT,
    Coin,
    Stage,
    Transfer,
)

from layer2.testing.revert_checks.reverts import reverts


def refuted(stage: Stage, coin: Coin, number: int, receipt: object) -> int:
    """How the exit was refuted, by the watcher."""
    event = stage.chain.events(receipt, "ExitRefuted")[0].args  # type: ignore[arg-type]
    assert (event["coin"], event["number"], event["challenger"]) == (coin.id, number, stage.watcher.address)
    assert not stage.running(coin, number)
    return int(event["reason"])


# ------------------------------------------------------------------------------------------------------------- spent


def test_the_exit_of_a_spent_deposit_is_refuted(stage: Stage) -> None:
    coin = stage.deposit(stage.thief)
    spend = stage.step(coin, stage.thief, stage.payee)
    stage.exit_deposit(stage.thief, coin)
    before = stage.connection.balance(stage.chain.address)
    assert refuted(stage, coin, 0, stage.spent(stage.watcher, coin, 0, spend)) == SPENT
    assert before - stage.connection.balance(stage.chain.address) == EXIT_BOND


def test_the_exit_of_a_spent_transfer_is_refuted_and_the_next_owner_leaves(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.thief)
    second = stage.step(coin, stage.thief, stage.payee, first)
    stage.exit(stage.thief, coin, None, first)
    assert refuted(stage, coin, first.number, stage.spent(stage.watcher, coin, first.number, second)) == SPENT
    stage.exit(stage.payee, coin, first, second)
    stage.pass_period()
    stage.claim(stage.payee, (coin, second.number))


def test_a_spend_made_after_the_exit_began_refutes_it(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.thief)
    stage.exit(stage.thief, coin, None, first)
    stage.pass_period()
    second = stage.step(coin, stage.thief, stage.payee, first)
    assert refuted(stage, coin, first.number, stage.spent(stage.watcher, coin, first.number, second)) == SPENT


def test_another_ones_signature_refutes_nothing(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    invented = stage.step(coin, stage.thief, stage.thief, first)
    stage.exit(stage.payee, coin, None, first)
    with reverts("InvalidSignature", stage.chain, owner=stage.payee.address):
        stage.spent(stage.thief, coin, first.number, invented)


def test_a_spend_of_another_transfer_refutes_nothing(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    third = stage.step(coin, stage.payer, stage.payee, second)
    stage.exit(stage.payee, coin, second, third)
    for other in (first, second, third):
        with reverts("UnexpectedPreviousBlock", stage.chain, prevBlock=other.transfer.prev_block, need=third.number):
            stage.spent(stage.thief, coin, third.number, other)


def test_an_expired_spend_refutes_nothing(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    stage.submit()
    late = stage.step(coin, stage.payer, stage.thief, expiry=1)
    stage.exit_deposit(stage.payer, coin)
    with reverts("TransferExpired", stage.chain, number=2, expiry=1):
        stage.spent(stage.thief, coin, 0, late)


def test_a_spend_of_another_coin_refutes_nothing(stage: Stage) -> None:
    coin, other = stage.deposit(stage.payer), stage.deposit(stage.payer)
    spend = stage.step(other, stage.payer, stage.payee)
    stage.exit_deposit(stage.payer, coin)
    with reverts("InvalidProof", stage.chain, number=spend.number):
        stage.spent(stage.thief, coin, 0, spend)


def test_a_spend_from_before_the_coins_birth_refutes_nothing(stage: Stage) -> None:
    early = Transfer(stage.chain.call("coinOf", 1), 0, stage.thief.address)
    step = stage.include(early, stage.sign(stage.payer, early))
    coin = stage.deposit(stage.payer)
    stage.exit_deposit(stage.payer, coin)
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 2}, to=NEVER):
        stage.spent(stage.thief, coin, 0, step)


# ------------------------------------------------------------------------------------------------------ double spent


def test_the_second_of_two_spends_is_refuted_by_the_first(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.thief)
    honest = stage.step(coin, stage.thief, stage.payee, first)
    double = stage.step(coin, stage.thief, stage.thief, first)
    stage.exit(stage.thief, coin, first, double)
    receipt = stage.double_spent(stage.watcher, coin, double.number, honest)
    assert refuted(stage, coin, double.number, receipt) == DOUBLE_SPENT
    stage.exit(stage.payee, coin, first, honest)
    with reverts("BlockOutOfRange", stage.chain, number=double.number, **{"from": 1}, to=honest.number - 1):
        stage.double_spent(stage.thief, coin, honest.number, double)


def test_the_second_spend_of_a_deposit_is_refuted_by_the_first(stage: Stage) -> None:
    coin = stage.deposit(stage.thief)
    honest = stage.step(coin, stage.thief, stage.payee)
    double = stage.step(coin, stage.thief, stage.thief)
    stage.exit(stage.thief, coin, None, double)
    receipt = stage.double_spent(stage.watcher, coin, double.number, honest)
    assert refuted(stage, coin, double.number, receipt) == DOUBLE_SPENT


def test_a_transfer_put_in_again_is_refuted_by_its_first_place(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.thief)
    sold = stage.step(coin, stage.thief, stage.payee, first)
    again = stage.again(first)
    stage.exit(stage.thief, coin, None, again)
    receipt = stage.double_spent(stage.watcher, coin, again.number, first)
    assert refuted(stage, coin, again.number, receipt) == DOUBLE_SPENT
    stage.exit(stage.payee, coin, first, sold)


def test_an_old_transfer_put_in_between_refutes_nothing(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    old = stage.step(coin, stage.payer, stage.payee)
    back = stage.step(coin, stage.payee, stage.payer, old)
    again = stage.again(old)
    last = stage.step(coin, stage.payer, stage.payee, back)
    stage.exit(stage.payee, coin, back, last)
    assert back.number < again.number < last.number
    # The payer signed it, but for the deposit, long ago.
    with reverts("UnexpectedPreviousBlock", stage.chain, prevBlock=0, need=back.number):
        stage.double_spent(stage.thief, coin, last.number, again)


def test_an_invented_double_spend_refutes_nothing(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    invented = stage.step(coin, stage.thief, stage.thief)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit(stage.payee, coin, None, last)
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        stage.double_spent(stage.thief, coin, last.number, invented)


def test_a_transfer_is_not_its_own_double_spend(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit(stage.payee, coin, None, last)
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 1}, to=0):
        stage.double_spent(stage.thief, coin, last.number, last)


def test_a_deposit_has_no_double_spend(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit_deposit(stage.payer, coin)
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 1}, to=0):
        stage.double_spent(stage.thief, coin, 0, last)


def test_a_double_spend_from_before_the_coins_birth_refutes_nothing(stage: Stage) -> None:
    early = Transfer(stage.chain.call("coinOf", 1), 0, stage.thief.address)
    step = stage.include(early, stage.sign(stage.payer, early))
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit(stage.payee, coin, None, last)
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 2}, to=1):
        stage.double_spent(stage.thief, coin, last.number, step)


# -------------------------------------------------------------------------------------------------------------- over


@pytest.mark.parametrize("end", ["refuted", "cancelled", "claimed"])
def test_an_exit_that_is_over_is_not_refuted_again(stage: Stage, end: str) -> None:
    coin = stage.deposit(stage.payer)
    stage.deposit(stage.watcher, 5 * ETHER)
    first = stage.step(coin, stage.payer, stage.thief)
    second = stage.step(coin, stage.thief, stage.payee, first)
    double = stage.step(coin, stage.payer, stage.payee)
    stage.exit(stage.thief, coin, None, first)
    if end == "refuted":
        stage.spent(stage.watcher, coin, first.number, second)
    elif end == "cancelled":
        stage.act(stage.thief, "cancelExit", coin.id, first.number)
    else:
        stage.pass_period()
        stage.claim(stage.watcher, (coin, first.number))
    held = stage.connection.balance(stage.chain.address)
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=first.number):
        stage.spent(stage.watcher, coin, first.number, second)
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=first.number):
        stage.double_spent(stage.watcher, coin, first.number, double)
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=first.number):
        stage.act(stage.thief, "cancelExit", coin.id, first.number)
    assert stage.connection.balance(stage.chain.address) == held
