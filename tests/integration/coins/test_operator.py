"""The operator of coins on the real contract: what it accepts, refuses, shows, and keeps through reorganisations."""

from __future__ import annotations

import shutil

import pytest

from layer2.plasma.coins.protocol.coin_history import History, check_history
from layer2.plasma.coins.protocol.errors import BodyMissing, CoinExiting, CoinSpent, UnknownCoin
from layer2.plasma.coins.protocol.transfer import decode_coin_body
from layer2.plasma.coins.protocol.transfer_batch import record_of
from layer2.plasma.common.errors import (
    BlockLost,
    DepositsMissing,
    Expired,
    JournalMismatch,
    MempoolFull,
    SignatureWrong,
    StateUnknown,
)
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.worker_pool import WorkerPool

from .conftest import PAYEE, PAYER, THIEF, Stage


def history(stage: Stage, coin: int) -> History:
    record = stage.operator.coin(coin).record
    return History(coin, record, tuple(stage.operator.coin_evidence(coin, record.birth)))


def test_a_coin_is_passed_on_twice_and_its_history_holds(stage: Stage) -> None:
    coin, other = stage.deposit(), stage.deposit(THIEF)
    stage.operator.submit(stage.give(coin))
    assert stage.operator.coin(coin).state == "pending"
    assert stage.operator.step().count == 1
    stage.operator.submit(stage.give(other, to=THIEF, by=THIEF))
    stage.operator.step()
    stage.operator.submit(stage.give(coin, 1, THIEF, by=PAYEE))
    made = stage.operator.step()
    assert (made.number, stage.coins.next_block()) == (3, 4)
    standing = check_history(history(stage, coin), stage.operator.chain_state.since(1), stage.coins.domain)
    assert (standing.owner, standing.last_block, standing.next_block) == (THIEF.address, 3, 4)
    state = stage.operator.coin(coin)
    assert (state.owner, state.last_block, state.state) == (THIEF.address, 3, "free")
    assert [one.coin for one in stage.operator.coins_of(THIEF.address)] == [other, coin]
    assert stage.operator.coins_of(PAYER.address) == []
    (moved,) = decode_coin_body(stage.operator.coin_body(3))
    assert moved.transaction.coin == coin


def test_without_transfers_there_is_no_block(stage: Stage) -> None:
    stage.deposit()
    assert stage.operator.step() is None
    assert stage.coins.next_block() == 1
    with pytest.raises(StateUnknown):
        stage.operator.header(1)
    with pytest.raises(BodyMissing):
        stage.operator.coin_body(1)
    assert stage.operator.coin_evidence(7, 1) == []


def test_what_is_wrong_is_refused_and_gets_into_no_block(stage: Stage) -> None:
    coin = stage.deposit()
    refused = stage.operator.submit_many(
        [
            stage.give(coin, by=THIEF),
            stage.give(coin + 1),
            stage.give(coin, 3),
            stage.give(coin)._replace(signature=bytes(64)),
        ]
    )
    assert [type(one) for one in refused] == [SignatureWrong, UnknownCoin, CoinSpent, SignatureWrong]
    assert stage.operator.step() is None
    batch = stage.operator.verify_batch([b"", bytes(103), record_of(stage.give(coin))[:-1]])
    assert all(isinstance(one, MalformedError) for one in stage.operator.accept([batch])[0])
    stage.operator.submit(stage.give(coin))
    stage.operator.step()
    with pytest.raises(Expired, match="the next block is 2"):
        stage.operator.submit(stage.give(coin, 1, by=PAYEE, expiry=1))


def test_a_transfer_may_expire_with_the_very_next_block(stage: Stage) -> None:
    coin = stage.deposit()
    stage.operator.submit(stage.give(coin, expiry=stage.operator.next_number))
    stage.operator.step()
    assert stage.operator.coin(coin).owner == PAYEE.address


def test_a_double_spend_is_refused_before_and_after_the_block(stage: Stage) -> None:
    coin = stage.deposit()
    first, second = stage.give(coin), stage.give(coin, to=THIEF)
    assert [type(one) for one in stage.operator.submit_many([first, second])] == [type(None), CoinSpent]
    stage.operator.step()
    with pytest.raises(CoinSpent):
        stage.operator.submit(second)
    assert stage.operator.coin(coin).owner == PAYEE.address


def test_the_same_transfer_is_accepted_again_and_changes_nothing(stage: Stage) -> None:
    coin = stage.deposit()
    one = stage.give(coin)
    assert stage.operator.submit(one) == stage.operator.submit(one)
    stage.operator.step()
    assert stage.operator.submit(one) == one.transaction.hash
    assert stage.operator.step() is None
    tx_status = stage.operator.tx_status(one.transaction.hash)
    assert (tx_status.state, tx_status.block) == ("included", 1)
    assert stage.operator.tx_status(bytes(32)) is None


def test_a_coin_that_leaves_is_not_transferred_until_the_exit_is_taken_back(stage: Stage) -> None:
    coin = stage.deposit()
    one = stage.give(coin)
    stage.operator.submit(one)
    record = stage.operator.coin(coin).record
    bond = stage.coins.profile.exit_bond
    payer = stage.by(PAYER)
    stage.coins.contract.transact(payer, "exitDeposit", coin, record.as_tuple(), value=bond)
    assert stage.operator.step() is None
    assert stage.operator.tx_status(one.transaction.hash).state == "dropped"
    with pytest.raises(CoinExiting):
        stage.operator.submit(one)
    assert stage.operator.coin(coin).state == "leaving"
    stage.coins.contract.transact(payer, "cancelExit", coin, 0)
    stage.operator.submit(one)
    assert stage.operator.step().number == 1
    assert stage.operator.coin(coin).owner == PAYEE.address


def test_a_coin_that_was_paid_is_no_more(stage: Stage) -> None:
    coin = stage.deposit()
    stage.operator.follow()
    record = stage.operator.coin(coin).record
    bond = stage.coins.profile.exit_bond
    stage.coins.contract.transact(stage.by(PAYER), "exitDeposit", coin, record.as_tuple(), value=bond)
    stage.chain.advance(stage.coins.profile.exit_period + 1)
    stage.coins.finalize_exits(stage.by(PAYER), (coin, 0, record))
    with pytest.raises(UnknownCoin, match="not in the contract"):
        stage.operator.submit(stage.give(coin))
    assert stage.operator.coin(coin).state == "paid"
    assert stage.operator.coins_of(PAYER.address) == []


def test_a_deposit_counts_when_it_is_deep_enough(stage: Stage) -> None:
    operator = stage.reopen(margin=3)
    coin = stage.deposit()
    with pytest.raises(UnknownCoin, match="too few confirmations"):
        operator.submit(stage.give(coin))
    stage.chain.mine(3)
    operator.submit(stage.give(coin))


def test_what_is_kept_and_put_in_a_block_is_bounded(stage: Stage) -> None:
    operator = stage.reopen(most_pending=2, capacity=1)
    coins = [stage.deposit() for _ in range(3)]
    refused = operator.submit_many([stage.give(coin) for coin in coins])
    assert [type(one) for one in refused] == [type(None), type(None), MempoolFull]
    assert (operator.step().count, operator.step().count, operator.step()) == (1, 1, None)
    for wrong in ({"capacity": 0}, {"margin": -1}):
        with pytest.raises(RangeError):
            stage.open(stage.folder / "other", **wrong)


def test_evidence_is_asked_for_in_pages_and_for_real_coins_only(stage: Stage) -> None:
    coin = stage.deposit()
    for prev in range(4):
        stage.operator.submit(stage.give(coin, prev, PAYER))
        stage.operator.step()
    whole = stage.operator.coin_evidence(coin, 1)
    assert whole == [*stage.operator.coin_evidence(coin, 1, 3), *stage.operator.coin_evidence(coin, 4, 3)]
    assert len(whole) == 4
    for wrong in ((-1, 1), (1 << 64, 1), (coin, 0)):
        with pytest.raises(RangeError):
            stage.operator.coin_evidence(*wrong)


def test_signatures_are_judged_by_processes_as_they_are_here(stage: Stage) -> None:
    coins = [stage.deposit() for _ in range(3)]
    batch = [record_of(stage.give(coin)) for coin in coins] + [b"", record_of(stage.give(coins[0], by=THIEF))]
    here = stage.operator.verify_batch(batch)
    stage.operator.workers = WorkerPool(1)
    there = stage.operator.verify_batch(batch)
    assert (there.signers, there.digests) == (here.signers, here.digests)
    assert stage.operator.workers.restarts == 0


# ------------------------------------------------------------------------------------------------------------ restarts


def test_a_restart_knows_blocks_and_what_is_pending(stage: Stage) -> None:
    coin, other = stage.deposit(), stage.deposit()
    stage.operator.submit(stage.give(coin))
    stage.operator.step()
    waits = stage.give(other)
    stage.operator.submit_many([waits, stage.give(coin, 1, THIEF, by=PAYEE)])
    before = stage.operator.coin(coin), stage.operator.coin_evidence(coin, 1)
    again = stage.reopen()
    assert (again.coin(coin), again.coin_evidence(coin, 1)) == before
    assert again.tx_status(waits.transaction.hash).state == "pending"
    assert again.step().count == 2
    again.compact_at = 1
    assert again.step() is None
    assert stage.reopen().coin(coin).owner == THIEF.address


def test_a_block_that_was_made_is_submitted_after_a_restart(stage: Stage) -> None:
    coin = stage.deposit()
    stage.operator.submit(stage.give(coin))
    made = stage.operator.make_block()
    assert stage.operator.coin_evidence(coin, 1) == []
    again = stage.reopen()
    assert again.step() is None
    assert again.header(1).root == made.root
    assert stage.coins.next_block() == 2


def test_a_journal_of_another_contract_is_refused(stage: Stage) -> None:
    other = type(stage.coins).deploy(stage.sender, stage.sender.address)
    stage.operator.close()
    with pytest.raises(JournalMismatch):
        type(stage.operator)(other, stage.sender, stage.folder)
    stage.operator = stage.open()


def test_a_block_that_is_not_ours_stops_the_operator(stage: Stage) -> None:
    coin = stage.deposit()
    stage.coins.submit(stage.sender, 1, bytes(31) + b"\1")
    with pytest.raises(BlockLost, match="has made none"):
        stage.operator.step()
    with pytest.raises(BlockLost):
        stage.operator.submit(stage.give(coin))


def test_an_old_copy_of_the_journal_stops_the_operator(stage: Stage) -> None:
    coin = stage.deposit()
    stage.operator.submit(stage.give(coin))
    stage.operator.close()
    shutil.copytree(stage.folder, stage.folder.parent / "copy")
    stage.operator = stage.open()
    stage.operator.step()
    copy = stage.open(stage.folder.parent / "copy")
    with pytest.raises(BlockLost):
        copy.step()
    copy.close()


# ----------------------------------------------------------------------------------------------------- reorganisations


def test_a_block_that_vanished_is_submitted_again_as_it_was(stage: Stage) -> None:
    coin = stage.deposit()
    stage.operator.submit(stage.give(coin))
    before = stage.chain.snapshot()
    made = stage.operator.step()
    stage.chain.revert(before)
    stage.chain.mine(2)
    assert stage.operator.step() is None
    assert stage.operator.header(1).root == made.root
    assert stage.coins.next_block() == 2


def test_a_block_whose_deposit_vanished_waits_for_it(stage: Stage) -> None:
    before = stage.chain.snapshot()
    coin = stage.deposit()
    stage.operator.submit(stage.give(coin))
    made = stage.operator.make_block()
    stage.chain.revert(before)
    stage.chain.mine(2)
    with pytest.raises(DepositsMissing):
        stage.operator.step()
    assert stage.coins.next_block() == 1
    assert stage.deposit() == coin
    assert stage.operator.step() is None
    assert stage.operator.header(1).root == made.root


def test_a_block_whose_deposit_became_somebody_elses_is_given_up(stage: Stage) -> None:
    other = stage.deposit()
    before = stage.chain.snapshot()
    coin = stage.deposit()
    stage.operator.submit_many([stage.give(coin), stage.give(other)])
    stage.operator.make_block()
    stage.chain.revert(before)
    assert stage.deposit(THIEF) == coin
    # The thief's coin must not be moved by a transfer that the payer signed.
    made = stage.operator.step()
    assert (made.number, made.count) == (1, 1)
    assert stage.operator.coin(coin).owner == THIEF.address
    assert stage.operator.coin(other).owner == PAYEE.address
    assert stage.reopen().coin(coin).owner == THIEF.address


def test_a_block_whose_deposit_never_comes_again_is_given_up_after_a_while(stage: Stage) -> None:
    other = stage.deposit()
    before = stage.chain.snapshot()
    coin = stage.deposit()
    stage.operator.submit_many([stage.give(coin), stage.give(other)])
    stage.operator.make_block()
    stage.chain.revert(before)
    stage.chain.mine(2)
    with pytest.raises(DepositsMissing):
        stage.operator.step()
    stage.chain.mine(70)
    assert stage.operator.step().count == 1
    assert stage.operator.coin(other).owner == PAYEE.address
    with pytest.raises(StateUnknown):
        stage.operator.coin(coin)


def test_a_posted_block_says_nothing_about_a_coin_that_is_made_after_it(stage: Stage) -> None:
    before = stage.chain.snapshot()
    coin = stage.deposit()
    stage.operator.submit(stage.give(coin))
    made = stage.operator.make_block()
    stage.chain.revert(before)
    stage.coins.submit(stage.sender, 1, made.root)
    assert stage.deposit(THIEF) == coin
    assert stage.operator.step() is None
    assert (stage.operator.coin(coin).owner, stage.operator.coin(coin).last_block) == (THIEF.address, 0)
    stage.operator.submit(stage.give(coin, 0, PAYEE, by=THIEF))
    assert stage.operator.step().number == 2
    standing = check_history(history(stage, coin), stage.operator.chain_state.since(2), stage.coins.domain)
    assert standing.owner == PAYEE.address
