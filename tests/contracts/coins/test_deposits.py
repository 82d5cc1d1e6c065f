"""Deposits: what comes in becomes one coin, and nothing else does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.support.coins.builder import ERC20_KIND, ERC721_KIND, ETHER, ETHER_KIND, Stage, coin_id

from layer2.ethereum.contract import Contract
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.hashing import keccak
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

UNIT = 10**6


def token_of(stage: Stage, name: str, *args: object) -> Contract:
    """A token that the payer holds and has approved."""
    token = deploy_mock(name, *args, sender=stage.operator)
    token.transact(stage.operator, "mint", stage.payer.address, 1000 * UNIT)
    token.transact(stage.payer.sender, "approve", stage.chain.address, 2**256 - 1)
    return token


def nft_of(stage: Stage, number: int = 7, name: str = "MockNft") -> Contract:
    """A collection with one token that the payer holds and has approved."""
    nft = deploy_mock(name, sender=stage.operator)
    nft.transact(stage.operator, "mint", stage.payer.address, number)
    nft.transact(stage.payer.sender, "approve", stage.chain.address, number)
    return nft


def count(stage: Stage) -> int:
    return int(stage.chain.call("head")[2])


def test_ether_becomes_a_coin(stage: Stage) -> None:
    coin = stage.deposit(stage.payer, 3 * ETHER)
    assert coin.id == coin_id(1)
    assert coin.record == (stage.payer.address, ETHER_KIND, ZERO_ADDRESS, 3 * ETHER, 1)
    assert stage.connection.balance(stage.chain.address) == 3 * ETHER
    words = [int(stage.payer.address, 16), 0, 0, 3 * ETHER, 1]
    assert stage.chain.call("coins", coin.id) == keccak(b"".join(word.to_bytes(32, "big") for word in words))


def test_no_ether_makes_no_coin(stage: Stage) -> None:
    with reverts("IncorrectValue", stage.chain, have=0, need=1):
        stage.deposit(stage.payer, 0)


def test_two_equal_deposits_are_two_coins(stage: Stage) -> None:
    one, other = stage.deposit(stage.payer), stage.deposit(stage.payer)
    assert one.id != other.id
    assert one.record == other.record
    stage.exit_deposit(stage.payer, one)
    stage.exit_deposit(stage.payer, other)
    stage.pass_period()
    stage.claim(stage.watcher, (one, 0), (other, 0))
    assert stage.connection.balance(stage.chain.address) == 0


def test_a_coin_is_born_in_the_next_block(stage: Stage) -> None:
    stage.submit()
    stage.submit()
    assert stage.deposit(stage.payer).record[4] == 3


@pytest.mark.parametrize("number", [1, 2, 3, 65_536, 2**63, 2**64 - 1])
def test_numbers_of_coins_are_multiples_of_the_golden_ratio(stage: Stage, number: int) -> None:
    assert stage.chain.call("coinOf", number) == coin_id(number)


def test_no_two_coins_have_one_number_and_their_tree_is_flat() -> None:
    ids = sorted(coin_id(number) for number in range(1, 2**14 + 1))
    assert len(set(ids)) == 2**14
    depth = max(64 - (one ^ other).bit_length() + 1 for one, other in pairwise(ids))
    assert depth <= 14 + 2


# ------------------------------------------------------------------------------------------------------------ ERC-20


@pytest.mark.parametrize(("name", "args"), [("MockToken", ("Dollar", "USD", 6)), ("NoReturnToken", ())])
def test_a_token_amount_becomes_a_coin_and_goes_back(stage: Stage, name: str, args: tuple[object, ...]) -> None:
    token = token_of(stage, name, *args)
    coin = stage.made(stage.act(stage.payer, "depositErc20", token.address, 5 * UNIT))
    assert coin.record == (stage.payer.address, ERC20_KIND, token.address, 5 * UNIT, 1)
    stage.exit_deposit(stage.payer, coin)
    stage.pass_period()
    stage.claim(stage.watcher, (coin, 0))
    assert token.call("balanceOf", stage.payer.address) == 1000 * UNIT


def test_a_token_that_keeps_a_fee_is_refused(stage: Stage) -> None:
    token = token_of(stage, "FeeOnTransferToken", 100)
    with reverts("InsufficientTransfer", stage.chain, token=token.address, have=99 * UNIT, need=100 * UNIT):
        stage.act(stage.payer, "depositErc20", token.address, 100 * UNIT)


def test_a_token_that_answers_false_makes_no_coin(stage: Stage) -> None:
    token = token_of(stage, "FalseReturningToken")
    token.transact(stage.operator, "setFailing", True)
    with reverts("InsufficientTransfer", stage.chain, token=token.address, have=0, need=UNIT):
        stage.act(stage.payer, "depositErc20", token.address, UNIT)


def test_what_is_no_contract_makes_no_coin(stage: Stage) -> None:
    with reverts("InsufficientTransfer", stage.chain, token=stage.thief.address, have=0, need=1):
        stage.act(stage.payer, "depositErc20", stage.thief.address, 1)


@pytest.mark.parametrize(("given", "need"), [(0, 1), (2**128, 2**128 - 1)])
def test_token_amounts_out_of_range_are_refused(stage: Stage, given: int, need: int) -> None:
    token = token_of(stage, "MockToken", "Dollar", "USD", 6)
    with reverts("IncorrectValue", stage.chain, have=given, need=need):
        stage.act(stage.payer, "depositErc20", token.address, given)


def test_a_deposit_cannot_be_reentered_to_be_counted_twice(stage: Stage) -> None:
    token = token_of(stage, "ReentrantToken")
    token.transact(stage.operator, "mint", token.address, UNIT)
    token.transact(stage.operator, "forceApprove", token.address, stage.chain.address, 2**256 - 1)
    inner = stage.chain.encode("depositErc20", token.address, UNIT)
    token.transact(stage.operator, "arm", stage.chain.address, inner)
    stage.act(stage.payer, "depositErc20", token.address, UNIT)
    assert token.call("attempts") == 1
    assert token.call("lastReason") == keccak(b"ReentrantCall()")[:4]
    assert count(stage) == 1


# ----------------------------------------------------------------------------------------------------------- ERC-721


def test_an_nft_becomes_a_coin_and_goes_to_who_owns_it_then(stage: Stage) -> None:
    nft = nft_of(stage)
    coin = stage.made(stage.act(stage.payer, "depositErc721", nft.address, 7))
    assert coin.record == (stage.payer.address, ERC721_KIND, nft.address, 7, 1)
    assert nft.call("ownerOf", 7) == stage.chain.address
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit(stage.payee, coin, None, last)
    stage.pass_period()
    stage.claim(stage.watcher, (coin, last.number))
    assert nft.call("ownerOf", 7) == stage.payee.address


def test_an_nft_in_the_vault_makes_no_second_coin(stage: Stage) -> None:
    nft = nft_of(stage)
    stage.act(stage.payer, "depositErc721", nft.address, 7)
    for person in (stage.payer, stage.thief):
        with reverts("TokenNotReceived", stage.chain, token=nft.address, id=7):
            stage.act(person, "depositErc721", nft.address, 7)
    assert count(stage) == 1


def test_somebody_elses_nft_makes_no_coin(stage: Stage) -> None:
    nft = nft_of(stage)
    with reverts("TokenNotReceived", stage.chain, token=nft.address, id=7):
        stage.act(stage.thief, "depositErc721", nft.address, 7)


def test_an_nft_not_approved_makes_no_coin(stage: Stage) -> None:
    nft = nft_of(stage)
    nft.transact(stage.payer.sender, "approve", ZERO_ADDRESS, 7)
    with reverts("TokenNotReceived", stage.chain, token=nft.address, id=7):
        stage.act(stage.payer, "depositErc721", nft.address, 7)


@pytest.mark.parametrize("mode", [1, 2, 4], ids=["idle", "frozen", "shapeless"])
def test_a_hostile_nft_makes_no_coin(stage: Stage, mode: int) -> None:
    nft = nft_of(stage, name="HostileNft")
    nft.transact(stage.operator, "setMode", mode)
    with reverts("TokenNotReceived", stage.chain, token=nft.address, id=7):
        stage.act(stage.payer, "depositErc721", nft.address, 7)


@pytest.mark.parametrize("target", ["ether", "thief", "erc20"])
def test_what_is_no_nft_makes_no_coin(stage: Stage, target: str) -> None:
    token = token_of(stage, "MockToken", "Dollar", "USD", 6)
    address = {"ether": ZERO_ADDRESS, "thief": stage.thief.address, "erc20": token.address}[target]
    with reverts("TokenNotReceived", stage.chain, token=address, id=7):
        stage.act(stage.payer, "depositErc721", address, 7)


def test_an_nft_taken_for_an_amount_makes_no_coin(stage: Stage) -> None:
    nft = nft_of(stage)
    with reverts("InsufficientTransfer", stage.chain, token=nft.address, have=1, need=7):
        stage.act(stage.payer, "depositErc20", nft.address, 7)


def test_an_nft_deposit_cannot_be_reentered(stage: Stage) -> None:
    nft = nft_of(stage, name="HostileNft")
    nft.transact(stage.operator, "arm", stage.chain.address, stage.chain.encode("depositErc721", nft.address, 7))
    stage.act(stage.payer, "depositErc721", nft.address, 7)
    assert nft.call("attempts") == 1
    assert nft.call("lastReason") == keccak(b"ReentrantCall()")[:4]
    assert count(stage) == 1
