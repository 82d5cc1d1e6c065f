"""A CoinChain on a chain of each kind, its operator, and people with keys; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.coins.chain.block_sources import CoinSource
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, sign_coin
from layer2.plasma.coins.wallet.coin_store import CoinStore
from layer2.plasma.coins.wallet.wallet import CoinWallet
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.store.journal import Journal
from layer2.testing.isolation import isolated

PAYER, PAYEE, THIEF = (PrivateKey(keccak(name)) for name in (b"coin payer", b"coin payee", b"coin thief"))
ETHER = 10**18


@pytest.fixture(scope="module", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield new_chain()
        return
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture(scope="module")
def deployed(chain: Connection) -> SimpleNamespace:
    operator = Sender(chain, chain.signers(1)[0])
    start = chain.block_number()
    coins = CoinChain.deploy(operator, operator.address)
    for key in (PAYER, PAYEE, THIEF):
        operator.send(key.address, value=10 * ETHER)
    return SimpleNamespace(operator=operator, start=start, coins=coins)


class Stage:
    """The contract, the operator's node, and what people do."""

    def __init__(self, chain: Connection, deployed: SimpleNamespace, folder: Path) -> None:
        self.chain = chain
        self.coins: CoinChain = deployed.coins
        self.sender: Sender = deployed.operator
        self.start = deployed.start
        self.folder = folder
        self.operator = self.open()

    def open(self, folder: Path | None = None, **limits: int) -> CoinOperator:
        limits = {"margin": 0, **limits}
        return CoinOperator(self.coins, self.sender, folder or self.folder, start_block=self.start, **limits)

    def reopen(self, **limits: int) -> CoinOperator:
        self.operator.close()
        self.operator = self.open(**limits)
        return self.operator

    def by(self, key: PrivateKey) -> Sender:
        return Sender(self.chain, LocalSigner(key))

    def deposit(self, owner: PrivateKey = PAYER) -> int:
        return self.coins.deposit_ether(self.by(owner), ETHER // 10)[0]

    def give(
        self, coin: int, prev: int = 0, to: PrivateKey = PAYEE, *, by: PrivateKey = PAYER, expiry: int = 1000
    ) -> SignedCoin:
        return sign_coin(CoinTransaction(coin, prev, address_bytes(to.address), expiry), self.coins.domain, by)


@pytest.fixture
def stage(chain: Connection, deployed: SimpleNamespace, tmp_path: Path) -> Iterator[Stage]:
    with isolated(chain):
        one = Stage(chain, deployed, tmp_path / "operator")
        yield one
        one.operator.close()


@pytest.fixture
def holders(stage: Stage, tmp_path: Path) -> Iterator[Callable[..., CoinWallet]]:
    """Opens the holder of a key: with the operator, unless told otherwise; again from its journal if it was open."""
    journals: dict[str, Journal] = {}

    def opened(key: PrivateKey, gate: Any = stage, sources: Sequence[CoinSource] = ()) -> CoinWallet:
        if key.address in journals:
            journals[key.address].close()
        journal = journals[key.address] = Journal(tmp_path / f"{key.address}.journal", kind="coin wallet")
        wallet = CoinStore(stage.coins, key, journal, CoinChainState(stage.coins, start_block=stage.start))
        return CoinWallet(wallet, stage.by(key), stage.operator if gate is stage else gate, sources)

    yield opened
    for journal in journals.values():
        journal.close()
