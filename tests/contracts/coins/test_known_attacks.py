"""Flaws of earlier coin chains, each tried here by its name, and what the operator or a thief gets from it now."""

from __future__ import annotations

from dataclasses import replace

from tests.contracts.coins.test_claims import REST, leave_as, receiver_of
from tests.support.coins.builder import (
    CHALLENGE_BOND,
    ETHER,
    EXIT_BOND,
    HALF,
    PERIOD,
    Stage,
    Transfer,
)

from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.testing.revert_checks.reverts import reverts


def test_pcash_a_coin_exits_twice(stage: Stage) -> None:
    coin, other = stage.deposit(stage.thief), stage.deposit(stage.payer)
    last = stage.step(coin, stage.thief, stage.thief)
    stage.exit_deposit(stage.thief, coin)
    stage.exit(stage.thief, coin, None, last)
    stage.pass_period()
    stage.claim(stage.thief, (coin, 0), (coin, last.number), (coin, 0))
    with reverts("UnknownCoin", stage.chain, coin=coin.id):
        stage.exit_deposit(stage.thief, coin)
    stage.act(stage.thief, "cancelExit", coin.id, last.number)
    assert stage.connection.balance(stage.chain.address) == ETHER
    stage.exit_deposit(stage.payer, other)


def test_pcash_an_abort_is_paid_twice(stage: Stage) -> None:
    coin = stage.deposit(stage.thief)
    stage.deposit(stage.payer, 5 * ETHER)
    stage.exit_deposit(stage.thief, coin)
    stage.act(stage.thief, "cancelExit", coin.id, 0)
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=0):
        stage.act(stage.thief, "cancelExit", coin.id, 0)
    assert stage.connection.balance(stage.chain.address) == 6 * ETHER


def test_pcash_challenges_stay_behind_when_an_exit_dies(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    stage.exit(stage.payer, coin, first, second)
    stage.history(stage.thief, coin, second.number, None)
    third = stage.step(coin, stage.payer, stage.payer, second)
    stage.spent(stage.watcher, coin, second.number, third)
    # The owner of now leaves: nothing of the dead exit holds him.
    stage.exit(stage.payer, coin, second, third)
    stage.pass_period()
    stage.claim(stage.payer, (coin, third.number))


def test_pcash_a_signature_without_a_domain_serves_elsewhere(stage: Stage) -> None:
    twin = Stage(stage.connection)
    coin, other = stage.deposit(stage.payer), twin.deposit(twin.payer)
    assert coin.id == other.id
    step = stage.step(coin, stage.payer, stage.thief)
    copied = twin.include(step.transfer, step.signature)
    with reverts("InvalidSignature", twin.chain, owner=twin.payer.address):
        twin.exit(twin.thief, other, None, copied)


def test_loom_a_challenged_exit_is_taken_back_and_the_challengers_bond_stays(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    mint = stage.step(coin, stage.thief, stage.thief)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    challenge = stage.history(stage.payer, coin, last.number, None)
    with reverts("ExitChallenged", stage.chain, challenges=1):
        stage.act(stage.thief, "cancelExit", coin.id, last.number)
    stage.pass_period()
    before = stage.balance(stage.payer)
    stage.act(stage.watcher, "refuteChallengeResponse", coin.id, last.number, challenge)
    assert stage.balance(stage.payer) - before == EXIT_BOND + CHALLENGE_BOND


def test_loom_an_old_challenge_slashes_a_later_exit(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    stage.exit(stage.payer, coin, first, second)
    stage.history(stage.thief, coin, second.number, None)
    third = stage.step(coin, stage.payer, stage.payee, second)
    stage.spent(stage.watcher, coin, second.number, third)
    fourth = stage.step(coin, stage.payee, stage.payer, third)
    stage.exit(stage.payer, coin, third, fourth)
    stage.exit(stage.payer, coin, first, second)
    old = (stage.thief.address, 0, stage.payer.address)
    stage.pass_period()
    for number, nonce in ((fourth.number, 1), (second.number, 2)):
        with reverts("UnknownChallenge", stage.chain, id=stage.chain.call("challengeId", coin.id, number, nonce, old)):
            stage.act(stage.thief, "refuteChallengeResponse", coin.id, number, old)
    stage.claim(stage.payer, (coin, fourth.number))


def test_loom_the_operator_replaces_a_block(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.payer, stage.payee)
    with reverts("UnexpectedBlockNumber", stage.chain, given=last.number, need=last.number + 1):
        stage.act(stage.operator, "submitBlock", last.number, bytes(32))
    stage.exit(stage.payee, coin, None, last)


def test_loom_a_last_moment_challenge_leaves_no_time_to_answer(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    stage.exit(stage.payer, coin, first, second)
    began = stage.connection.timestamp()
    row = (coin.id, second.number, coin.record)
    stage.connection.set_next_timestamp(began + PERIOD)
    stage.act(stage.thief, "challengeBeforeByDeposit", *row, value=CHALLENGE_BOND, gas=300_000)
    stage.connection.set_next_timestamp(began + PERIOD + HALF)
    challenge = (stage.thief.address, 0, stage.payer.address)
    row = (coin.id, second.number, challenge, first.shown)
    stage.act(stage.payer, "respondChallengeBefore", *row, gas=300_000)


def test_loom_several_challengers_share_a_bond_and_nothing_ends(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    mint = stage.step(coin, stage.thief, stage.thief)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    rows = [stage.history(person, coin, last.number, None) for person in (stage.payer, stage.watcher)]
    stage.pass_period()
    stage.act(stage.payer, "refuteChallengeResponse", coin.id, last.number, rows[0])
    stage.act(stage.watcher, "voidChallenge", coin.id, last.number, 1, rows[1])
    assert stage.connection.balance(stage.chain.address) == ETHER


def test_loom_spends_of_deposits_need_no_signature(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    stolen = stage.step(coin, stage.thief, stage.thief)
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        stage.exit(stage.thief, coin, None, stolen)
    stage.exit_deposit(stage.payer, coin)
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        stage.spent(stage.thief, coin, 0, stolen)


def test_mvp_a_dead_exit_is_challenged_again_for_another_bond(stage: Stage) -> None:
    coin = stage.deposit(stage.thief)
    stage.deposit(stage.payer, 5 * ETHER)
    spend = stage.step(coin, stage.thief, stage.payee)
    stage.exit_deposit(stage.thief, coin)
    stage.spent(stage.watcher, coin, 0, spend)
    held = stage.connection.balance(stage.chain.address)
    for signature in (spend.signature, bytes(64)):
        with reverts("UnknownExit", stage.chain, coin=coin.id, number=0):
            stage.spent(stage.watcher, coin, 0, replace(spend, signature=signature))
    assert stage.connection.balance(stage.chain.address) == held


def test_mvp_a_garbage_signature_recovers_to_nobody_and_nobody_owns_nothing(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    given_away = stage.step(coin, stage.payer, ZERO_ADDRESS)
    last = stage.step(coin, stage.thief, stage.thief, given_away)
    with reverts("InvalidTransfer", stage.chain):
        stage.exit(stage.thief, coin, given_away, stage.include(last.transfer, bytes(64)))


def test_omg_a_failing_payee_is_never_paid_or_blocks_the_queue(stage: Stage) -> None:
    """Here a payment that fails is owed, and taken later (see test_claims.py for each kind of failure)."""
    first, behind = stage.deposit(stage.payer), stage.deposit(stage.payer)
    failing = receiver_of(stage, "RevertingReceiver")
    number = leave_as(stage, failing, first)
    stage.exit_deposit(stage.payer, behind)
    stage.pass_period()
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (first, number), (behind, 0))
    assert stage.owed(failing.address) == ETHER + REST
    assert stage.balance(stage.payer) == before + ETHER + REST


def test_the_operator_takes_a_coin_before_it_is_made(stage: Stage) -> None:
    """Coins' numbers are known ahead: blocks before a coin's birth must not count."""
    number = stage.chain.call("coinOf", 1)
    thief = stage.thief.address
    one, two = Transfer(number, 0, thief), Transfer(number, 1, thief)
    first, second = (stage.include(each, stage.sign(stage.thief, each)) for each in (one, two))
    coin = stage.deposit(stage.payer)
    with reverts("BlockOutOfRange", stage.chain, number=2, **{"from": 3}, to=2**40 - 1):
        stage.exit(stage.thief, coin, first, second)


def test_the_operator_freezes_a_coin_by_inventing_exits_without_end(stage: Stage) -> None:
    """Exits run side by side: the owner's goes on while the invented ones are refuted."""
    coin = stage.deposit(stage.payer)
    mint = stage.step(coin, stage.thief, stage.thief)
    steps = [stage.step(coin, stage.thief, stage.thief, mint)]
    stage.exit(stage.thief, coin, mint, steps[0])
    stage.exit_deposit(stage.payer, coin)
    for _ in range(3):
        steps.append(stage.step(coin, stage.thief, stage.thief, steps[-1]))
        stage.exit(stage.thief, coin, steps[-2], steps[-1])
    for step in steps:
        stage.history(stage.payer, coin, step.number, None)
    stage.pass_period()
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (coin, 0))
    assert stage.balance(stage.payer) > before + ETHER
    for step in steps:
        challenge = (stage.payer.address, 0, stage.payer.address)
        stage.act(stage.watcher, "refuteChallengeResponse", coin.id, step.number, challenge)
    assert stage.connection.balance(stage.chain.address) == 0
