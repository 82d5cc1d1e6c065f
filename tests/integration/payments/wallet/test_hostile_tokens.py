"""Tokens that do not say what is there, or burn what they get: an owner's other money comes out all the same."""

from __future__ import annotations

import pytest
from tests.integration.payments.wallet.conftest import ETHER, World

from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.errors import TransactionFailed
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.reserve_view import holdings, newer_needed
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.testing.contracts.mocks import deploy_mock

AMOUNT = 500
ANSWERS, BURNS, REVERTS, SAYS_TOO_LITTLE, ANSWERS_DEARLY, BURNS_WHEN_MINED = range(6)
SILENT = [BURNS, REVERTS, SAYS_TOO_LITTLE, ANSWERS_DEARLY]
NUMBER = 2
"""The token's id: beside the one that the world has listed."""


@pytest.fixture(scope="module")
def deployed() -> World:
    """On the in-process chain, where a token can tell a simulated call from a mined one."""
    return World(tester_connection())


@pytest.fixture
def token(world: World) -> Contract:
    """One that turns hostile when it is told to; the payer has some, and the other kinds of money too."""
    made = deploy_mock("BalanceBurnerToken", sender=world.sender)
    world.root.register_token(world.sender, made.address)
    made.transact(world.sender, "mint", world.payer.address, 2 * AMOUNT)
    return made


def waiting(world: World, payer: Wallet) -> None:
    """Exits of three kinds of money that can be claimed."""
    world.give_tokens(world.payer, AMOUNT)
    payer.deposit("1 ether")
    payer.deposit(AMOUNT, token=NUMBER)
    payer.deposit(AMOUNT, token=1)
    payer.deposit("1 ether")
    payer.exit_all()
    world.mature()


def left(payer: Wallet) -> list[int]:
    """Tokens of what has not come out."""
    return sorted(kit.output.token for kit in payer.wallet_store.coins.values())


@pytest.mark.parametrize("trouble", SILENT)
def test_a_token_that_does_not_say_what_is_there_holds_up_no_other_money(
    world: World, payer: Wallet, token: Contract, trouble: int
) -> None:
    waiting(world, payer)
    token.transact(world.sender, "armWith", trouble)
    assert newer_needed(world.root, NUMBER, 0, AMOUNT, [0]) is None
    receipts = payer.claim_all()
    assert all(one.gas_used < 500_000 for one in receipts)
    assert left(payer) == [NUMBER]
    assert world.balance(world.payer, 1) == AMOUNT
    assert payer.claim_all() == []
    token.transact(world.sender, "armWith", ANSWERS)
    assert newer_needed(world.root, NUMBER, 0, AMOUNT, [0]) == []
    assert len(payer.claim_all()) == 1
    assert left(payer) == []
    assert token.call("balanceOf", world.payer.address) == 2 * AMOUNT


def test_a_token_that_burns_only_what_is_mined_is_named_and_holds_up_no_other_money(
    world: World, payer: Wallet, token: Contract
) -> None:
    waiting(world, payer)
    token.transact(world.sender, "armWith", BURNS_WHEN_MINED)
    with pytest.raises(TransactionFailed, match="its replay does not"):
        payer.claim_all()
    assert left(payer) == [NUMBER]
    assert world.balance(world.payer, 1) == AMOUNT
    token.transact(world.sender, "armWith", ANSWERS)
    assert len(payer.claim_all()) == 1
    assert left(payer) == []


def test_tokens_that_answer_are_all_claimed(world: World, payer: Wallet, token: Contract) -> None:
    """The negative twin: a call for each kind of money."""
    waiting(world, payer)
    assert len(payer.claim_all()) == 3
    assert left(payer) == []


def test_what_the_contract_holds_is_what_it_would_say_itself(world: World, payer: Wallet, token: Contract) -> None:
    waiting(world, payer)
    assert holdings(world.root, 0) == world.connection.balance(world.root.address) > 2 * ETHER
    assert [holdings(world.root, one) for one in (1, NUMBER)] == [AMOUNT, AMOUNT]
    assert holdings(world.root, 999) is None
    assert all(world.root.exit(kit.output_id).status is ExitStatus.OPEN for kit in payer.wallet_store.coins.values())


@pytest.mark.parametrize("trouble", [BURNS, REVERTS])
def test_a_game_with_such_a_token_holds_up_no_other_claim(
    world: World, payer: Wallet, payee: Wallet, token: Contract, trouble: int
) -> None:
    """The payer swaps in flight with such a token; what leaves otherwise comes out."""
    payer.deposit("1 ether")
    payer.deposit(AMOUNT, token=NUMBER)
    sent = payer.send(world.payee.address, 100, token=NUMBER)
    payer.exit_all()
    assert world.root.in_flight(sent.kit.exit_id).piggybacked
    world.mature()
    token.transact(world.sender, "armWith", trouble)
    receipts = payer.claim_all()
    assert receipts
    assert all(one.gas_used < 500_000 for one in receipts)
    assert 0 not in left(payer)
    assert payer.wallet_store.games
    token.transact(world.sender, "armWith", ANSWERS)
    assert len(payer.claim_all()) == 1
    assert not payer.wallet_store.games
    assert token.call("balanceOf", world.payer.address) > AMOUNT
