"""Doubts of an auditor about the coin chain, each tried: numbers cut short, times that wrap, kinds mistaken, races."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.coins.builder import (
    BOUNTY,
    CHALLENGE_BOND,
    ETHER,
    EXIT_BOND,
    JOINED,
    NOTHING_SHOWN,
    PERIOD,
    Stage,
    Transfer,
)

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

DECADES = 3650 * 86_400

# ------------------------------------------------------------------------------------------------ numbers and times


def test_a_block_number_of_more_than_32_bits_is_none_that_it_would_be_cut_to(stage: Stage) -> None:
    """Exits keep 32 bits of it: a number that agrees in those, and lies above, must not get so far."""
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.thief)
    last = stage.step(coin, stage.thief, stage.thief, first)
    high = first.number + 2**32
    for prev, shown, number in (
        (first.shown, (last.number + 2**32, *last.shown[1:]), last.number + 2**32),
        ((high, *first.shown[1:]), (last.number + 2**33, high, *last.shown[2:]), last.number + 2**33),
        ((high, *first.shown[1:]), (last.number + 2**33, *last.shown[1:]), last.number + 2**33),
    ):
        with reverts("InvalidProof", stage.chain, number=number):
            stage.act(
                stage.thief, "exitTransfer", coin.id, coin.record, prev, shown, value=EXIT_BOND
            )  # fmt: skip
    stage.exit(stage.thief, coin, first, last)
    assert stage.chain.call("exits", coin.id, last.number)[5] == first.number


@pytest.mark.parametrize("period", [2**40 - 1, 2**40 - 1_700_000_000, DECADES + 1])
def test_times_that_would_wrap_around_are_refused_when_it_is_deployed(stage: Stage, period: int) -> None:
    """40 bits of now + period: a period that wraps would let every exit be claimed at once."""
    artifact = load_artifact("CoinChain")
    row = (stage.operator.address, period, period, EXIT_BOND, CHALLENGE_BOND, BOUNTY)
    with reverts("InvalidConfig", artifact):
        deploy(stage.operator, artifact, row)
    with reverts("InvalidConfig", artifact):
        deploy(stage.operator, artifact, (stage.operator.address, PERIOD, period, *row[3:]))
    deploy(stage.operator, artifact, (stage.operator.address, DECADES, DECADES, *row[3:]))


def test_a_deposit_is_spent_as_block_zero_by_nothing_that_is_shown_for_it(stage: Stage) -> None:
    """Block zero stands for the deposit: no transfer can be shown to stand there."""
    coin = stage.deposit(stage.payer)
    last = stage.step(coin, stage.thief, stage.thief)
    forged = (0, 0, stage.thief.address, 2**40 - 1, *last.shown[4:])
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        stage.act(
            stage.thief, "exitTransfer", coin.id, coin.record, forged, last.shown, value=EXIT_BOND
        )  # fmt: skip
    spends_other = (1, *NOTHING_SHOWN[1:])
    with reverts("UnexpectedPreviousBlock", stage.chain, prevBlock=0, need=1):
        stage.act(
            stage.thief, "exitTransfer", coin.id, coin.record, spends_other, last.shown, value=EXIT_BOND
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ signatures


def test_fields_of_a_transfer_cannot_trade_places(stage: Stage) -> None:
    """What is signed names its fields in one order: block for expiry, or coin for block, is another message."""
    coin = stage.deposit(stage.payer)
    transfer = Transfer(coin.id, 0, stage.payee.address, 7)
    order = [coin.id, 0, int(stage.payee.address, 16), 7]
    kind = keccak(b"Transfer(uint64 coin,uint40 prevBlock,address newOwner,uint40 expiry)")
    for first, second in ((1, 3), (0, 1), (0, 3), (2, 3)):
        words = list(order)
        words[first], words[second] = words[second], words[first]
        struct = keccak(kind + b"".join(one.to_bytes(32, "big") for one in words))
        step = stage.include(transfer, stage.payer.key.sign_compact(stage.domain.digest(struct)))
        with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
            stage.exit(stage.payee, coin, None, step)
    stage.exit(stage.payee, coin, None, stage.include(transfer, stage.sign(stage.payer, transfer)))


@pytest.mark.parametrize("changes", [{"chain_id": 1}, {"name": "layer2 plasma"}, {"version": "2"}])
def test_a_transfer_signed_for_another_chain_name_or_version_moves_nothing(
    stage: Stage, changes: dict[str, object]
) -> None:
    coin = stage.deposit(stage.payer)
    step = stage.step(coin, stage.payer, stage.payee)
    wrong = replace(stage.domain, **changes)  # type: ignore[arg-type]
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        signature = stage.payer.key.sign_compact(step.transfer.digest(wrong))
        stage.exit(stage.payee, coin, None, stage.include(step.transfer, signature))
    stage.exit(stage.payee, coin, None, step)


# ---------------------------------------------------------------------------------------------------------- races


def test_a_thief_that_takes_its_exit_back_before_it_is_refuted_has_nothing_of_it(stage: Stage) -> None:
    """In front of the challenge it sees coming: the bond is back, the exit gone, and the next one as refutable."""
    coin = stage.deposit(stage.thief)
    spend = stage.step(coin, stage.thief, stage.payee)
    for _ in range(2):
        stage.exit_deposit(stage.thief, coin)
        stage.act(stage.thief, "cancelExit", coin.id, 0)
        with reverts("UnknownExit", stage.chain, coin=coin.id, number=0):
            stage.spent(stage.watcher, coin, 0, spend)
        assert stage.connection.balance(stage.chain.address) == ETHER
    stage.exit_deposit(stage.thief, coin)
    # It waits the whole time anew, however much of it the exits before had waited.
    assert stage.chain.call("exits", coin.id, 0)[1] == stage.connection.timestamp() + PERIOD
    stage.spent(stage.watcher, coin, 0, spend)
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=0):
        stage.act(stage.thief, "cancelExit", coin.id, 0)


def test_who_copies_a_history_challenge_puts_up_a_bond_of_its_own(stage: Stage) -> None:
    """The challenger is in the challenge: a copy takes nothing from the first, and loses or wins for itself."""
    coin = stage.deposit(stage.payer)
    mint = stage.step(coin, stage.thief, stage.thief)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    copied, first = (stage.history(one, coin, last.number, None) for one in (stage.payee, stage.watcher))
    stage.pass_period()
    before = stage.balance(stage.watcher)
    stage.act(stage.payer, "refuteChallengeResponse", coin.id, last.number, first)
    assert stage.balance(stage.watcher) - before == EXIT_BOND + CHALLENGE_BOND
    with reverts("UnknownExit", stage.chain, coin=coin.id, number=last.number):
        stage.act(stage.payee, "refuteChallengeResponse", coin.id, last.number, copied)
    before = stage.balance(stage.payee)
    stage.act(stage.payer, "voidChallenge", coin.id, last.number, 1, copied)
    assert stage.balance(stage.payee) - before == CHALLENGE_BOND


def test_who_copies_an_answer_takes_the_pay_and_the_exit_is_answered_all_the_same(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    stage.exit(stage.payer, coin, first, second)
    challenge = stage.history(stage.thief, coin, second.number, None)
    stage.pass_half()
    stage.answer(stage.thief, coin, second.number, challenge, first)
    row = stage.chain.call("challengeId", coin.id, second.number, 1, challenge)
    with reverts("UnknownChallenge", stage.chain, id=row):
        stage.answer(stage.payer, coin, second.number, challenge, first)
    stage.pass_half()
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (coin, second.number))
    assert stage.balance(stage.payer) - before == ETHER + EXIT_BOND + JOINED - BOUNTY


def test_another_operator_takes_nothing_from_an_exit_that_runs(stage: Stage) -> None:
    """Bonds and times of an exit are those of its start: no call changes them, whoever submits blocks."""
    coin = stage.deposit(stage.payer)
    config = stage.chain.call("config")
    stage.act(stage.operator, "proposeOperator", stage.thief.address)
    stage.connection.advance(config[2] - PERIOD // 2)
    stage.exit_deposit(stage.payer, coin)
    due = stage.chain.call("exits", coin.id, 0)[1]
    stage.pass_half()
    stage.act(stage.thief, "acceptOperator")
    assert (stage.chain.call("config"), stage.chain.call("exits", coin.id, 0)[1]) == (config, due)
    stage.pass_period()
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (coin, 0))
    assert stage.balance(stage.payer) - before == ETHER + EXIT_BOND - BOUNTY


# ----------------------------------------------------------------------------------------------------------- kinds


def test_an_nft_with_the_number_one_is_not_taken_for_an_amount_of_one(stage: Stage) -> None:
    """Its balance grows by one, as an amount's would; as an amount it could never be pushed again."""
    nft = deploy_mock("MockNft", sender=stage.operator)
    nft.transact(stage.operator, "mint", stage.payer.address, 1)
    nft.transact(stage.payer.sender, "approve", stage.chain.address, 1)
    with reverts("TokenNotReceived", stage.chain, token=nft.address, id=1):
        stage.act(stage.payer, "depositErc20", nft.address, 1)
    assert nft.call("ownerOf", 1) == stage.payer.address
    stage.act(stage.payer, "depositErc721", nft.address, 1)


def test_the_smallest_amount_of_a_token_is_a_coin(stage: Stage) -> None:
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=stage.operator)
    token.transact(stage.operator, "mint", stage.payer.address, 1)
    token.transact(stage.payer.sender, "approve", stage.chain.address, 1)
    coin = stage.made(stage.act(stage.payer, "depositErc20", token.address, 1))
    stage.exit_deposit(stage.payer, coin)
    stage.pass_period()
    stage.claim(stage.payer, (coin, 0))
    assert token.call("balanceOf", stage.payer.address) == 1


def test_a_coin_is_paid_by_its_own_record_alone(stage: Stage) -> None:
    """The record says the kind: an amount shown as a token's number, or the reverse, is no record of a coin."""
    coin = stage.deposit(stage.payer, 7)
    stage.exit_deposit(stage.payer, coin)
    stage.pass_period()
    owner, _, token, value, birth = coin.record
    for record in (
        (owner, 1, token, value, birth),
        (owner, 2, token, value, birth),
        (owner, 0, stage.thief.address, value, birth),
        (stage.thief.address, 0, token, value, birth),
        (owner, 0, token, value, birth + 1),
    ):
        with reverts("NothingDue", stage.chain):
            stage.claim(stage.thief, (replace(coin, record=record), 0))
    stage.claim(stage.payer, (coin, 0))
    assert stage.chain.call("coins", coin.id) == bytes(32)
    assert stage.owed(stage.payer.address) == 0
    assert coin.record[2] == ZERO_ADDRESS
