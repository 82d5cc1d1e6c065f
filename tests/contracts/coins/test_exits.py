"""Exits: who may start them, with what, and what they become."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.coins.builder import (
    BOUNTY,
    ETHER,
    EXIT_BOND,
    NEVER,
    NOTHING_SHOWN,
    PERIOD,
    Stage,
    Transfer,
)

from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.testing.revert_checks.reverts import reverts


def test_a_deposit_that_was_never_spent_is_paid_back(stage: Stage) -> None:
    coin = stage.deposit(stage.payer, 2 * ETHER)
    stage.exit_deposit(stage.payer, coin)
    due = stage.connection.timestamp() + PERIOD
    assert stage.chain.call("exits", coin.id, 0) == (stage.payer.address, due, 1, 0, ZERO_ADDRESS, 0, 0, 0)
    stage.pass_period()
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (coin, 0))
    assert stage.balance(stage.payer) - before == 2 * ETHER + EXIT_BOND - BOUNTY
    assert not stage.running(coin, 0)


def test_a_transfer_of_a_deposit_is_paid_to_its_new_owner(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit(stage.payee, coin, None, last)
    stage.pass_period()
    before = stage.balance(stage.payee)
    stage.claim(stage.watcher, (coin, last.number))
    assert stage.balance(stage.payee) - before == ETHER + EXIT_BOND - BOUNTY


def test_a_later_transfer_is_paid_to_its_new_owner(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    stage.submit()
    second = stage.step(coin, stage.payee, stage.watcher, first)
    third = stage.step(coin, stage.watcher, stage.payer, second)
    stage.exit(stage.payer, coin, second, third)
    row = stage.chain.call("exits", coin.id, third.number)
    due = stage.connection.timestamp() + PERIOD
    assert row == (stage.payer.address, due, 1, 0, stage.watcher.address, second.number, 1, 0)
    stage.pass_period()
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (coin, third.number))
    assert stage.balance(stage.payer) - before == ETHER + EXIT_BOND - BOUNTY


# --------------------------------------------------------------------------------------------------- who and how much


def test_only_the_owner_exits_a_deposit(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    with reverts("UnauthorizedCaller", stage.chain, caller=stage.thief.address, need=stage.payer.address):
        stage.exit_deposit(stage.thief, coin)


def test_only_the_new_owner_exits_a_transfer(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    for person in (stage.payer, stage.thief):
        with reverts("UnauthorizedCaller", stage.chain, caller=person.address, need=stage.payee.address):
            stage.exit(person, coin, None, last)


@pytest.mark.parametrize("given", [0, EXIT_BOND - 1, EXIT_BOND + 1])
def test_an_exit_takes_the_bond_exactly(stage: Stage, given: int) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    with reverts("IncorrectValue", stage.chain, have=given, need=EXIT_BOND):
        stage.act(stage.payer, "exitDeposit", coin.id, coin.record, value=given)
    row = (coin.id, coin.record, NOTHING_SHOWN, last.shown)
    with reverts("IncorrectValue", stage.chain, have=given, need=EXIT_BOND):
        stage.act(stage.payee, "exitTransfer", *row, value=given)


def test_a_record_of_a_richer_coin_is_refused(stage: Stage) -> None:
    coin, rich = stage.deposit(stage.payer), stage.deposit(stage.payee, 50 * ETHER)
    for record in (rich.record, (*coin.record[:3], 50 * ETHER, coin.record[4])):
        with reverts("UnknownCoin", stage.chain, coin=coin.id):
            stage.exit_deposit(stage.payer, replace(coin, record=record))
    last = stage.step(coin, stage.payer, stage.payee)
    with reverts("UnknownCoin", stage.chain, coin=coin.id):
        stage.exit(stage.payee, replace(coin, record=rich.record), None, last)


def test_a_coin_that_was_never_made_does_not_exit(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    with reverts("UnknownCoin", stage.chain, coin=coin.id + 1):
        stage.exit_deposit(stage.payer, replace(coin, id=coin.id + 1))


# ------------------------------------------------------------------------------------------------------------- twice


def test_an_exit_that_runs_is_not_started_again(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit_deposit(stage.payer, coin)
    stage.exit(stage.payee, coin, None, last)
    with reverts("ExitRunning", stage.chain, coin=coin.id, number=0):
        stage.exit_deposit(stage.payer, coin)
    with reverts("ExitRunning", stage.chain, coin=coin.id, number=last.number):
        stage.exit(stage.payee, coin, None, last)


def test_a_coin_that_was_paid_does_not_exit_again(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    stage.deposit(stage.watcher, 5 * ETHER)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.thief, first)
    stage.exit(stage.payee, coin, None, first)
    stage.pass_period()
    stage.claim(stage.watcher, (coin, first.number))
    held = stage.connection.balance(stage.chain.address)
    with reverts("UnknownCoin", stage.chain, coin=coin.id):
        stage.exit_deposit(stage.payer, coin)
    with reverts("UnknownCoin", stage.chain, coin=coin.id):
        stage.exit(stage.payee, coin, None, first)
    with reverts("UnknownCoin", stage.chain, coin=coin.id):
        stage.exit(stage.thief, coin, first, second)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.payee, (coin, first.number))
    assert stage.connection.balance(stage.chain.address) == held


def test_of_two_exits_of_a_coin_one_is_paid_and_the_other_gets_its_bond(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    stage.deposit(stage.watcher, 5 * ETHER)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit_deposit(stage.payer, coin)
    stage.exit(stage.payee, coin, None, last)
    stage.pass_period()
    stage.claim(stage.watcher, (coin, 0), (coin, last.number))
    assert stage.connection.balance(stage.chain.address) == 5 * ETHER + EXIT_BOND
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.watcher, (coin, last.number))
    stage.act(stage.payee, "cancelExit", coin.id, last.number)
    assert stage.connection.balance(stage.chain.address) == 5 * ETHER


def test_an_invented_exit_does_not_keep_the_owner_from_leaving(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    invented = stage.step(coin, stage.thief, stage.thief)
    after = stage.step(coin, stage.thief, stage.thief, invented)
    stage.exit(stage.thief, coin, invented, after)
    stage.exit_deposit(stage.payer, coin)
    challenge = stage.history(stage.payer, coin, after.number, None)
    stage.pass_period()
    stage.claim(stage.payer, (coin, 0))
    stage.act(stage.payer, "refuteChallengeResponse", coin.id, after.number, challenge)
    assert stage.connection.balance(stage.chain.address) == 0


# ----------------------------------------------------------------------------------------------------- what is shown


def test_a_transfer_spends_what_is_shown_before_it(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    third = stage.step(coin, stage.payer, stage.payee, second)
    with reverts("UnexpectedPreviousBlock", stage.chain, prevBlock=second.number, need=first.number):
        stage.exit(stage.payee, coin, first, third)
    with reverts("UnexpectedPreviousBlock", stage.chain, prevBlock=second.number, need=0):
        stage.exit(stage.payee, coin, None, third)
    with reverts("UnexpectedPreviousBlock", stage.chain, prevBlock=0, need=second.number):
        stage.exit(stage.payee, coin, second, first)
    stage.exit(stage.payee, coin, second, third)


def test_a_transfer_signed_by_somebody_else_does_not_exit(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.thief, stage.thief)
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        stage.exit(stage.thief, coin, None, first)
    good = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.thief, stage.thief, good)
    with reverts("InvalidSignature", stage.chain, owner=stage.payee.address):
        stage.exit(stage.thief, coin, good, second)


def test_a_transfer_put_in_after_its_expiry_does_not_exit(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    in_time = stage.step(coin, stage.payer, stage.payee, expiry=1)
    late = stage.again(in_time)
    with reverts("TransferExpired", stage.chain, number=2, expiry=1):
        stage.exit(stage.payee, coin, None, late)
    stage.exit(stage.payee, coin, None, in_time)


def test_a_transfer_before_it_put_in_after_its_expiry_does_not_exit(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    late = stage.again(stage.step(coin, stage.payer, stage.thief, expiry=1))
    last = stage.step(coin, stage.thief, stage.thief, late)
    with reverts("TransferExpired", stage.chain, number=2, expiry=1):
        stage.exit(stage.thief, coin, late, last)


@pytest.mark.parametrize("before", [1, 2, 7])
def test_a_transfer_of_what_comes_after_it_is_none(stage: Stage, before: int) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee, after=before)
    prev = replace(last, block=replace(last.block, number=before))
    with reverts("InvalidTransfer", stage.chain):
        stage.exit(stage.payee, coin, prev, last)


def test_a_transfer_to_nobody_is_none(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, ZERO_ADDRESS)
    with reverts("InvalidTransfer", stage.chain):
        stage.exit(stage.payee, coin, None, last)


def test_blocks_before_a_coins_birth_say_nothing_about_it(stage: Stage) -> None:
    early = Transfer(stage.chain.call("coinOf", 1), 0, stage.thief.address)
    step = stage.include(early, stage.sign(stage.payer, early))
    coin = stage.deposit(stage.payer)
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 2}, to=NEVER):
        stage.exit(stage.thief, coin, None, step)
    last = stage.step(coin, stage.thief, stage.thief, step)
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 2}, to=NEVER):
        stage.exit(stage.thief, coin, step, last)
    stage.exit(stage.thief, coin, None, stage.again(step))


# ------------------------------------------------------------------------------------------------------------ cancel


def test_an_exit_can_be_taken_back_and_started_again(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    for nonce in (1, 2):
        stage.exit(stage.payee, coin, None, last)
        assert stage.chain.call("exits", coin.id, last.number)[6] == nonce
        stage.act(stage.payee, "cancelExit", coin.id, last.number)
        assert stage.connection.balance(stage.chain.address) == ETHER
    stage.exit(stage.payee, coin, None, last)
    stage.pass_period()
    stage.claim(stage.watcher, (coin, last.number))


def test_nobody_else_takes_an_exit_back(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    stage.exit_deposit(stage.payer, coin)
    with reverts("UnauthorizedCaller", stage.chain, caller=stage.thief.address, need=stage.payer.address):
        stage.act(stage.thief, "cancelExit", coin.id, 0)


def test_what_is_not_running_is_not_taken_back(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=0):
        stage.act(stage.payer, "cancelExit", coin.id, 0)
    stage.exit_deposit(stage.payer, coin)
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=1):
        stage.act(stage.payer, "cancelExit", coin.id, 1)
