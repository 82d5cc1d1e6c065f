"""Coins in a console or a script: a coin chain at once, and wallets that just pass on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.protocol.errors import CoinRefused
from layer2.plasma.facade import PlasmaFacade
from layer2.primitives.errors import InputError
from layer2.testing import deploy_mock


@pytest.fixture
def connection() -> Connection:
    return new_chain()


@pytest.fixture
def home(connection: Connection, tmp_path: Path) -> Iterator[PlasmaFacade]:
    made = PlasmaFacade.devnet(connection, connection.signers(1)[0], folder=tmp_path)
    yield made
    made.close()


def test_an_nft_in_three_lines(home: PlasmaFacade, connection: Connection) -> None:
    operator, payer, payee = connection.signers(3)
    nft = deploy_mock("MockNft", sender=Sender(connection, operator))
    nft.transact(Sender(connection, operator), "mint", payer.address, 7)
    coin = home.coins.wallet(payer).deposit_nft(nft, 7)
    home.coins.wallet(payer).send(coin, payee), home.coins.operator.submit_block()
    home.coins.wallet(payee).receive(coin)
    assert (home.coins.wallet(payer).coins(), home.coins.wallet(payee).coins()) == ([], [coin])
    home.coins.wallet(payee).exit(coin)
    assert home.coins.claim_all() == []
    connection.advance(home.coins.exit_period + 1)
    assert len(home.coins.claim_all()) == 1
    assert nft.call("ownerOf", 7) == payee.address


def test_a_coin_of_ether_goes_to_a_wallet_and_its_history_by_hand(home: PlasmaFacade, connection: Connection) -> None:
    _, payer, payee, thief = connection.signers(4)
    old, new = home.coins.wallet(payer), home.coins.wallet(payee)
    coin = old.deposit("1 ether")
    old.send(coin, new)
    home.coins.operator.submit_block()
    with pytest.raises(CoinRefused, match="belongs to"):
        home.coins.wallet(thief).receive(coin)
    assert new.receive(old.wallet.history(coin)).owner == payee.address
    assert new.guard() == []


def test_only_who_signs_has_coins(home: PlasmaFacade) -> None:
    with pytest.raises(InputError, match="an account that signs"):
        home.coins.wallet("0x" + "11" * 20)
    assert home.coins is home.coins
