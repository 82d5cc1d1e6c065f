"""A caller that gives a payment too little gas is refused by name; with enough gas the same payment becomes a debt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import ANY

import pytest
from tests.contracts.coins.test_claims import leave_as, nft_coin, receiver_of, token_coin
from tests.support.coins.builder import BOUNTY, ETHER, EXIT_BOND, Coin, Stage

from layer2.ethereum.errors import ContractReverted, TransactionFailed
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

ETHER_CAP, TOKEN_CAP = 100_000, 300_000
REST = EXIT_BOND - BOUNTY


@dataclass(frozen=True)
class Starving:
    """A coin whose payment burns all the gas that it gets, and how to see that it is owed."""

    coin: Coin
    number: int
    cap: int
    is_owed: Callable[[], bool]

    @property
    def need(self) -> int:
        """What must be left before the payment."""
        return self.cap * 64 // 63 + 50_000


def starving_ether(stage: Stage) -> Starving:
    coin = stage.deposit(stage.payer)
    receiver = receiver_of(stage, "GasBurnerReceiver")
    number = leave_as(stage, receiver, coin)
    return Starving(coin, number, ETHER_CAP, lambda: stage.owed(receiver.address) == ETHER + REST)


def starving_erc20(stage: Stage) -> Starving:
    token = deploy_mock("GasBurnerToken", sender=stage.operator)
    coin = token_coin(stage, token, stage.payee)
    stage.exit_deposit(stage.payee, coin)
    token.transact(stage.operator, "setVictim", stage.payee.address)
    return Starving(coin, 0, TOKEN_CAP, lambda: stage.owed(stage.payee.address, token) == coin.record[3])


def starving_erc721(stage: Stage) -> Starving:
    nft, coin = nft_coin(stage)
    receiver = deploy_mock("NftReceiver", sender=stage.payee.sender)
    number = leave_as(stage, receiver, coin)
    receiver.transact(stage.payee.sender, "setMode", 3)
    return Starving(coin, number, TOKEN_CAP, lambda: stage.chain.call("pendingNft", nft.address, 7) == receiver.address)


@pytest.fixture(params=[starving_ether, starving_erc20, starving_erc721], ids=["ether", "erc-20", "erc-721"])
def starving(request: pytest.FixtureRequest, stage: Stage) -> Starving:
    made: Starving = request.param(stage)
    stage.pass_period()
    return made


def test_a_claimer_that_starves_a_payment_of_gas_is_refused(stage: Stage, starving: Starving) -> None:
    due, need, gas = (starving.coin, starving.number), starving.need, starving.need + 20_000
    with reverts("InsufficientGas", stage.chain, have=ANY, need=need) as caught:
        stage.claim(stage.thief, due, gas=gas)
    short = need - caught.args["have"]
    assert 0 < short < 150_000
    # Up to the last unit of gas.
    with reverts("InsufficientGas", stage.chain, have=need - 1, need=need):
        stage.claim(stage.thief, due, gas=gas + short - 1)
    assert stage.running(*due)
    assert not starving.is_owed()


def test_a_claimer_that_gives_the_gas_turns_a_payment_that_fails_into_a_debt(stage: Stage, starving: Starving) -> None:
    stage.claim(stage.thief, (starving.coin, starving.number), gas=starving.need + 250_000)
    assert starving.is_owed()
    assert not stage.running(starving.coin, starving.number)


def outcome_of(stage: Stage, coin: Coin, number: int, gas: int) -> object:
    """What a claim with this gas ends with: paid, refused by this error with this need, or out of gas."""
    try:
        stage.claim(stage.thief, (coin, number), gas=gas)
    except ContractReverted as error:
        return error.name, error.arguments.get("need")
    except TransactionFailed as error:
        return "out of gas" if "out of gas" in str(error) else str(error)
    return "paid"


def test_a_caller_cannot_turn_a_payment_into_a_debt_by_starving_it(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    wallet = deploy_mock("SmartWallet", stage.payee.address, sender=stage.payee.sender)
    number = leave_as(stage, wallet, coin)
    stage.pass_period()
    outcomes: list[object] = []
    for gas in range(60_000, 260_000, 5_000):
        before = stage.connection.snapshot()
        outcomes.append(outcome_of(stage, coin, number, gas))
        assert stage.owed(wallet.address) == 0
        stage.connection.revert(before)
    assert set(outcomes) == {"paid", ("InsufficientGas", ETHER_CAP * 64 // 63 + 50_000), "out of gas"}
    # Once there is enough, more is never too little.
    assert "paid" not in outcomes[: len(outcomes) - outcomes.count("paid")]
